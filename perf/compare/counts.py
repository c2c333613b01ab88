"""What is the same on any machine, however busy: system calls, instructions and allocations of a request, memory of a connection.
Each function starts the peer anew on the stand and ends it."""

import collections
import contextlib
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import time

from support import http, program, waiting

KIB_1 = ("--path", "/b/1024")
FEW, MANY = 200, 1200  # requests; what differs between the two runs is the requests' own
ALLOCATORS = re.compile(r"^(malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign)(@@?\S+)?$")


class Unavailable(Exception):
    """This machine cannot count that; says why."""


def perf_counts(event):
    """Why `perf stat` cannot count it here, or None."""
    if not shutil.which("perf"):
        return "no perf"
    tried = subprocess.run(["perf", "stat", "-e", event, "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"perf cannot count {event} here (needs root)"


class Counter(contextlib.AbstractContextManager):
    """`perf stat` on processes that run, counting only between on() and off()."""

    def __init__(self, event, processes):
        commands, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        self.process = subprocess.Popen(["perf", "stat", "-x,", "-D", "-1", "--control", f"fd:{commands},{answers}", "-e", event, "-p",
                                         ",".join(map(str, processes))], pass_fds=(commands, answers), stderr=subprocess.PIPE, text=True)
        os.close(commands)
        os.close(answers)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.orders)
        os.close(self.answers)

    def order(self, word):
        os.write(self.orders, f"{word}\n".encode())
        if not os.read(self.answers, 16).startswith(b"ack"):
            raise Unavailable(f"perf stat ended: {self.process.stderr.read()}")

    def on(self):
        self.order("enable")

    def off(self):
        """The count."""
        self.order("disable")
        self.process.send_signal(signal.SIGINT)
        text = self.process.stderr.read()
        self.process.wait()
        found = re.search(r"^(\d+),", text, re.M)
        if not found:
            raise Unavailable(f"perf stat said: {text.strip()}")
        return int(found[1])


def system_calls(stand, peer, connections=1, options=KIB_1, requests=MANY):
    """System calls of one request in steady state, over all threads; `options` are the load generator's."""
    why = perf_counts("raw_syscalls:sys_enter")
    if why and connections == 1:
        return system_calls_traced(stand, peer, connections, options, requests)
    if why:
        raise Unavailable(why)

    def count(running, requests):
        with Counter("raw_syscalls:sys_enter", running.processes) as counter:
            counter.on()
            done = stand.load(running, "--connections", str(connections), "--requests", str(requests), *options)
            count = counter.off()
        if not done or done["failed"]:
            raise Unavailable(f"requests failed: {done and done['failures']}")
        return count
    few = max(FEW, 4 * connections)
    with stand.start(peer) as running:
        stand.load(running, "--connections", str(connections), "--requests", str(few), *options)
        return (count(running, few + requests) - count(running, few)) / requests


def system_calls_traced(stand, peer, connections=1, options=KIB_1, requests=MANY):
    """The same by strace, which needs no rights: for few connections, where it does not matter that it makes everything slow."""
    if not shutil.which("strace"):
        raise Unavailable("no strace")

    def count(requests):
        out = program.scratch("strace")
        try:
            with stand.start(peer, ("strace", "-f", "-c", "-o", f"{out}/calls")) as running:
                done = stand.load(running, "--connections", str(connections), "--requests", str(requests), *options)
                os.kill(running.processes[1], peer.ends_with)
                running.program.wait(20)
            if not done or done["failed"]:
                raise Unavailable(f"requests failed under strace: {done and done['failures']}")
            with open(f"{out}/calls") as file:
                total = re.search(r"^100\.00 +\S+ +\S+ +(\d+) .*total$", file.read(), re.M)
            if not total:
                raise Unavailable("strace may not trace here")
            return int(total[1])
        finally:
            program.remove(out)
    few = max(FEW, 4 * connections)
    return (count(few + requests) - count(few)) / requests


@dataclasses.dataclass
class Code:
    """Of one request, in user space."""
    instructions: float
    allocations: float
    functions: dict  # the instructions of each function itself, the most expensive first


def read_callgrind(paths):
    """(instructions by function, calls of allocators) in what callgrind wrote (Valgrind manual, "Callgrind Format Specification")."""
    functions, allocations = collections.Counter(), 0
    for path in paths:
        names, function, callee, called = {}, "", "", False
        with open(path, errors="replace") as file:
            for line in file:
                if line[0] in "0123456789+-*":
                    if not called:  # else it is what the callee cost
                        functions[function] += int(line.split()[1])
                    called = False
                elif line.startswith(("fn=(", "cfn=(")):
                    number, _, name = line.partition("=(")[2].rstrip("\n").partition(")")
                    if name:
                        names[number] = name.strip().split("'")[0]  # without the depth of a recursion
                    if line[0] == "f":
                        function = names[number]
                    else:
                        callee = names[number]
                elif line.startswith("calls="):
                    called = True
                    if ALLOCATORS.match(callee):
                        allocations += int(line[6:].split()[0])
    return functions, allocations


def code(stand, peer, connections=4, options=KIB_1):
    """User-space instructions and allocations of one request by callgrind, all processes and threads of the peer. Cardea runs without
    its sandbox for it: Valgrind makes system calls of its own."""
    if not shutil.which("valgrind"):
        raise Unavailable("no valgrind")
    found = []
    for requests in (FEW, MANY):
        out = program.scratch("callgrind")
        try:
            wrapper = ("valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={out}/%p")
            with stand.start(peer.single(), wrapper) as running:
                done = stand.load(running, "--connections", str(connections), "--requests", str(requests), *options)
                running.stop(peer.ends_with)
            if not done or done["failed"]:
                raise Unavailable(f"requests failed under valgrind: {done and done['failures']}")
            found.append(read_callgrind(os.path.join(out, name) for name in os.listdir(out)))
        finally:
            program.remove(out)
    (few, few_allocations), (many, many_allocations) = found
    requests = MANY - FEW
    if many.total() <= few.total():
        raise Unavailable("callgrind wrote nothing")
    many.subtract(few)
    return Code(many.total() / requests, (many_allocations - few_allocations) / requests,
                {name: count / requests for name, count in many.most_common(40)})


def proportional_set(processes):
    """KiB of memory that the processes have, shared pages in parts; the resident sets where another user's are not shown."""
    sum_kib = 0
    for process in processes:
        try:
            with open(f"/proc/{process}/smaps_rollup") as file:
                sum_kib += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
        except PermissionError:
            sum_kib += program.memory(process)
        except (FileNotFoundError, ProcessLookupError, TypeError):
            pass  # it has ended, or is about to
    return sum_kib


@dataclasses.dataclass
class Memory:
    resident_kib: int  # VmRSS of the first process, before any load
    base_kib: int  # proportional set of all of them, after some load
    connection_bytes: float  # of an idle keep-alive connection that has carried a request
    connections: int
    idle_cpu: float | None = None  # seconds of it in a second with these connections, where that was asked for


def idle_memory(stand, peer, connections=2000, at_rest=None):
    """Memory at rest and of each idle keep-alive connection; `at_rest(processes)` is asked while they are open."""
    with stand.start(peer) as running, contextlib.ExitStack() as kept:
        resident = program.memory(running.processes[0])
        stand.load(running, "--connections", "8", "--requests", "500", *KIB_1)
        processes = running.processes
        waiting.until(lambda: steady(processes), "memory at rest", every=0.1)
        before = proportional_set(processes)
        for _ in range(connections):
            connection = kept.enter_context(contextlib.closing(http.Connection(running.address)))
            assert connection.request("GET", "/b/64", host="app.example", headers={"User-Agent": "idle"}).status == 200
        waiting.until(lambda: steady(processes), "memory with connections", every=0.1)
        after = proportional_set(processes)
        idle_cpu = at_rest(processes) if at_rest else None
    return Memory(resident, before, (after - before) * 1024 / connections, connections, idle_cpu)


def steady(processes, for_seconds=0.2):
    """Whether their memory stays as it is for a moment."""
    before = proportional_set(processes)
    time.sleep(for_seconds)
    return abs(proportional_set(processes) - before) <= 16
