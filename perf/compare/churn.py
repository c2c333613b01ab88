"""What it costs that endpoints come and go: one service of 10 000 in a file that changes 1 and 100 times a second, under the same
load as when it does not. Needs a network namespace of its own, where a whole network can be one origin."""

import os
import re
import subprocess
import threading
import time

from compare import figures, peers
from support import http, program, waiting

SPARE = 100  # half of them are there at a time
WIDE = 10_000 - SPARE // 2  # as many as are taken of one service, with those
NETWORK, PORT = "10.79.0.0/16", 9000
RATES = (0, 1, 100)  # changes a second
BUILT = "cardea_snapshots_built_total"
LOAD, SECONDS, CONNECTIONS = 2000, 2.0, 64  # requests a second, for so long a phase


class Wide(peers.Cardea):
    """Cardea with a file of endpoints."""

    def endpoints(self, running):
        running.file = os.path.join(running.directory, "endpoints")
        replace(running.file, text(0))
        return f"'file://{running.file}'"


def text(turn):
    """Those that stay, and half of those that come and go: one arrives and one leaves from turn to turn."""
    spare = ((turn + i) % SPARE for i in range(SPARE // 2))
    return "".join(f"10.79.{i // 250}.{i % 250}:{PORT}\n" for i in (*range(WIDE), *(WIDE + i for i in spare)))


def replace(path, content):
    with open(path + ".new", "w") as file:
        file.write(content)
    os.replace(path + ".new", path)


class Changes(threading.Thread):
    """Replaces a file at a rate. When nothing is to change, it does the same to a file that nobody watches, at the highest rate: so
    much for the writer's own part in the disturbance."""

    TEXTS = None

    def __init__(self, path, rate):
        super().__init__()
        Changes.TEXTS = Changes.TEXTS or [text(turn) for turn in range(SPARE)]
        self.path, self.rate, self.over, self.made = path, rate, threading.Event(), 0

    def run(self):
        began, step = time.monotonic(), 1 / RATES[-1]
        every = RATES[-1] // self.rate if self.rate else 0
        for turn in range(1 << 30):
            watched = every and turn % every == 0
            self.made += bool(watched)
            replace(self.path if watched else self.path + ".unwatched", Changes.TEXTS[self.made % SPARE if watched else turn % SPARE])
            if self.over.wait(max(0.0, began + (turn + 1) * step - time.monotonic())):
                return


def metrics(running):
    answer = http.get(f"unix:{running.directory}/admin.sock", "/metrics", host="localhost")
    return answer.text


def value(page, name):
    found = re.search(rf"^{name} (\S+)", page, re.M)
    return float(found[1]) if found else None


def buckets(page, name):
    """Of a histogram: {upper bound in seconds: count}."""
    counted, below = {}, 0.0
    for bound, count in re.findall(rf'^{name}_bucket\{{le="([^"]+)"\}} (\S+)', page, re.M):
        counted[float(bound.replace("+Inf", "inf"))] = float(count) - below
        below = float(count)
    return counted


def longest(before, after, name):
    """The upper bound of the longest time of a histogram between two pages."""
    earlier = buckets(before, name)
    grown = [bound for bound, count in buckets(after, name).items() if count > earlier.get(bound, 0)]
    return max(grown, default=0.0)


def phase(session, running, rate):
    """The load for a while, with so many changes a second."""
    changes = Changes(running.file, rate)
    before = metrics(running)
    changes.start()
    try:
        done = session.bench.load(running, "--connections", str(CONNECTIONS), "--rate", str(LOAD), "--warmup", "200",
                                  "--duration", f"{SECONDS * 1000:.0f}ms", "--path", "/b/1024")
        after = metrics(running)
    finally:
        changes.over.set()
        changes.join()
    waiting.until(lambda: value(metrics(running), "cardea_snapshots_alive") <= 4, "old snapshots to go")
    return {"p50_us": done["p50_us"], "p99_us": done["p99_us"], "cpu_us": done["cpu_us"], "failed": done["failed"], "closed": done["reconnects"],
            "changes": changes.made, "built": value(after, BUILT) - value(before, BUILT), "snapshots": value(after, "cardea_snapshots_alive"),
            "lag": longest(before, after, "cardea_loop_lag_seconds"), "pause": longest(before, after, "cardea_snapshot_apply_seconds"),
            "rss_kib": program.memory(running.processes[0])}


def run(session, scenario):
    """Rounds of a phase of each rate, in turn. Cardea may use every processor: its control thread is not its worker."""
    added = subprocess.run(["ip", "route", "add", "local", NETWORK, "dev", "lo"], capture_output=True, text=True, check=False)
    if added.returncode != 0 or not session.bench.private:
        print("left out: needs root and a network namespace of its own")
        return {"missing": "needs a network namespace"}
    session.bench.add_origin(f"0.0.0.0:{PORT}")
    cardea = session.running["cardea"].peer
    peer = Wide(cardea.binary, "cardea", more="journal: {entries: 200}\n")  # full at once: what it keeps is no growth
    phases = {rate: [] for rate in RATES}
    with session.bench.start(peer, cpus=session.bench.every_cpu) as running:
        session.bench.load(running, "--connections", "64", "--requests", str(2 * WIDE), "--path", "/b/1024")  # every endpoint is connected to
        phase(session, running, RATES[-1])  # memory has its shape after that
        for _ in range(max(3, session.rounds // 3)):
            for rate in RATES:
                phases[rate].append(phase(session, running, rate))
            session.rest()
    found = summary(phases)
    tell(found)
    return found


def summary(phases):
    found = {"endpoints": WIDE + SPARE // 2, "load": LOAD, "phases": {str(rate): taken for rate, taken in phases.items()}}
    quiet = phases[0]
    for rate in RATES[1:]:
        found[f"p99_{rate}"] = figures.ratios([taken["p99_us"] for taken in phases[rate]], [taken["p99_us"] for taken in quiet])
    every = [taken for rates in phases.values() for taken in rates]
    found["snapshots"] = max(taken["snapshots"] for taken in every)
    found["failed"] = sum(taken["failed"] for taken in every)
    found["closed"] = sum(taken["closed"] for taken in every)
    for what in ("lag", "pause"):
        found[what] = {str(rate): [taken[what] for taken in phases[rate]] for rate in RATES}
    # Between the ends of two phases of the highest rate lies a whole round.
    busy = phases[RATES[-1]]
    found["rss_growth"] = [(b["rss_kib"] - a["rss_kib"]) * 1000 / b["changes"] for a, b in zip(busy, busy[1:])]
    return found


def tell(found):
    for rate in RATES:
        taken = found["phases"][str(rate)]
        p50, p99 = (figures.interval([one[key] for one in taken]) for key in ("p50_us", "p99_us"))
        lag = figures.interval(found["lag"][str(rate)])
        built = sum(one["built"] for one in taken) / sum(one["changes"] for one in taken) if rate else 0
        print(f"{rate:>3} changes a second  p50 {p50.text(0)} us, p99 {p99.text(0)} us, longest wait of a worker in {SECONDS:g} s below "
              f"{lag.median * 1000:g} ms ({lag.low * 1000:g}..{lag.high * 1000:g}), {built:.2f} snapshots a change")
    for rate in RATES[1:]:
        pause = figures.interval(found["pause"][str(rate)])
        print(f"{rate:>3} changes a second: a worker did nothing else for less than {pause.median * 1000:g} ms at a time "
              f"({pause.low * 1000:g}..{pause.high * 1000:g})")
        print(f"p99 at {rate} a second to none: {figures.interval(found[f'p99_{rate}']).text()}")
    growth = figures.interval(found["rss_growth"])
    print(f"{found['snapshots']:.0f} snapshots alive at most, {found['failed']} requests lost, {found['closed']} connections closed, "
          f"memory grows by {growth.text(0)} KiB in 1000 changes")
