"""Reads what perf/load/steady wrote while things changed, and the journal its origins kept."""

import collections
import os
import time

BODY_BUFFER = 64 * 1024  # Cardea's default `retry.body_buffer`
BEGUN = ("reset_after", "truncated")  # outcomes after a byte of the response

Request = collections.namedtuple("Request", "due end method key outcome status origin reason carried repeated")
Stream = collections.namedtuple("Stream", "time kind number event origin why")


def word(text):
    return "" if text == "-" else text


class Diary:
    """Follows the file while it grows: who was seen when, and whatever is not ordinary. Ordinary requests are only counted."""

    def __init__(self, path):
        self.path, self.offset, self.rest = path, 0, ""
        self.requests = collections.Counter()  # by method
        self.failed, self.repeats, self.latencies = [], 0, []
        self.closed = collections.Counter()  # kept connections, by how
        self.streams = []
        self.first, self.last = {}, {}  # origin -> microseconds of its first and its latest good answer
        self.posts = set()  # keys that were answered

    def follow(self):
        """Takes in what has been written since."""
        try:
            with open(self.path) as file:
                file.seek(self.offset)
                text = file.read()
                self.offset = file.tell()
        except FileNotFoundError:
            return self
        lines = (self.rest + text).split("\n")
        self.rest = lines.pop()
        for line in lines:
            kind, *words = line.split(" ")
            if kind == "R":
                self.request(Request(int(words[0]), int(words[1]), *words[2:5], int(words[5]), word(words[6]), word(words[7]), int(words[8]),
                                     words[9] == "repeated"))
            elif kind == "C":
                self.closed[words[1]] += 1
            elif kind == "S":
                self.streams.append(Stream(int(words[0]), words[1], int(words[2]), words[3], word(words[4]), word(words[5])))
        return self

    def request(self, request):
        self.requests[request.method] += 1
        self.repeats += request.repeated
        if request.outcome != "ok":
            self.failed.append(request)
            return
        self.latencies.append(request.end - request.due)
        self.first.setdefault(request.origin, request.end)
        self.last[request.origin] = request.end

    def streams_open(self, kind):
        """How many have been opened so far."""
        return sum(stream.event == "open" and stream.kind == kind for stream in self.follow().streams)

    def seen(self, name, since=0.0):
        """Whether `name` has answered after the moment `since` (seconds)."""
        return self.follow().last.get(name, 0) > since * 1e6

    def seen_of(self, names, since=0.0):
        return all(self.seen(name, since) for name in names)


class Journal:
    """What the origins wrote: it is outside of them and survives their ends."""

    def __init__(self, path):
        self.listening = {}  # name -> microseconds
        self.arrived = collections.Counter()  # (method, key) -> how often its head came to an origin
        self.complete = collections.Counter()  # key -> how often its whole body did
        if not os.path.exists(path):
            return
        with open(path) as file:
            for line in file:
                words = line.split()
                if words[2] == "listening":
                    self.listening.setdefault(words[1], int(words[0]))
                elif words[2] == "request" and words[4].startswith("/key/"):
                    self.arrived[words[3], words[4].split("/")[2]] += 1
                elif words[2] == "body" and words[3].startswith("/key/"):
                    self.complete[words[3].split("/")[2]] += 1

    def duplicates(self, method="POST"):
        return sum(1 for (kind, _), count in self.arrived.items() if kind == method and count > 1)


def now_us():
    return int(time.time() * 1e6)
