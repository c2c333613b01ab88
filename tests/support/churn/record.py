"""Cardea's own record of each request that did not end well: the lines of its JSON access log that say what was lost, and why."""

import json
import os

CLASSES = {"response_begun": "a", "request_sent": "b", "body_too_large": "c", "nobody_home": "nobody"}


class Record:
    def __init__(self, path=None):
        self.lost = {}  # (method, key) -> class
        self.counts = {"moved": 0, "queued": 0}
        if path is None or not os.path.exists(path):
            return
        with open(path) as file:
            for line in file:
                if '"lost"' in line or '"moved"' in line or '"queued_ms"' in line:
                    self.take(json.loads(line))

    def take(self, entry):
        self.counts["moved"] += bool(entry.get("moved"))
        self.counts["queued"] += "queued_ms" in entry
        if "lost" in entry and entry.get("target", "").startswith("/key/"):
            self.lost[entry["method"], entry["target"].split("/")[2]] = CLASSES.get(entry["lost"], "other_" + entry["lost"])
