"""What a moment stands on: hosts, an engine or a registry, the proxy under test and the load upon it."""

import contextlib
import os
import time

from support import docker, network, program, waiting
from support.cardea import Cardea, origin_binary
from support.churn import diary, record, result

RATES = {"get": 600, "post": 60, "put": 2}
FRONT, HOST, REGISTRY = "10.78.0.10", "10.78.0.11", "10.78.0.12"
IMAGE = docker.IMAGE
RECORD = "access_log: {output: '{dir}/access.log', format: json}\n"


def steady_binary():
    return os.path.join(os.path.dirname(origin_binary()), "steady")


class Load(contextlib.AbstractContextManager):
    """perf/load/steady and its diary."""

    def __init__(self, target, namespace, prefix, directory, rates=None, websockets=16, sse=8):
        self.book = diary.Diary(os.path.join(directory, f"diary-{prefix}"))
        options = [f"--{key}={value}" for key, value in {**RATES, **(rates or {})}.items()]
        self.program = program.Program([steady_binary(), "--diary", self.book.path, "--prefix", prefix, f"--websockets={websockets}",
                                        f"--sse={sse}", *options, target], f"steady-{prefix}", directory, namespace)

    def finish(self):
        status = self.program.stop()
        assert status == 0, f"steady ended with {status}:\n{self.program.log()}"
        return self.book.follow()

    def __exit__(self, *_):
        self.program.kill()


class Stand(contextlib.ExitStack):
    """The hosts. Every moment has a proxy and a load of its own; `journal` is shared by all origins of a moment."""

    kind = ""

    def __init__(self, door=None):
        super().__init__()
        self.door = door
        self.moments, self.names = 0, 0
        self.serving = []  # names, the oldest first
        self.gone, self.facts = set(), {}

    def __enter__(self):
        super().__enter__()
        try:
            self.directory = program.scratch("churn")
            os.chmod(self.directory, 0o755)
            self.callback(program.remove, self.directory)
            self.network = self.enter_context(network.Network({"front": FRONT, "host": HOST, "registry": REGISTRY}))
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def build(self):
        raise NotImplementedError

    def config(self):
        raise NotImplementedError

    @property
    def front(self):
        return self.network["front"].namespace

    def new_name(self):
        self.names += 1
        return f"w{self.names}"

    @contextlib.contextmanager
    def measured(self, name, count, config=None, namespace=None, permitted=result.Permitted(), rates=None, websockets=16):
        """Proxy and load around a moment; `with` gives the load, whose `result` is there afterwards."""
        self.moments += 1
        self.gone, self.facts, self.upgrades = set(), {}, []
        prefix = f"m{self.moments}"
        namespace = namespace or self.front
        if os.path.exists(self.journal):
            os.truncate(self.journal, 0)  # its writers append
        with self.door(self) if self.door else Cardea(config or self.config(), namespace=namespace) as proxy:
            waiting.until(lambda: set(self.serving) <= set(proxy.names(2 * len(self.serving))), f"answers of {self.serving}", every=0.05)
            with Load(proxy.address(), namespace, prefix, self.directory, rates, websockets) as load:
                self.proxy, self.load = proxy, load
                self.wait_seen(self.serving)
                began = time.monotonic()
                yield load
                took = time.monotonic() - began
                book = load.finish()
            proxy.stop()  # its log is whole then
            kept = record.Record(proxy.path("access.log"))
        load.result = result.Result(name, count, took, book, diary.Journal(self.journal), kept, self.gone, self.facts, self.kind, permitted,
                                    self.upgrades)

    @property
    def journal(self):
        return os.path.join(self.directory, "journal")

    def wait_seen(self, names, since=0.0, timeout=waiting.CEILING):
        waiting.until(lambda: self.load.book.seen_of(names, since), f"answers of {names} through the proxy", timeout)


class Engine(docker.Engine):
    """With containers that keep their journal on the stand's disk, and such labels as a proxy asks for."""

    labels = ()

    def serve(self, name, directory, *arguments):
        self.run(name, "-v", f"{directory}:/journal", *(f"--label={label}" for label in self.labels),
                 arguments=("--journal", "/journal/journal", *arguments))
