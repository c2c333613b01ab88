"""Clients that are slow on purpose, many of them: what they cost, and that nobody else notices."""

import os
import re
import resource
import selectors
import socket
import time
import unittest

from support import http, program, waiting
from support.cardea import Cardea, Origin

HEADS, READERS = 5000, 100
HEAD_KIB, READER_KIB = 6, 64  # each, at most
LARGE = b"GET /b/50000000 HTTP/1.1\r\nHost: x\r\n\r\n"
SPARE = 200  # descriptors for everything else in this process


def raise_own_limit():
    """All the descriptors there are; how many slow clients that allows: the proxy's own default takes 0.4 of them."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(HEADS, hard - SPARE, int(hard * 0.4) - SPARE)
    if count < HEADS:
        print(f"slow: the limit of {hard} descriptors allows {count} slow clients instead of {HEADS}")
    return count


def number(proxy, name):
    """The sum of a metric's samples that begin with `name`."""
    text = http.get(proxy.admin(), "/metrics", host="127.0.0.1").text
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}.* (\S+)$", text, re.M))


def slowest_of(proxy, count):
    """`count` good requests, each on a connection of its own; the slowest answer in seconds. A wrong one fails at once."""
    slowest = 0.0
    for _ in range(count):
        began = time.monotonic()
        answer = proxy.get("/b/1000")
        assert answer.status == 200 and len(answer.body) == 1000, answer
        slowest = max(slowest, time.monotonic() - began)
    return slowest


class SlowClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.count = raise_own_limit()
        cls.origin = cls.enterClassContext(Origin("web01"))

    def start(self, client=""):
        return self.enterContext(Cardea(f"listeners: {{web: {{address: '127.0.0.1:0', client: {{{client}}}}}}}\n"
                                        f"services: {{web: '{self.origin.address}'}}\n"
                                        f"routes: [{{match: {{path: /own}}, respond: {{status: 200, body: {'x' * 300000}}}}}, {{service: web}}]\n"
                                        "process: {threads: 1, max_pipes: off}\n"))  # what pipes hold is not in the process

    def open(self, proxy, count, payload, receive_buffer=None):
        """`count` connections that have said `payload`; closed when the test is over."""
        host, _, port = proxy.address().rpartition(":")
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        for _ in range(count):
            client = socket.socket()
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.connect((host, int(port)))
            client.sendall(payload)
            clients.append(client)
        return clients

    def test_half_open_heads(self):
        proxy = self.start()
        slowest_of(proxy, 20)
        before, descriptors = program.memory(proxy.program.pid, "RssAnon"), len(os.listdir(f"/proc/{proxy.program.pid}/fd"))
        clients = self.open(proxy, self.count, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 400)
        waiting.until(lambda: number(proxy, 'cardea_connections{state="reading"}') == self.count, "every head to be half there")
        each = (program.memory(proxy.program.pid, "RssAnon") - before) / self.count
        print(f"note: {self.count} half heads cost {each:.2f} KiB each")
        if not os.environ.get("CARDEA_SANITIZED"):
            self.assertLessEqual(each, HEAD_KIB)
        slowest = slowest_of(proxy, 200)
        print(f"note: the slowest of 200 good requests beside them took {slowest * 1000:.1f} ms")
        for client in clients:
            client.send(b"b")
        self.assertEqual(slowest_of(proxy, 20) > 5, False)
        for client in clients:
            client.close()
        waiting.until(lambda: len(os.listdir(f"/proc/{proxy.program.pid}/fd")) <= descriptors + 8, "their descriptors to be free")

    def test_heads_are_cut_after_their_time(self):
        proxy = self.start("header_timeout: 500ms, first_byte_timeout: 500ms")
        clients = self.open(proxy, 200, b"GET / HT") + self.open(proxy, 200, b"")
        waiting.until(lambda: number(proxy, 'cardea_connections{state="active"}') <= 1, "slow heads to be cut")
        self.assertEqual(number(proxy, 'cardea_limit_rejected_total{limit="header_timeout"}'), 200)
        self.assertEqual(number(proxy, 'cardea_limit_rejected_total{limit="first_byte_timeout"}'), 200)
        self.assertTrue(clients[0].recv(1000).startswith(b"HTTP/1.1 408 "))
        self.assertEqual(clients[-1].recv(1000), b"")

    def stall(self, proxy, asks, count=READERS):
        """`count` connections that say each of `asks` when the answers to those before it lie unread; what each holds then, in KiB."""
        clients = self.open(proxy, count, asks[0], 4096)
        for ask in asks[1:]:
            waiting.until(lambda: number(proxy, "cardea_requests_in_flight") == 0, "the answers to be on their way")
            for client in clients:
                client.sendall(ask)

        def stalled():
            """All are being answered, something of each answer is held beside its request, and that has stopped changing."""
            first = number(proxy, "cardea_buffered_bytes")
            program.pause(0.1)
            return first >= count * 1024 and number(proxy, "cardea_buffered_bytes") == first and number(proxy, "cardea_requests_in_flight") == count
        waiting.until(lambda: stalled() and stalled(), "every reader to be stalled")
        return number(proxy, "cardea_buffered_bytes") / 1024 / count

    def test_readers_that_do_not_read(self):
        proxy = self.start()
        slowest_of(proxy, 20)
        before = program.memory(proxy.program.pid, "RssAnon")
        held = self.stall(proxy, [LARGE])
        each = (program.memory(proxy.program.pid, "RssAnon") - before) / READERS
        print(f"note: {READERS} stalled readers cost {each:.1f} KiB each, {held:.1f} KiB of them in buffers")
        self.assertLessEqual(held, READER_KIB)
        if not os.environ.get("CARDEA_SANITIZED"):
            self.assertLessEqual(each, READER_KIB)
        self.assertLess(slowest_of(proxy, 50), 5)

    def test_readers_that_do_what_they_can_to_be_held_for(self):
        small = b"GET /b/40000 HTTP/1.1\r\nHost: x\r\n\r\n"
        fields = b"X-A: " + b"a" * 15000 + b"\r\nX-B: " + b"b" * 15000 + b"\r\n"
        body = b"Content-Length: 60000\r\n\r\n" + b"a" * 60000
        own = b"GET /own HTTP/1.1\r\nHost: x\r\n\r\n"
        asks = {
            "a large answer of our own": [own * 500],
            "a row of requests": [small * 2 + LARGE + small * 500],
            "one request after the other": [small] * 4 + [LARGE],
            "a large head and more behind it": [LARGE.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n") + small * 1000],
            "a large body and more behind it": [LARGE.replace(b"GET", b"PUT").replace(b"\r\n\r\n", b"\r\n" + body) + small * 1000],
        }
        for name, ask in asks.items():
            with self.subTest(name):
                held = self.stall(self.start(), ask, READERS // 4)
                print(f"note: {name}: {held:.1f} KiB each")
                self.assertLessEqual(held, READER_KIB)

    def test_bodies_and_readers_below_the_rate_are_cut(self):
        proxy = self.start("min_rate: 1k, body_grace: 500ms, write_grace: 500ms, write_timeout: 1s")
        senders = self.open(proxy, 50, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
        self.open(proxy, 50, b"GET /b/20000000 HTTP/1.1\r\nHost: x\r\n\r\n", 4096)
        chooser = selectors.DefaultSelector()
        for sender in senders:
            chooser.register(sender, selectors.EVENT_READ)

        def all_cut():
            for key, _ in chooser.select(0):
                self.assertTrue(key.fileobj.recv(1000).startswith(b"HTTP/1.1 408 "))
                chooser.unregister(key.fileobj)
            for key in list(chooser.get_map().values()):
                key.fileobj.send(b"x")
            return not chooser.get_map() and number(proxy, "cardea_requests_in_flight") == 0
        waiting.until(all_cut, "slow bodies and readers to be cut", every=0.05)
        self.assertEqual(number(proxy, 'cardea_limit_rejected_total{limit="body_rate"}'), 50)
        self.assertEqual(number(proxy, 'cardea_limit_rejected_total{limit="write_'), 50)  # the rate or the longest gap
        self.assertEqual(number(proxy, "cardea_endpoint_failures_total"), 0)


if __name__ == "__main__":
    unittest.main()
