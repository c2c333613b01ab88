"""One request in, one request out, whoever reads it: a corpus of requests that parsers disagree about goes through the proxy into
origins with parsers of other people's. None of them sees a request that nobody asked for, none refuses what it gets, and the next
request on the same upstream connection gets its own answer."""

import concurrent.futures
import os
import sys
import unittest

from support import origins, program, waiting
from support.cardea import ROOT, Cardea

sys.path.insert(0, os.path.join(ROOT, "tests", "conformance"))
import table  # noqa: E402
from client import Client, Wrong  # noqa: E402
from run import Runner  # noqa: E402

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smuggling", "requests.txt")
LEAST_CASES, LEAST_PARSERS = 150, {"nginx", "haproxy", "node", "python"}
PROBE = "/probe"  # what the proxy asks by itself when an origin takes its time
NAME = b"a.example"  # in the corpus; each origin has another letter, so that lengths stay


def name_of(number):
    return b"%c.example" % (ord("b") + number)


class Passage:
    """The whole corpus into one origin, one case after the other: a case's requests stand in the origin's log before its canary."""

    def __init__(self, cases, proxy, origin, host):
        self.cases, self.proxy, self.origin, self.host, self.wrong = cases, proxy.address(), origin, host, []

    def run(self):
        for number, case in enumerate(self.cases):
            client = Client(self.proxy, timeout=waiting.CEILING)
            try:
                Runner({}, None, False).play(self.for_host(case), client)
            except (Wrong, OSError, ValueError) as error:
                early = self.is_cut(case) and str(error).startswith("more than was asked for: b'HTTP/1.1 200 ")
                if not early:  # before it could know that no more would come
                    self.wrong.append(f"{case.name}: {error}")
            finally:
                client.close()
            self.ask_canary(case, b"/canary/%d" % number)
        return self

    @staticmethod
    def is_cut(case):
        return any(word == "shut" for word, _ in case.steps)

    def for_host(self, case):
        mine = table.Case(case.name, case.where)
        mine.steps = [(word, value.replace(NAME, self.host) if word == "send" else value) for word, value in case.steps]
        return mine

    def ask_canary(self, case, target):
        client = Client(self.proxy, timeout=waiting.CEILING)
        try:
            client.send(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, self.host))
            answer = client.read("GET")
            if answer.status != 200 or not answer.payload.startswith(b"GET " + target):
                self.wrong.append(f"{case.name}: the next request got {answer.status} {answer.payload[:100]!r}")
        except (Wrong, OSError, ValueError) as error:
            self.wrong.append(f"{case.name}: the next request: {error}")
        finally:
            client.close()

    def look_at_log(self):
        last = f"/canary/{len(self.cases) - 1}"
        waiting.until(lambda: any(target == last for _, target in self.origin.seen()), f"{self.origin.name} to have said all")
        seen, number = [], 0
        for method, target in self.origin.seen():
            if target == PROBE:
                continue
            if target == f"/canary/{number}":
                self.judge(self.cases[number], seen)
                seen, number = [], number + 1
            else:
                seen.append((method, target))
        if number != len(self.cases) or any(not target.startswith("/open") for _, target in seen):
            self.wrong.append(f"{number} canaries of {len(self.cases)} arrived, and behind them {seen}")

    def judge(self, case, seen):
        """What was cut short, the corpus' last cases, an origin may tell of later, or not at all."""
        answered = sum(word == "want" and value.startswith("200") for word, value in case.steps)
        asked = [target for _, target in seen if target.startswith(("/open", "//else.example/open", "/else.example/open"))]
        if len(asked) != len(seen) or (not self.is_cut(case) and len(seen) != answered):
            self.wrong.append(f"{case.name}: {self.origin.name} saw {seen} instead of {answered} requests")


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = program.scratch("smuggling")
        cls.addClassCleanup(program.remove, cls.directory)
        cls.cases = table.read(CORPUS)
        cls.origins = origins.start_all(cls.directory)
        for origin in cls.origins:
            cls.addClassCleanup(origin.stop)
        services = "".join(f'  {o.name}: {{endpoints: ["{o.address}"], retry: off, health: {{passive: off, admission: {{path: {PROBE}}}}}}}\n' for o in cls.origins)
        routes = "".join(f"  - {{match: {{host: {name_of(i).decode()}}}, service: {o.name}}}\n" for i, o in enumerate(cls.origins))
        with Cardea(f"listen: 127.0.0.1:0\nprocess: {{threads: 1}}\nservices:\n{services}routes:\n{routes}") as proxy:
            for i, origin in enumerate(cls.origins):
                waiting.until(lambda i=i: proxy.get(PROBE, host=name_of(i).decode()).status == 200, f"{origin.name} to be admitted")
            passages = [Passage(cls.cases, proxy, origin, name_of(i)) for i, origin in enumerate(cls.origins)]
            with concurrent.futures.ThreadPoolExecutor(len(passages)) as pool:
                cls.passages = list(pool.map(Passage.run, passages))
        for passage in cls.passages:
            passage.look_at_log()

    def test_every_case_is_there_and_enough_parsers(self):
        self.assertGreaterEqual(len(self.cases), LEAST_CASES)
        self.assertEqual(len({case.name for case in self.cases}), len(self.cases))
        self.assertLessEqual(LEAST_PARSERS, {origin.name.partition("-")[0] for origin in self.origins})

    def test_no_origin_sees_what_nobody_asked_for(self):
        for passage in self.passages:
            with self.subTest(passage.origin.name):
                self.assertEqual(passage.wrong, [])


if __name__ == "__main__":
    unittest.main()
