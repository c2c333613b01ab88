"""perf/run and the load tools: that what they count is what happened, and that a run comes to its end with everything it promises."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from support import http, program, waiting
from support.cardea import ROOT, Origin, origin_binary

sys.path.insert(0, os.path.join(ROOT, "perf"))
from compare import counts, figures, goals, plot, table  # noqa: E402

TOOLS = os.path.dirname(origin_binary())


def load(address, *options):
    done = subprocess.run([os.path.join(TOOLS, "load"), "--json", *options, address], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


class Figures(unittest.TestCase):
    def test_the_interval_of_a_median_narrows_with_more_samples(self):
        self.assertEqual(figures.interval([5]), figures.Interval(5, 5, 5, 1))
        self.assertEqual(figures.interval(range(15)), figures.Interval(7, 4, 10, 15))
        self.assertEqual(figures.interval(range(101)), figures.Interval(50, 42, 58, 101))
        self.assertEqual(figures.interval([3, None, 1, 2]).median, 2)
        self.assertIsNone(figures.interval([None, None]))

    def test_a_round_without_a_sample_gives_no_ratio(self):
        self.assertEqual(figures.ratios([2, None, 6, 8], [1, 1, None, 2]), [2, 4])

    def test_a_verdict_is_certain_only_when_the_whole_interval_is_on_one_side(self):
        for median, low, high, word in ((0.8, 0.7, 0.9, "met"), (1.0, 0.9, 1.0, "met"), (0.9, 0.8, 1.1, "met?"), (1.1, 0.9, 1.2, "missed?"),
                                        (1.2, 1.1, 1.3, "missed")):
            self.assertEqual(figures.verdict(figures.Interval(median, low, high, 9), 1.0), word)


class Goals(unittest.TestCase):
    def found(self, cardea, nginx, older=()):
        rounds = {"cardea": [{"cpu_us": value, "p50_us": 100, "p99_us": 200, "rps": 1000, "failed": 0} for value in cardea],
                  "nginx": [{"cpu_us": value, "p50_us": 100, "p99_us": 200, "rps": 1000, "failed": 0} for value in nginx]}
        return {"versions": {"cardea": "1", "nginx": "2"}, "older": list(older), "missing": {},
                "scenarios": {"equal": {"title": "so much", "rounds": rounds}}, "rate": 1,
                "counts": {"cardea": {"system_calls": 6.0, "code": {"instructions": 50, "allocations": 0.01}}, "nginx": {"code": {"instructions": 100}}}}

    def test_ratios_are_of_samples_of_one_round(self):
        found = self.found([8, 80, 800], [10, 100, 1000])  # the weather changes tenfold, the ratio does not
        words = {goal.title: (word, value.median) for word, goal, value in goals.judged(found)}
        self.assertEqual(words["CPU, 1 KiB, equal load to nginx"], ("met", 0.8))
        self.assertEqual(words["user instructions of a request to nginx"], ("missed", 0.5))
        self.assertEqual(words["system calls of a request, 1 connection"], ("met", 6.0))
        self.assertNotIn("CPU, 1 KiB, equal load to haproxy", words)

    def test_a_lost_sample_is_a_failure(self):
        found = self.found([8], [10])
        found["scenarios"]["equal"]["rounds"]["cardea"].append(None)
        self.assertIn(("missed", 1), [(word, value.median) for word, goal, value in goals.judged(found) if "failed" in goal.title])

    def test_older_peers_judge_nothing(self):
        self.assertRegex(goals.report(self.found([8], [10], ["nginx 1.22.1"])), "^no bar is judged: nginx 1.22.1")

    def test_tables_and_charts_hold_what_was_found(self):
        found = self.found([8, 8], [10, 10])
        self.assertIn("0.80", table.of_load(found, "equal"))
        self.assertIn("0.010", table.of_counts(found))
        self.assertIn("| allocations | 0.010 | - |", table.markdown(found))
        for svg in plot.charts(found).values():
            self.assertIn("prefers-color-scheme:dark", xml.etree.ElementTree.fromstring(svg)[0].text)


class Callgrind(unittest.TestCase):
    def test_functions_have_their_own_cost_and_calls_of_allocators_are_added_up(self):
        with tempfile.NamedTemporaryFile("w", suffix=".out") as file:
            file.write("events: Ir\nfn=(1) main\n7 4\n+1 1\ncfn=(2) malloc\ncalls=3 0\n* 30\nfn=(3) helper\ncfn=(2)\ncalls=4 0\n0 8\n0 2\n"
                       "cfn=(4) free\ncalls=7 0\n0 7\ncfn=(5) _int_malloc\ncalls=9 0\n0 9\ncfn=(6) realloc'2\ncalls=1 0\n0 1\nfn=(2)\n-3 4\n"
                       "totals: 60\n")
            file.flush()
            self.assertEqual(counts.read_callgrind([file.name]), ({"main": 5, "helper": 2, "malloc": 4}, 8))


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin("o")
        cls.addClassCleanup(cls.origin.__exit__)

    def served(self):
        return int(http.get(self.origin.address, "/count").text)

    def test_every_request_is_counted_once(self):
        before = self.served()
        done = load(self.origin.address, "--connections", "8", "--requests", "300", "--path", "/b/1024")
        self.assertEqual((done["ok"], done["failed"], done["reconnects"]), (300, 0, 0))
        self.assertEqual(self.served() - before, 301)  # the question counts, too
        self.assertGreater(done["p99_us"], done["p50_us"] * 0.99)

    def test_a_warm_up_is_made_and_not_counted_however_short_the_rest_is(self):
        before = self.served()
        done = load(self.origin.address, "--connections", "4", "--warmup", "500", "--duration", "1ms", "--path", "/b/10")
        self.assertGreaterEqual(done["ok"], 1)
        self.assertEqual(self.served() - before, 500 + done["ok"] + 1)

    def test_a_connection_for_each_request(self):
        done = load(self.origin.address, "--connections", "4", "--requests", "100", "--close-after", "1", "--path", "/b/10")
        self.assertEqual((done["ok"], done["reconnects"]), (100, 100))

    def test_bodies_arrive_whole(self):
        done = load(self.origin.address, "--connections", "2", "--requests", "10", "--body", "300k", "--path", "/key/k{n}/0", "--tally")
        self.assertEqual(done["ok"], 10)
        self.assertEqual(sum(" 300000 " in name for name in done["name"]), 10, done["name"])

    def test_an_answer_of_another_length_has_failed(self):
        done = load(self.origin.address, "--connections", "2", "--requests", "10", "--path", "/b/1024", "--path", "/b/0", "--expect", "1024")
        self.assertEqual((done["ok"], done["failures"]), (5, {"length": 5}))

    def test_an_open_loop_keeps_its_rate_and_counts_from_when_each_was_due(self):
        done = load(self.origin.address, "--connections", "1", "--rate", "1000", "--requests", "100", "--path", "/slow/2")
        self.assertEqual(done["ok"], 100)
        self.assertGreater(done["p99_us"], 50_000)  # one connection answers 500 a second at most: the last were due 100 ms ago

    def test_the_processor_time_of_a_process_is_charged_to_its_requests(self):
        done = load(self.origin.address, "--connections", "4", "--requests", "500", "--path", "/b/10", "--pids", str(self.origin.program.pid))
        self.assertGreater(done["cpu_us"], 1)

    def test_the_limit_passes_on_what_it_gets_to_each_target_in_turn(self):
        directory = program.scratch("limit")
        self.addCleanup(program.remove, directory)
        with Origin("p") as other:
            relay = program.Program([os.path.join(TOOLS, "limit"), "--listen", "127.0.0.1:0", "--buffer", "10000", self.origin.address,
                                     other.address], "limit", directory)
            self.addCleanup(relay.kill)
            address = relay.wait_for_log(r"^listening (\S+)$")[1]
            self.assertEqual([http.get(address).text for _ in range(4)], ["o", "p", "o", "p"])
            with http.Connection(address) as slow:
                slow.send(b"GET /b/8000000 HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(load(address, "--connections", "3", "--requests", "50", "--path", "/b/70000")["ok"], 50)
                self.assertEqual(slow.read_response().body, b"x" * 8_000_000)
            waiting.until(lambda: http.get(address).text in "op", "the relay to serve on")


class Run(unittest.TestCase):
    def test_a_quick_run_measures_writes_and_leaves_nothing(self):
        directory = program.scratch("perf-run")
        self.addCleanup(program.remove, directory)
        out = os.path.join(directory, "out.json")
        command = [sys.executable, os.path.join(ROOT, "perf", "run"), "--quick", "--build", TOOLS, "--peers", "cardea,limit", "--scenarios",
                   "closed,post-4k,connect,log", "--json", out, "--plot", directory]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^met +requests failed in any scenario +0")
        with open(out) as file:
            found = json.load(file)
        for name, peers in (("closed", {"cardea", "limit"}), ("post-4k", {"cardea", "limit"}), ("log", {"cardea", "cardea-log"})):
            self.assertEqual(set(found["scenarios"][name]["rounds"]), peers)
            for samples in found["scenarios"][name]["rounds"].values():
                self.assertTrue(all(sample["ok"] > 0 and sample["cpu_us"] > 0 for sample in samples), samples)
        xml.etree.ElementTree.parse(os.path.join(directory, "cpu.svg"))


if __name__ == "__main__":
    unittest.main()
