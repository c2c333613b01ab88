"""Endpoints that freeze, die or abandon their requests without notice, and newcomers that start slowly."""

import os
import signal
import socket
import struct
import threading
import time
import unittest

from integration.test_health import Health
from support import waiting
from support.cardea import Cardea, Origin
from support.program import pause

SHORT = True


class Abandons:
    """Answers `/` and holds every other request, until abandon(): then all of its connections are reset at once, and who
    comes is accepted and dropped, as by a port forwarding whose application has died."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.held, self.dead, self.lock = [], False, threading.Lock()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        head = b""
        while not self.dead and b"\r\n\r\n" not in head:
            got = peer.recv(4096)
            if not got:
                break
            head += got
        with self.lock:
            if not self.dead and b"\r\n\r\n" in head and not head.startswith(b"GET / "):
                self.held.append(peer)
                return
        if not self.dead and head.startswith(b"GET / "):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        peer.close()

    def abandon(self):
        with self.lock:
            self.dead = True
            for peer in self.held:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Frozen(Health):
    def test_waiting_requests_move_and_whoever_goes_on_returns(self):
        one, two = self.origins(2)
        proxy = self.start([one.address, two.address])
        with proxy.connect() as client:
            self.assertEqual({client.request().text for _ in range(4)}, {"web01", "web02"})
            one.program.send(signal.SIGSTOP)
            began = time.monotonic()
            self.assertEqual({client.request().text for _ in range(4)}, {"web02"})
            self.assertLess(time.monotonic() - began, 20, "far less than the 30 s of timeouts.first_byte")
            self.assertEqual(self.states(proxy)[one.address], "frozen")
            one.program.send(signal.SIGCONT)
            waiting.until(lambda: {client.request().text for _ in range(4)} == {"web01", "web02"}, "the return")

    def test_a_post_that_waits_shows_the_freeze_and_keeps_its_place(self):
        one, two = self.origins(2)
        proxy = self.start([one.address, two.address])
        with proxy.connect() as first, proxy.connect() as second:
            one.program.send(signal.SIGSTOP)
            for client in (first, second):
                client.send(b"POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 4\r\n\r\nbody")
            waiting.until(lambda: self.states(proxy)[one.address] == "frozen", "the freeze")
            one.program.send(signal.SIGCONT)
            self.assertEqual({client.read_response().text for client in (first, second)}, {"web01", "web02"})

    def test_whoever_is_slow_and_answers_a_probe_keeps_its_requests(self):
        origins = self.origins(2)
        proxy = self.start([o.address for o in origins])
        clients = [self.enterContext(proxy.connect()) for _ in range(4)]
        for client in clients:
            client.send(b"GET /slow/800 HTTP/1.1\r\nHost: test.example\r\n\r\n")
        self.assertEqual(sorted(client.read_response().text for client in clients), ["web01"] * 2 + ["web02"] * 2)
        self.assertEqual(set(self.states(proxy).values()), {"up"})
        self.assertIn("cardea_retries_total 0\n", self.metrics(proxy))

    def test_the_only_one_is_waited_for(self):
        one = self.origins(1)[0]
        proxy = self.start([one.address])
        with proxy.connect() as client:
            one.program.send(signal.SIGSTOP)
            client.send(b"GET / HTTP/1.1\r\nHost: test.example\r\n\r\n")
            pause(0.8)
            self.assertEqual(self.states(proxy)[one.address], "up")
            one.program.send(signal.SIGCONT)
            self.assertEqual(client.read_response().text, "web01")


class Killed(Health):
    def test_the_end_of_idle_connections_shows_a_death_before_any_request_meets_it(self):
        one, two = self.origins(2)
        proxy = self.start([one.address, two.address])
        with proxy.connect() as client:
            self.assertEqual({client.request().text for _ in range(8)}, {"web01", "web02"})
            one.stop(signal.SIGKILL)
            waiting.until(lambda: self.states(proxy)[one.address] == "refused", "the suspension, without a request")
            for _ in range(20):
                self.assertEqual(client.request("POST", body=b"x").text, "web02")
        self.assertIn("cardea_retries_total 0\n", self.metrics(proxy))

    def test_idle_connections_that_end_in_order_suspend_nobody_who_is_there(self):
        origin = self.enterContext(Origin("web01", arguments=("--idle-timeout", "50ms")))
        proxy = self.start([origin.address])
        with proxy.connect() as client:
            for _ in range(5):
                self.assertEqual(client.request().status, 200)
                pause(0.1)
        self.assertNotIn("up ->", proxy.log())

    def test_requests_lost_all_at_once_are_answered_by_another(self):
        good = self.origins(1)[0]
        with Abandons() as dying:
            proxy = self.start([good.address, dying.address])
            clients = [self.enterContext(proxy.connect()) for _ in range(16)]
            for client in clients:
                client.send(b"GET /held HTTP/1.1\r\nHost: test.example\r\n\r\n")
            waiting.until(lambda: len(dying.held) == 8, "half of the requests")
            dying.abandon()
            self.assertEqual([client.read_response().text for client in clients], ["web01"] * 16)
            waiting.until(lambda: self.states(proxy)[dying.address] in ("lost", "failing"), "the suspension")
            with proxy.connect() as client:
                for _ in range(10):
                    self.assertEqual(client.request("POST", body=b"x").text, "web01")


class SlowStart(Health):
    def names(self, proxy, count):
        with proxy.connect() as client:
            answers = [client.request().text for _ in range(count)]
        return {name: answers.count(name) for name in sorted(set(answers))}

    def follow(self, origins, more=""):
        text = ("listen: 127.0.0.1:0\nservices: {web: {endpoints: 'file://{dir}/endpoints'" + more + "}}\nroutes: [{service: web}]\n")
        proxy = Cardea(text, ready=False)
        self.enterContext(proxy)
        self.write(proxy, origins)
        proxy.wait_ready()
        return proxy

    def write(self, proxy, origins):
        with open(proxy.path("new"), "w") as file:
            file.write("".join(f"{o.address}\n" for o in origins))
        os.rename(proxy.path("new"), proxy.path("endpoints"))

    def test_a_newcomer_gets_a_tenth_at_first_and_the_first_set_its_whole_share(self):
        origins = self.origins(3)
        proxy = self.follow(origins[:2], ", slow_start: 10m")
        self.assertEqual(self.names(proxy, 100), {"web01": 50, "web02": 50})
        pause(1.1)  # who comes within a second of the first still belongs to the first set
        self.write(proxy, origins)
        waiting.until(lambda: "web03" in self.names(proxy, 42), "the newcomer")
        self.assertEqual(self.names(proxy, 210), {"web01": 100, "web02": 100, "web03": 10})

    def test_its_share_grows_to_the_whole(self):
        origins = self.origins(2)
        proxy = self.follow(origins[:1], ", slow_start: 1500ms")
        pause(1.1)
        self.write(proxy, origins)
        waiting.until(lambda: "web02" in self.names(proxy, 22), "the newcomer")
        waiting.until(lambda: self.names(proxy, 20) == {"web01": 10, "web02": 10}, "its whole share")

    def test_without_it_round_robin_is_exact_at_once(self):
        origins = self.origins(2)
        proxy = self.follow(origins[:1])
        pause(1.1)
        self.write(proxy, origins)
        waiting.until(lambda: "web02" in self.names(proxy, 2), "the newcomer")
        self.assertEqual(self.names(proxy, 100), {"web01": 50, "web02": 50})


if __name__ == "__main__":
    unittest.main()
