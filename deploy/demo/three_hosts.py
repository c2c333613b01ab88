"""Three hosts on one machine: h1 is the front door and the Consul server, h2 and h3 are a Consul agent and a Docker engine
each, h1 has an engine of its own behind a unix socket. Used by `deploy/demo/run` and by the integration test."""

import contextlib

from support import consul, docker, http, network, waiting
from support.cardea import Cardea

ADDRESSES = {"h1": "10.77.0.11", "h2": "10.77.0.12", "h3": "10.77.0.13"}
MODES = ("consul", "docker", "both")
IMAGE = "web"


def why_not(mode="both"):
    """What is missing here, or None."""
    if mode != "docker" and not consul.binary():
        return "no Consul: deploy/install-dependencies --tests fetches one"
    return docker.why_not()


class ThreeHosts(contextlib.ExitStack):
    """Everything but the front door. `mode` says from where the front door will learn of containers: with `consul` and `both`
    each container is registered with its host's agent when it has started, and deregistered when it has ended, as registrator
    does it and with registrator's ids; with `docker` nobody is told anything."""

    def __init__(self, mode):
        super().__init__()
        self.mode = mode
        self.registers = mode != "docker"
        self.homes = {}  # container -> host
        self.agents, self.engines = {}, {}

    def __enter__(self):
        super().__enter__()
        try:
            self.network = self.enter_context(network.Network(ADDRESSES))
            if self.registers:
                for name, address in ADDRESSES.items():
                    agent = consul.Agent(name, address, self.network[name].namespace, self.agents.get("h1"))
                    self.agents[name] = self.enter_context(agent)
            for name in ADDRESSES:
                self.engines[name] = self.enter_context(docker.Engine(self.network[name], tcp=name != "h1"))
                self.engines[name]("tag", docker.IMAGE, IMAGE)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def front(self):
        """The namespace of the host that the front door stands on."""
        return self.network["h1"].namespace

    def config(self):
        """All that the front door is told."""
        text = "listen: :8000\ndiscovery:\n"
        if self.mode != "docker":
            text += f"  consul: {ADDRESSES['h1']}:8500\n"
        if self.mode != "consul":
            text += "  docker:\n"
            text += f"    h1: unix://{self.engines['h1'].socket}\n"
            text += "".join(f"    {name}: tcp://{self.engines[name].tcp}\n" for name in ("h2", "h3"))
        return text + f"routes:\n  - service: {IMAGE}\n"

    def front_door(self, **more):
        return Cardea(self.config(), namespace=self.front, **more)

    # --- containers

    def run(self, name, host, *options, arguments=()):
        """`docker run -d -P`; answers the container's address."""
        self.engines[host]("run", "-d", "-P", "--name", name, "--hostname", name, *options, IMAGE, *arguments)
        self.homes[name] = host
        return self.register(name)

    def start(self, name):
        self.engines[self.homes[name]]("start", name)
        return self.register(name)

    def stop(self, name):
        self.engines[self.homes[name]]("stop", name)
        self.deregister(name)

    def remove(self, name):
        self.engines[self.homes[name]]("rm", "-f", name)
        self.deregister(name)
        del self.homes[name]

    def address(self, name):
        host = self.homes[name]
        return f"{ADDRESSES[host]}:{self.engines[host].published(name)}"

    def registration(self, name):
        host = self.homes[name]
        port = self.engines[host].published(name)
        return {"Name": IMAGE, "ID": f"{host}:{name}:80", "Address": ADDRESSES[host], "Port": port}

    def register(self, name):
        if self.registers:
            self.agents[self.homes[name]].call("PUT", "/v1/agent/service/register", self.registration(name))
        return self.address(name)

    def deregister(self, name):
        if self.registers:
            self.agents[self.homes[name]].deregister(f"{self.homes[name]}:{name}:80")

    def wait_answering(self, name):
        """Until the container's own application answers, asked from the front door's host, past the front door."""
        address = self.address(name)
        waiting.until(lambda: http.get(address, namespace=self.front).text == name, f"{name} to answer", every=0.002)
