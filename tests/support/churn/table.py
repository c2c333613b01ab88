"""What the moments came to, for people."""

from support.churn.result import BARS

JUDGED = ("stop-exit", "stop-graceful", "kill", "late", "register")


def failures(data, method):
    """`2 (502_upstream_reset 2; b 2)` or `0`."""
    found = data["failed"].get(method, {})
    if not found:
        return "0"
    classes = [f"{name.split()[1]} {count}" for name, count in sorted(data["classes"].items()) if name.startswith(method + " ")]
    words = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
    return f"{sum(found.values())} ({words}; {', '.join(classes)})"


def arrival(data):
    found = data["arrivals"]
    if not found["count"]:
        return "-"
    text = f"{found['p50']:.0f}/{found['p99']:.0f} ms"
    if data["moment"] not in JUDGED:
        return text  # the first one after an outage is no measure of arrivals
    bar = BARS[data["kind"]]
    return f"{text}, p50 <= {bar:.0f} {'met' if found['p50'] <= bar else 'missed'}"


def closed(data):
    return ", ".join(f"{count} {how}" for how, count in sorted(data["closed"].items())) or "0"


COLUMNS = {
    "moment": lambda d: f"{d['moment']} x{d['count']}",
    "requests": lambda d: str(sum(d["requests"].values())),
    "failed GET": lambda d: failures(d, "GET"),
    "failed POST": lambda d: failures(d, "POST"),
    "failed PUT": lambda d: failures(d, "PUT"),
    "repeats": lambda d: str(d["repeats"]),
    "moved": lambda d: str(d["moved"]),
    "queued": lambda d: str(d["queued"]),
    "duplicates": lambda d: str(d["duplicates"]),
    "closed": closed,
    "streams lost": lambda d: f"{d['lost'].get('unaffected', 0)} (+{d['lost'].get('affected', 0)} by right)",
    "arrival p50/p99": arrival,
    "p50/p99/max ms": lambda d: "/".join(f"{d['latency'][share]:.0f}" for share in ("500", "990", "1000")),
    "s": lambda d: f"{d['seconds']:.0f}",
}


def report(results):
    whole = [data for data in results if "requests" in data]
    rows = [list(COLUMNS)] + [[column(data) for column in COLUMNS.values()] for data in whole]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines += [f"{data['moment']}: {note}" for data in whole for note in data["notes"]]
    return "\n".join(lines + [line for data in results for line in faults(data)])


def faults(data):
    """Every fault, and the first requests it was seen in."""
    lines = [f"FAILED {data['moment']}: {fault}" for fault in data["faults"]]
    return lines + [f"    {example}" for example in data.get("examples", [])[:20]] if lines else []


def short(results):
    return "\n".join(line for data in results for line in faults(data)) or "nothing lost"


def comparison(results):
    """`results[door, moment]` as a Markdown table: what each lost at each moment."""
    doors = list(dict.fromkeys(door for door, _ in results))
    lines = [f"| moment | {' | '.join(doors)} |", "|---" * (len(doors) + 1) + "|"]
    for moment in dict.fromkeys(moment for _, moment in results):
        cells = [cell(results[door, moment]) for door in doors]
        lines.append(f"| {moment} x{results[doors[0], moment]['count']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(data):
    if "ended" in data:
        return "a container was not served within 30 s" if "through the proxy" in data["ended"] else data["ended"]
    lost = {method: sum(found.values()) for method, found in data["failed"].items()}
    words = [f"{lost.get('GET', 0)} GET, {lost.get('POST', 0)} POST lost"]
    if sum(data["closed"].values()):
        words.append(f"{sum(data['closed'].values())} connections closed")
    if data["lost"].get("unaffected"):
        words.append(f"{data['lost']['unaffected']} streams of others lost")
    if data["duplicates"]:
        words.append(f"{data['duplicates']} POST twice")
    words.append(f"p99 {data['latency']['990']:.0f} ms")
    if data["arrivals"]["count"]:
        words.append(f"arrival {data['arrivals']['p50']:.0f} ms")
    return ", ".join(words)
