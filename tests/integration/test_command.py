"""The command line: what it prints and how it ends."""

import os
import re
import subprocess
import unittest

from support import http, program, waiting
from support.cardea import Cardea, Origin, binary

SHORT = True

# A fault is at the mark; the message must hold the word.
BROKEN = [
    ("listen: 127.0.0.1:0\n^roots:\n  - service: a\n", "routes"),
    ("listen: 127.0.0.1:0\n^listen: 127.0.0.1:0\n", "twice|duplicate"),
    ("listen: ^127.0.0.1:99999\n", "port"),
    ("listen: [\n^", "end|expected"),
    ("listen: :1\nservices:\n  web: {balance: ^round_robbin, endpoints: ['1.2.3.4:5']}\nroutes: [{service: web}]\n", "round_robin"),
    ("listen: :1\nservices:\n  web: {endpoints: [^'1.2.3.4']}\nroutes: [{service: web}]\n", "port"),
    ("listen: :1\nservices:\n  web: {endpoints: ['1.2.3.4:5'], drain: ^30}\nroutes: [{service: web}]\n", "unit"),
    ("listen: :1\nservices:\n  web: {endpoints: [^'consul://nowhere/web']}\nroutes: [{service: web}]\n", "nowhere"),
    ("listen: :1\nservices:\n  web: {endpoints: [^'ftp://x/web']}\nroutes: [{service: web}]\n", "ftp"),
    ("listen: :1\nroutes:\n  - {match: {path: ^api}, respond: {status: 200}}\n", "/"),
    ("listen: :1\nroutes:\n  - {match: {host: ^'a..b'}, respond: {status: 200}}\n", "host"),
    ("listen: :1\nroutes:\n  - {respond: {status: ^99}}\n", "status|100|200"),
    ("listen: :1\nroutes:\n  - ^{match: {}}\n", "service"),
    ("listen: :1\nprocess: {threads: ^many}\nroutes: [{respond: {status: 200}}]\n", "auto"),
    ("listen: :1\nprocess: {graceful_timeout: ^5}\nroutes: [{respond: {status: 200}}]\n", "unit"),
    ("listen: :1\naccess_log: {output: ^syslog}\nroutes: [{respond: {status: 200}}]\n", "stdout"),
    ("listen: :1\nadmin: {tcp: ^0.0.0.0:8001}\nroutes: [{respond: {status: 200}}]\n", "127.0.0.1"),
    ("listen: :1\nlog: {level: ^loud}\nroutes: [{respond: {status: 200}}]\n", "debug|info"),
    ("listeners: {web: {address: ':1', client: {max_headers: ^32}}}\nroutes: [{respond: {status: 200}}]\n", "unit"),
    ("listen: :1\ndiscovery: {consul: ^'a b'}\nroutes: [{service: web}]\n", "port"),
    ("listen: ^${NO_SUCH_VARIABLE_HERE:?set it}\n", "set it"),
]


def cardea(*arguments, directory=None):
    done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=60, cwd=directory, check=False)
    return done.returncode, done.stdout, done.stderr


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.directory = program.scratch("command")
        self.addCleanup(program.remove, self.directory)

    def file(self, text, name="cardea.yaml"):
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_version(self):
        status, output, _ = cardea("version")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"\d+\.\d+\.\d+")

    def test_a_wrong_option_is_a_usage_error(self):
        status, _, errors = cardea("run", "--lisen", ":8000")
        self.assertEqual(status, 64)
        self.assertIn("--lis", errors)

    def test_a_good_file_is_valid(self):
        path = self.file("listen: :8000\ndiscovery:\n  consul: 192.168.1.11:8500\nroutes:\n  - service: nginx\n")
        status, output, errors = cardea("validate", "-c", path)
        self.assertEqual(status, 0, output + errors)

    def test_each_fault_is_named_by_line_and_column(self):
        for marked, word in BROKEN:
            with self.subTest(marked):
                before, _, after = marked.partition("^")
                line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
                path = self.file(before + after)
                status, output, errors = cardea("validate", "-c", path)
                self.assertEqual(status, 78)
                self.assertIn(f"{path}:{line}:{column}", output + errors)
                self.assertRegex(output + errors, word)

    def test_every_fault_is_told_in_one_run(self):
        path = self.file("listen: nowhere\nservices:\n  web: {balance: best, endpoints: [x]}\nroutes:\n  - {servise: web}\n")
        status, output, errors = cardea("validate", "-c", path)
        self.assertEqual(status, 78)
        self.assertEqual({int(n) for n in re.findall(rf"{re.escape(path)}:(\d+):\d+", output + errors)} & {1, 3, 5}, {1, 3, 5})

    def test_run_refuses_what_validate_refuses(self):
        status, _, errors = cardea("run", "-c", self.file("lisen: :8000\n"))
        self.assertEqual(status, 78)
        self.assertIn(":1:1", errors)

    def test_a_port_that_is_taken_is_a_failure_with_a_name(self):
        with Origin("holder") as holder:
            path = self.file(f"listen: {holder.address}\nroutes: [{{respond: {{status: 200}}}}]\n"
                             f"admin: {{tcp: 127.0.0.1:0, address: 'unix:{self.directory}/admin.sock'}}\n")
            status, _, errors = cardea("run", "-c", path)
            self.assertEqual(status, 1)
            self.assertIn(str(holder.port), errors)


class Observed(unittest.TestCase):
    """Admin, access log and the commands that ask a running instance."""

    @classmethod
    def setUpClass(cls):
        cls.origin = cls.enterClassContext(Origin("web01"))
        cls.proxy = cls.enterClassContext(Cardea(
            f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: ['{cls.origin.address}']}}}}\nroutes: [{{service: web}}]\n"
            "access_log: {output: '{dir}/access.log'}\n"))

    def admin(self, target):
        return http.get(self.proxy.admin(), target, host="localhost")

    def test_admin_answers(self):
        self.proxy.get("/b/10")
        self.assertEqual(self.admin("/livez").status, 200)
        self.assertEqual(self.admin("/readyz").status, 200)
        self.assertIn("cardea_requests_total", self.admin("/metrics").text)
        self.assertRegex(self.admin("/nginx_status").body.decode(),
                         r"^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: \d+ Writing: \d+ Waiting: \d+ \n$")
        for view in ("services", "endpoints", "sources"):
            self.assertEqual(self.admin(f"/v1/{view}").field("content-type", "").split(";")[0], "application/json")
        self.assertIn(self.origin.address, self.admin("/v1/endpoints").text)

    def test_status_prints_a_table(self):
        status, output, errors = cardea("status", "--admin", f"unix:{self.proxy.path('admin.sock')}")
        self.assertEqual(status, 0, errors)
        self.assertIn(self.origin.address, output)

    def test_status_without_an_instance(self):
        self.assertEqual(cardea("status", "--admin", "127.0.0.1:1")[0], 69)

    def test_access_log_is_nginx_combined(self):
        with self.proxy.connect() as connection:
            connection.request("GET", "/b/77", {"User-Agent": "a test", "Referer": "http://from.example/"})

        def written():
            with open(self.proxy.path("access.log")) as log:
                return re.search(r'^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
                                 r'"GET /b/77 HTTP/1\.1" 200 77 "http://from\.example/" "a test"$', log.read(), re.M)
        waiting.until(written, "the line in the access log")

    def test_reload_by_command(self):
        status, output, errors = cardea("reload", "--admin", f"unix:{self.proxy.path('admin.sock')}")
        self.assertEqual(status, 0, output + errors)


if __name__ == "__main__":
    unittest.main()
