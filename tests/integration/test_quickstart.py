"""deploy/quickstart as a newcomer runs it."""

import os
import re
import signal
import subprocess
import unittest

from support import http, program, waiting
from support.cardea import ROOT, Origin


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.directory = program.scratch("quickstart")
        self.addCleanup(program.remove, self.directory)

    def start(self, port):
        started = program.Program([os.path.join(ROOT, "deploy", "quickstart"), "--port", port], "quickstart", self.directory,
                                  environment={"XDG_RUNTIME_DIR": self.directory})
        self.addCleanup(started.kill)
        return started

    def test_four_curls_four_names_and_an_edit_counts(self):
        port = waiting.free_port()
        quickstart = self.start(port)
        quickstart.wait_for_log("Ctrl-C ends everything", 600)  # it may have to build
        address = f"127.0.0.1:{port}"
        self.assertEqual({http.get(address).text for _ in range(4)}, {"web01", "web02", "web03", "web04"})
        endpoints = re.search(r"(\S+/endpoints)\s", quickstart.log())[1]
        with open(endpoints) as file:
            lines = file.read()
        with http.Connection(address) as kept:
            with open(endpoints, "w") as file:
                file.write(re.sub(r"^(.*# web0[123])$", r"#\1", lines, flags=re.M))
            waiting.until(lambda: {kept.request().text for _ in range(4)} == {"web04"}, "the edit to count")
        os.killpg(quickstart.pid, signal.SIGINT)  # what Ctrl-C does
        self.assertEqual(quickstart.wait(), 0, quickstart.log())
        self.assertEqual([entry for entry in os.listdir(self.directory) if entry.startswith("cardea-quickstart")], [])

        def left():
            return subprocess.run(["pgrep", "-g", str(quickstart.pid)], capture_output=True, text=True, check=False).stdout
        waiting.until(lambda: not left(), "every process to end")

    def test_a_port_that_is_taken_is_named_with_its_holder(self):
        with Origin("holder") as holder:
            quickstart = self.start(holder.port)
            self.assertEqual(quickstart.wait(120), 1)
            self.assertIn(f"origin (pid {holder.program.pid})", quickstart.log())

    def test_help(self):
        done = subprocess.run([os.path.join(ROOT, "deploy", "quickstart"), "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--port", done.stdout)


if __name__ == "__main__":
    unittest.main()
