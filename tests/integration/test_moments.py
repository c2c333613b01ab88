"""Moments of change: the only endpoint restarts under load, an endpoint leaves while tunnels and event streams are open."""

import collections
import json
import os
import signal
import threading
import time
import unittest

from support import waiting
from support.cardea import Cardea, Origin

SHORT = True


class Load:
    """GETs and POSTs without a pause, each kind from clients of its own, until it is left."""

    def __init__(self, proxy, gets=6, posts=2):
        self.proxy, self.stop = proxy, threading.Event()
        self.statuses = {"GET": collections.Counter(), "POST": collections.Counter()}
        self.threads = [threading.Thread(target=self.client, args=(method, body))
                        for method, body, count in (("GET", None, gets), ("POST", b"once", posts)) for _ in range(count)]

    def client(self, method, body):
        with self.proxy.connect() as connection:
            while not self.stop.is_set():
                self.statuses[method][connection.request(method, "/", body=body).status] += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class LastEndpoint(unittest.TestCase):
    def proxy(self, origin, more=""):
        return self.enterContext(Cardea(
            f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{origin.address}']{more}}}}}\nroutes: [{{service: web}}]\n"
            "access_log: {output: '{dir}/access.json', format: json}\n"))

    def records(self, proxy):
        with open(proxy.path("access.json")) as file:
            return [json.loads(line) for line in file]

    def test_restarts_under_load_fail_no_get(self):
        origin = self.enterContext(Origin("web01"))
        address = origin.address
        proxy = self.proxy(origin)
        with Load(proxy) as load:
            for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                before = load.statuses["GET"][200]
                waiting.until(lambda: load.statuses["GET"][200] > before + 100, "requests")
                origin.stop(number)
                time.sleep(0.3)  # nobody is home
                origin = self.enterContext(Origin("web01", address))
                before = load.statuses["GET"][200]
                waiting.until(lambda: load.statuses["GET"][200] > before + 20, "requests after the return")
        self.assertEqual(set(load.statuses["GET"]), {200})
        self.assertLessEqual(set(load.statuses["POST"]), {200, 502, 503})
        proxy.stop()
        records = self.records(proxy)
        queued = [one for one in records if one.get("queued_ms")]
        self.assertGreaterEqual(len(queued), 6)
        self.assertEqual({one["method"] for one in queued}, {"GET"})
        lost = [one for one in records if "lost" in one]
        self.assertEqual(len(lost), sum(count for status, count in load.statuses["POST"].items() if status != 200))
        self.assertLessEqual({one["lost"] for one in lost}, {"request_sent", "nobody_home", "attempts"})
        self.assertTrue(all(one["lost"] == "request_sent" for one in lost if one["status"] == 502))

    def test_a_long_absence_is_told_at_once(self):
        origin = self.enterContext(Origin("web01"))
        proxy = self.proxy(origin, ", queue: {time: 200ms, grace: 300ms}")
        with proxy.connect() as client:
            self.assertEqual(client.request().status, 200)
            origin.stop(signal.SIGKILL)
            answer = client.request()
            self.assertEqual((answer.status, answer.field("x-cardea-reason")), (503, "queue_timeout"))
            waiting.until(lambda: client.request().field("x-cardea-reason") == "no_endpoint", "the end of the grace")
            answer = client.request()
            self.assertEqual((answer.status, answer.field("x-cardea-reason")), (503, "no_endpoint"))  # who had waited would hear so
            self.assertIsNotNone(answer.field("retry-after"))


class Leaving(unittest.TestCase):
    def test_tunnels_and_event_streams_live_to_the_deadline(self):
        one, two = self.enterContext(Origin("web01")), self.enterContext(Origin("web02"))
        proxy = self.enterContext(Cardea("listen: 127.0.0.1:0\nservices: {web: {endpoints: 'file://{dir}/endpoints', drain: 1s}}\n"
                                         "routes: [{service: web}]\n", ready=False))

        def replace(*origins):
            with open(proxy.path("new"), "w") as file:
                file.write("".join(f"{o.address}\n" for o in origins))
            os.rename(proxy.path("new"), proxy.path("endpoints"))

        replace(one)
        proxy.wait_ready()
        tunnel, events, slow, client = (self.enterContext(proxy.connect()) for _ in range(4))
        self.assertEqual(tunnel.request("GET", "/upgrade", {"Connection": "Upgrade", "Upgrade": "websocket"}).status, 101)
        events.send(b"GET /drip/1000/20 HTTP/1.1\r\nHost: test.example\r\n\r\n")
        events.read_head()
        replace(one, two)
        waiting.until(lambda: {client.request().text for _ in range(4)} == {"web01", "web02"}, "both")
        slow.send(b"GET /slow/400 HTTP/1.1\r\nHost: test.example\r\n\r\n")
        time.sleep(0.05)  # it is at its endpoint
        replace(two)
        left = time.monotonic()
        waiting.until(lambda: [client.request().text for _ in range(20)] == ["web02"] * 20, "the removal")
        tunnel.send(b"still here")
        self.assertEqual(tunnel.read_exactly(10), b"still here")
        events.read_until(b"\r\n")
        self.assertEqual(slow.read_response().status, 200)
        self.assertTrue(tunnel.closed(), "a tunnel ends at the deadline")
        self.assertGreater(time.monotonic() - left, 0.9)
        with self.assertRaises((EOFError, ConnectionResetError)):
            while True:
                events.read_until(b"\r\n")
        self.assertEqual(client.request().text, "web02")


if __name__ == "__main__":
    unittest.main()
