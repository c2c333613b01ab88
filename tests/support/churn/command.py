"""tests/churn: which moments are run, side by side, and what they come to."""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import traceback

from support import consul, docker
from support.churn import consul_moments, docker_moments, peers, table

LANES = {"docker": (docker_moments.DockerStand, docker_moments.MOMENTS), "consul": (consul_moments.ConsulStand, consul_moments.MOMENTS)}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DESCRIPTION = """Changes what stands behind the proxy, on a real Docker engine and a real Consul in network namespaces of their own, under a
steady load of GETs, POSTs and PUTs with keys of their own, WebSockets and event streams on kept connections, and counts what is
lost by class, what arrived twice at an origin, and how long a new endpoint waits for its first request. Needs root, the release
build (or CARDEA_BINARY and CARDEA_ORIGIN), dockerd and Consul (deploy/install-dependencies --tests)."""
CLASSES = """classes of lost requests: (a) its response had begun, (b) a byte of a non-idempotent request was handed to an endpoint,
(c) a partly sent body larger than retry.body_buffer; permitted where endpoints end with requests inside them, and nowhere else"""


def why_not(lane):
    if lane == "consul" and not consul.binary():
        return "no Consul: deploy/install-dependencies --tests fetches one"
    return docker.why_not()


def moments():
    return {name: (lane, *entry) for lane, (_, found) in LANES.items() for name, entry in found.items()}


def listing():
    lines = [f"{'moment':<16} {'CI':>5} {'soak':>5}  what"]
    for name, (lane, act, quick, soak) in moments().items():
        lines.append(f"{name:<16} {quick:>5} {soak:>5}  {lane}: {act.__doc__.strip()}")
    return "\n".join(lines)


def run_lane(lane, wanted, out):
    """Every wanted moment of one stand, each told as it ends; `out` gets a line of JSON for each."""
    stand_type, found = LANES[lane]
    with stand_type() as stand, open(out, "w") as file:
        for name, count in wanted:
            try:
                data = found[name][0](stand, count).data()
            except Exception:  # whatever it is, the other moments are still of interest
                data = {"moment": name, "count": count, "faults": ["it did not end: " + traceback.format_exc(limit=-3)]}
                stand.clear()
            file.write(json.dumps(data) + "\n")
            file.flush()


def run_lanes(wanted):
    """Lanes share nothing but the processors, so they run at the same time, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cardea-churn-") as directory, concurrent.futures.ThreadPoolExecutor(len(LANES)) as pool:
        def one(lane, chosen):
            out = os.path.join(directory, lane)
            done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "churn"), "--lane", lane, "--out", out,
                                   *(f"{name}={count}" for name, count in chosen)], check=False)
            found = [json.loads(line) for line in open(out)] if os.path.exists(out) else []
            told = {data["moment"] for data in found}
            return found + [{"moment": name, "count": count, "faults": [f"lane {lane} ended with {done.returncode}"]}
                            for name, count in chosen if name not in told]
        by_lane = {lane: [(name, count) for where, name, count in wanted if where == lane] for lane in LANES}
        running = [pool.submit(one, lane, chosen) for lane, chosen in by_lane.items() if chosen]
        return [data for future in running for data in future.result()]


def compare(names, wanted):
    """Cardea from the engine alone, and each peer with what it needs, one after the other: they would disturb each other."""
    doors = {"cardea": (docker_moments.DockerStand, None)}
    for name in peers.PEERS if names == "all" else names.split(","):
        why = peers.PEERS[name].why_not() or why_not("consul")
        if why:
            print(f"left out: {name}: {why}")
        else:
            doors[name] = (peers.PeerStand, peers.PEERS[name])
    results = {}
    for name, (stand_type, door) in doors.items():
        with stand_type(door) as stand:
            for moment, count in wanted:
                try:
                    results[name, moment] = docker_moments.MOMENTS[moment][0](stand, count).data()
                except Exception as error:  # a peer that never serves again is a result, too
                    results[name, moment] = {"moment": moment, "count": count, "ended": repr(error)[:200]}
                    stand.clear()
                print(f"{name}, {moment} x{count}: {table.cell(results[name, moment])}", flush=True)
    print(table.comparison(results))
    return 0


def main():
    parser = argparse.ArgumentParser(prog="tests/churn", description=DESCRIPTION, epilog=CLASSES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moment", nargs="*", help="NAME or NAME=COUNT; without any, all of them")
    parser.add_argument("--list", action="store_true", help="the moments and their counts")
    parser.add_argument("--soak", action="store_true", help="the full counts")
    parser.add_argument("--report", action="store_true", help="print a table of every moment")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    parser.add_argument("--peers", metavar="NAME,...", help=f"the same against other proxies, one table a moment: {', '.join(peers.PEERS)}, or all")
    parser.add_argument("--lane", choices=LANES, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.list:
        print(listing())
        return 0
    known, wanted = moments(), []
    for word in arguments.moment or known:
        name, _, count = word.partition("=")
        if name not in known:
            parser.error(f"no moment `{name}`; --list tells them")
        lane, _, quick, soak = known[name]
        wanted.append((lane, name, int(count) if count else soak if arguments.soak else quick))
    if arguments.lane:
        run_lane(arguments.lane, [(name, count) for _, name, count in wanted], arguments.out)
        return 0
    if arguments.peers:
        return compare(arguments.peers, [(name, count) for _, name, count in wanted if name in peers.MOMENTS])
    skipped = {lane: why for lane in LANES if (why := why_not(lane))}
    results = run_lanes([entry for entry in wanted if entry[0] not in skipped])
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file, indent=1)
    for lane, why in skipped.items():
        print(f"skipped: {lane}: {why}")
    print(table.report(results) if arguments.report else table.short(results))
    failed = sum(bool(data["faults"]) for data in results)
    print(f"{len(results) - failed} passed, {failed} failed, {sum(entry[0] in skipped for entry in wanted)} skipped")
    return bool(failed)
