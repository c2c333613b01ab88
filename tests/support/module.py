"""Runs one unittest module in a process of its own: `module.py integration.test_x`. Quiet about success; the last line is
`N passed, N failed, N skipped`."""

import sys
import time
import unittest


class Quiet(unittest.TextTestResult):
    """Counts, keeps the reasons of skips, and says which tests were slow."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.passed, self.slow, self.began = 0, [], 0.0

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        self.slow.append((time.monotonic() - self.began, test.id()))
        super().stopTest(test)

    def addSuccess(self, test):
        self.passed += 1


def main(name):
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        result = unittest.TextTestRunner(sys.stdout, verbosity=0, resultclass=Quiet).run(suite)
    except unittest.SkipTest as reason:
        print(f"skipped: {name}: {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    for test, reason in result.skipped:
        print(f"skipped: {test.id() if hasattr(test, 'id') else test}: {reason}")
    for seconds, test in sorted(result.slow, reverse=True)[:3]:
        if seconds > 10:
            print(f"slow: {test}: {seconds:.0f} s")
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return bool(failed)


if __name__ == "__main__":
    sys.path.insert(0, sys.path[0].rpartition("/")[0])  # tests/, beside which integration and support lie
    sys.exit(main(sys.argv[1]))
