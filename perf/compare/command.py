"""perf/run: what is built, in which room of the machine it is measured, and what is written."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

from compare import holding, peers, plot, scenarios, session, stand, table
from support import network, program

DESCRIPTION = """Builds Cardea and the load tools (preset release), unpacks the servers of Debian's newest suite, and measures all of them in turns of
a tenth of a second, in random order, for some rounds, each with one worker: the proxy on one processor, load and origin on another, in a network
namespace of its own when this is root. Prints CPU time and latency of a request, ratios round by round with an interval that holds their median
nine times out of ten, system calls, instructions, allocations and memory, and how that stands to the goals."""


def parse(words):
    parser = argparse.ArgumentParser(prog="perf/run", description=DESCRIPTION)
    parser.add_argument("--list", action="store_true", help="scenarios and peers")
    parser.add_argument("--scenarios", metavar="NAME,...", help="only these; `none` for the counts alone")
    parser.add_argument("--peers", metavar="NAME,...", default=",".join(peers.NAMES), help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="samples of each peer in each scenario (%(default)s)")
    parser.add_argument("--sample", type=float, default=0.1, metavar="SECONDS", help="length of one (%(default)s)")
    parser.add_argument("--no-counts", action="store_true", help="without system calls, instructions, allocations and memory")
    parser.add_argument("--profile", action="store_true", help="which functions the instructions of a request are in")
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    parser.add_argument("--plot", metavar="DIR", help="write charts (SVG) there")
    parser.add_argument("--read", metavar="FILE", help="measure nothing: print and plot what --json wrote")
    parser.add_argument("--markdown", action="store_true", help="with --read: tables for a document")
    parser.add_argument("--cpus", metavar="PROXY,LOAD", help="processors; the first two without it")
    parser.add_argument("--quick", action="store_true", help="two short rounds of one scenario without counts: whether it works at all")
    parser.add_argument("--build", metavar="DIR", help="measure what is built there, and build nothing")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--private", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.quick:
        arguments.rounds, arguments.sample, arguments.no_counts = 2, 0.03, True
        arguments.scenarios = arguments.scenarios or "closed"
    chosen = scenarios.ALL if arguments.scenarios is None else [] if arguments.scenarios == "none" else arguments.scenarios.split(",")
    for name in chosen:
        if name not in scenarios.ALL:
            parser.error(f"no scenario `{name}`; --list tells them")
    for name in arguments.peers.split(","):
        if name not in peers.NAMES:
            parser.error(f"no peer `{name}`; --list tells them")
    arguments.chosen = [scenarios.ALL[name] for name in chosen]
    return arguments


def listing():
    lines = ["scenarios"] + [f"  {name:<10} {scenario.title}" for name, scenario in scenarios.ALL.items()] + ["peers"]
    for name in peers.NAMES:
        try:
            lines.append(f"  {peers.make(name).title}")
        except peers.Missing as missing:
            lines.append(f"  {name}: left out, {missing}")
    return "\n".join(lines)


def build():
    folder = stand.RELEASE
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", folder, "--target", "cardea", "origin", "load", "limit"]):
        done = subprocess.run(command, cwd=stand.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{done.stdout[-4000:]}\nperf/run: could not build; deploy/install-dependencies installs what it takes")


def enter(words):
    """The same program in a session and, when that is allowed, a network namespace of its own: no connection tracking, no port of
    anybody else, and a weight that is not the terminal's."""
    apart = [] if network.why_not() else ["unshare", "--net"]
    measuring = subprocess.Popen([*apart, sys.executable, sys.argv[0], *words, "--inside", *(["--private"] if apart else [])],
                                 start_new_session=True)
    try:
        return measuring.wait()
    except KeyboardInterrupt:
        measuring.send_signal(signal.SIGTERM)
        return measuring.wait()


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), os.uname().machine)
    return f"{model}, {os.cpu_count()} processors, Linux {os.uname().release}"


def measure(arguments, private):
    program.LIBC.prctl(program.PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("perf/run: stopped"))
    holding.descriptors()
    stand.favour()
    if private:
        network.run("ip", "link", "set", "lo", "up")
    cpus = arguments.cpus.split(",") if arguments.cpus else None
    with stand.Stand(arguments.build or stand.RELEASE, cpus, private) as bench:
        spare = f", {bench.spare_cpu}" if bench.spare_cpu else ""
        print(f"# {machine()}; proxy on {bench.proxy_cpu}, load and origin on {bench.load_cpu}{spare and '; free' + spare}"
              + ("" if private else "; in the machine's own network namespace: connection tracking may be part of every figure"))
        os.sched_setaffinity(0, {int(bench.load_cpu)})
        with session.Session(bench, arguments.peers.split(","), arguments.rounds, arguments.sample) as run:
            for name in run.names:
                if run.get(name):
                    print(f"# {run.running[name].peer.title}")
            print(f"# the limit relays {run.weather():.0f} requests a second here and now", flush=True)
            for scenario in arguments.chosen:
                if isinstance(scenario, scenarios.Load):
                    run.rounds_of(scenario)
                    print(table.of_load(run.found, scenario.name), flush=True)
                else:
                    print(f"\n{scenario.name}: {scenario.title}", flush=True)
                    run.special(scenario)
            if not arguments.no_counts:
                run.count()
                print(table.of_counts(run.found), flush=True)
                if arguments.profile:
                    print(table.of_functions(run.found))
            run.found["machine"] = machine()
            return run.found


def main():
    arguments = parse(sys.argv[1:])
    if arguments.list:
        print(listing())
        return 0
    if arguments.read:
        with open(arguments.read) as file:
            found = json.load(file)
        if arguments.markdown:
            print(table.markdown(found))
            return 0
        for name, kept in found["scenarios"].items():
            print(table.of_load(found, name) if "rounds" in kept else f"\n{name}: {kept['title']}: {json.dumps(kept['figures'])[:2000]}")
        print(table.of_counts(found))
        if arguments.profile:
            print(table.of_functions(found))
    elif not arguments.inside:
        if not arguments.build:
            build()
        for wrong in peers.fetch() if not arguments.quick else ():
            print(f"# {wrong}")
        return enter(sys.argv[1:])
    else:
        began = time.monotonic()
        found = measure(arguments, arguments.private)
        print(f"# {time.monotonic() - began:.0f} s")
    print(table.of_goals(found))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(found, file)
    if arguments.plot:
        plot.write(found, arguments.plot)
    return 0
