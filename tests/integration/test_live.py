"""Changes while traffic flows: an endpoints file that is edited, a configuration that is reloaded, a stop that drains."""

import os
import signal
import threading
import unittest

from support import waiting
from support.cardea import Cardea, Origin
from support.http import Connection

SHORT = True


class EndpointsFile(unittest.TestCase):
    def setUp(self):
        self.origins = [self.enterContext(Origin(f"web0{i}")) for i in range(1, 5)]

    def start(self, count):
        proxy = Cardea('listen: 127.0.0.1:0\nservices: {web: {endpoints: "file://{dir}/endpoints"}}\nroutes: [{service: web}]\n', ready=False)
        self.enterContext(proxy)
        self.replace(proxy, count)
        proxy.wait_ready()
        return proxy

    def replace(self, proxy, count):
        """The usual way of an editor or a script: a new file renamed over the old."""
        with open(proxy.path("new"), "w") as file:
            file.write("# the demo\n" + "".join(f"{o.address}\n" for o in self.origins[:count]))
        os.rename(proxy.path("new"), proxy.path("endpoints"))

    def expect(self, connection, names):
        waiting.until(lambda: sorted({connection.request().text for _ in range(len(names) * 2)}) == names, f"answers of {names}")

    def test_an_edit_counts_at_once_and_no_connection_closes(self):
        proxy = self.start(2)
        with proxy.connect() as connection:
            self.expect(connection, ["web01", "web02"])
            self.replace(proxy, 4)
            self.expect(connection, ["web01", "web02", "web03", "web04"])
            self.replace(proxy, 1)
            self.expect(connection, ["web01"])

    def test_emptied_and_filled_again(self):
        proxy = self.start(1)
        with proxy.connect() as connection:
            self.expect(connection, ["web01"])
            self.replace(proxy, 0)
            waiting.until(lambda: connection.request("POST", body=b"").status == 503, "503 when the last endpoint is gone")
            self.replace(proxy, 2)
            self.expect(connection, ["web01", "web02"])

    def count(self):
        """Requests that have come to the first origin, other than these."""
        self.asked = getattr(self, "asked", -1) + 1
        with Connection(self.origins[0].address) as origin:
            return int(origin.request("GET", "/count").text) - self.asked

    def test_an_endpoint_that_leaves_finishes_what_it_has_begun(self):
        proxy = self.start(1)
        with proxy.connect() as slow, proxy.connect() as other:
            self.expect(other, ["web01"])
            before = self.count()
            slow.send(b"GET /slow/1500 HTTP/1.1\r\nHost: test.example\r\n\r\n")
            waiting.until(lambda: self.count() > before, "it at the origin")
            self.replace(proxy, 0)
            waiting.until(lambda: other.request("POST", body=b"").status == 503, "the removal")
            self.assertEqual(slow.read_response().text, "web01")


class Reload(unittest.TestCase):
    def setUp(self):
        self.proxy = self.enterContext(Cardea(self.config("one")))

    @staticmethod
    def config(body, more=""):
        return (f"listeners: {{web: {{address: '127.0.0.1:0'}}{more}}}\n"
                f"routes: [{{respond: {{status: 200, body: {body}}}}}]\nprocess: {{threads: 2}}\n"
                "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n")

    def test_a_change_counts_on_the_same_connection(self):
        with self.proxy.connect() as connection:
            self.assertEqual(connection.request().text, "one")
            self.proxy.write(self.config("two"))
            self.proxy.reload()
            waiting.until(lambda: connection.request().text == "two", "the new configuration")

    def test_a_broken_file_is_refused_and_everything_keeps_running(self):
        with self.proxy.connect() as connection:
            self.proxy.write(self.config("two").replace("routes", "roots"))
            self.proxy.reload()
            self.proxy.program.wait_for_log(r"roots", 5)
            self.assertEqual(connection.request().text, "one")
            self.assertTrue(self.proxy.program.running())

    def test_listeners_come_and_go(self):
        port = waiting.free_port()
        with self.proxy.connect() as connection:
            self.proxy.write(self.config("two", f", second: {{address: '127.0.0.1:{port}'}}"))
            self.proxy.reload()
            waiting.until(lambda: Connection(f"127.0.0.1:{port}").request().text == "two", "the second listener")
            self.proxy.write(self.config("three"))
            self.proxy.reload()
            waiting.until(lambda: connection.request().text == "three", "the third configuration")

            def refused():
                try:
                    Connection(f"127.0.0.1:{port}").close()
                except ConnectionRefusedError:
                    return True
                return False
            waiting.until(refused, "the second listener to close")
            self.assertEqual(connection.request().text, "three")


class Stop(unittest.TestCase):
    def test_requests_in_flight_are_answered(self):
        with Origin("web01") as origin, Cardea(
                f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{origin.address}']}}}}\nroutes: [{{service: web}}]\n") as proxy:
            answers = []

            def client():
                with proxy.connect() as connection:
                    answers.append(connection.request("GET", "/slow/700").text)
            threads = [threading.Thread(target=client) for _ in range(8)]
            for thread in threads:
                thread.start()
            waiting.until(lambda: int(Connection(origin.address).request("GET", "/count").text) >= 8, "eight requests at the origin")
            with proxy.connect() as idle:
                idle.request("GET", "/")
                proxy.stop(signal.SIGTERM)
                self.assertTrue(idle.closed())
            for thread in threads:
                thread.join()
            self.assertEqual(answers, ["web01"] * 8)


if __name__ == "__main__":
    unittest.main()
