"""A real Consul agent: instances come and go, the last one leaves, the agent dies and comes back without its data."""

import time
import unittest

from support import consul, waiting
from support.cardea import Cardea, Origin

CONFIG = "listen: 127.0.0.1:0\ndiscovery: {{consul: '{agent}'}}\nroutes: [{{service: web}}]\n"


@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class Consul(unittest.TestCase):
    def setUp(self):
        self.agent = self.enterContext(consul.Agent())

    def origin(self, name):
        return self.enterContext(Origin(name))

    def register(self, origin):
        return self.agent.register("web", origin.port, "127.0.0.1", origin.name)

    def start(self):
        return self.enterContext(Cardea(CONFIG.format(agent=self.agent.address)))

    def served_by(self, connection, names, bar=1.0):
        """Waits until exactly `names` answer; a second is what a change may take."""
        waiting.until(lambda: sorted({connection.request().text for _ in range(2 * len(names))}) == names, f"answers of {names}", bar=bar)

    def test_instances_come_and_go_on_one_client_connection(self):
        origins = [self.origin(f"web0{i}") for i in range(1, 6)]
        for origin in origins[:4]:
            self.register(origin)
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02", "web03", "web04"])
            self.register(origins[4])
            self.served_by(connection, ["web01", "web02", "web03", "web04", "web05"])
            self.agent.deregister("web05")
            self.served_by(connection, ["web01", "web02", "web03", "web04"])
            self.assertEqual([connection.request().status for _ in range(100)], [200] * 100)

    def test_nothing_registered_is_a_normal_start(self):
        proxy = self.start()
        origin = self.origin("web01")
        with proxy.connect() as connection:
            self.assertEqual(connection.request().status, 503)
            identity = self.register(origin)
            waiting.until(lambda: connection.request().text == "web01", "the first instance", bar=1.0)
            self.agent.deregister(identity)
            waiting.until(lambda: connection.request("POST", body=b"").status == 503, "503 after the last one left", bar=1.0)
            self.register(origin)
            waiting.until(lambda: connection.request().text == "web01", "the instance that came back", bar=1.0)

    def test_maintenance_and_critical_take_an_instance_out(self):
        origins = [self.origin("web01"), self.origin("web02")]
        for origin in origins:
            self.register(origin)
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.agent.call("PUT", "/v1/agent/service/maintenance/web02?enable=true")
            self.served_by(connection, ["web01"])
            self.agent.call("PUT", "/v1/agent/service/maintenance/web02?enable=false")
            self.served_by(connection, ["web01", "web02"])
            self.agent.call("PUT", "/v1/agent/check/register", {"Name": "ttl", "ID": "ttl", "ServiceID": "web01", "TTL": "60s"})
            self.served_by(connection, ["web02"])
            self.agent.call("PUT", "/v1/agent/check/pass/ttl")
            self.served_by(connection, ["web01", "web02"])

    def test_what_is_registered_but_does_not_listen_yet_gets_no_request(self):
        port = waiting.free_port()
        proxy = self.start()
        self.agent.register("web", port, "127.0.0.1", "late")
        with proxy.connect() as connection:
            deadline = time.monotonic() + 0.5
            while time.monotonic() < deadline:
                self.assertEqual(connection.request().status, 503)
            self.enterContext(Origin("late", f"127.0.0.1:{port}"))
            waiting.until(lambda: connection.request().text == "late", "the late listener", bar=1.0)

    def test_the_agent_dies_and_comes_back_empty(self):
        origins = [self.origin("web01"), self.origin("web02"), self.origin("web03")]
        for origin in origins[:2]:
            self.register(origin)
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.agent.kill()
            self.assertEqual([connection.request().status for _ in range(50)], [200] * 50)
            self.agent.start()  # empty: what still answers probes must stay
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                self.assertEqual(connection.request().status, 200)
            self.register(origins[2])  # ... and a new registration is followed
            waiting.until(lambda: "web03" in {connection.request().text for _ in range(6)}, "a registration after the return", bar=1.0)


if __name__ == "__main__":
    unittest.main()
