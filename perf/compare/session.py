"""One run: the peers that were asked for, side by side, in rounds of random order."""

import contextlib
import random
import time

from compare import counts, peers, scenarios

PAUSE_AFTER, PAUSE = 15.0, 3.0  # seconds of load, and then of rest for whoever shares this machine
SAMPLE = ("cpu_us", "p50_us", "p99_us", "rps", "mbps", "failed", "ok", "reconnects")


class Session(contextlib.ExitStack):
    """`found` holds everything, in the form that --json writes."""

    def __init__(self, bench, names, rounds, sample_seconds):
        super().__init__()
        self.bench, self.names, self.rounds, self.sample_seconds = bench, names, rounds, sample_seconds
        self.running, self.missing = {}, {}
        self.busy_since = time.monotonic()
        self.found = {"versions": {}, "older": [], "missing": self.missing, "scenarios": {}, "counts": {}, "rate": None}

    def peer(self, name):
        return peers.make(name, self.bench.tools)

    def get(self, name):
        """The peer, started when it is needed first; None when it cannot be had."""
        if name not in self.running and name not in self.missing:
            try:
                self.running[name] = self.enter_context(self.bench.start(self.peer(name), cpus=self.cpus(name)))
                self.tell(self.running[name].peer)
            except (peers.Missing, RuntimeError, AssertionError) as error:
                said = [line.strip() for line in str(error).splitlines() if line.strip()]
                self.missing[name] = " ".join(dict.fromkeys((said[0], said[-1])))[:300]
                print(f"# {name} is left out: {self.missing[name]}", flush=True)
        return self.running.get(name)

    def tell(self, peer):
        self.found["versions"][peer.name] = peer.version
        if not peer.newest:
            self.found["older"].append(peer.title)

    def cpus(self, name):
        """Two workers get a processor each where there is a third for the load."""
        if name == "cardea-two" and self.bench.spare_cpu:
            return f"{self.bench.proxy_cpu},{self.bench.spare_cpu}"
        return self.bench.proxy_cpu

    def rest(self):
        if time.monotonic() - self.busy_since > PAUSE_AFTER:
            time.sleep(PAUSE)
            self.busy_since = time.monotonic()

    def sample(self, running, options):
        done = self.bench.load(running, *options)
        return {key: done[key] for key in SAMPLE if key in done} if done else None

    def weather(self):
        """Requests a second that the limit relays here and now: what equal loads are shares of."""
        limit = self.get("limit")
        options = scenarios.ALL["closed"].arguments(0, self.sample_seconds)
        rates = sorted(self.sample(limit, options)["rps"] for _ in range(5))
        self.found["rate"] = rates[2]
        return rates[2]

    def names_for(self, scenario):
        return [name for name in (scenario.peers or self.names) if self.get(name)]

    def rounds_of(self, scenario):
        """Samples of each peer, one a round, in another order each time."""
        names = self.names_for(scenario)
        options = scenario.arguments(self.found["rate"] or self.weather(), self.sample_seconds)
        taken = {name: [] for name in names}
        for _ in range(self.rounds):
            for name in random.sample(names, len(names)):
                taken[name].append(self.sample(self.running[name], options))
            self.rest()
        self.found["scenarios"][scenario.name] = {"title": scenario.title, "rounds": taken}
        return taken

    def special(self, scenario):
        try:
            figures = scenario.run(self, scenario)
        except (AssertionError, OSError, RuntimeError) as error:  # the other scenarios are still of interest
            figures = {"missing": str(error)}
            print(f"did not end: {error}", flush=True)
        self.found["scenarios"][scenario.name] = {"title": scenario.title, "figures": figures}

    def count(self):
        """System calls, code and memory of each peer, each started anew for it."""
        names = [name for name in self.names if name in self.running]
        for name in names:
            peer, kept = self.running[name].peer, {}
            for key, measure in (("system_calls", lambda peer=peer: counts.system_calls(self.bench, peer)),
                                 ("system_calls_64", lambda peer=peer: counts.system_calls(self.bench, peer, 64, requests=6000)),
                                 ("code", lambda peer=peer: vars(counts.code(self.bench, peer))),
                                 ("memory", lambda peer=peer: vars(counts.idle_memory(self.bench, peer)))):
                try:
                    kept[key] = measure()
                except (counts.Unavailable, AssertionError, OSError, RuntimeError) as error:
                    kept.setdefault("why_not", {})[key] = str(error).splitlines()[0]
            self.found["counts"][name] = kept
        return self.found["counts"]
