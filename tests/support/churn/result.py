"""Judges one moment: which losses there were, of which class, and whether they were permitted."""

import collections

from support.churn import diary

BARS = {"docker": 20.0, "consul": 50.0}  # milliseconds from the fact to the first answer, median


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def word_of(request):
    """The class a failure is counted under."""
    return (str(request.status) + ("_" + request.reason if request.reason else "")) if request.outcome == "status" else request.outcome


class Permitted:
    """What a moment may cost: classes of lost requests (of GETs only that whose response had begun), and how kept connections
    may end, and how many seconds after an upgrade began the streams that the old process has. Nothing, unless it says so."""

    def __init__(self, classes=(), closed=(), streams_after=None):
        self.classes, self.closed, self.streams_after = set(classes), set(closed), streams_after

    def stream_may_end(self, opened, ended, upgrades):
        """A stream opened within a second of an upgrade's beginning may still be the old process'."""
        after = [began for began in upgrades if began > opened - 1_000_000]
        return self.streams_after is not None and bool(after) and ended > after[0] + self.streams_after * 1e6


ABANDONED = Permitted("abc")  # endpoints end with requests inside them


class Result:
    """`gone`: names whose streams end by right. `facts`: name -> microseconds of the source's fact about its arrival. `kind` is
    where the fact comes from. `upgrades`: when each began."""

    def __init__(self, moment, count, seconds, book, journal, record, gone=(), facts=None, kind="docker", permitted=Permitted(), upgrades=()):
        self.moment, self.count, self.seconds, self.permitted = moment, count, seconds, permitted
        self.requests = dict(book.requests)
        self.repeats, self.duplicates, self.counts = book.repeats, journal.duplicates(), record.counts
        self.closed = dict(book.closed)
        self.latency = {str(share): (quantile(book.latencies, share / 1000) or 0) / 1000 for share in (500, 990, 999, 1000)}
        self.measured, self.notes = {}, []  # what a moment adds: numbers, and lines for people
        self.failed = {method: collections.Counter() for method in ("GET", "POST", "PUT")}
        self.classes = collections.Counter()
        self.faults, self.examples = [], []
        for request in book.failed:
            self.classify(request, journal, record)
        self.lost = collections.Counter()
        self.count_streams(book.streams, gone, upgrades)
        arrivals = [(book.first[name] - max(fact, journal.listening.get(name, 0))) / 1000 for name, fact in (facts or {}).items() if name in book.first]
        self.kind, self.arrivals = kind, {"count": len(arrivals), "p50": quantile(arrivals, 0.5), "p99": quantile(arrivals, 0.99)}
        self.judge()

    def count_streams(self, events, gone, upgrades):
        opened = {}
        for event in events:
            if event.event == "open":
                opened[event.number] = event.time
            elif event.event == "lost":
                by_right = event.origin in gone or self.permitted.stream_may_end(opened[event.number], event.time, upgrades)
                self.lost["affected" if by_right else "unaffected"] += 1
                if not by_right and len(self.examples) < 40:
                    self.examples.append(f"{event.kind} {event.number} on {event.origin} {event.why} at {event.time / 1e6:.3f}")

    def classify(self, request, journal, record):
        word = word_of(request)
        self.failed[request.method][word] += 1
        found = record.lost.get((request.method, request.key), "unrecorded")
        arrived = journal.arrived.get((request.method, request.key), 0)
        self.classes[request.method, found] += 1
        if found == "nobody" and arrived:
            self.faults.append(f"{request.method} {request.key} is recorded as sent to nobody, and came to an origin")
        if len(self.examples) < 40:
            self.examples.append(f"{request.method} {request.key} {word} class {found}, {arrived} times at an origin, "
                                 f"after {(request.end - request.due) / 1000:.0f} ms at {request.end / 1e6:.3f}")

    def judge(self):
        for (method, found), count in sorted(self.classes.items()):
            if found not in self.permitted.classes or (method == "GET" and found != "a"):
                self.faults.append(f"{count} failed {method} of class {found}")
        if self.duplicates:
            self.faults.append(f"{self.duplicates} duplicated POST")
        if self.lost["unaffected"]:
            self.faults.append(f"{self.lost['unaffected']} streams lost on unaffected endpoints")
        closed = {how: count for how, count in self.closed.items() if how not in self.permitted.closed}
        if "a" in self.permitted.classes and self.classes:
            closed.pop("broken", None)  # the connections of those requests
        if closed:
            self.faults.append(f"kept connections closed: {', '.join(f'{v} {k}' for k, v in sorted(closed.items()))}")

    def data(self):
        return {"moment": self.moment, "count": self.count, "seconds": round(self.seconds, 1), "requests": self.requests,
                "failed": {method: dict(found) for method, found in self.failed.items() if found},
                "classes": {f"{method} {found}": count for (method, found), count in self.classes.items()},
                "repeats": self.repeats, "duplicates": self.duplicates, **self.counts, "closed": self.closed,
                "lost": dict(self.lost), "arrivals": self.arrivals, "kind": self.kind, "latency": self.latency, "faults": self.faults,
                "measured": self.measured, "notes": self.notes,
                "examples": self.examples}
