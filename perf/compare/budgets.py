"""perf/check: what is counted, against perf/budgets.yaml."""

import argparse
import contextlib
import functools
import json
import pathlib
import re
import subprocess
import sys

from compare import counts, holding, peers, stand

FILE = pathlib.Path(stand.ROOT) / "perf" / "budgets.yaml"
GET, POST = ("--path", "/b/1024"), ("--path", "/b/64", "--method", "POST", "--body", "4096")
CONNECTIONS = 4000  # idle ones, so that what grows by pages does not matter
DESCRIPTION = """Counts what perf/budgets.yaml sets bars to, and says what is over its bar. Needs the release build with
CARDEA_TESTS=ON (`tests/run --only budgets` makes it), strace and valgrind."""
STEPS = "^(request_head|response_head|chunked_body|route/find|pick|timer_wheel|block_pool|task|access_log|metrics)/"  # of each request


def read():
    """The budgets by name: a small part of YAML, `name:` and below it `  key: text`."""
    budgets, last = {}, None
    for number, line in enumerate(FILE.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        name, pair = re.fullmatch(r"(\w+):", line), re.fullmatch(r"  (\w+):(?: (.*))?", line)
        if name:
            last = budgets.setdefault(name[1], {})
        elif pair and last is not None:
            last[pair[1]] = pair[2] or ""
        else:
            sys.exit(f"{FILE}:{number}: not understood: {line}")
    return budgets


def write(found):
    """Puts what was counted behind `measured:`."""
    name, lines = None, []
    for line in FILE.read_text().splitlines():
        name = line[:-1] if re.fullmatch(r"\w+:", line) else name
        if name in found and line.startswith("  measured:"):
            line = f"  measured: {shown(found[name])}"
        lines.append(line)
    FILE.write_text("\n".join(lines) + "\n")


def shown(value):
    """Three digits, where there are no more in front of the point."""
    return f"{value:.0f}" if value >= 100 or value == 0 else f"{value:.3g}"


class Measures:
    """One function a budget; what several of them need is counted once."""

    def __init__(self, bench):
        self.bench, self.cardea = bench, peers.make("cardea", bench.tools)

    @functools.cached_property
    def nginx(self):
        """The newest there is; the older one serves as well, they need the same."""
        for folder in (peers.NEWEST, peers.OLDER):
            with contextlib.suppress(peers.Missing):
                return type("Nginx", (peers.Nginx,), {"folder": folder})()
        raise counts.Unavailable("no nginx: deploy/install-dependencies --tests unpacks one")

    @functools.cached_property
    def get(self):
        return counts.code(self.bench, self.cardea, options=GET)

    @functools.cached_property
    def post(self):
        return counts.code(self.bench, self.cardea, options=POST)

    @functools.cached_property
    def memory(self):
        return counts.idle_memory(self.bench, self.cardea, CONNECTIONS)

    def system_calls_of_a_get(self):
        return counts.system_calls_traced(self.bench, self.cardea, options=GET)

    def system_calls_of_a_post(self):
        return counts.system_calls_traced(self.bench, self.cardea, options=POST)

    def instructions_of_a_get(self):
        return self.get.instructions

    def instructions_of_a_get_vs_nginx(self):
        return self.get.instructions / counts.code(self.bench, self.nginx, options=GET).instructions

    def allocations_of_a_get(self):
        return self.get.allocations

    def instructions_of_a_post(self):
        return self.post.instructions

    def allocations_of_a_post(self):
        return self.post.allocations

    def memory_of_an_idle_connection(self):
        return self.memory.connection_bytes

    def memory_of_an_idle_connection_vs_nginx(self):
        return self.memory.connection_bytes / counts.idle_memory(self.bench, self.nginx, CONNECTIONS).connection_bytes

    def memory_at_rest(self):
        return self.memory.resident_kib / 1024

    def allocations_of_the_steps(self):
        done = subprocess.run([self.bench.tool("micro"), f"--benchmark_filter={STEPS}", "--benchmark_min_time=0.001",
                               "--benchmark_format=json"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise counts.Unavailable(f"micro: {done.stderr.strip()[-400:]}")
        steps = json.loads(done.stdout)["benchmarks"]
        if not steps or any(step.get("error_occurred") for step in steps):
            raise counts.Unavailable("micro measured nothing, or something wrong")
        if wrong := [step["name"] for step in steps if step["allocations"] != 0]:
            print("  allocate: " + ", ".join(wrong))
        return sum(step["allocations"] for step in steps)


def judge(name, budget, value):
    """Why the budget is not kept, or None."""
    bar, goal = float(budget["bar"]), float(budget["goal"])
    if bar > goal and not budget["reason"]:
        return f"the bar is above the goal of {shown(goal)} and no reason is given"
    if value > bar:
        return f"over its bar; measured before: {budget['measured'] or 'never'}"
    return None


def main():
    parser = argparse.ArgumentParser(prog="perf/check", description=DESCRIPTION)
    parser.add_argument("--write", action="store_true", help="note what was counted in perf/budgets.yaml")
    parser.add_argument("--only", default="", help="only budgets whose name contains this")
    parser.add_argument("--build", default=stand.RELEASE, help="folder of cardea, origin, load and micro (build/release)")
    arguments = parser.parse_args()
    found, failed, skipped = {}, 0, 0
    holding.descriptors()
    with stand.Stand(arguments.build) as bench:
        measures = Measures(bench)
        for name, budget in read().items():
            if arguments.only not in name:
                continue
            try:
                found[name] = value = getattr(measures, name)()
            except counts.Unavailable as why:
                skipped += 1
                print(f"{name:33} not counted: {why}", flush=True)
                continue
            why = judge(name, budget, value)
            failed += why is not None
            print(f"{name:33} {shown(value):>6}   bar {budget['bar']:>5}" + (f"   FAILED: {why}" if why else ""), flush=True)
    if arguments.write:
        write(found)
    print(f"{len(found) - failed} passed, {failed} failed, {skipped} skipped")
    return failed > 0
