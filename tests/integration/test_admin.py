"""The operators' door: what it tells, whom it answers, what it refuses."""

import json
import os
import re
import socket
import stat
import threading
import unittest

from support import http, waiting
from support.cardea import Cardea, Origin

SHORT = True

SAMPLE = re.compile(r'^[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? \S+$')


class Door(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origins = [cls.enterClassContext(Origin(f"web0{n}")) for n in (1, 2)]
        addresses = ", ".join(f"'{o.address}'" for o in cls.origins)
        cls.config = f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: [{addresses}]}}}}\nroutes: [{{service: web}}]\n"
        cls.proxy = cls.enterClassContext(Cardea(cls.config))

    def ask(self, target, method="GET", host="localhost", **more):
        return http.request(self.proxy.admin(), method, target, host=host, **more)

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.ask("/metrics").text, re.M)
        return float(found[1]) if found else 0.0

    def test_unix_socket_is_the_owners_alone(self):
        mode = os.stat(self.proxy.path("admin.sock")).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(http.get(f"unix:{self.proxy.path('admin.sock')}", "/livez", host="any.name").text, "ok")

    def test_a_web_page_cannot_drive_it(self):
        address = self.proxy.admin()
        self.assertEqual(self.ask("/livez", host="rebound.example").status, 403)
        self.assertEqual(self.ask("/v1/config/reload", "POST", headers={"Origin": "https://evil.example"}).status, 403)
        self.assertEqual(self.ask("/v1/config/reload", "POST", headers={"Origin": "null"}).status, 403)
        self.assertEqual(self.ask("/livez", host=address, headers={"Origin": f"http://{address}"}).status, 200)

    def test_nothing_is_changed_by_reading(self):
        generation = json.loads(self.ask("/v1/version").text)["config_generation"]
        for method, target, allow in (("GET", "/v1/config/reload", "POST"), ("POST", "/metrics", "GET, HEAD"), ("DELETE", "/v1/endpoints", "GET, HEAD")):
            answer = self.ask(target, method)
            self.assertEqual((answer.status, answer.field("allow")), (405, allow))
            self.assertIn("error", json.loads(answer.text))
        self.assertEqual(json.loads(self.ask("/v1/version").text)["config_generation"], generation)

    def test_unknown_pages_say_what_there_is(self):
        answer = self.ask("/v2/x")
        self.assertEqual(answer.status, 404)
        self.assertIn("/v1/endpoints", json.loads(answer.text)["error"])

    def test_head_and_keep_alive_and_a_pipeline(self):
        with http.Connection(self.proxy.admin()) as connection:
            head = connection.request("HEAD", "/metrics", host="localhost")
            self.assertGreater(int(head.field("content-length")), 1000)
            connection.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual([connection.read_response().status for _ in range(2)], [200, 404])

    def test_malformed_and_endless_requests_end_the_connection(self):
        for text in (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET /" + b"x" * 70000):
            with http.Connection(self.proxy.admin()) as connection:
                connection.send(text)
                self.assertIn(connection.read_response().status, (400, 414, 431))
                self.assertTrue(connection.closed())

    def test_many_silent_readers_do_not_lock_the_operator_out_for_good(self):
        silent = [http.Connection(self.proxy.admin()) for _ in range(70)]
        for connection in silent:
            connection.close()
        waiting.until(lambda: self.ask("/livez").status == 200, "the door to answer again")

    def test_metrics_are_well_formed_and_count(self):
        series = 'cardea_requests_total{listener="web",route="*/**",service="web",method="GET",code="200"}'
        before = self.metric(series)
        self.assertEqual(sorted(self.proxy.names(10)), ["web01"] * 5 + ["web02"] * 5)
        # A worker counts a request just after its answer has left.
        waiting.until(lambda: self.metric(series) == before + 10, "all ten to be counted")
        text = self.ask("/metrics").body.decode()
        names = re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M)
        self.assertEqual(len(names), len(set(names)))
        for line in text.splitlines():
            self.assertTrue(line.startswith("# ") or SAMPLE.match(line), line)
        for origin in self.origins:
            self.assertIn(f'cardea_endpoint_healthy{{service="web",endpoint="{origin.address}"}} 1', text)
        self.assertIn('cardea_service_endpoints{service="web",state="up"} 2', text)
        self.assertEqual(self.ask("/metrics").field("content-type"), "text/plain; version=0.0.4; charset=utf-8")

    def test_in_flight_is_seen_while_it_lasts(self):
        with self.proxy.connect() as connection:
            connection.send(b"GET /slow/600 HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.until(lambda: self.metric("cardea_requests_in_flight") >= 1, "the request to be seen")
            waiting.until(lambda: sum(e["in_flight"] for e in json.loads(self.ask("/v1/endpoints").text)["endpoints"]) == 1, "it at its endpoint")
            self.assertEqual(connection.read_response().status, 200)
        waiting.until(lambda: self.metric("cardea_requests_in_flight") == 0, "it to end")

    def test_errors_are_counted_by_reason(self):
        before = self.metric('cardea_errors_total{reason="bad_host"}')
        with self.proxy.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\n\r\n")
            self.assertEqual(connection.read_response().status, 400)
        self.assertEqual(self.metric('cardea_errors_total{reason="bad_host"}'), before + 1)

    def test_stub_status_counts_as_nginx_does(self):
        def counts():
            text = self.ask("/nginx_status").body.decode()
            return [int(n) for n in re.match(r"Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \n"
                                             r"Reading: (\d+) Writing: (\d+) Waiting: (\d+) \n$", text).groups()]
        waiting.until(lambda: counts()[0] == 0, "earlier connections to be gone")
        before = counts()
        with self.proxy.connect() as connection:
            connection.request()
            connection.request()
            waiting.until(lambda: counts()[6] == 1, "the connection to be idle")
            active, accepted, handled, requests, reading, writing, idle = counts()
            self.assertEqual((active, reading, writing, idle), (1, 0, 0, 1))
            self.assertEqual((accepted - before[1], handled - before[2], requests - before[3]), (1, 1, 2))

    def test_views(self):
        services = json.loads(self.ask("/v1/services").text)["services"]
        self.assertEqual([(s["name"], s["endpoints"], s["eligible"], s["routed"]) for s in services], [("web", 2, 2, True)])
        endpoints = json.loads(self.ask("/v1/endpoints").text)["endpoints"]
        self.assertEqual({e["id"] for e in endpoints}, {o.address for o in self.origins})
        self.assertEqual({e["state"] for e in endpoints}, {"up"})
        for endpoint in endpoints:
            self.assertRegex(endpoint["since"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        listeners = json.loads(self.ask("/v1/listeners").text)["listeners"]
        self.assertEqual(listeners, [{"name": "web", "address": self.proxy.address()}])


class Readiness(unittest.TestCase):
    def test_names_the_source_that_has_not_answered(self):
        # A port that accepts and never answers: neither refused nor synced.
        with socket.create_server(("127.0.0.1", 0)) as mute:
            config = (f"listen: 127.0.0.1:0\ndiscovery: {{consul: '127.0.0.1:{mute.getsockname()[1]}'}}\nroutes: [{{service: web}}]\n"
                      "process: {wait_for_sources: 2s, threads: 1}\n")
            with Cardea(config, ready=False) as proxy:
                answer = http.get(proxy.admin(), "/readyz", host="localhost")
                self.assertEqual(answer.status, 503)
                self.assertIn("consul", answer.text)
                self.assertEqual(http.get(proxy.admin(), "/livez", host="localhost").status, 200)
                proxy.wait_ready()  # patience is over: better to serve what is known than nothing
                self.assertEqual(http.get(proxy.admin(), "/readyz", host="localhost").status, 200)


class Limits(unittest.TestCase):
    def test_the_door_has_limits_and_counts_who_meets_them(self):
        with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\n"
                    "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock', max_connections: 3, max_followers: 1, max_request: 2k}\n") as proxy:
            def open_one():
                return self.enterContext(http.Connection(proxy.admin()))

            def met(connection, limit):
                text = connection.request("GET", "/metrics", host="localhost").text
                return int(re.search(rf'cardea_limit_rejected_total{{limit="admin_{limit}"}} (\d+)', text)[1])

            first = open_one()
            self.assertEqual(first.request("GET", "/livez", headers={"X-Long": "x" * 1800}, host="localhost").status, 200)
            for padding in (2100, 6000):
                self.assertEqual(http.get(proxy.admin(), "/livez", headers={"X-Long": "x" * padding}, host="localhost").status, 431)
            self.assertEqual(met(first, "max_request"), 2)
            follower = open_one()
            follower.send(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
            self.assertEqual(follower.read_response(head_only=True).status, 200)
            others = [open_one() for _ in range(2)]  # who follows does not count
            for other in others:
                self.assertEqual(other.request("GET", "/v1/events", headers={"Accept": "text/event-stream"}, host="localhost").status, 503)
            self.assertTrue(open_one().closed())
            self.assertEqual((met(first, "max_followers"), met(first, "max_connections")), (2, 1))


class Reload(unittest.TestCase):
    def test_post_applies_or_says_why_not(self):
        with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200, body: one}}]\n") as proxy:
            def post():
                answer = http.request(proxy.admin(), "POST", "/v1/config/reload", host="localhost")
                return answer.status, json.loads(answer.text)
            settings = "process: {threads: 2}\n" + "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"
            proxy.write("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200, body: two}}]\n" + settings)
            status, report = post()
            self.assertEqual((status, report["applied"], report["config_generation"]), (200, True, 2))
            self.assertEqual(proxy.get().text, "two")
            proxy.write("listen: 127.0.0.1:0\nroutez: []\n" + settings)
            status, report = post()
            self.assertEqual((status, report["applied"], report["config_generation"]), (422, False, 2))
            self.assertIn("cardea.yaml:2:1", report["error"])
            self.assertEqual(proxy.get().text, "two")

    def test_the_door_follows_the_configuration(self):
        with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\n") as proxy:
            former = proxy.admin()
            port = waiting.free_port()
            proxy.write(f"listen: 127.0.0.1:0\nroutes: [{{respond: {{status: 200}}}}]\nadmin: {{tcp: '127.0.0.1:{port}', address: 'unix:{{dir}}/admin.sock'}}\n"
                        "process: {threads: 2}\n")
            proxy.reload()
            waiting.until(lambda: self.answers(f"127.0.0.1:{port}"), "the new door")
            self.assertFalse(self.answers(former))

    @staticmethod
    def answers(address):
        try:
            return http.get(address, "/livez", host="localhost").status == 200
        except OSError:
            return False

    def test_reloads_and_scrapes_at_once(self):
        with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\n") as proxy:
            address = proxy.admin()
            statuses = []

            def worker(target, method):
                with http.Connection(address) as connection:
                    for _ in range(20):
                        statuses.append(connection.request(method, target, host="localhost").status)
            threads = [threading.Thread(target=worker, args=work) for work in
                       (("/v1/config/reload", "POST"), ("/metrics", "GET"), ("/v1/endpoints", "GET"), ("/readyz", "GET"))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(statuses, [200] * 80)


if __name__ == "__main__":
    unittest.main()
