"""Reloads while traffic flows: nothing is lost, no connection closes, a refused one changes nothing."""

import os
import re
import subprocess
import threading
import unittest

from support import http, waiting
from support.cardea import Cardea, Origin, binary

SHORT = True


class Load:
    """Clients on kept connections that ask until they are stopped; every answer that is not 200 is remembered."""

    def __init__(self, proxy, clients=4):
        self.over, self.requests, self.failures = threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.run, args=(proxy.address(),)) for _ in range(clients)]

    def run(self, address):
        try:
            with http.Connection(address) as connection:
                while not self.over.is_set():
                    answer = connection.request()
                    self.requests += 1
                    if answer.status != 200:
                        self.failures.append(answer)
        except (OSError, EOFError) as error:
            self.failures.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Reload(unittest.TestCase):
    def setUp(self):
        self.origins = [self.enterContext(Origin(f"web0{i}")) for i in range(1, 5)]
        self.proxy = self.enterContext(Cardea(self.config(self.origins[:2])))

    def config(self, origins, more="", listeners=""):
        listed = ", ".join(f"'{o.address}'" for o in origins)
        return (f"listeners: {{web: {{address: '127.0.0.1:0'}}{listeners}}}\nservices: {{web: {{endpoints: [{listed}]}}{more}}}\n"
                "routes: [{service: web}]\nprocess: {threads: 2}\nadmin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n")

    def reload(self, text):
        """Through the command, which tells the outcome."""
        self.proxy.write(text)
        command = [binary(), "reload", "--admin", f"unix:{self.proxy.path('admin.sock')}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def names(self, connection):
        return sorted({connection.request().text for _ in range(12)})

    def test_fifty_reloads_under_load_lose_nothing(self):
        with Load(self.proxy) as load, self.proxy.connect() as watcher:
            for i in range(50):
                some = self.origins[i % 2: i % 2 + 2 + i % 2]
                result = self.reload(self.config(some))
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                wanted = sorted(o.name for o in some)
                waiting.until(lambda: self.names(watcher) == wanted, f"answers of {wanted}")
        self.assertEqual(load.failures, [])
        self.assertGreater(load.requests, 500)

    def test_a_report_says_what_changed(self):
        result = self.reload(self.config(self.origins))
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"services.*web")

    def test_a_listener_that_cannot_be_opened_refuses_the_whole_reload(self):
        port = int(self.origins[0].address.rpartition(":")[2])  # held by somebody without SO_REUSEPORT
        with self.proxy.connect() as client:
            result = self.reload(self.config(self.origins[2:], listeners=f", taken: {{address: '127.0.0.1:{port}'}}"))
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(str(port), result.stdout + result.stderr)
            self.assertEqual(self.names(client), ["web01", "web02"])

    def test_an_unreadable_certificate_refuses_the_whole_reload(self):
        broken = self.config(self.origins[2:]) + ("discovery: {docker: {far: {endpoint: 'tcp://127.0.0.1:1', "
                                                  "tls: {ca: '{dir}/missing.pem'}}}}\n")
        with self.proxy.connect() as client:
            result = self.reload(broken)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("missing.pem", result.stdout + result.stderr)
            self.assertEqual(self.names(client), ["web01", "web02"])

    def test_faults_are_all_told_and_nothing_is_applied(self):
        with self.proxy.connect() as client:
            result = self.reload(self.config(self.origins[2:]).replace("services", "servces").replace("threads", "treads"))
            self.assertNotEqual(result.returncode, 0)
            told = result.stdout + result.stderr
            self.assertTrue(re.search("servces", told) and re.search("treads", told), told)
            self.assertEqual(self.names(client), ["web01", "web02"])

    def test_file_sources_come_and_go(self):
        path = self.proxy.path("endpoints")
        with open(path, "w") as file:
            file.write(self.origins[3].address + "\n")
        with self.proxy.connect() as client:
            text = self.config(self.origins[:1])
            with_file = re.sub(r"endpoints: \[(.*?)\]", rf"endpoints: [\1, 'file://{path}']", text)
            self.assertEqual(self.reload(with_file).returncode, 0)
            waiting.until(lambda: self.names(client) == ["web01", "web04"], "the file's endpoint")
            with open(path + ".new", "w") as file:
                file.write(self.origins[2].address + "\n")
            os.rename(path + ".new", path)
            waiting.until(lambda: self.names(client) == ["web01", "web03"], "the edit")
            self.assertEqual(self.reload(text).returncode, 0)
            waiting.until(lambda: self.names(client) == ["web01"], "the file's end")

    def test_a_listener_that_moves_serves_at_its_new_place(self):
        port = waiting.free_port()
        with self.proxy.connect() as client:
            moved = self.config(self.origins[:2]).replace("127.0.0.1:0'}", f"127.0.0.1:{port}'}}", 1)
            self.assertEqual(self.reload(moved).returncode, 0)
            waiting.until(lambda: http.get(f"127.0.0.1:{port}").status == 200, "the new address")
            self.assertEqual(client.request().status, 200, "a connection accepted at the old place lives on")

    def test_an_upgraded_connection_outlives_reloads(self):
        with self.proxy.connect() as tunnel:
            tunnel.send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            self.assertEqual(tunnel.read_response(interim=True).status, 101)
            for i in range(3):
                self.assertEqual(self.reload(self.config(self.origins[2 + i % 2:])).returncode, 0)
                tunnel.send(b"ping")
                self.assertEqual(tunnel.read_exactly(4), b"ping")


if __name__ == "__main__":
    unittest.main()
