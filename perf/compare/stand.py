"""What a measurement stands on: origins and load on one processor, the proxy on another, every program ended by its own pid."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess

from support import http, program, waiting

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(ROOT, "build", "release")
ORIGINS = 4


def favour(pid="self"):
    """Raises the weight of a session, so that whatever else runs here disturbs less. Needs root, and works without."""
    try:
        with open(f"/proc/{pid}/autogroup", "w") as file:
            file.write("-19")
    except OSError:
        pass


def family(pid):
    """The process and all that it has started, the oldest first."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except FileNotFoundError:
            pass  # it has ended
    return found


class Running:
    """A proxy that serves on `port`. `wrapper` is put before its command."""

    def __init__(self, stand, peer, wrapper=(), cpus=None):
        self.peer, self.name, self.stand = peer, peer.name, stand
        self.directory = program.scratch(f"perf-{peer.name}")
        self.port = waiting.free_port()
        try:
            command = peer.command(self)
            self.program = program.Program(["taskset", "-c", cpus or stand.proxy_cpu, *wrapper, *command], peer.name, self.directory,
                                           environment=peer.environment)
        except BaseException:
            program.remove(self.directory)
            raise
        try:
            favour(self.program.pid)
            self.wait_ready()
            self.processes = family(self.program.pid)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        children = family(self.program.pid)[1:] if self.program.running() else []
        self.program.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        program.remove(self.directory)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def wait_ready(self):
        def serves():
            if not self.program.running():
                raise RuntimeError(f"{self.name} ended with {self.program.process.returncode}:\n{self.program.log()[-4000:]}")
            return http.get(self.address, "/b/1", host="app.example").status == 200
        try:
            waiting.until(serves, f"{self.name} to serve", every=0.05)
        except AssertionError as late:
            raise RuntimeError(f"{late}\n{self.program.log()[-2000:]}") from None

    def write(self, name, text):
        """A file of its own; answers the path."""
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def stop(self, number=signal.SIGTERM):
        """Its own end, for what it writes then; killed when it takes long."""
        try:
            self.program.stop(number, 20)
        except AssertionError:
            pass


class Stand(contextlib.ExitStack):
    """The origins. `tools` is the folder of origin, load and limit; `cpus` names the processor of the proxy and that of all else,
    `private` says that the network namespace is its own."""

    def __init__(self, tools=RELEASE, cpus=None, private=False):
        super().__init__()
        here = sorted(os.sched_getaffinity(0))
        self.proxy_cpu, self.load_cpu = cpus or (str(here[0]), str(here[1 % len(here)]))
        self.spare_cpu = str(here[2]) if len(here) > 2 else None
        self.tools, self.private = tools, private
        self.numbers = itertools.count()

    def __enter__(self):
        super().__enter__()
        try:
            self.directory = program.scratch("perf")
            self.callback(program.remove, self.directory)
            self.origin = self.add_origin(*["127.0.0.1:0"] * ORIGINS)
            self.origins = self.addresses(self.origin, ORIGINS)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def every_cpu(self):
        return ",".join(dict.fromkeys(cpu for cpu in (self.proxy_cpu, self.load_cpu, self.spare_cpu) if cpu))

    def tool(self, name):
        return os.path.join(self.tools, name)

    def add_origin(self, *addresses):
        listen = itertools.chain.from_iterable(("--listen", address) for address in addresses)
        started = program.Program(["taskset", "-c", self.load_cpu, self.tool("origin"), "--name", "o", *listen],
                                  f"origin{next(self.numbers)}", self.directory)
        self.callback(started.kill)
        favour(started.pid)
        return started

    @staticmethod
    def addresses(origin, count):
        def listening():
            lines = [line.split()[1] for line in origin.log().splitlines() if line.startswith("listening ")]
            return lines if len(lines) == count else None
        return waiting.until(listening, "the origin to listen")

    def start(self, peer, wrapper=(), cpus=None):
        return Running(self, peer, wrapper, cpus)

    def load(self, running, *options, timeout=120):
        """What the load generator says of one run, or None when it did not end."""
        size = re.search(r" --path /[bc]/(\d+) ", f" {' '.join(options)} ")  # what is not whole is not counted as fast
        command = ["taskset", "-c", self.load_cpu, self.tool("load"), "--json", "--pids", ",".join(map(str, running.processes)),
                   *(["--expect", size[1]] if size else []), *options, running.address]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)
