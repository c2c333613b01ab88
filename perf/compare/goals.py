"""What Cardea is to reach, as ratios of what was measured side by side in one run, and whether it did."""

import dataclasses

from compare import figures


@dataclasses.dataclass(frozen=True)
class Goal:
    """`find(found)` answers an Interval, or None when the run did not measure it."""
    title: str
    bar: float
    stretch: float
    find: object
    unit: str = ""


def column(found, scenario, peer, key):
    """One value a round; None where a sample failed."""
    taken = found["scenarios"].get(scenario, {}).get("rounds", {}).get(peer)
    return taken and [sample.get(key) if sample else None for sample in taken]


def compared(found, scenario, above, below, key="cpu_us"):
    """The Interval of the ratio of two peers, round by round."""
    a, b = column(found, scenario, above, key), column(found, scenario, below, key)
    return figures.interval(figures.ratios(a, b)) if a and b else None


def ratio(title, scenario, below, bar, stretch, above="cardea", key="cpu_us"):
    return Goal(f"{title} to {below}", bar, stretch, lambda found: compared(found, scenario, above, below, key))


def counted(found, peer, *keys):
    value = found["counts"].get(peer)
    for key in keys:
        value = value.get(key) if value else None
    return value


def count(title, bar, stretch, *keys, scale=1.0, unit=""):
    def find(found):
        value = counted(found, "cardea", *keys)
        return None if value is None else figures.exact(value * scale)
    return Goal(title, bar, stretch, find, unit)


def count_ratio(title, bar, stretch, *keys, below="nginx"):
    def find(found):
        a, b = counted(found, "cardea", *keys), counted(found, below, *keys)
        return figures.exact(a / b) if a is not None and b else None
    return Goal(f"{title} to {below}", bar, stretch, find)


def churned(title, bar, stretch, take, unit=""):
    def find(found):
        kept = found["scenarios"].get("churn", {}).get("figures", {})
        return take(kept) if "phases" in kept else None
    return Goal(title, bar, stretch, find, unit)


def failures(found):
    """Requests that failed through Cardea in any scenario."""
    scenarios = [name for name, scenario in found["scenarios"].items() if "cardea" in scenario.get("rounds", {})]
    lists = [column(found, name, peer, "failed") for name in scenarios
             for peer in found["scenarios"][name]["rounds"] if peer.startswith("cardea")]
    return figures.exact(sum(1 if failed is None else failed for taken in lists for failed in taken)) if lists else None


def memory_growth(kept):
    """No slope is what an interval with zero in it shows; else the whole of it counts."""
    found = figures.interval(kept["rss_growth"])
    return figures.exact(0.0) if found.low <= 0 else found


GOALS = (
    ratio("CPU, 1 KiB, equal load", "equal", "limit", 1.15, 1.08),
    ratio("CPU, 1 KiB, equal load", "equal", "nginx", 0.88, 0.80),
    ratio("CPU, 1 KiB, equal load", "equal", "haproxy", 0.80, 0.72),
    ratio("CPU, 1 KiB, closed loop of 64", "closed", "limit", 1.15, 1.05),
    ratio("CPU, 1 KiB, closed loop of 64", "closed", "nginx", 0.85, 0.75),
    ratio("CPU, 1 KiB, closed loop of 64", "closed", "haproxy", 0.80, 0.70),
    ratio("CPU, 1 KiB, closed loop of 512", "many", "nginx", 0.80, 0.60),
    ratio("CPU, 64 KiB", "64k", "limit", 1.15, 0.95),
    ratio("CPU, 64 KiB", "64k", "nginx", 0.50, 0.40),
    ratio("CPU, 64 KiB", "64k", "haproxy", 0.75, 0.60),
    ratio("CPU, 1 MiB", "1m", "limit", 0.60, 0.53),
    ratio("CPU, 1 MiB", "1m", "nginx", 0.30, 0.25),
    ratio("CPU, 1 MiB", "1m", "haproxy", 0.50, 0.40),
    ratio("CPU, POST 4 KiB", "post-4k", "nginx", 0.90, 0.75),
    ratio("CPU, a connection for each request", "connect", "nginx", 1.00, 0.90),
    ratio("CPU, 1 KiB, closed loop of 64", "closed", "nginx-seed", 0.35, 0.27),
    count("system calls of a request, 1 connection", 6.2, 6.0, "system_calls"),
    count_ratio("user instructions of a request", 0.45, 0.33, "code", "instructions"),
    count("allocations of a request", 0.05, 0.0, "code", "allocations"),
    count_ratio("memory of an idle connection", 1.0, 0.9, "memory", "connection_bytes"),
    count("memory at rest (RSS)", 10.0, 8.0, "memory", "resident_kib", scale=1 / 1024, unit="MiB"),
    ratio("p50, 1 connection", "one", "nginx", 0.95, 0.90, key="p50_us"),
    ratio("p50, 1 connection, latency: adaptive", "adaptive", "nginx", 0.60, 0.50, above="cardea-adaptive", key="p50_us"),
    ratio("CPU, access log on", "log", "cardea", 1.05, 1.03, above="cardea-log"),
    churned("10 000 endpoints change: longest pause of a worker, below", 1.0, 0.2,
            lambda kept: figures.interval([seconds * 1000 for seconds in kept["pause"]["1"]]), "ms"),
    churned("10 000 endpoints change: connections closed", 0, 0, lambda kept: figures.exact(kept["closed"])),
    churned("10 000 endpoints change: requests lost", 0, 0, lambda kept: figures.exact(kept["failed"])),
    churned("100 changes a second: p99 to none", 1.2, 1.1, lambda kept: figures.interval(kept["p99_100"])),
    churned("100 changes a second: snapshots alive (workers + 2)", 3, 3, lambda kept: figures.exact(kept["snapshots"])),
    churned("100 changes a second: memory grows, in 1000 changes", 0, 0, memory_growth, "KiB"),
    Goal("requests failed in any scenario", 0, 0, failures),
)


def judged(found):
    """(verdict, Goal, Interval) of what the run has measured."""
    return [(figures.verdict(value, goal.bar), goal, value) for goal in GOALS if (value := goal.find(found)) is not None]


def why_not(found):
    """Why no bar is judged, or None."""
    if found["older"]:
        return (f"{', '.join(found['older'])} is what this machine has, and the bars are about Debian's newest: deploy/fetch-deb could not "
                "unpack them")
    return None


def report(found):
    why = why_not(found)
    if why:
        return f"no bar is judged: {why}"
    rows = judged(found)
    if not rows:
        return "no goal was measured"
    lines = [f"{'':<8} {'goal':<60} {'found':<22} {'bar':>6} {'stretch':>8}"]
    for word, goal, value in rows:
        reached = "*" if value.high <= goal.stretch else ""
        lines.append(f"{word:<8} {goal.title:<60} {value.text() + (' ' + goal.unit if goal.unit else ''):<22} {goal.bar:>6g} "
                     f"{goal.stretch:>7g}{reached:1}")
    tally = {word: sum(row[0] == word for row in rows) for word in ("met", "met?", "missed?", "missed")}
    lines.append(", ".join(f"{number} {word}" for word, number in tally.items() if number) + "; * the stretch too. With `?` only the median "
                 "is on that side of the bar, not the whole interval: more rounds tell")
    return "\n".join(lines)
