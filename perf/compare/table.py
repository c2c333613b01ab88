"""What was measured, as text."""

from compare import figures, goals


def order(found, names):
    """Cardea first, then as they were asked for."""
    return sorted(names, key=lambda name: (not name.startswith("cardea"), list(found["versions"]).index(name)))


def of_load(found, scenario):
    """A row for each peer: CPU, latency, rate and failures, and how the first one stands to it."""
    taken = found["scenarios"][scenario]
    names = order(found, taken["rounds"])
    first = names[0]
    lines = [f"\n{scenario}: {taken['title']}", f"{'':<16}{'CPU us':>22}{'to limit':>19}{first + ' to it':>23}{'p50 us':>22}{first + ' to it':>23}"
             f"{'p99 us':>9}{'a second':>10}{'failed':>8}"]
    for name in names:
        cpu, p50, p99, rate = (figures.interval(goals.column(found, scenario, name, key)) for key in ("cpu_us", "p50_us", "p99_us", "rps"))
        if not cpu:
            lines.append(f"{name:<16} no sample")
            continue
        failed = sum(1 if value is None else value for value in goals.column(found, scenario, name, "failed"))

        def ratio(a, b, key):
            return goals.compared(found, scenario, a, b, key).text() if a != b and {a, b} <= set(names) else "-"
        lines.append(f"{name:<16}{cpu.text(1):>22}{ratio(name, 'limit', 'cpu_us'):>19}{ratio(first, name, 'cpu_us'):>23}{p50.text(0):>22}"
                     f"{ratio(first, name, 'p50_us'):>23}{p99.median:9.0f}{rate.median:10.0f}{failed:8}")
    return "\n".join(lines)


COUNTS = (  # heading, keys, factor, digits
    ("calls, 1", ("system_calls",), 1, 2),
    ("calls, 64", ("system_calls_64",), 1, 2),
    ("instructions", ("code", "instructions"), 1, 0),
    ("allocations", ("code", "allocations"), 1, 3),
    ("B/connection", ("memory", "connection_bytes"), 1, 0),
    ("rest MiB", ("memory", "base_kib"), 1 / 1024, 1),
    ("RSS MiB", ("memory", "resident_kib"), 1 / 1024, 1),
)


def of_counts(found):
    lines = ["\na request: system calls with 1 and 64 connections, user instructions and allocations (1 KiB); memory of an idle connection,",
             "memory at rest (proportional set of all processes; resident set of the first)",
             f"{'':<16}" + "".join(f"{heading:>14}" for heading, *_ in COUNTS)]
    for name in order(found, found["counts"]):
        cells = []
        for _, keys, factor, digits in COUNTS:
            value = goals.counted(found, name, *keys)
            cells.append(f"{'-' if value is None else f'{value * factor:.{digits}f}':>14}")
        lines.append(f"{name:<16}" + "".join(cells))
    for name, kept in found["counts"].items():
        lines += [f"  {name}: {what} not counted: {why}" for what, why in kept.get("why_not", {}).items()]
    return "\n".join(lines)


def of_functions(found, name="cardea", most=30):
    """Where the instructions of a request are."""
    functions = goals.counted(found, name, "code", "functions")
    if not functions:
        return f"\n{name}: its instructions were not counted"
    lines = [f"\n{name}: user instructions of a request, by function"]
    lines += [f"{count:9.0f}  {function[:150]}" for function, count in list(functions.items())[:most]]
    return "\n".join(lines)


def markdown(found):
    """For a document: Cardea's CPU time of a request as a ratio to each of the others, and the counts; with what it was measured on."""
    names = [name for name in order(found, found["versions"]) if not name.startswith("cardea")]
    titles = [f"{name} {found['versions'][name]}".strip() for name in names]
    rounds = max((len(samples) for kept in found["scenarios"].values() for samples in kept.get("rounds", {}).values()), default=0)
    lines = [f"{found.get('machine', '')}, {rounds} rounds", "",
             f"| CPU of a request, Cardea {found['versions'].get('cardea', '')} to | {' | '.join(titles)} |", "|---|" + "---|" * len(names)]
    for scenario, kept in found["scenarios"].items():
        if "limit" in kept.get("rounds", {}):
            cells = [versus.text() if (versus := goals.compared(found, scenario, "cardea", name)) else "-" for name in names]
            lines.append(f"| {kept['title']} | {' | '.join(cells)} |")
    counted = order(found, found["counts"])
    lines += ["", f"| counts | {' | '.join(counted)} |", "|---|" + "---|" * len(counted)]
    for heading, keys, factor, digits in COUNTS:
        values = [goals.counted(found, name, *keys) for name in counted]
        lines.append(f"| {heading} | {' | '.join('-' if value is None else f'{value * factor:.{digits}f}' for value in values)} |")
    return "\n".join(lines)


def of_goals(found):
    return "\ngoals\n" + goals.report(found)
