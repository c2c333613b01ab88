"""Consul agents of the test's own: a server in memory, and client agents that join it."""

import json
import os
import shutil

from support import http, program, waiting


def binary():
    """$CONSUL, the one in PATH, or what deploy/install-dependencies --tests has unpacked; None when there is none."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for candidate in (os.environ.get("CONSUL"), shutil.which("consul"), os.path.join(cache, "cardea", "consul", "usr", "bin", "consul")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    return None


class Agent:
    """A server (`join=None`) or a client agent. In a namespace of its own `address` is the host's and the ports are Consul's
    defaults; on loopback every port is a free one. A server keeps nothing on disk, so that restart() brings it back empty, unless it is
    `durable`: then that takes forget()."""

    def __init__(self, name="consul", address="127.0.0.1", namespace=None, join=None, hcl="", durable=False):
        self.name, self.host, self.namespace, self.join, self.hcl = name, address, namespace, join, hcl
        self.durable = durable
        self.directory = program.scratch("consul")
        names = ("http", "serf_lan", "serf_wan", "server")
        defaults = (8500, 8301, 8302, 8300)
        self.ports = dict(zip(names, defaults if namespace else [waiting.free_port(address) for _ in names]))
        self.program = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        program.remove(self.directory)

    @property
    def address(self):
        return f"{self.host}:{self.ports['http']}"

    @property
    def serf(self):
        return f"{self.host}:{self.ports['serf_lan']}"

    def start(self, ready=True):
        command = [binary(), "agent", f"-node={self.name}", f"-bind={self.host}", f"-client={self.host}", "-dns-port=-1", "-grpc-port=-1",
                   f"-http-port={self.ports['http']}", f"-serf-lan-port={self.ports['serf_lan']}",
                   f"-serf-wan-port={self.ports['serf_wan']}", f"-server-port={self.ports['server']}", "-log-level=warn"]
        if self.durable:
            command += ["-server", "-bootstrap-expect=1", f"-data-dir={self.directory}/data", "-hcl", "performance { raft_multiplier = 1 }"]
        elif self.join is None:
            command += ["-dev"]  # a leader in a second, nothing on disk
        else:
            command += [f"-data-dir={self.directory}/data", f"-retry-join={self.join.serf}", "-retry-interval=1s"]
        if self.hcl:
            command += ["-hcl", self.hcl]
        self.program = program.Program(command, self.name, self.directory, self.namespace)
        if ready:
            self.wait_leader()

    def wait_leader(self):
        def led():
            if not self.program.running():
                raise RuntimeError(f"consul ended:\n{self.program.log()[-3000:]}")
            return self.call("GET", "/v1/status/leader") and self.call("GET", "/v1/catalog/nodes")
        waiting.until(led, f"a leader for {self.name}", every=0.05)

    def kill(self):
        if self.program:
            self.program.kill()

    def restart(self, ready=True):
        """Kills it and starts it again on the same ports; a server comes back without data."""
        self.kill()
        self.start(ready)

    def forget(self):
        """What it has on disk, before it starts again."""
        program.remove(f"{self.directory}/data")

    def call(self, method, path, body=None):
        """The API; answers the decoded JSON, or None when the answer is empty."""
        payload = None if body is None else json.dumps(body).encode()
        response = http.request(self.address, method, path, namespace=self.namespace, body=payload)
        if response.status != 200:
            raise ValueError(f"consul: {method} {path}: {response}")
        return json.loads(response.body) if response.body.strip() else None

    def register(self, service, port, address=None, identity=None, **more):
        """Registers an instance with this agent; more: Tags, Meta, Check, Weights ..."""
        entry = {"Name": service, "ID": identity or f"{service}-{port}", "Port": port, **more}
        if address is not None:
            entry["Address"] = address
        self.call("PUT", "/v1/agent/service/register", entry)
        return entry["ID"]

    def deregister(self, identity):
        self.call("PUT", f"/v1/agent/service/deregister/{identity}")
