"""The access log: nginx's `combined`, byte for byte. The expected lines were taken from nginx 1.22 for the same requests."""

import os
import re
import signal
import socket
import struct
import subprocess
import threading
import unittest

from support import http, program, waiting
from support.cardea import SANITIZERS, Cardea, Origin, binary

SHORT = True

TIME = re.compile(r"\[\d\d/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/20\d\d:\d\d:\d\d:\d\d [+-]\d{4}\]")

# What is sent (a connection each), and the line it leaves with the time replaced by [T].
LINES = [
    (b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: a\"b\\c\xe9\x97\xa8\t~ z\r\nReferer:\r\n\r\n",
     r'127.0.0.1 - - [T] "GET /a?b=c HTTP/1.1" 200 5 "" "a\x22b\x5Cc\xE9\x97\xA8\x09~ z"'),
    (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n",
     '127.0.0.1 - alice [T] "GET / HTTP/1.1" 200 5 "-" "-"'),
    (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic YSIgYjp4\r\n\r\n",
     r'127.0.0.1 - a\x22 b [T] "GET / HTTP/1.1" 200 5 "-" "-"'),
    (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic YWxpY2U\r\n\r\n",
     '127.0.0.1 - - [T] "GET / HTTP/1.1" 200 5 "-" "-"'),
    (b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     '127.0.0.1 - - [T] "HEAD / HTTP/1.1" 200 0 "-" "-"'),
    (b"GET /1.0 HTTP/1.0\r\n\r\n",
     '127.0.0.1 - - [T] "GET /1.0 HTTP/1.0" 200 5 "-" "-"'),
    (b"GET /chunked HTTP/1.1\r\nHost: x\r\nConnection: close\r\nReferer: http://a.example/?q=%22\r\n\r\n",
     '127.0.0.1 - - [T] "GET /chunked HTTP/1.1" 200 5 "http://a.example/?q=%22" "-"'),
]


def lines_of(path):
    try:
        with open(path, "rb") as log:
            return log.read().decode("latin-1").splitlines()
    except FileNotFoundError:
        return []


class Combined(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = cls.enterClassContext(Origin("web01"))
        cls.proxy = cls.enterClassContext(Cardea(
            "listen: 127.0.0.1:0\naccess_log: {output: '{dir}/access.log'}\n"
            f"services: {{web: {{endpoints: ['{cls.origin.address}']}}}}\n"
            "routes:\n  - {match: {path: /b/**}, service: web}\n  - {match: {path: /slow/**}, service: web}\n"
            "  - {respond: {status: 200, body: hello}}\n"))

    def wait_for_lines(self, count):
        return waiting.until(lambda: (lambda found: found if len(found) >= count else None)(lines_of(self.proxy.path("access.log"))),
                             f"{count} lines in the access log")

    def test_bytes(self):
        for request, expected in LINES:
            with self.subTest(expected):
                before = len(lines_of(self.proxy.path("access.log")))
                with self.proxy.connect() as connection:
                    connection.send(request)
                    connection.read_to_end()
                line = self.wait_for_lines(before + 1)[-1]
                self.assertEqual(TIME.sub("[T]", line), expected)

    def test_a_body_is_counted_without_head_and_chunks(self):
        before = len(lines_of(self.proxy.path("access.log")))
        self.proxy.get("/b/100000")
        self.assertIn('"GET /b/100000 HTTP/1.1" 200 100000 ', self.wait_for_lines(before + 1)[-1])

    def test_a_refused_request_is_logged_too(self):
        before = len(lines_of(self.proxy.path("access.log")))
        with self.proxy.connect() as connection:
            connection.send(b"GET /twice HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            self.assertEqual(connection.read_response().status, 400)
        self.assertRegex(self.wait_for_lines(before + 1)[-1], r'^127\.0\.0\.1 - - \[.*\] "GET /twice HTTP/1\.1" 400 \d+ "-" "-"$')

    def test_a_client_that_breaks_off_is_499(self):
        before = len(lines_of(self.proxy.path("access.log")))

        def asked():
            return int(http.get(self.origin.address, "/count").text)
        count = asked()
        with self.proxy.connect() as connection:
            connection.send(b"GET /slow/5000 HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.until(lambda: asked() > count, "the origin to be asked")
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        self.assertRegex(self.wait_for_lines(before + 1)[-1], r'"GET /slow/5000 HTTP/1\.1" 499 0 "-" "-"$')

    def test_no_line_is_lost_or_torn_under_load(self):
        before = len(lines_of(self.proxy.path("access.log")))

        def client(number):
            with self.proxy.connect() as connection:
                for turn in range(250):
                    connection.request("GET", f"/load/{number}/{turn}")
        threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [line for line in self.wait_for_lines(before + 2000) if "/load/" in line]
        self.assertEqual(len(found), 2000)
        self.assertEqual({re.search(r"/load/(\d+/\d+) ", line)[1] for line in found}, {f"{n}/{t}" for n in range(8) for t in range(250)})
        for line in found:
            self.assertRegex(line, r'^127\.0\.0\.1 - - \[[^]]+\] "GET /load/\d+/\d+ HTTP/1\.1" 200 5 "-" "-"$')


class Outputs(unittest.TestCase):
    CONFIG = "listen: 127.0.0.1:0\nroutes: [{respond: {status: 200, body: hello}}]\n"

    def test_usr1_opens_the_file_again(self):
        with Cardea(self.CONFIG + "access_log: {output: '{dir}/access.log'}\n") as proxy:
            path = proxy.path("access.log")
            proxy.get("/before")
            waiting.until(lambda: len(lines_of(path)) == 1, "the first line")
            os.rename(path, path + ".1")
            proxy.get("/between")
            waiting.until(lambda: len(lines_of(path + ".1")) == 2, "the line between")
            proxy.program.send(signal.SIGUSR1)
            waiting.until(lambda: "event=access_log_reopened" in proxy.log(), "the new file")
            proxy.get("/after")
            waiting.until(lambda: len(lines_of(path)) == 1, "the line after")
            self.assertIn("/after", lines_of(path)[0])
            self.assertEqual([re.search(r"GET (\S+)", line)[1] for line in lines_of(path + ".1")], ["/before", "/between"])

    def test_a_reload_switches_it_on_and_off(self):
        logs = program.scratch("logs")
        self.addCleanup(program.remove, logs)
        with Cardea(self.CONFIG, environment={"LOGS_DIRECTORY": logs}) as proxy:  # the sandbox knows it from the start
            settings = "process: {threads: 2}\nadmin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"
            path = os.path.join(logs, "access.log")
            proxy.get("/off")
            proxy.write(self.CONFIG + settings + f"access_log: {{output: '{path}'}}\n")
            proxy.reload()
            waiting.until(lambda: proxy.log().count("event=reloaded") == 1, "the first reload")  # the file is there a little earlier
            proxy.get("/on")
            waiting.until(lambda: len(lines_of(path)) == 1, "its line")
            proxy.write(self.CONFIG + settings)
            proxy.reload()
            waiting.until(lambda: proxy.log().count("event=reloaded") == 2, "the second reload")
            proxy.get("/off")
            proxy.stop()
            self.assertEqual(len(lines_of(path)), 1)

    def test_every_line_is_there_when_it_has_stopped(self):
        with Cardea(self.CONFIG + "access_log: {output: '{dir}/access.log'}\n") as proxy:
            with proxy.connect() as connection:
                for _ in range(100):
                    connection.request()
            proxy.stop()
            self.assertEqual(len(lines_of(proxy.path("access.log"))), 100)

    def start_piped(self, directory, stdout, stderr):
        config = os.path.join(directory, "cardea.yaml")
        with open(config, "w") as file:
            file.write(self.CONFIG + "access_log: {output: stdout}\nprocess: {threads: 1}\nadmin: {enabled: false}\n")
        return subprocess.Popen([binary(), "run", "-c", config], stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL,
                                env={**os.environ, **SANITIZERS})

    def test_a_reader_that_stalls_or_goes_away_holds_up_nobody(self):
        directory = program.scratch("pipe")
        self.addCleanup(program.remove, directory)
        errors = os.path.join(directory, "errors")
        with open(errors, "wb") as stderr:
            process = self.start_piped(directory, subprocess.PIPE, stderr)
        try:
            def address():
                with open(errors) as file:
                    return re.search(r"listener=web address=(\S+)", file.read())
            where = waiting.until(address, "the listener")[1]
            with http.Connection(where) as connection:
                for _ in range(3000):  # 240 KB into a pipe of 64 KiB that nobody reads
                    self.assertEqual(connection.request().status, 200)
                process.stdout.close()
                for _ in range(100):
                    self.assertEqual(connection.request().status, 200)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(waiting.CEILING), 0)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    unittest.main()
