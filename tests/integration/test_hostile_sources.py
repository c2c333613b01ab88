"""A registry that lies, floods and echoes: what it says stays within its own service, within bounds, and secrets stay inside."""

import json
import re
import socket
import threading
import unittest

from support import http, waiting
from support.cardea import Cardea, Origin

TOKEN = "s3cr3t-t0k3n-0123456789"
PAGES = ("/v1/version", "/v1/listeners", "/v1/routes", "/v1/services", "/v1/endpoints", "/v1/sources", "/v1/problems", "/v1/events", "/metrics", "/readyz")


class Registry:
    """Answers every question about health with `answer(token)`: (status, body). A question that waits for a change gets it when there is one."""

    def __init__(self, answer):
        self.change, self.index, self.answer, self.asked = threading.Condition(), 10, answer, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rwb") as stream:
            try:
                while self.serve_one(stream):
                    pass
            except OSError:
                pass  # it has heard enough

    def serve_one(self, stream):
        line, token = stream.readline().decode(), ""
        while field := stream.readline().decode().strip():
            name, _, value = field.partition(":")
            token = value.strip() if name.lower() == "x-consul-token" else token
        if not line:
            return False
        waits = re.search(r"[?&]index=(\d+)", line)
        with self.change:
            self.asked += 1
            self.change.wait_for(lambda: not waits or int(waits[1]) != self.index, 1.0)
            (status, body), index = self.answer(token), self.index
        stream.write(f"HTTP/1.1 {status} Answer\r\nX-Consul-Index: {index}\r\nX-Consul-KnownLeader: true\r\nX-Consul-LastContact: 0\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        stream.flush()
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def say(self, answer):
        with self.change:
            self.answer = answer
            self.index += 1
            self.change.notify_all()

    def heard(self):
        """Waits until the answer given last was asked for and a further question came."""
        before = self.asked
        waiting.until(lambda: self.asked > before + 1, "further questions")


def entry(port, ident="web-1", address="127.0.0.1", node="n1", **service):
    return {"Node": {"Node": node, "Address": address, "Datacenter": "dc1"}, "Checks": [{"Status": "passing"}],
            "Service": {"ID": ident, "Service": "web", "Address": address, "Port": port, "Tags": [], **service}}


def good(entries):
    body = json.dumps(entries).encode()
    return lambda token: (200, body)


class Hostile(unittest.TestCase):
    def setUp(self):
        self.origin = self.enterContext(Origin("web01"))
        self.registry = self.enterContext(Registry(good([entry(self.origin.port)])))
        self.proxy = self.enterContext(Cardea(
            f"listen: 127.0.0.1:{waiting.free_port()}\ndiscovery: {{consul: {{main: {{addresses: ['{self.registry.address}'], token: '${{TOKEN}}'}}}}}}\n"
            "routes: [{service: web}]\nprocess: {threads: 1}\n", environment={"TOKEN": TOKEN}))
        waiting.until(lambda: self.proxy.get().text == "web01", "the endpoint")

    def ask(self, target):
        return http.get(self.proxy.admin(), target, host="localhost")

    def endpoints(self):
        return json.loads(self.ask("/v1/endpoints").text)["endpoints"]

    def seen(self, target, pattern):
        waiting.until(lambda: re.search(pattern, self.ask(target).text), f"{pattern} in {target}")

    def assert_unharmed(self):
        self.assertEqual([e["addresses"] for e in self.endpoints()], [[self.origin.address]])
        self.assertEqual(self.proxy.names(3), ["web01"] * 3)

    def test_floods_leave_the_last_good_set(self):
        padding = b" " * (33 << 20)
        self.registry.say(lambda token: (200, b"[" + padding + b"]"))
        self.seen("/v1/sources", r"longer than 33554432 bytes")
        self.assert_unharmed()
        self.registry.say(lambda token: (200, b"[" * 100 + b"]" * 100))
        self.seen("/v1/sources", r"nested deeper than 64")
        self.assert_unharmed()
        many = [entry(1000 + n % 60000, f"web-{n}", f"10.0.{n // 250}.{1 + n % 250}") for n in range(10_001)]
        self.registry.say(good(many))
        self.seen("/v1/problems", r"10001 endpoints of one service, at most 10000 are taken")
        self.assert_unharmed()
        for limit in ("discovery_max_answer", "discovery_max_service_endpoints"):
            self.seen("/metrics", rf'cardea_limit_rejected_total{{limit="{limit}"}} [1-9]')
        self.registry.say(good([entry(self.origin.port), entry(1, "web-2", "127.0.0.9")]))
        waiting.until(lambda: len(self.endpoints()) == 2, "an answer within bounds")
        self.assertNotIn("at most 10000", self.ask("/v1/problems").text)

    def test_what_it_says_of_an_instance_is_an_endpoint_or_nothing(self):
        escape = "\x1b[2J\x9b31m"
        hostile = [entry(80, "metadata", "169.254.169.254"), entry(80, "mapped", "::ffff:169.254.169.254"), entry(80, "translated", "64:ff9b::a9fe:a9fe"),
                   entry(80, "everywhere", "0.0.0.0"), entry(8500, "api", "10.0.0.1"), entry(int(self.proxy.address().rpartition(":")[2]), "loop"),
                   entry(80, "lines", "10.0.0.1\r\nHost: evil"), entry(80, "path", "/var/run/docker.sock"), entry(80, "unix", "unix:/var/run/docker.sock"),
                   entry(80, "variable", "${TOKEN}"), entry(80, "userinfo", "a@b"), entry(0, "port"), entry(70000, "port2"), entry(-1, "port3"),
                   entry("80", "port4"), {"Service": None}, None, 7, "x", {}, [],
                   entry(self.origin.port, f"good\r\nX: {escape}", node=f"n\n2024 level=error event=owned {escape}",
                         Tags=["urlprefix-admin.example/", "cardea.host=admin.example", "a\r\nb"], Meta={"cardea.host": "admin.example", "weight": "x\n"})]
        self.registry.say(good(hostile))
        waiting.until(lambda: any("good" in e["id"] for e in self.endpoints()), "the one that can be dialled")
        self.assert_unharmed()
        routes = json.loads(self.ask("/v1/routes").text)["routes"]
        self.assertEqual({(r["match"], r["action"]) for r in routes}, {("*/**", "service web"), ("admin.example/**", "service web")}, "its own service alone")
        self.assertIn("link-local", self.ask("/v1/problems").text)
        for page in PAGES:
            if page != "/metrics":  # its format knows but three escapes, and who reads it is no terminal
                self.assertNotIn("\x1b", self.ask(page).text, page)
        for line in self.ask("/metrics").text.split("\n"):
            self.assertRegex(line, r"^(#.*|cardea_\w+(\{.*\})? \S+|process_\w+(\{.*\})? \S+|)$")
        for line in self.proxy.log().splitlines():
            self.assertRegex(line, r"^20\d\d-\S+Z level=\w+ event=[a-z_]+")
        self.assertNotIn("event=owned", re.sub(r'"(?:[^"\\]|\\.)*"', "", self.proxy.log()))

    def test_secrets_are_told_to_nobody_else(self):
        for status in (403, 500, 200):
            self.registry.say(lambda token, status=status: (status, f"rpc error: token {token} is not known".encode()))
            self.registry.heard()
        self.assert_unharmed()
        self.registry.say(lambda token: (200, json.dumps({token: token}).encode()))
        self.registry.heard()
        for page in PAGES:
            self.assertNotIn(TOKEN, self.ask(page).text, page)
        self.assertNotIn(TOKEN, self.proxy.log())


if __name__ == "__main__":
    unittest.main()
