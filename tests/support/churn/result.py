"""Judges one moment: which losses there were, of which class, and whether they were permitted."""

import collections

from support.churn import diary

BARS = {"docker": 20.0, "consul": 50.0}  # milliseconds from the fact to the first answer, median


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def word_of(request):
    """The class a failure is counted under."""
    return (str(request.status) + ("_" + request.reason if request.reason else "")) if request.outcome == "status" else request.outcome


class Result:
    """`gone`: names whose streams end by right. `facts`: name -> microseconds of the source's fact about its arrival. `kind` is
    where the fact comes from. `abandons`: endpoints end with requests inside them, so the classes (a), (b), (c) are permitted."""

    def __init__(self, moment, count, seconds, book, journal, gone=(), facts=None, kind="docker", abandons=False, announced_may_close=False):
        self.moment, self.count, self.seconds, self.abandons = moment, count, seconds, abandons
        self.requests = dict(book.requests)
        self.repeats, self.duplicates, self.moved = book.repeats, journal.duplicates(), journal.duplicates("GET") - book.repeats
        self.closed = dict(book.closed)
        self.announced_may_close = announced_may_close
        self.latency = {str(share): (quantile(book.latencies, share / 1000) or 0) / 1000 for share in (500, 990, 999, 1000)}
        self.failed = {method: collections.Counter() for method in ("GET", "POST", "PUT")}
        self.classes = collections.Counter()
        self.faults, self.examples = [], []
        for request in book.failed:
            self.classify(request, journal)
        self.lost = collections.Counter()
        for stream in book.streams:
            if stream.event == "lost" and not stream.why.startswith("ended_by"):
                self.lost["affected" if stream.origin in gone else "unaffected"] += 1
        arrivals = [(book.first[name] - max(fact, journal.listening.get(name, 0))) / 1000 for name, fact in (facts or {}).items() if name in book.first]
        self.kind, self.arrivals = kind, {"count": len(arrivals), "p50": quantile(arrivals, 0.5), "p99": quantile(arrivals, 0.99)}
        self.judge()

    def classify(self, request, journal):
        self.failed[request.method][word_of(request)] += 1
        arrived = journal.arrived.get((request.method, request.key), 0)
        if request.outcome in diary.BEGUN:
            found = "a"
        elif request.method == "POST" and (arrived or request.reason in ("upstream_reset", "upstream_closed")):
            found = "b"
        elif request.method == "PUT" and request.reason in ("upstream_reset", "upstream_closed"):
            found = "c"
        else:
            found = "other"
        self.classes[request.method, found] += 1
        if len(self.examples) < 40:
            self.examples.append(f"{request.method} {request.key} {word_of(request)} class {found}, {arrived} times at an origin, "
                                 f"after {(request.end - request.due) / 1000:.0f} ms at {request.end / 1e6:.3f}")

    def judge(self):
        for (method, found), count in sorted(self.classes.items()):
            if found == "other" or not self.abandons:
                self.faults.append(f"{count} failed {method} of class {found}")
        if self.duplicates:
            self.faults.append(f"{self.duplicates} duplicated POST")
        if self.lost["unaffected"]:
            self.faults.append(f"{self.lost['unaffected']} streams lost on unaffected endpoints")
        closed = sum(count for how, count in self.closed.items() if not (how == "announced" and self.announced_may_close))
        if closed:
            self.faults.append(f"{closed} kept connections closed ({', '.join(f'{v} {k}' for k, v in sorted(self.closed.items()))})")

    def data(self):
        return {"moment": self.moment, "count": self.count, "seconds": round(self.seconds, 1), "requests": self.requests,
                "failed": {method: dict(found) for method, found in self.failed.items() if found},
                "classes": {f"{method} {found}": count for (method, found), count in self.classes.items()},
                "repeats": self.repeats, "duplicates": self.duplicates, "moved": self.moved, "closed": self.closed,
                "lost": dict(self.lost), "arrivals": self.arrivals, "kind": self.kind, "latency": self.latency, "faults": self.faults,
                "examples": self.examples}
