"""The stages of tests/run: what is built, what is run, what is counted."""

import argparse
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS))
from support.cardea import SANITIZERS  # noqa: E402

CPUS = len(os.sched_getaffinity(0))
UNIT = ("config_test", "discovery_test", "proxy_test")
FUZZ_SECONDS, FUZZ_SECONDS_SOAK = 10, 600
TIDY_MAX = 40  # files; a change that touches more is looked at by `--only tidy --tidy-files 0`
DAILY = ("house", "unit", "conformance", "integration", "fuzz")
EVERY = ("house", "unit", "conformance", "budgets", "integration", "asan", "tsan", "fuzz", "tidy", "churn")
DESCRIPTION = """Installs what the tests need, builds, and runs every test this machine allows. Stages:
  house        the law of directions, sizes and forms (tests/house_test)
  unit         the release build and the unit tests
  conformance  HTTP/1.1 tables against the real binary
  budgets      what a request and a connection cost, counted, against perf/budgets.yaml
  integration  the real binary with Consul agents, Docker engines and hosts of the tests' own
  asan, tsan   unit, conformance and a short integration set once more, under sanitizers
  fuzz         each libFuzzer target for 10 s
  tidy         clang-tidy on the changed files
  churn        what is lost while containers, registries and the proxy change, under load (tests/churn)
Without options: house unit conformance integration fuzz."""


class Tally:
    """What the last line says."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def add(self, passed=0, failed=0, skipped=0):
        with self.lock:
            self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


TALLY = Tally()


def say(text):
    print(text, flush=True)


def run(command, environment=None, timeout=None, cwd=ROOT):
    """(exit status, output with errors)."""
    try:
        done = subprocess.run([str(c) for c in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", env={**os.environ, **(environment or {})}, timeout=timeout, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nstopped after {timeout} s"


def tail(text, lines=60):
    return "\n".join("    " + line for line in text.strip().split("\n")[-lines:])


def count(what, status, output):
    """Adds up a program that ends with `N passed, N failed, N skipped`; tells what failed and what was skipped and why."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
    if not found:
        TALLY.add(failed=1)
        say(f"  FAILED {what}: ended with {status} and no result\n{tail(output)}")
        return
    passed, failed, skipped = map(int, found[-1])
    if status != 0 and failed == 0:
        failed = 1
    TALLY.add(passed, failed, skipped)
    if failed:
        gist = re.findall(r"^(?:(?:FAIL|ERROR|FAILED):? .*|\w*Error: .*)$", output, re.M)
        say(f"  FAILED {what}\n" + "".join(f"    {line[:300]}\n" for line in gist[:12]) + tail(output, 200))
    else:
        for line in re.findall(r"^(?:skipped|slow|missed): .*$", output, re.M):
            say(f"  {line}")


def skip(what, why):
    TALLY.add(skipped=1)
    say(f"  skipped: {what}: {why}")


class Builds:
    """One build per preset. Integration tests mostly wait: what is built next may begin beside them, at the lowest priority."""

    def __init__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.begun = {}

    def ahead(self, preset):
        if preset and preset not in self.begun:
            self.begun[preset] = self.pool.submit(self.make, preset, (), (), ["nice", "-n", "19"])

    def make(self, preset, targets, options, wrapper=()):
        """None, or why it failed."""
        for command in ([*wrapper, "cmake", "--preset", preset, *options],
                        [*wrapper, "cmake", "--build", ROOT / "build" / preset, f"-j{CPUS}", *(["--target", *targets] if targets else [])]):
            status, output = run(command)
            if status != 0:
                errors = [line for line in output.split("\n") if re.search(r"error|FAILED|undefined", line)]
                return f"{tail(chr(10).join(errors[:20]) or output)}\n{tail(output, 30)}"
        return None

    def get(self, preset, targets=(), options=()):
        """Configures and builds, or waits until that is done; False, told and counted, when it fails."""
        began = time.monotonic()
        begun = self.begun.get(preset)
        failure = begun.result() if begun else self.make(preset, targets, options)
        if failure:
            TALLY.add(failed=1)
            say(f"  FAILED build {preset}\n{failure}")
        else:
            say(f"  build {preset}: {time.monotonic() - began:.0f} s" + (" more" if begun else ""))
        return not failure


def unit_test(preset, name, wrapper=()):
    """One gtest binary of the build, counted by what it reports."""
    program = ROOT / "build" / preset / name
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        status, output = run([*wrapper, program, "--gtest_brief=1", f"--gtest_output=json:{report.name}"], SANITIZERS, 600)
        try:
            result = json.load(open(report.name))
            failed, skipped = result["failures"] + result["errors"], sum(
                t.get("result") == "SKIPPED" for s in result["testsuites"] for t in s["testsuite"])
            passed = result["tests"] - failed - skipped - result["disabled"]
        except (OSError, ValueError, KeyError):
            passed, failed, skipped = 0, 1, 0  # it died before it could tell
    if status != 0 and failed == 0:
        failed = 1
    TALLY.add(passed, failed, skipped)
    if failed:
        say(f"  FAILED {preset}/{name}\n{tail(output, 120)}")


def unit(preset, wrapper=(), beside=()):
    """Every gtest binary of the build, and what else can run beside them: they are programs of one thread for the most part."""
    jobs = [*beside, *(functools.partial(unit_test, preset, name, wrapper) for name in UNIT)]
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        list(pool.map(lambda job: job(), jobs))  # the list makes what they raise come out


def conformance(preset, wrapper=()):
    runner = TESTS / "conformance" / "run.py"
    if not runner.exists():
        return skip("conformance", "there are no tables yet")
    status, output = run([*wrapper, sys.executable, runner, "--binary", ROOT / "build" / preset / "cardea"], SANITIZERS, 900)
    return count(f"conformance {preset}", status, output)


def budgets():
    status, output = run([ROOT / "perf" / "check"], timeout=600)
    if status == 0:  # else it is shown as what failed
        say(tail("\n".join(output.strip().split("\n")[:-1])))
    count("perf/check", status, output)


def integration(preset, short=False, soak=False, wrapper=(), only=""):
    """Each tests/integration/test_*.py in a process of its own. Under sanitizers only the modules that say `SHORT = True`."""
    environment = {"CARDEA_BINARY": str(ROOT / "build" / preset / "cardea"), "CARDEA_ORIGIN": str(ROOT / "build" / "release" / "origin"),
                   "CARDEA_SANITIZED": preset if short else "", "CARDEA_SOAK": "1" if soak else ""}
    modules = [path for path in sorted((TESTS / "integration").glob("test_*.py"))
               if only in path.name and (not short or re.search(r"^SHORT = True", path.read_text(), re.M))]

    def one(path):
        return path, *run([*wrapper, sys.executable, TESTS / "support" / "module.py", f"integration.{path.stem}"],
                          environment, 7200 if soak else 900)
    with concurrent.futures.ThreadPoolExecutor(max(1, min(2, CPUS))) as pool:
        for path, status, output in pool.map(one, modules):
            count(f"{preset} {path.relative_to(ROOT)}", status, output)


def churn(arguments):
    release = ROOT / "build" / "release"
    status, output = run([TESTS / "churn", "--report", *(["--soak"] if arguments.soak else [])],
                         {"CARDEA_BINARY": str(release / "cardea"), "CARDEA_ORIGIN": str(release / "origin")}, 7200 if arguments.soak else 900)
    say(tail(output, 80))
    count("tests/churn --report", status, "\n".join(output.strip().split("\n")[-1:]))


def sanitizer(preset, arguments, builds, following):
    """TSan's shadow memory needs the address space where it was on older kernels: no randomisation, where that is allowed."""
    wrapper = ["setarch", "-R"] if preset == "tsan" and run(["setarch", "-R", "true"])[0] == 0 else []
    if not builds.get(preset):
        return
    unit(preset, wrapper, [functools.partial(conformance, preset, wrapper)])
    if not arguments.quick:
        if not (ROOT / "build" / "release" / "origin").exists() and not builds.get("release", ["origin"]):
            return
        builds.ahead(following)
        integration(preset, short=True, wrapper=wrapper)


def fuzz(arguments, builds):
    if not shutil.which("clang++-19"):
        return skip("fuzz", "clang++-19 is not installed")
    if not list((TESTS / "fuzz").glob("*_fuzz.cpp")):
        return skip("fuzz", "there are no targets yet")
    if not builds.get("fuzz"):
        return None
    seconds = FUZZ_SECONDS_SOAK if arguments.soak else FUZZ_SECONDS

    def one(source):
        corpus = ROOT / "build" / "fuzz" / "corpus" / source.stem
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = TESTS / "fuzz" / "seeds" / source.stem.removesuffix("_fuzz")
        return source, *run([ROOT / "build" / "fuzz" / source.stem, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                             f"-artifact_prefix={ROOT}/build/fuzz/", corpus, *([seeds] if seeds.is_dir() else [])], timeout=seconds + 120)
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        for source, status, output in pool.map(one, sorted((TESTS / "fuzz").glob("*_fuzz.cpp"))):
            TALLY.add(passed=status == 0, failed=status != 0)
            if status != 0:
                say(f"  FAILED {source.relative_to(ROOT)}\n{tail(output)}")
    return None


def changed_files():
    """C++ files that differ from origin/main, or, on main itself, that the last commit touched; newest change first."""
    base = run(["git", "merge-base", "HEAD", "origin/main"])[1].strip()
    if not re.fullmatch(r"[0-9a-f]{40}", base) or base == run(["git", "rev-parse", "HEAD"])[1].strip():
        base = "HEAD~1" if run(["git", "rev-parse", "-q", "--verify", "HEAD~1"])[0] == 0 else "HEAD"
    log = run(["git", "log", "--format=", "--name-only", f"{base}..HEAD"])[1] + run(["git", "diff", "--name-only", "HEAD"])[1]
    files = []
    for name in log.split():
        source = re.sub(r"\.hpp$", ".cpp", name)
        if source.endswith(".cpp") and source not in files and (ROOT / source).exists():
            files.append(source)
    return files


def tidy(arguments):
    if not shutil.which("clang-tidy-19"):
        return skip("tidy", "clang-tidy-19 is not installed")
    status, output = run(["cmake", "--preset", "dev", "-B", "build/tidy", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON", "-DCMAKE_CXX_COMPILER=clang++-19",
                          "-DCMAKE_C_COMPILER=clang-19"])
    if status != 0:
        TALLY.add(failed=1)
        return say(f"  FAILED configuring for clang-tidy\n{tail(output)}")
    known = {os.path.relpath(entry["file"], ROOT) for entry in json.load(open(ROOT / "build/tidy/compile_commands.json"))}
    limit = arguments.tidy_files
    files = [f for f in (sorted(known) if limit == 0 else changed_files()) if f in known and (ROOT / f).exists() and not f.startswith("build/")]
    if limit and len(files) > limit:
        say(f"  {len(files)} files have changed, the newest {limit} are looked at; --only tidy --tidy-files 0 looks at all")
        files = files[:limit]

    def one(name):
        return name, *run(["clang-tidy-19", "-p", "build/tidy", "--quiet", name])
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        for name, status, output in pool.map(one, files):
            TALLY.add(passed=status == 0, failed=status != 0)
            if status != 0:
                say(f"  FAILED clang-tidy {name}\n{tail(output, 40)}")
    return None


def house(_):
    for command in ([TESTS / "house_test", "--self-test"], [TESTS / "house_test"]):
        status, output = run(command)
        TALLY.add(passed=status == 0, failed=status != 0)
        if status != 0:
            say(f"  FAILED {' '.join(map(str, command))}\n{tail(output)}")


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every stage; a skip is a failure")
    parser.add_argument("--quick", choices=("asan", "tsan"), help="only unit and conformance tests under that sanitizer")
    parser.add_argument("--soak", action="store_true", help="the long forms of integration, churn and fuzz")
    parser.add_argument("--only", choices=EVERY, action="append", help="only this stage (repeatable)")
    parser.add_argument("--test", default="", help="only integration modules whose name contains this")
    parser.add_argument("--tidy-files", type=int, default=TIDY_MAX, help="how many changed files clang-tidy looks at; 0: every file there is")
    arguments = parser.parse_args()
    stages = [arguments.quick] if arguments.quick else arguments.only or (EVERY if arguments.all else DAILY)
    os.chdir(ROOT)

    released = False  # built once, by the first stage that needs it
    builds = Builds()

    def release():
        nonlocal released
        released = released or builds.get("release", options=["-DCARDEA_TESTS=ON"])
        return released

    def following(stage):
        """The preset that a later stage builds first."""
        later = stages[stages.index(stage) + 1:]
        return next((name for name in later if name in ("asan", "tsan", "fuzz")), None)

    def integrated():
        if release():
            builds.ahead(following("integration"))
            integration("release", soak=arguments.soak, only=arguments.test)

    actions = {
        "house": lambda: house(arguments),
        "unit": lambda: release() and unit("release"),
        "conformance": lambda: release() and conformance("release"),
        "budgets": lambda: release() and budgets(),
        "integration": integrated,
        "churn": lambda: release() and churn(arguments),
        "asan": lambda: sanitizer("asan", arguments, builds, following("asan")),
        "tsan": lambda: sanitizer("tsan", arguments, builds, following("tsan")),
        "fuzz": lambda: fuzz(arguments, builds),
        "tidy": lambda: tidy(arguments),
    }
    began = time.monotonic()
    for stage in stages:
        start, before = time.monotonic(), (TALLY.passed, TALLY.failed, TALLY.skipped)
        say(f"{stage}")
        actions[stage]()
        done = [now - then for now, then in zip((TALLY.passed, TALLY.failed, TALLY.skipped), before)]
        say(f"  {done[0]} passed, {done[1]} failed, {done[2]} skipped in {time.monotonic() - start:.0f} s")
    say(f"{time.monotonic() - began:.0f} s in all" + (", and --all permits no skip" if arguments.all and TALLY.skipped else ""))
    say(str(TALLY))
    return bool(TALLY.failed or (arguments.all and TALLY.skipped))


if __name__ == "__main__":
    sys.exit(main())
