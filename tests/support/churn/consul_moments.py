"""Moments of a registry: endpoints that come, go and freeze, agents and servers that are lost, and the proxy's own."""

import os
import re
import signal
import time

from support import consul, http, program, waiting
from support.cardea import Origin
from support.churn import diary, mixed
from support.churn.result import Permitted
from support.churn.stand import HOST, RECORD, REGISTRY, Stand

WIDTH = 4
SERVICE = "web"


class ConsulStand(Stand):
    """A server on one host, the agent that is asked on the other, where the endpoints are."""

    kind = "consul"

    def build(self):
        self.server = self.enter_context(consul.Agent("registry", REGISTRY, self.network["registry"].namespace, durable=True))
        self.agent = self.enter_context(consul.Agent("host", HOST, self.network["host"].namespace, self.server))
        self.origins, self.ports = {}, 9000
        self.callback(self.clear)

    def config(self, where=HOST):
        return (f"listen: :8000\ndiscovery: {{consul: '{where}:8500'}}\nroutes: [{{service: {SERVICE}}}]\n"
                + RECORD)

    def processes(self):
        """Of the proxy, the oldest first: an upgrade adds one."""
        return [int(pid) for pid in re.findall(r"event=started .*\bpid=(\d+)", self.proxy.log())]

    @staticmethod
    def alive(processes):
        """Those that have not ended, whether or not somebody has asked for their status."""
        def runs(process):
            try:
                with open(f"/proc/{process}/stat") as file:
                    return file.read().rpartition(")")[2].split()[0] != "Z"
            except FileNotFoundError:
                return False
        return [process for process in processes if runs(process)]

    def start(self, *arguments):
        """An endpoint that nobody knows of yet."""
        name = self.new_name()
        self.ports += 1
        self.origins[name] = Origin(name, f"{HOST}:{self.ports}", self.network["host"].namespace, ("--journal", self.journal, *arguments))
        return name

    def register(self, name, agent=None):
        (agent or self.agent).register(SERVICE, self.origins[name].port, HOST, name)
        self.facts[name] = diary.now_us()
        self.serving.append(name)

    def deregister(self, name, agent=None):
        (agent or self.agent).deregister(name)
        self.serving.remove(name)

    def end(self, name):
        origin = self.origins.pop(name)
        self.gone.add(name)
        origin.stop()
        origin.__exit__()

    def fill(self, agent=None):
        for _ in range(WIDTH):
            self.register(self.start("--on-term", "goodbye"), agent)

    def clear(self):
        for name in list(self.serving):
            try:
                self.deregister(name)
            except (OSError, ValueError, EOFError):
                self.serving.remove(name)  # that agent is gone, or never knew it
        for name in list(self.origins):
            self.end(name)


def register(stand, count):
    """register a new endpoint and deregister the oldest; its process lives on for 100 ms"""
    stand.fill(stand.server)
    leaving = []
    with stand.measured("register", count, stand.config(REGISTRY)) as load:
        for _ in range(count):
            name = stand.start("--on-term", "goodbye")
            stand.register(name, stand.server)
            stand.wait_seen([name])
            oldest = stand.serving[0]
            stand.deregister(oldest, stand.server)
            leaving.append((time.monotonic() + 0.1, oldest))
            while leaving and leaving[0][0] < time.monotonic():
                stand.end(leaving.pop(0)[1])
        program.pause(0.1)
        for _, name in leaving:
            stand.end(name)
    stand.clear()
    return load.result


def freeze(stand, count):
    """an endpoint's process is stopped (SIGSTOP) for 400 ms; nobody tells"""
    stand.fill()
    with stand.measured("freeze", count) as load:
        for turn in range(count):
            name = stand.serving[turn % WIDTH]
            stand.origins[name].program.send(signal.SIGSTOP)
            program.pause(0.4)
            thawed = time.time()
            stand.origins[name].program.send(signal.SIGCONT)
            stand.wait_seen([name], thawed)
    stand.clear()
    return load.result


def agent_restart(stand, count, every=10.0):
    """the Consul agent is killed and started again, every 10 s"""
    stand.fill()
    with stand.measured("agent-restart", count) as load:
        for turn in range(count):
            began = time.monotonic()
            stand.agent.kill()
            program.pause(1.0)
            stand.agent.start(ready=False)
            stand.agent.wait_leader()
            name = stand.start("--on-term", "goodbye")
            stand.register(name)  # and it is followed again
            stand.wait_seen([name])
            if turn + 1 < count:
                program.pause(max(0.0, every - (time.monotonic() - began)))
    stand.clear()
    return load.result


def server_loss(stand, count):
    """the only Consul server is killed and comes back after so many seconds; the agent answers 500 meanwhile"""
    stand.fill()
    with stand.measured("server-loss", count) as load:
        stand.server.kill()
        program.pause(count)
        stand.server.start()
        name = stand.start("--on-term", "goodbye")
        stand.register(name)
        stand.wait_seen([name])
    stand.clear()
    return load.result


def empty_data(stand, count):
    """the Consul server itself is asked, is killed and comes back without its data; then one endpoint registers again"""
    stand.fill(stand.server)
    with stand.measured("empty-data", count, stand.config(REGISTRY)) as load:
        for _ in range(count):
            old = list(stand.serving)
            stand.server.kill()
            stand.server.forget()
            stand.server.start()
            began = time.time()
            name = stand.start("--on-term", "goodbye")
            stand.register(name, stand.server)
            stand.wait_seen([name])
            program.pause(1.0)
            stand.wait_seen(old, began)  # they still answer, so they still serve
    stand.clear()
    return load.result


def reload(stand, count):
    """the configuration is changed and reloaded (SIGHUP)"""
    stand.fill()
    with stand.measured("reload", count) as load:
        for turn in range(count):
            stand.proxy.write(stand.config() + f"headers: {{via: turn{turn}}}\nadmin: {{tcp: 127.0.0.1:0, address: 'unix:{{dir}}/admin.sock'}}\n"
                              "process: {threads: 2}\n")
            stand.proxy.reload()
            waiting.until(lambda: (stand.proxy.get().field("via") or "").endswith(f"turn{turn}"), f"reload {turn}")
            program.pause(0.05)
    stand.clear()
    return load.result


WIDE, SPARE, RATE, TUNNELS = 9_950, 100, 100, 1000  # with half of the spare ones as many as are taken of one service
WIDE_NET = "10.79.0.0/16"  # all of it is one origin


def write_endpoints(path, spare):
    """Those of the storm that stay, and some of those that come and go."""
    with open(path + ".new", "w") as file:
        file.writelines(f"10.79.{i // 250}.{i % 250}:9000\n" for i in [*range(WIDE), *(WIDE + i for i in spare)])
    os.replace(path + ".new", path)


def snapshots(proxy, namespace):
    text = http.get(proxy.admin(), "/metrics", namespace=namespace, host="localhost").text
    found = re.search(r"^cardea_snapshots_alive (\S+)", text, re.M)
    assert found, text[:500]
    return int(float(found[1]))


def storm(stand, count):
    """10 000 endpoints in one service change 100 times a second for so many seconds, with 1000 WebSockets open"""
    stand.network["host"].ip("route", "add", "local", WIDE_NET, "dev", "lo")
    stand.network["front"].ip("route", "add", WIDE_NET, "via", HOST)
    path = os.path.join(stand.directory, "endpoints")
    write_endpoints(path, ())
    name = stand.new_name()
    origin = Origin(name, "0.0.0.0:9000", stand.network["host"].namespace, ("--journal", stand.journal))
    config = f"listen: :8000\nservices: {{web: {{endpoints: 'file://{path}'}}}}\nroutes: [{{service: web}}]\n" + RECORD
    memory, alive = [], []
    try:
        stand.serving.append(name)
        with stand.measured("storm", count, config, websockets=TUNNELS) as load:
            waiting.until(lambda: load.book.streams_open("websocket") >= TUNNELS, "all WebSockets to be open")
            began = time.monotonic()
            for turn in range(count * RATE):
                write_endpoints(path, [(turn + i) % SPARE for i in range(SPARE // 2)])
                if turn % RATE == RATE - 1:
                    memory.append(program.memory(stand.processes()[-1]))
                    alive.append(snapshots(stand.proxy, stand.front))
                program.pause(max(0.0, began + (turn + 1) / RATE - time.monotonic()))
    finally:
        stand.serving.remove(name)
        origin.stop()
        origin.__exit__()
    load.result.measured = {"rss_kib": memory, "snapshots": max(alive)}
    load.result.notes.append(f"RSS {memory[0] / 1024:.1f} MiB after a second, {memory[-1] / 1024:.1f} at the end; "
                             f"{max(alive)} snapshots alive at most")
    if memory[-1] > memory[len(memory) // 4] * 1.1:
        load.result.faults.append(f"memory grows: {memory} KiB")
    return load.result


GRACE = 3  # seconds that an old process gets for what is left in it


def upgrade(stand, count):
    """the program is replaced by a new process (SIGUSR2) that takes the listening sockets over"""
    stand.fill()
    config = stand.config() + f"process: {{threads: 2, graceful_timeout: {GRACE}s}}\n"
    with stand.measured("upgrade", count, config, permitted=Permitted(closed=["announced"], streams_after=GRACE - 0.2)) as load:
        try:
            for turn in range(count):
                stand.upgrades.append(diary.now_us())
                os.kill(stand.processes()[-1], signal.SIGUSR2)
                waiting.until(lambda: stand.proxy.log().count("event=taken_over") == turn + 1, "a new process that has taken over")
                program.pause(0.2)
            waiting.until(lambda: not stand.alive(stand.processes()[:-1]), "the end of the old ones")
            load.finish()  # while somebody still answers
        finally:
            for process in stand.alive(stand.processes()):
                os.kill(process, signal.SIGTERM)
            waiting.until(lambda: not stand.alive(stand.processes()), "the end of the last")
    stand.clear()
    return load.result


MOMENTS = {
    "register": (register, 20, 1000),
    "freeze": (freeze, 20, 200),
    "agent-restart": (agent_restart, 1, 12),
    "server-loss": (server_loss, 10, 60),
    "empty-data": (empty_data, 1, 10),
    "reload": (reload, 20, 50),
    "upgrade": (upgrade, 20, 20),
    "storm": (storm, 5, 60),
    "mixed": (mixed.mixed, 10, 600),
}
