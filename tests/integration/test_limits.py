"""What happens at the limits of the process: connections of one address, descriptors, disk, outputs that are gone, time."""

import os
import re
import resource
import select
import subprocess
import threading
import unittest

from support import http, network, program, waiting
from support.cardea import SANITIZERS, Cardea, Origin, binary

HELLO = "routes: [{respond: {status: 200, body: hello}}]\n"


def numbers(connection):
    """The metrics, by a connection to admin that stays."""
    text = connection.request("GET", "/metrics", host="127.0.0.1").text
    return {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", text, re.M)}


def limit(name):
    return f'cardea_limit_rejected_total{{limit="{name}"}}'


def is_reset(connection):
    """True when the peer has reset the connection instead of answering; False when it answers."""
    try:
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.socket.recv(1) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


@unittest.skipIf(network.why_not(), network.why_not())
class OneAddress(unittest.TestCase):
    """Connections of one client address, counted over two workers."""

    MOST = 5

    @classmethod
    def setUpClass(cls):
        cls.net = cls.enterClassContext(network.Network({"proxy": "10.79.0.1", "greedy": "10.79.0.2", "modest": "10.79.0.3", "balancer": "10.79.0.4"}))
        client = f"client: {{max_connections: {cls.MOST}}}"
        cls.proxy = cls.enterClassContext(Cardea(
            f"listeners:\n  web: {{address: '0.0.0.0:0', {client}}}\n"
            f"  behind: {{address: '10.79.0.1:0', trusted_proxies: [10.79.0.4/32], {client}}}\n" + HELLO, namespace=cls.net["proxy"].namespace))

    def open(self, host, count, listener="web"):
        """`count` connections from `host`, each answered once; they stay until the test is over."""
        port = self.proxy.address(listener).rpartition(":")[2]
        address = "127.0.0.1" if host == "proxy" else self.net["proxy"].address
        connections = []
        for _ in range(count):
            connections.append(http.Connection(f"{address}:{port}", namespace=self.net[host].namespace))
            self.addCleanup(connections[-1].close)
        return connections

    def turned_away(self, host, listener="web"):
        """One more from `host` is reset, perhaps before it is seen to be open."""
        try:
            return is_reset(self.open(host, 1, listener)[0])
        except ConnectionResetError:
            return True

    def refused(self):
        with http.Connection(self.proxy.admin(), namespace=self.net["proxy"].namespace) as admin:
            return numbers(admin)[limit("client_max_connections")]

    def test_the_next_one_is_reset_and_counted(self):
        before = self.refused()
        held = self.open("greedy", self.MOST)
        for connection in held:
            self.assertEqual(connection.request().text, "hello")
        for _ in range(3):
            self.assertTrue(self.turned_away("greedy"))
        self.assertEqual(self.refused(), before + 3)
        for connection in held + self.open("modest", self.MOST):  # neither those there are nor anybody else's
            self.assertEqual(connection.request().text, "hello")
        held[0].close()
        waiting.until(lambda: not self.turned_away("greedy"), "a place to be free again")

    def test_loopback_and_trusted_proxies_stand_for_many(self):
        before = self.refused()
        for connection in self.open("proxy", 4 * self.MOST) + self.open("balancer", 4 * self.MOST, "behind"):
            self.assertEqual(connection.request().text, "hello")
        self.assertEqual(self.refused(), before)

    def test_trust_is_the_listeners(self):
        for connection in self.open("balancer", self.MOST):
            self.assertEqual(connection.request().text, "hello")
        self.assertTrue(self.turned_away("balancer"))


class Descriptors(unittest.TestCase):
    """The process may open a few more descriptors, and many clients come."""

    SPARE, CLIENTS = 10, 40

    def setUp(self):
        self.origin = self.enterContext(Origin("web01"))
        self.proxy = self.enterContext(Cardea(
            f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{self.origin.address}'], health: {{active: {{path: /health, interval: 100ms}}}}}}}}\n"
            "routes: [{match: {path: /own}, respond: {status: 200, body: hello}}, {service: web}]\n", threads=1))
        self.pid = self.proxy.program.pid
        self.admin = self.enterContext(http.Connection(self.proxy.admin()))
        self.steady = self.enterContext(self.proxy.connect())
        self.assertEqual(self.steady.request("GET", "/b/5").status, 200)

    def allow(self, spare):
        """So many descriptors more than there are; None lifts the limit."""
        hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)[1]
        highest = max(map(int, os.listdir(f"/proc/{self.pid}/fd")))
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (hard if spare is None else highest + 1 + spare, hard))

    def come(self, count, target=b"/own"):
        clients = [self.proxy.connect() for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
            client.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % target)
        return clients

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_accepting_pauses_and_goes_on(self):
        self.allow(self.SPARE)
        clients = self.come(self.CLIENTS)
        waiting.until(lambda: numbers(self.admin)[limit("descriptors")] > 0, "descriptors to run out")
        before, cpu = numbers(self.admin), self.cpu()
        program.pause(0.5)
        after, spent = numbers(self.admin), self.cpu() - cpu
        # A pause lasts 50 ms: spinning would be thousands of them.
        self.assertLess(after["cardea_accept_paused_total"] - before["cardea_accept_paused_total"], 100)
        self.assertLess(spent, 0.25, "half a second of waiting costs next to nothing")
        self.assertEqual(self.steady.request("GET", "/b/5").status, 200)  # who is in is served
        self.allow(None)
        for client in clients:
            self.assertEqual(client.read_response().text, "hello")

    def test_those_outside_come_in_as_others_leave(self):
        self.allow(self.SPARE)
        clients = self.come(self.CLIENTS, b"/b/7")
        waiting.until(lambda: numbers(self.admin)[limit("descriptors")] > 0, "descriptors to run out")
        for client in clients:
            answer = client.read_response()
            self.assertIn(answer.status, (200, 503))  # 503: a client was in, and no descriptor was left for its endpoint
            client.close()

    def test_no_endpoint_suffers_for_it(self):
        self.allow(0)
        self.come(5)
        waiting.until(lambda: numbers(self.admin)[limit("descriptors")] > 0, "descriptors to run out")
        program.pause(1.0)  # ten probes are due
        self.allow(None)
        self.assertEqual(self.steady.request("GET", "/b/5").status, 200)
        found = numbers(self.admin)
        self.assertEqual([value for name, value in found.items() if name.startswith("cardea_endpoint_failures_total")], [0])
        self.assertNotIn("event=endpoint_unhealthy", self.proxy.log())


class Total(unittest.TestCase):
    """How many clients there may be when nobody says: 0.4 of the hard limit of descriptors, to which the process raises itself."""

    def test_a_share_of_the_descriptors(self):
        proxy = self.enterContext(Cardea("listen: 127.0.0.1:0\nprocess: {threads: 2}\n" + HELLO))
        admin = self.enterContext(http.Connection(proxy.admin()))
        resource.prlimit(proxy.program.pid, resource.RLIMIT_NOFILE, (80, 100))
        proxy.reload()
        waiting.until(lambda: resource.prlimit(proxy.program.pid, resource.RLIMIT_NOFILE) == (100, 100), "the limit to be raised")
        proxy.program.wait_for_log("event=reloaded|nothing changed")
        clients = [self.enterContext(proxy.connect()) for _ in range(45)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        waiting.until(lambda: numbers(admin)[limit("max_connections")] > 0, "the limit to be met")
        waiting.until(lambda: numbers(admin)['cardea_connections{state="active"}'] == 40, "as many as there may be")
        answered = [client for client in clients if select.select([client.socket], [], [], 0)[0]]
        self.assertLessEqual(len(answered), 40)
        for client in answered:
            client.close()
        for client in clients:
            if client not in answered:
                self.assertEqual(client.read_response().text, "hello")


class FullDisk(unittest.TestCase):
    """The access log's file system has no room left, and has some again."""

    def setUp(self):
        self.directory = program.scratch("disk")
        self.addCleanup(program.remove, self.directory)
        try:
            network.run("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", self.directory)
        except (RuntimeError, FileNotFoundError) as error:
            self.skipTest(f"no file system of our own: {error}")
        self.addCleanup(network.run, "umount", "-l", self.directory)
        self.path = os.path.join(self.directory, "access.log")

    def lines(self):
        with open(self.path) as log:
            return log.read().split("\n")

    def test_requests_go_on_and_the_log_comes_back(self):
        filler = os.path.join(self.directory, "filler")
        with open(filler, "wb") as file:
            file.write(b"x" * 8192)
        with Cardea("listen: 127.0.0.1:0\n" + HELLO + f"access_log: {{output: '{self.path}'}}\n",
                    environment={"LOGS_DIRECTORY": self.directory}) as proxy, http.Connection(proxy.admin()) as admin, proxy.connect() as client:
            sent = 0

            def full():
                nonlocal sent
                for _ in range(100):
                    self.assertEqual(client.request("GET", f"/{sent}").status, 200)
                    sent += 1
                return numbers(admin)["cardea_access_log_lost_total"] > 0
            waiting.until(full, "the disk to be full")
            os.unlink(filler)
            whole = re.compile(r'127\.0\.0\.1 - - \[[^]]+\] "GET /(\d+|again) HTTP/1\.1" 200 5 "-" "-"')

            def again():
                self.assertEqual(client.request("GET", "/again").status, 200)
                return any("/again" in line and whole.fullmatch(line) for line in self.lines())
            waiting.until(again, "lines to be written again")
            cut = [line for line in self.lines()[:-1] if not whole.fullmatch(line)]
            self.assertLessEqual(len(cut), 1, cut)  # the one for whose end there was no room,
            self.assertFalse(any(whole.search(line) for line in cut), cut)  # on a line of its own


class Outputs(unittest.TestCase):
    """Standard descriptors that are closed, and readers that are gone."""

    def start(self, closed=(), **pipes):
        self.directory = program.scratch("outputs")
        self.addCleanup(program.remove, self.directory)
        self.socket = os.path.join(self.directory, "web.sock")
        config = os.path.join(self.directory, "cardea.yaml")
        with open(config, "w") as file:
            file.write(f"listeners: {{web: 'unix:{self.socket}'}}\naccess_log: {{output: stdout}}\nprocess: {{threads: 1}}\n"
                       "admin: {enabled: false}\n" + HELLO)

        def shut():
            for descriptor in closed:
                os.close(descriptor)
        process = subprocess.Popen([binary(), "run", "-c", config], stdin=subprocess.DEVNULL, preexec_fn=shut if closed else None,
                                   env={**os.environ, **SANITIZERS}, **pipes)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def ask(self, count):
        with waiting.until(lambda: http.Connection(f"unix:{self.socket}"), "the listener") as client:
            for _ in range(count):
                self.assertEqual(client.request().text, "hello")

    def end(self, process):
        process.terminate()
        self.assertEqual(process.wait(waiting.CEILING), 0)

    def test_closed_at_the_start(self):
        process = self.start(closed=(0, 1, 2))
        self.ask(100)
        for descriptor in (0, 1, 2):  # a socket in their place would be sent the log
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{descriptor}"), "/dev/null")
        self.end(process)

    def test_readers_that_go_away(self):
        process = self.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ask(100)
        process.stdout.close()
        process.stderr.close()
        self.ask(100)
        process.send_signal(1)  # a reload has something to say
        self.ask(100)
        self.end(process)

    def test_a_disk_that_is_full(self):
        with open("/dev/full", "wb") as full:
            process = self.start(stdout=full, stderr=full)
            self.ask(2000)
            self.end(process)


class Saturation(unittest.TestCase):
    """More requests than one worker answers in the time it may let them wait."""

    CLIENTS, EACH = 64, 1500

    def test_those_who_would_wait_too_long_are_told_so(self):
        with Cardea("listen: 127.0.0.1:0\n" + HELLO + "process: {threads: 1, max_queue_time: 1ms}\n") as proxy:
            self.assertEqual(proxy.get().status, 200)
            counts = {200: 0, 503: 0}
            lock = threading.Lock()
            request = b"GET / HTTP/1.1\r\nHost: x\r\n"
            row = (request + b"\r\n") * (self.EACH - 1) + request + b"Connection: close\r\n\r\n"

            def client():
                with proxy.connect(timeout=waiting.CEILING) as connection:
                    sender = threading.Thread(target=connection.send, args=(row,))
                    sender.start()
                    pieces = list(iter(lambda: connection.socket.recv(1 << 20), b""))
                    sender.join()
                answers = b"".join(pieces)
                shed = re.findall(rb"HTTP/1\.1 503 .*?\r\n\r\n", answers, re.S)
                with lock:
                    counts[503] += sum(b"\r\nRetry-After: 1\r\n" in head for head in shed)
                    counts[200] += answers.count(b"HTTP/1.1 200 ")
            threads = [threading.Thread(target=client) for _ in range(self.CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            print(f"note: {counts[503]} of {self.CLIENTS * self.EACH} requests were told to come later")
            self.assertEqual(sum(counts.values()), self.CLIENTS * self.EACH)
            self.assertGreater(counts[503], 0)
            self.assertGreater(counts[200], 0)
            with http.Connection(proxy.admin()) as admin:
                self.assertEqual(numbers(admin)[limit("max_queue_time")], counts[503])
            waiting.until(lambda: proxy.get().status == 200, "the worker to have time again")


if __name__ == "__main__":
    unittest.main()
