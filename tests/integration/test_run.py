"""A process' life: how it starts, what it listens on, how it stops."""

import os
import re
import signal
import socket
import subprocess
import unittest

from support import http, program, waiting
from support.cardea import SANITIZERS, Cardea, Origin, binary

SHORT = True
RESPOND = "routes: [{respond: {status: 200, body: hello}}]\n"


class Listening(unittest.TestCase):
    def test_one_port_serves_both_families(self):
        with Cardea("listen: ':0'\n" + RESPOND) as proxy:
            port = proxy.address().rpartition(":")[2]
            self.assertEqual(http.get(f"127.0.0.1:{port}").text, "hello")
            try:
                self.assertEqual(http.get(f"[::1]:{port}").text, "hello")
            except OSError as error:
                self.skipTest(f"no IPv6 here: {error}")

    def test_unix_socket_with_several_workers(self):
        with Cardea("listen: 'unix:{dir}/web.sock'\n" + RESPOND, threads=2) as proxy:
            for _ in range(20):
                self.assertEqual(http.get(f"unix:{proxy.path('web.sock')}").text, "hello")

    def test_a_second_instance_does_not_share_the_port_in_silence(self):
        with Cardea("listen: 127.0.0.1:0\n" + RESPOND) as first:
            with Cardea(f"listen: {first.address()}\n" + RESPOND, ready=False) as second:
                self.assertEqual(second.program.wait(), 1)
                self.assertRegex(second.log(), rf"event=start_failed why=\".*cardea \(pid {first.program.pid}\) holds port")
                second.program.process.returncode = 0  # ended as it should
            self.assertEqual(first.get().text, "hello")

    def test_a_renamed_listener_keeps_its_port(self):
        with Cardea("listeners: {one: {address: '127.0.0.1:0'}}\n" + RESPOND) as proxy:
            address = proxy.address("one")
            settings = "process: {threads: 2}\nadmin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"
            proxy.write(f"listeners: {{one: {{address: '{address}'}}}}\n" + RESPOND + settings)
            proxy.reload()
            waiting.until(lambda: proxy.log().count("event=reloaded") == 1, "the first reload")
            proxy.write(f"listeners: {{two: {{address: '{address}'}}}}\n" + RESPOND + settings)
            proxy.reload()
            waiting.until(lambda: proxy.log().count("event=reloaded") == 2, "the second reload")
            self.assertEqual(http.get(address).text, "hello")


class Exactness(unittest.TestCase):
    def test_400_requests_are_100_each_whatever_the_number_of_workers(self):
        for threads in (1, 2, 4):
            with self.subTest(threads=threads):
                origins = [self.enterContext(Origin(f"web0{n}")) for n in range(1, 5)]
                addresses = ", ".join(f"'{o.address}'" for o in origins)
                with Cardea(f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: [{addresses}]}}}}\nroutes: [{{service: web}}]\n",
                            threads=threads) as proxy:
                    names = [proxy.get().text for _ in range(400)]  # a connection each: whichever worker takes it
                    self.assertEqual({name: names.count(name) for name in set(names)}, {f"web0{n}": 100 for n in range(1, 5)})
                    self.assertEqual(set(names[:4]), {"web01", "web02", "web03", "web04"})


class Stopping(unittest.TestCase):
    def proxy_with_slow_request(self, grace="30s"):
        origin = self.enterContext(Origin("web01"))
        proxy = self.enterContext(Cardea(f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{origin.address}']}}}}\n"
                                         f"routes: [{{service: web}}]\nprocess: {{threads: 2, graceful_timeout: {grace}}}\n"))
        connection = self.enterContext(proxy.connect())
        connection.send(b"GET /slow/20000 HTTP/1.1\r\nHost: x\r\n\r\n")
        waiting.until(lambda: int(http.get(origin.address, "/count").text) >= 1, "the request at the origin")
        return proxy

    def test_every_signal_of_the_three_is_orderly(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number), Cardea("listen: 127.0.0.1:0\n" + RESPOND) as proxy:
                proxy.get()
                proxy.stop(number)
                self.assertIn("event=stopping", proxy.log())
                self.assertIn("event=stopped exit_code=0", proxy.log())

    def test_a_second_signal_ends_it_at_once_with_2(self):
        proxy = self.proxy_with_slow_request()
        proxy.program.send(signal.SIGTERM)
        proxy.program.wait_for_log("event=stopping")
        proxy.program.send(signal.SIGTERM)
        self.assertEqual(proxy.program.wait(5), 2)
        proxy.program.process.returncode = 0

    def test_patience_ends_with_graceful_timeout(self):
        proxy = self.proxy_with_slow_request("500ms")
        proxy.program.send(signal.SIGTERM)
        self.assertEqual(proxy.program.wait(5), 0)

    def test_not_ready_and_not_listening_while_it_drains(self):
        proxy = self.proxy_with_slow_request()
        address = proxy.address()
        proxy.program.send(signal.SIGTERM)
        waiting.until(lambda: http.get(proxy.admin(), "/readyz", host="localhost").status == 503, "readiness to fail")

        def refused():
            try:
                http.Connection(address).close()
                return False
            except ConnectionRefusedError:
                return True
        waiting.until(refused, "the listener to close")
        proxy.program.send(signal.SIGTERM)
        self.assertEqual(proxy.program.wait(5), 2)
        proxy.program.process.returncode = 0

    def test_the_admin_socket_is_gone_afterwards(self):
        with Cardea("listen: 127.0.0.1:0\n" + RESPOND) as proxy:
            self.assertTrue(os.path.exists(proxy.path("admin.sock")))
            proxy.stop()
            self.assertFalse(os.path.exists(proxy.path("admin.sock")))


class Surroundings(unittest.TestCase):
    def test_closed_standard_descriptors_harm_nothing(self):
        directory = program.scratch("closed")
        self.addCleanup(program.remove, directory)
        port = waiting.free_port()
        config = os.path.join(directory, "cardea.yaml")
        with open(config, "w") as file:
            file.write(f"listen: 127.0.0.1:{port}\naccess_log: {{output: stdout}}\nadmin: {{enabled: false}}\n" + RESPOND)
        process = subprocess.Popen(["sh", "-c", f'exec "{binary()}" run -c "{config}" <&- >&- 2>&-'], env={**os.environ, **SANITIZERS})
        try:
            def answer():
                try:
                    return http.get(f"127.0.0.1:{port}")
                except OSError:
                    return None
            for _ in range(20):
                self.assertEqual(waiting.until(answer, "an answer").body, b"hello")
            process.send_signal(signal.SIGHUP)
            self.assertEqual(http.get(f"127.0.0.1:{port}").text, "hello")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)
        finally:
            process.kill()
            process.wait()

    def test_default_admin_door_that_is_taken_is_a_warning(self):
        directory = program.scratch("default")
        self.addCleanup(program.remove, directory)
        with socket.socket() as holder:
            try:
                holder.bind(("127.0.0.1", 8001))
                holder.listen()
            except OSError:
                pass  # somebody else holds it: as good
            with Cardea(arguments=["--listen", "127.0.0.1:0", "--consul", "127.0.0.1:1", "--service", "web"], ready=False,
                        environment={"XDG_RUNTIME_DIR": directory}) as proxy:
                proxy.program.wait_for_log(r"level=warning event=admin_not_listening address=127\.0\.0\.1:8001")
                self.assertEqual(proxy.get().status, 503)

    def test_event_lines_are_machine_readable(self):
        with Cardea("listen: 127.0.0.1:0\n" + RESPOND) as proxy:
            proxy.get()
            proxy.stop()
            for line in proxy.log().splitlines():
                self.assertRegex(line, r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(debug|info|warning|error) event=[a-z_]+( [a-z_]+=("([^"\\]|\\.)*"|[^\s"]+))*$')
            events = re.findall(r"event=(\S+)", proxy.log())
            self.assertEqual([e for e in events if e in ("started", "ready", "stopping", "stopped")], ["started", "ready", "stopping", "stopped"])


if __name__ == "__main__":
    unittest.main()
