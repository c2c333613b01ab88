"""HTTP through the front door: four endpoints that are written in the configuration."""

import collections
import threading
import time
import unittest

from support.cardea import Cardea, Origin
from support.http import Connection

SHORT = True

CONFIG = """
listen: 127.0.0.1:0
services:
  web: {{endpoints: [{endpoints}]}}
  dead: {{endpoints: ["127.0.0.1:1"]}}
  mixed: {{endpoints: ["127.0.0.1:1", "{first}"]}}
  nobody: {{endpoints: "file://{{dir}}/nobody"}}
routes:
  - {{match: {{host: test.example, path: /dead}}, service: dead}}
  - {{match: {{host: test.example, path: /mixed/**}}, service: mixed}}
  - {{match: {{host: test.example, path: /nobody}}, service: nobody}}
  - {{match: {{host: test.example, path: /teapot}}, respond: {{status: 418, body: "short and stout", headers: {{x-tea: green}}}}}}
  - {{match: {{host: test.example, path: /old/**}}, redirect: {{to: "https://{{host}}/new", status: 301}}}}
  - {{match: {{host: test.example, path: /edited}}, service: web, headers: {{set: {{x-added: "1"}}, remove: [x-secret]}}}}
  - {{match: {{host: other.example, method: [GET]}}, respond: {{status: 200, body: other}}}}
  - {{match: {{host: test.example}}, service: web}}
"""


class StaticEndpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origins = [cls.enterClassContext(Origin(f"web0{i}")) for i in range(1, 5)]
        config = CONFIG.format(endpoints=", ".join(f'"{o.address}"' for o in cls.origins), first=cls.origins[0].address)
        cls.proxy = cls.enterClassContext(Cardea(config))
        with open(cls.proxy.path("nobody"), "w"):
            pass

    def served(self):
        return sum(int(Connection(o.address).request("GET", "/count").text) for o in self.origins)

    def test_round_robin_is_exact_over_workers_and_connections(self):
        names, lock = collections.Counter(), threading.Lock()

        def client():
            mine = self.proxy.names(25)
            with lock:
                names.update(mine)
        before = self.proxy.names(4)
        self.assertEqual(sorted(before), ["web01", "web02", "web03", "web04"])
        threads = [threading.Thread(target=client) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(names, {f"web0{i}": 100 for i in range(1, 5)})

    def test_four_connections_get_four_names(self):
        self.assertEqual(len({self.proxy.get().text for _ in range(4)}), 4)

    def test_pipelined_requests_are_answered_in_order(self):
        with self.proxy.connect() as connection:
            for size in (10, 20000, 0, 7):
                connection.send(f"GET /b/{size} HTTP/1.1\r\nHost: test.example\r\n\r\n".encode())
            self.assertEqual([len(connection.read_response().body) for _ in range(4)], [10, 20000, 0, 7])

    def test_request_reaches_the_origin_as_it_was_sent(self):
        with self.proxy.connect() as connection:
            seen = connection.request("POST", "/echo/a%2Fb/../c?x=%00y&&", {"X-Custom": "Some Value", "Connection": "X-Hop", "X-Hop": "1"},
                                      b"the body").body.decode()
        head, _, body = seen.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.assertEqual(lines[0], "POST /echo/a%2Fb/../c?x=%00y&& HTTP/1.1")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        self.assertEqual(fields["host"], "test.example")
        self.assertEqual(fields["x-custom"], "Some Value")
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(fields["x-forwarded-proto"], "http")
        self.assertIn("cardea", fields["via"])
        self.assertNotIn("x-hop", fields)
        self.assertEqual(body, "the body")

    def test_bodies_of_every_framing_pass_both_ways(self):
        with self.proxy.connect() as connection:
            pieces = [b"a" * 10, b"b" * 70000, b"c"]
            echoed = connection.request("POST", "/echo", body=pieces).body
            self.assertTrue(echoed.endswith(b"\r\n\r\n" + b"".join(pieces)) or echoed.endswith(b"".join(pieces)))
            self.assertEqual(len(connection.request("GET", "/c/100000").body), 100000)
            self.assertEqual(len(connection.request("GET", "/b/3000000").body), 3000000)
            self.assertEqual(connection.request("HEAD", "/b/3000000").field("content-length"), "3000000")
            self.assertEqual(connection.request("GET", "/status/204").status, 204)
            self.assertEqual(connection.request("GET", "/status/304").status, 304)
            self.assertEqual(connection.request("GET", "/").status, 200)
            self.assertEqual(len(connection.request("GET", "/eof/5000").body), 5000)

    def test_expect_100_continue_is_answered_before_the_body(self):
        with self.proxy.connect() as connection:
            connection.send(b"POST /echo HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(connection.read_response(interim=True).status, 100)
            connection.send(b"body")
            self.assertEqual(connection.read_response().status, 200)

    def test_upgrade_becomes_a_tunnel(self):
        with self.proxy.connect() as connection:
            response = connection.request("GET", "/upgrade", {"Connection": "Upgrade", "Upgrade": "websocket"})
            self.assertEqual((response.status, response.field("upgrade")), (101, "websocket"))
            for message in (b"hello", b"\x00\xff" * 40000):
                connection.send(message)
                self.assertEqual(connection.read_exactly(len(message)), message)

    def test_events_pass_as_they_come(self):
        with self.proxy.connect() as connection:
            connection.send(b"GET /drip/4/150 HTTP/1.1\r\nHost: test.example\r\n\r\n")
            connection.read_head()
            arrivals = []
            while connection.read_until(b"\r\n") != b"0\r\n":
                connection.read_until(b"\r\n")
                arrivals.append(time.monotonic())
            self.assertEqual(len(arrivals), 4)
            self.assertGreater(arrivals[-1] - arrivals[0], 0.3)  # not held until the end

    def test_an_endpoint_that_refuses_is_passed_over_and_nobody_notices(self):
        self.assertEqual([self.proxy.get(f"/mixed/{i}").text for i in range(6)], ["web01"] * 6)
        with self.proxy.connect() as connection:
            self.assertEqual([connection.request("POST", "/mixed/x", body=b"x").status for _ in range(6)], [200] * 6)

    def test_no_endpoint_is_503_with_retry_after(self):
        for target in ("/dead", "/nobody"):
            response = self.proxy.get(target)
            self.assertEqual(response.status, 503, target)
            self.assertIsNotNone(response.field("retry-after"), target)

    def test_an_endpoint_that_hangs_up_costs_a_post_a_502_and_is_not_asked_twice(self):
        before = self.served()
        with self.proxy.connect() as connection:
            self.assertEqual(connection.request("POST", "/close", body=b"once").status, 502)
        self.assertEqual(self.served() - before, 1 + 4)  # the request, and the four that asked for the counts

    def test_routes(self):
        self.assertEqual((self.proxy.get("/teapot").status, self.proxy.get("/teapot").text), (418, "short and stout"))
        self.assertEqual(self.proxy.get("/teapot").field("x-tea"), "green")
        moved = self.proxy.get("/old/x")
        self.assertEqual((moved.status, moved.field("location")), (301, "https://test.example/new"))
        self.assertEqual(self.proxy.get("/", host="other.example").text, "other")
        self.assertEqual(self.proxy.get("/", host="unknown.example").status, 404)
        with self.proxy.connect() as connection:
            refused = connection.request("DELETE", "/", host="other.example")
            self.assertEqual((refused.status, refused.field("allow")), (405, "GET"))

    def test_ambiguous_requests_are_refused_before_a_byte_goes_upstream(self):
        before = self.served()
        for request in (b"POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                        b"GET / HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost : test.example\r\n\r\n"):
            with self.proxy.connect() as connection:
                connection.send(request)
                self.assertEqual(connection.read_response().status, 400, request)
                self.assertTrue(connection.closed(), request)
        self.assertEqual(self.served() - before, 4)


if __name__ == "__main__":
    unittest.main()
