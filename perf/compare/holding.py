"""Connections that are held rather than used: ten thousand idle ones, and readers that take their time."""

import contextlib
import os
import resource
import selectors
import socket
import time

from compare import counts
from support import http, program

IDLE = 10_000
READERS, READER_RATE, BODY = 200, 256 * 1024, 8 << 20  # bytes a second each, of a body of so many
READ_FOR, TURN = 3.0, 0.05  # seconds


def descriptors():
    """Raised as far as it goes: here, and in what is started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (max(hard, 2 * IDLE + 6000), hard):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
    return soft


def cpu_seconds(processes):
    total = 0
    for process in processes:
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0]) / 1e9
    return total


def idle(session, scenario):
    """Memory of each connection, and the processor's time while nothing happens."""
    limit = descriptors()
    connections = min(IDLE, limit * 2 // 5 - 100)  # Cardea takes clients up to 0.4 of its descriptors
    print(f"{connections} connections: the limit of open files is {limit}")
    found = {"connections": connections, "open_files": limit, "peers": {}}
    for name in session.names_for(scenario):
        try:
            memory = counts.idle_memory(session.bench, session.running[name].peer, connections, at_rest)
        except (AssertionError, OSError, EOFError) as error:
            print(f"{name:<16} did not hold them: {str(error).splitlines()[0][:120] if str(error) else repr(error)}")
            continue
        found["peers"][name] = vars(memory)
        print(f"{name:<16} {memory.connection_bytes:8.0f} B a connection, {memory.base_kib / 1024:6.1f} MiB without, "
              f"{memory.idle_cpu * 1000:6.2f} ms of CPU in a second with them")
        session.rest()
    return found


def at_rest(processes):
    """CPU time a second."""
    before, began = cpu_seconds(processes), time.monotonic()
    program.pause(2.0)
    return (cpu_seconds(processes) - before) / (time.monotonic() - began)


def slow(session, scenario):
    """What is held for each reader while the origin could send at once."""
    found = {"readers": READERS, "rate": READER_RATE, "body": BODY, "peers": {}}
    print(f"{READERS} readers of {BODY >> 20} MiB at {READER_RATE >> 10} KiB/s each, for {READ_FOR:g} s")
    for name in session.names_for(scenario):
        with session.bench.start(session.running[name].peer) as running:
            before = counts.proportional_set(running.processes)
            read, ended, most = read_slowly(running)
            kib = (most - before) / READERS
        found["peers"][name] = {"reader_kib": kib, "ended": ended, "read_mib": read / (1 << 20)}
        print(f"{name:<16} {kib:8.1f} KiB a reader, {read / (1 << 20):6.0f} MiB read, {ended} cut off")
        session.rest()
    return found


def read_slowly(running):
    """(bytes read, readers whose connection ended, most memory in KiB)"""
    read = ended = most = 0
    with contextlib.ExitStack() as kept, selectors.DefaultSelector() as selector:
        for _ in range(READERS):
            reader = kept.enter_context(contextlib.closing(socket.socket()))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)  # before it connects, so that the window is small
            reader.connect(("127.0.0.1", running.port))
            reader.sendall(f"GET /b/{BODY} HTTP/1.1\r\nHost: app.example\r\n\r\n".encode())
            reader.setblocking(False)
            selector.register(reader, selectors.EVENT_READ)
        began = time.monotonic()
        for turn in range(round(READ_FOR / TURN)):
            for key, _ in selector.select(0):
                try:
                    data = key.fileobj.recv(round(READER_RATE * TURN))
                except BlockingIOError:
                    continue
                except ConnectionError:
                    data = b""
                read += len(data)
                if not data:
                    ended += 1
                    selector.unregister(key.fileobj)
            if turn % 10 == 9:
                most = max(most, counts.proportional_set(running.processes))
            program.pause(max(0.0, began + (turn + 1) * TURN - time.monotonic()))
    return read, ended, most
