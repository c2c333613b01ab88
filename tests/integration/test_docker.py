"""A real Docker engine: containers as services, without labels, registry or files. Cardea stands in the engine's own host."""

import collections
import time
import unittest

from support import cardea, docker, network, waiting
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

    def served_by(self, connection, names, bar=1.0):
        waiting.until(lambda: sorted({connection.request().text for _ in range(2 * len(names))}) == sorted(names), f"answers of {names}", bar=bar)

    def never(self, connection, name, seconds):
        """Requests without a pause; all are answered, none by `name`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            response = connection.request()
            self.assertEqual(response.status, 200)
            self.assertNotEqual(response.text, name)

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
            waiting.until(lambda: connection.request("POST", body=b"").status == 503, "503 after the last one", bar=1.0)
            self.engine("start", "web03")
            waiting.until(lambda: connection.request().text == "web03", "the one that came back", bar=1.0)

    def test_shares_are_exact(self):
        names = ["web01", "web02", "web03", "web04"]
        self.run_web(*names)
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, names)
        self.assertEqual(collections.Counter(proxy.names(400)), dict.fromkeys(names, 100))

    def test_weights_of_labels_are_obeyed(self):
        self.run_web("web01", options=("--label", "cardea.weight=3"))
        self.run_web("web02", options=("--env", "SERVICE_WEIGHT=1"))
        self.run_web("web03", options=("--label", "cardea.weight=0"))
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
        self.assertEqual(collections.Counter(proxy.names(400)), {"web01": 300, "web02": 100})

    def test_an_application_that_listens_late_is_not_asked_before(self):
        self.run_web("web01")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01"])
            self.run_web("web02", arguments=("--delay-start", "2s"))
            self.never(connection, "web02", 1.5)
            self.served_by(connection, ["web01", "web02"], 3.0)

    def test_a_healthcheck_gates_traffic(self):
        self.engine("create", "--name", "mould", docker.IMAGE)  # the check passes while there is a program called /check
        self.engine("commit", "--change", 'HEALTHCHECK --interval=1s --retries=1 CMD ["/check", "--help"]', "mould", "checked")
        self.run_web("web01")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01"])
            self.engine("run", "-d", "-P", "--name", "web02", "--hostname", "web02", "--env", f"SERVICE_NAME={docker.IMAGE}", "checked")
            self.never(connection, "web02", 2.5)
            self.assertEqual(self.engine.inspect("web02")["State"]["Health"]["Status"], "unhealthy")
            self.engine("cp", cardea.origin_binary(), "web02:/check")
            self.served_by(connection, ["web01", "web02"], 3.0)
            self.engine("cp", "/etc/hostname", "web02:/check")
            self.served_by(connection, ["web01"], 3.0)
            self.never(connection, "web02", 0.5)

    def test_a_paused_container_gets_nothing(self):
        self.run_web("web01", "web02")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.engine("pause", "web01")
            self.served_by(connection, ["web02"])
            self.never(connection, "web01", 0.3)
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

    def test_only_the_stop_signal_drains(self):
        self.run_web("web01", options=("--stop-signal", "SIGUSR1", "--stop-timeout", "3"), arguments=("--on-term", "ignore"))
        self.run_web("web02")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.engine("kill", "-s", "WINCH", "web01")
            self.assertEqual({connection.request().text for _ in range(20)}, {"web01", "web02"})
            self.engine("kill", "-s", "TERM", "web01")  # it ignores it, and is back when its grace and 2 s are over
            self.served_by(connection, ["web02"], 0.3)
            self.never(connection, "web01", 2.0)
            self.served_by(connection, ["web01", "web02"], 5.0)

    def test_sudden_ends_are_not_felt(self):
        names = ["web01", "web02", "web03", "web04"]
        self.run_web(*names)
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, names)
            for name in names[:3]:
                self.engine("rm", "-f", name)
                self.assertEqual([connection.request().status for _ in range(50)], [200] * 50)
            self.served_by(connection, ["web04"])

    def test_a_restart_is_followed_to_its_new_port(self):
        self.run_web("web01", "web02")
        before = self.engine.published("web01")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.engine("restart", "web01")
            self.assertNotEqual(self.engine.published("web01"), before)
            self.served_by(connection, ["web01", "web02"])

    def test_an_address_taken_over_gets_nothing_of_its_former_owner(self):
        port = ("-p", "18080:80")
        self.run_web("web01", options=(*port, "--label", "cardea.service=shop", "--label", "cardea.host=shop.example"))
        proxy = self.enterContext(Cardea(arguments=["--listen", "127.0.0.1:0", "--docker", f"unix:{self.engine.socket}"],
                                         namespace=self.network["h1"].namespace))
        with proxy.connect() as shop, proxy.connect() as slow:
            waiting.until(lambda: shop.request(host="shop.example").text == "web01", "the shop")
            slow.send(b"GET /slow/20000 HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            self.engine("rm", "-f", "web01")
            self.run_web("web02", options=(*port, "--label", "cardea.service=blog", "--label", "cardea.host=blog.example"))
            self.assertEqual(self.engine.published("web02"), 18080)
            waiting.until(lambda: proxy.get("/", host="blog.example").text == "web02", "the blog at the shop's address")
            for _ in range(20):
                self.assertEqual(shop.request("POST", body=b"", host="shop.example").status, 503)
            self.assertEqual(slow.read_response().status, 503, "it waited for the shop to come back")

    def test_losing_the_engines_api_changes_nothing(self):
        self.run_web("web01", "web02")
        proxy = self.start()
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"])
            self.engine.program.send(19)  # SIGSTOP: it hangs
            try:
                self.never(connection, "nobody", 1.0)
                self.assertEqual({connection.request().text for _ in range(20)}, {"web01", "web02"})
            finally:
                self.engine.program.send(18)
            self.run_web("web03")
            self.served_by(connection, ["web01", "web02", "web03"], 2.0)

    def test_labels_make_services_and_routes(self):
        self.run_web("web01", options=("--label", "cardea.service=shop", "--label", "cardea.host=shop.example"))
        self.run_web("web02", options=("--label", "SERVICE_NAME=blog", "--label", "cardea.host=blog.example"))
        self.run_web("web03", options=("--label", "cardea.enable=false"))
        proxy = self.enterContext(Cardea(arguments=["--listen", "127.0.0.1:0", "--docker", f"unix:{self.engine.socket}"],
                                         namespace=self.network["h1"].namespace))
        waiting.until(lambda: proxy.get("/", host="shop.example").text == "web01", "the shop", 2.0)
        waiting.until(lambda: proxy.get("/", host="blog.example").text == "web02", "the blog", 2.0)
        self.assertEqual(proxy.get("/", host="other.example").status, 404)

    def test_a_single_published_service_gets_everything(self):
        self.run_web("web01", "web02")
        proxy = self.enterContext(Cardea(arguments=["--listen", "127.0.0.1:0", "--docker", f"unix:{self.engine.socket}"],
                                         namespace=self.network["h1"].namespace))
        with proxy.connect() as connection:
            self.served_by(connection, ["web01", "web02"], 2.0)


if __name__ == "__main__":
    unittest.main()
