"""The journal, its followers, its file, the past, and draining by hand."""

import json
import os
import subprocess
import threading
import unittest

from support import http, waiting
from support.cardea import SANITIZERS, Cardea, Origin, binary

SHORT = True

CONFIG = ("listen: 127.0.0.1:0\nservices:\n  web: {endpoints: ['file://{dir}/endpoints'], drain: 20s}\nroutes: [{service: web}]\n")


def command(proxy, *arguments):
    done = subprocess.run([binary(), *arguments, "--admin", "unix:" + proxy.path("admin.sock")], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr


class Journal(unittest.TestCase):
    def setUp(self):
        self.one = self.enterContext(Origin("web01"))
        self.two = self.enterContext(Origin("web02"))

    def cardea(self, *origins, more=""):
        proxy = Cardea(CONFIG + more, ready=False)
        self.enterContext(proxy)
        self.endpoints(proxy, *origins)
        proxy.wait_ready()
        waiting.until(lambda: self.count(proxy) == len(origins), "the endpoints")
        return proxy

    @staticmethod
    def endpoints(proxy, *origins):
        temporary = proxy.path("endpoints.new")
        with open(temporary, "w") as file:
            file.write("".join(origin.address + "\n" for origin in origins))
        os.rename(temporary, proxy.path("endpoints"))

    def page(self, proxy, target, **more):
        return json.loads(http.get(proxy.admin(), target, host="localhost", **more).body)

    def count(self, proxy):
        return sum(e["state"] == "up" for e in self.page(proxy, "/v1/endpoints")["endpoints"])

    def events(self, proxy, query=""):
        return self.page(proxy, "/v1/events" + query)["events"]

    def wait_for(self, proxy, kind, endpoint=""):
        def there():
            return next((e for e in self.events(proxy) if e["kind"] == kind and e.get("endpoint", "") == endpoint), None)
        return waiting.until(there, f"{kind} {endpoint}")

    def test_every_change_has_time_source_cause_evidence_and_effect(self):
        proxy = self.cardea(self.one)
        self.assertEqual(self.events(proxy)[0]["kind"], "started")
        added = self.wait_for(proxy, "endpoint_added", self.one.address)
        self.assertEqual((added["source"], added["cause"], added["evidence"], added["effect"]),
                         ("file:" + proxy.path("endpoints"), "file changed", "strong", "up"))
        self.assertRegex(added["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.endpoints(proxy, self.two)
        removed = self.wait_for(proxy, "endpoint_removed", self.one.address)
        self.assertEqual(removed["effect"], "up -> removed")
        receipt = self.wait_for(proxy, "receipt", self.one.address)["receipt"]
        self.assertEqual(receipt, {"in_flight": 0, "finished": 0, "moved": 0, "failed": 0})
        ids = [e["id"] for e in self.events(proxy)]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual([e["id"] for e in self.events(proxy, f"?after={ids[1]}")], ids[2:])
        self.assertEqual(len(self.events(proxy, "?limit=1")), 1)
        self.assertEqual({e["service"] for e in self.events(proxy, "?service=web")}, {"web"})
        self.two.stop()
        with proxy.connect() as connection:
            self.assertEqual(connection.request().status, 503)
        refused = waiting.until(lambda: [e for e in self.events(proxy) if e.get("effect") == "up -> refused"], "the refusal")[0]
        self.assertEqual(refused["source"], "traffic")
        self.assertIn("refused", refused["cause"])

    def test_wrong_questions_are_refused_with_words(self):
        proxy = self.cardea(self.one)
        for target, status, word in (("/v1/events?since=soon", 400, "moment"), ("/v1/events?limit=many", 400, "limit"),
                                     ("/v1/history/web?at=soon", 400, "moment"), ("/v1/history/nobody", 404, "service"),
                                     ("/v1/history/web?at=1h", 404, "kept"), ("/v1/history/a/b", 404, "page"),
                                     ("/v1/endpoints/x/drain", 405, "POST")):
            answer = http.get(proxy.admin(), target, host="localhost")
            self.assertEqual(answer.status, status, target)
            self.assertIn(word, answer.text)
        self.assertEqual(command(proxy, "history", "nobody")[0], 1)
        self.assertEqual(command(proxy, "events", "--since", "soon")[0], 1)
        self.assertEqual(command(proxy, "endpoints", "drain", "nobody")[0], 1)
        self.assertEqual(command(proxy, "endpoints", "drain")[0], 64)

    def test_the_past_can_be_asked_for(self):
        proxy = self.cardea(self.one)
        before = self.events(proxy)[-1]["time"]
        self.endpoints(proxy, self.one, self.two)
        added = self.wait_for(proxy, "endpoint_added", self.two.address)
        self.endpoints(proxy, self.two)
        self.wait_for(proxy, "endpoint_removed", self.one.address)

        def past(at):
            return [e["endpoint"] for e in self.page(proxy, f"/v1/history/web?at={at}")["endpoints"]]
        self.assertEqual(past(before), [self.one.address])
        self.assertEqual(past(added["time"]), sorted([self.one.address, self.two.address]))
        self.assertEqual(past("now"), [self.two.address])
        status, output, _ = command(proxy, "history", "web", "--at", before)
        self.assertEqual(status, 0)
        self.assertIn(self.one.address, output)
        self.assertNotIn(self.two.address, output)

    def test_followers_hear_it_as_it_happens_and_resume(self):
        proxy = self.cardea(self.one)
        last = self.events(proxy)[-2]["id"]

        def follow(*headers):
            connection = http.Connection(proxy.admin())
            self.addCleanup(connection.close)
            connection.send(("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" +
                             "".join(h + "\r\n" for h in headers) + "\r\n").encode())
            status, fields = connection.read_head()[1::2]
            self.assertEqual((status, dict(fields)["Content-Type"]), (200, "text/event-stream"))
            return connection

        def hear(connection):
            lines = connection.read_until(b"\n\n").decode().splitlines()
            return {k: v for k, _, v in (line.partition(": ") for line in lines)}
        resumed, fresh, old = follow(f"Last-Event-ID: {last}"), follow(), follow("Last-Event-ID: 5")
        self.assertEqual(int(hear(resumed)["id"]), self.events(proxy)[-1]["id"])
        self.assertEqual(hear(old)["event"], "gap")
        self.assertEqual(hear(old)["event"], "started")
        self.endpoints(proxy, self.one, self.two)
        for connection in (resumed, fresh):
            heard = hear(connection)
            self.assertEqual(heard["event"], "endpoint_added")
            self.assertEqual(json.loads(heard["data"])["endpoint"], self.two.address)
        many = [http.Connection(proxy.admin()) for _ in range(14)]
        statuses = []
        for connection in many:
            self.addCleanup(connection.close)
            connection.send(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
            statuses.append(connection.read_head()[1])
        self.assertEqual(sorted(statuses), [200] * 13 + [503], "sixteen at most")
        for connection in [*many, resumed, fresh]:
            connection.close()
        waiting.until(lambda: "cardea_event_followers 1\n" in http.get(proxy.admin(), "/metrics", host="localhost").body.decode(),
                      "the end of those who left")

    def test_the_command_follows_over_a_restart(self):
        proxy = self.cardea(self.one, more="journal: {file: '{dir}/journal'}\n")
        with subprocess.Popen([binary(), "events", "--follow", "--json", "--since", "1h", "--admin", "unix:" + proxy.path("admin.sock")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
            try:
                heard = []

                def read():
                    for line in follower.stdout:
                        heard.append(json.loads(line))
                reader = threading.Thread(target=read, daemon=True)
                reader.start()

                def number(kind):
                    return sum(e["kind"] == kind for e in heard)
                waiting.until(lambda: number("endpoint_added") == 1, "what was before")
                proxy.program.stop()
                again = Cardea.__new__(Cardea)
                again.__dict__.update(proxy.__dict__)
                again.program = type(proxy.program)([binary(), "run", "-c", proxy.config_path], "again", proxy.directory, None,
                                                    {**SANITIZERS, "XDG_RUNTIME_DIR": proxy.directory})
                self.addCleanup(again.program.kill)
                waiting.until(lambda: number("started") == 2 and number("endpoint_added") == 2, "the new instance")
                ids = [e["id"] for e in heard]
                self.assertEqual(ids, sorted(set(ids)), "nothing twice")
            finally:
                follower.kill()
        past = self.page(again, "/v1/events")["events"]
        self.assertEqual([e["kind"] for e in past if e["kind"] == "started"], ["started"] * 2, "the file gave back what was before")
        self.assertEqual(again.program.stop(), 0)

    def test_a_damaged_file_is_no_obstacle(self):
        proxy = Cardea(CONFIG + "journal: {entries: 100, file: '{dir}/journal', file_size: 64k}\n", ready=False)
        proxy.program.kill()
        with open(proxy.path("journal"), "wb") as file:
            file.write(b'{"id":7,"time":"2026-01-01T00:00:00.000Z","kind":"started"}\n\0\0\0\n{"id":8,"time":"2026-01-01T0')
        with proxy:
            self.endpoints(proxy, self.one)
            proxy.program = type(proxy.program)([binary(), "run", "-c", proxy.config_path], "again", proxy.directory, None,
                                                {**SANITIZERS, "XDG_RUNTIME_DIR": proxy.directory})
            proxy.wait_ready()
            self.assertRegex(proxy.log(), r"event=journal_read .*entries=1 damaged=2")
            self.assertEqual([e["id"] for e in self.events(proxy)][0], 7)
            self.endpoints(proxy, self.two)
            self.wait_for(proxy, "endpoint_added", self.two.address)

            def on_disk():
                with open(proxy.path("journal"), errors="replace") as file:
                    return self.two.address in file.read()
            waiting.until(on_disk, "the line on disk")

    def test_draining_by_hand(self):
        proxy = self.cardea(self.one, self.two)
        with proxy.connect() as slow:
            # The request waits at web01 while it is drained, and is finished there.
            while True:
                with proxy.connect() as other:
                    if other.request("GET", "/").text == "web02":
                        break
            slow.send(b"GET /slow/1500 HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.until(lambda: any(e["in_flight"] == 1 for e in self.page(proxy, "/v1/endpoints")["endpoints"]), "the request in flight")
            busy = next(e for e in self.page(proxy, "/v1/endpoints")["endpoints"] if e["in_flight"] == 1)
            name = {self.one.address: "web01", self.two.address: "web02"}[busy["id"]]
            status, output, errors = command(proxy, "endpoints", "drain", busy["id"])
            self.assertEqual(status, 0, errors)
            self.assertIn(busy["id"], output)
            self.assertEqual(len(set(proxy.names(6))), 1)
            self.assertNotIn(name, proxy.names(6))
            proxy.reload()
            waiting.until(lambda: any(e["kind"] == "config_applied" for e in self.events(proxy)), "the reload")
            self.assertNotIn(name, proxy.names(6), "a reload does not end it")
            self.endpoints(proxy, self.one, self.two)
            listed = command(proxy, "endpoints")[1]
            self.assertRegex(listed, rf"{busy['id']}\s+draining\s.*drained by an operator")
            slow.socket.settimeout(20)
            self.assertEqual(slow.read_response().status, 200)
        self.assertEqual(command(proxy, "endpoints", "undrain", busy["id"], "--service", "other")[0], 1)
        self.assertEqual(command(proxy, "endpoints", "undrain", busy["id"], "--service", "web")[0], 0)
        waiting.until(lambda: name in proxy.names(4), "its return")
        self.assertEqual([e["kind"] for e in self.events(proxy) if e["kind"].endswith("drained")], ["drained", "undrained"])

    def test_a_receipt_counts_what_was_in_flight(self):
        proxy = self.cardea(self.one)
        with proxy.connect() as slow:
            slow.send(b"GET /slow/1000 HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.until(lambda: self.page(proxy, "/v1/endpoints")["endpoints"][0]["in_flight"] == 1, "the request in flight")
            self.endpoints(proxy, self.two)
            self.wait_for(proxy, "endpoint_removed", self.one.address)
            slow.socket.settimeout(20)
            self.assertEqual(slow.read_response().status, 200)
        receipt = self.wait_for(proxy, "receipt", self.one.address)["receipt"]
        self.assertEqual(receipt, {"in_flight": 1, "finished": 1, "moved": 0, "failed": 0})


if __name__ == "__main__":
    unittest.main()
