"""TERM: readiness fails first, nobody in a queue is lost, what is under way is finished, and a second signal ends it at once."""

import os
import signal
import socket
import threading
import time
import unittest

from support import http, program, waiting
from support.cardea import Cardea, Origin

SHORT = True
ADMIN = "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"


def refused(address):
    try:
        http.Connection(address, 2.0).close()
        return False
    except OSError:
        return True


class Stop(unittest.TestCase):
    def setUp(self):
        self.origin = self.enterContext(Origin("web01"))

    def proxy(self, process="graceful_timeout: 30s"):
        return self.enterContext(Cardea(f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{self.origin.address}']}}}}\n"
                                        f"routes: [{{service: web}}]\nprocess: {{threads: 2, {process}}}\n" + ADMIN))

    def begin_slow(self, proxy, milliseconds):
        """A kept connection with a request that the origin answers so much later."""
        connection = self.enterContext(proxy.connect(timeout=30))
        seen = int(http.get(self.origin.address, "/count").text)
        connection.send(f"GET /slow/{milliseconds} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        waiting.until(lambda: int(http.get(self.origin.address, "/count").text) > seen, "the request at the origin")
        return connection

    def ready(self, proxy):
        return http.get(proxy.admin(), "/readyz", host="localhost").status

    def test_readiness_fails_while_clients_are_still_let_in(self):
        proxy = self.proxy("stop_delay: 1500ms")
        address = proxy.address()
        self.assertEqual(self.ready(proxy), 200)
        began = time.monotonic()
        proxy.program.send(signal.SIGTERM)
        waiting.until(lambda: self.ready(proxy) == 503, "readiness to fail")
        if time.monotonic() - began < 1.0:
            answer = http.get(address)
            self.assertEqual((answer.status, answer.text), (200, "web01"))
        self.assertEqual(proxy.program.wait(), 0)
        self.assertGreaterEqual(time.monotonic() - began, 1.4)

    def test_a_second_signal_within_the_delay_ends_it_at_once(self):
        proxy = self.proxy("stop_delay: 60s")
        proxy.program.send(signal.SIGTERM)
        proxy.program.wait_for_log("event=stopping")
        proxy.program.send(signal.SIGTERM)
        self.assertEqual(proxy.program.wait(), 2)
        proxy.program.process.returncode = 0

    def test_a_request_under_way_is_finished_and_says_close(self):
        proxy = self.proxy()
        slow = self.begin_slow(proxy, 1500)
        proxy.program.send(signal.SIGTERM)
        answer = slow.read_response()
        self.assertEqual((answer.status, answer.text), (200, "web01"))
        self.assertEqual(answer.field("connection"), "close")
        self.assertEqual(proxy.program.wait(), 0)

    def test_a_kept_connection_is_told_by_an_answer(self):
        proxy = self.proxy()
        self.begin_slow(proxy, 3000)
        with proxy.connect() as kept:
            self.assertIsNone(kept.request().field("connection"))
            proxy.program.send(signal.SIGTERM)
            waiting.until(lambda: self.ready(proxy) == 503, "readiness to fail")
            answer = kept.request()
            while answer.field("connection") is None:  # the doors close a moment after readiness
                self.assertEqual(answer.status, 200)
                answer = kept.request()
            self.assertEqual((answer.status, answer.field("connection")), (200, "close"))
            self.assertTrue(kept.closed())
        self.assertEqual(proxy.program.wait(), 0)

    def test_an_idle_connection_does_not_hold_it_up(self):
        proxy = self.proxy()
        with proxy.connect() as idle:
            idle.request()
            proxy.program.send(signal.SIGTERM)
            self.assertEqual(proxy.program.wait(20), 0)  # and not graceful_timeout

    def test_who_is_in_the_queue_is_answered(self):
        proxy = self.proxy()
        address = proxy.address()
        self.begin_slow(proxy, 1000)
        answers, over = [], threading.Event()

        def knock():
            while not over.is_set():
                try:
                    connection = http.Connection(address, 5.0)
                except OSError:
                    return  # the doors are closed: refused, or not let in any more
                try:
                    answers.append(connection.request().status)
                except (OSError, EOFError) as error:
                    answers.append(repr(error))
                finally:
                    connection.close()
        clients = [threading.Thread(target=knock) for _ in range(8)]
        for client in clients:
            client.start()
        waiting.until(lambda: len(answers) > 200, "some answers")
        proxy.program.send(signal.SIGTERM)
        for client in clients:
            client.join()
        self.assertEqual(set(answers), {200}, "everybody who was let in was answered")
        self.assertEqual(proxy.program.wait(), 0)

    def test_a_tunnel_lives_to_the_deadline(self):
        proxy = self.proxy("graceful_timeout: 2s")
        with proxy.connect() as tunnel:
            tunnel.send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            self.assertEqual(tunnel.read_response(interim=True).status, 101)
            began = time.monotonic()
            proxy.program.send(signal.SIGTERM)
            waiting.until(lambda: refused(proxy.address()), "the doors to close")
            if time.monotonic() - began < 1.5:
                tunnel.send(b"still")
                self.assertEqual(tunnel.read_exactly(5), b"still")
            self.assertEqual(proxy.program.wait(), 0)
            self.assertGreaterEqual(time.monotonic() - began, 1.9)

    def test_a_reload_while_it_stops_is_refused(self):
        proxy = self.proxy()
        self.begin_slow(proxy, 1000)
        proxy.program.send(signal.SIGTERM)
        proxy.program.wait_for_log("event=stopping")
        self.assertEqual(http.request(proxy.admin(), "POST", "/v1/config/reload", host="localhost").status, 422)
        self.assertEqual(proxy.program.wait(), 0)

    def test_the_file_of_a_unix_listener_is_gone_afterwards(self):
        with Cardea("listen: 'unix:{dir}/web.sock'\nroutes: [{respond: {status: 200, body: hello}}]\n" + ADMIN) as proxy:
            self.assertEqual(http.get(f"unix:{proxy.path('web.sock')}").text, "hello")
            proxy.stop()
            self.assertFalse(os.path.exists(proxy.path("web.sock")))


class Notified(unittest.TestCase):
    """NOTIFY_SOCKET: what systemd hears."""

    def test_ready_reloading_stopping(self):
        directory = program.scratch("notify")
        self.addCleanup(program.remove, directory)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(os.path.join(directory, "notify"))
            manager.settimeout(waiting.CEILING)
            with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\n" + ADMIN,
                        environment={"NOTIFY_SOCKET": os.path.join(directory, "notify")}) as proxy:
                self.assertRegex(manager.recv(4096).decode(), r"^READY=1\nSTATUS=\d+ services, \d+ endpoints$")
                proxy.reload()
                self.assertRegex(manager.recv(4096).decode(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
                self.assertRegex(manager.recv(4096).decode(), r"^READY=1\n")
                proxy.stop()
                self.assertRegex(manager.recv(4096).decode(), r"^STOPPING=1\n")

    def test_an_abstract_name_is_understood(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            name = f"cardea-test-{os.getpid()}"
            manager.bind("\0" + name)
            manager.settimeout(waiting.CEILING)
            with Cardea("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\n" + ADMIN,
                        environment={"NOTIFY_SOCKET": "@" + name}):
                self.assertTrue(manager.recv(4096).startswith(b"READY=1"))


if __name__ == "__main__":
    unittest.main()
