"""A real Docker engine: containers as services, without labels, registry or files. Cardea stands in the engine's own host."""

import time
import unittest

from support import docker, network, waiting
from support.cardea import Cardea


@unittest.skipIf(docker.why_not(), str(docker.why_not()))
class Docker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = cls.enterClassContext(network.Network({"h1": "10.77.1.11"}))
        cls.engine = cls.enterClassContext(docker.Engine(cls.network["h1"]))

    def setUp(self):
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for identity in self.engine("ps", "-aq").split():
            self.engine("rm", "-f", identity)

    def run_web(self, *names, options=(), arguments=()):
        for name in names:
            self.engine.run(name, *options, arguments=arguments)

    def start(self, *arguments):
        """Without a file: `run --docker SOCKET --service cardea-origin`, which is the image's name."""
        return self.enterContext(Cardea(arguments=["--listen", "127.0.0.1:0", "--docker", f"unix:{self.engine.socket}",
                                                   "--service", docker.IMAGE, *arguments], namespace=self.network["h1"].namespace))

    def served_by(self, connection, names, timeout=1.0):
        waiting.until(lambda: sorted({connection.request().text for _ in range(2 * len(names))}) == sorted(names), f"answers of {names}", timeout)

    def test_containers_come_and_go_on_one_client_connection(self):
        self.run_web("web01", "web02")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.run_web("web03")
            self.served_by(connection, ["web01", "web02", "web03"])
            self.engine("stop", "web03")
            self.served_by(connection, ["web01", "web02"], 0.3)
            self.assertEqual([connection.request().status for _ in range(60)], [200] * 60)
            self.engine("rm", "-f", "web01", "web02")
            waiting.until(lambda: connection.request().status == 503, "503 after the last one", 1.0)
            self.engine("start", "web03")
            waiting.until(lambda: connection.request().text == "web03", "the one that came back", 1.0)

    def test_an_application_that_listens_late_is_not_asked_before(self):
        self.run_web("web01")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01"])
            self.run_web("web02", arguments=("--delay-start", "2s"))
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                response = connection.request()
                self.assertEqual((response.status, response.text), (200, "web01"))
            self.served_by(connection, ["web01", "web02"], 3.0)

    def test_a_paused_container_gets_nothing(self):
        self.run_web("web01", "web02")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.engine("pause", "web01")
            self.served_by(connection, ["web02"])
            self.engine("unpause", "web01")
            self.served_by(connection, ["web01", "web02"])

    def test_a_stop_that_finishes_its_requests_loses_none(self):
        self.run_web("web01", "web02")
        proxy = self.start()
        with proxy.connect() as connection, proxy.connect() as slow:
            self.served_by(connection, ["web01", "web02"])
            slow.send(b"GET /slow/800 HTTP/1.1\r\nHost: test.example\r\n\r\n")
            self.engine("stop", "web01", "web02")
            self.assertIn(slow.read_response().text, ("web01", "web02"))

    def test_labels_make_services_and_routes(self):
        self.run_web("web01", options=("--label", "cardea.service=shop", "--label", "cardea.host=shop.example"))
        self.run_web("web02", options=("--label", "SERVICE_NAME=blog", "--label", "cardea.host=blog.example"))
        self.run_web("web03", options=("--label", "cardea.enable=false"))
        proxy = self.enterContext(Cardea(arguments=["--listen", "127.0.0.1:0", "--docker", f"unix:{self.engine.socket}"],
                                         namespace=self.network["h1"].namespace))
        waiting.until(lambda: proxy.get("/", host="shop.example").text == "web01", "the shop", 2.0)
        waiting.until(lambda: proxy.get("/", host="blog.example").text == "web02", "the blog", 2.0)
        self.assertEqual(proxy.get("/", host="other.example").status, 404)


if __name__ == "__main__":
    unittest.main()
