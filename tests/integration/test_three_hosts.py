"""The tutorial's three hosts, in namespaces: h1 is the front door (and the Consul server), h2 and h3 run containers web01 to
web04. From Consul alone, from Docker alone, and from both at once."""

import collections
import unittest

from support import consul, docker, network, waiting
from support.cardea import Cardea

ADDRESSES = {"h1": "10.77.0.11", "h2": "10.77.0.12", "h3": "10.77.0.13"}
CONSUL = "  consul: {h1}:8500\n"
DOCKER = "  docker:\n    h2: {{endpoint: 'tcp://{h2}:2375'}}\n    h3: {{endpoint: 'tcp://{h3}:2375'}}\n"
CONFIG = "listen: ':8000'\ndiscovery:\n{sources}services:\n  web: {{endpoints: [{endpoints}]}}\nroutes: [{{service: web}}]\n"


@unittest.skipIf(docker.why_not(), str(docker.why_not()))
@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class ThreeHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = cls.enterClassContext(network.Network(ADDRESSES))
        agent = {}
        for name, address in ADDRESSES.items():
            agent[name] = cls.enterClassContext(consul.Agent(name, address, cls.network[name].namespace, agent.get("h1")))
        cls.agents = agent
        cls.engines = {name: cls.enterClassContext(docker.Engine(cls.network[name], tcp=True)) for name in ("h2", "h3")}

    def setUp(self):
        self.register = False
        self.homes = {}
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for name in list(self.homes):
            self.remove(name)

    def run_web(self, name, host):
        """docker run -d -P; where Consul is asked, it is told of the published port, as registrator would."""
        self.engines[host].run(name, "--label", "SERVICE_NAME=web")
        self.homes[name] = host
        if self.register:
            self.agents[host].register("web", self.engines[host].published(name), ADDRESSES[host], f"{host}:{name}:80")

    def stop(self, name):
        host = self.homes[name]
        if self.register:
            self.agents[host].deregister(f"{host}:{name}:80")
        self.engines[host]("stop", name)

    def remove(self, name):
        host = self.homes.pop(name)
        if self.register:
            try:
                self.agents[host].deregister(f"{host}:{name}:80")
            except ValueError:
                pass  # stopped before
        self.engines[host]("rm", "-f", name)

    def tell_the_story(self, sources, endpoints):
        proxy = self.enterContext(Cardea(CONFIG.format(sources=sources.format(**ADDRESSES), endpoints=endpoints),
                                         namespace=self.network["h1"].namespace, threads=3))

        def answers(names, timeout=1.0):
            waiting.until(lambda: sorted({kept.request().text for _ in range(2 * len(names))}) == sorted(names), f"answers of {names}", timeout)

        with proxy.connect() as kept:
            self.assertEqual(kept.request().status, 503)  # nothing registered is a normal start
            for name, host in (("web01", "h2"), ("web02", "h2"), ("web03", "h3"), ("web04", "h3")):
                self.run_web(name, host)
            four = ["web01", "web02", "web03", "web04"]
            answers(four)
            self.assertEqual(len({proxy.get().text for _ in range(4)}), 4)
            self.assertEqual(collections.Counter(proxy.names(400)), dict.fromkeys(four, 100))
            self.run_web("web05", "h3")
            answers([*four, "web05"])
            self.stop("web05")
            answers(four)
            self.assertEqual(collections.Counter(proxy.names(400)), dict.fromkeys(four, 100))
            for name in four:
                self.stop(name)
            waiting.until(lambda: kept.request().status == 503, "503 when all have stopped", 1.0)
            self.assertIsNotNone(kept.request().field("retry-after"))
            self.remove("web01")
            self.run_web("web01", "h2")
            answers(["web01"])
        proxy.stop()

    def test_from_consul_alone(self):
        self.register = True
        self.tell_the_story(CONSUL, "'consul://consul/web'")

    def test_from_docker_alone(self):
        self.tell_the_story(DOCKER, "'docker://h2/web', 'docker://h3/web'")

    def test_from_both_without_double_weight(self):
        self.register = True
        self.tell_the_story(CONSUL + DOCKER, "'consul://consul/web', 'docker://h2/web', 'docker://h3/web'")


if __name__ == "__main__":
    unittest.main()
