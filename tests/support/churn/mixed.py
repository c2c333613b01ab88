"""Everything at once, for long: clients and origins that misbehave beside a steady load, while endpoints come and go and the
configuration is reloaded. What the steady load asks is answered right, byte for byte, and the metrics count what it counted."""

import os
import random
import re
import socket
import threading
import time

from support import http, program, waiting
from support.churn.stand import RECORD, REGISTRY

FAULTY_CLIENTS = 3
RAW = (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
       b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET /" + b"a" * 70_000)


class Mischief(threading.Thread):
    """One client that asks for trouble, again and again; `unexpected` is what should not have come."""

    def __init__(self, address, namespace, seed):
        super().__init__()
        self.address, self.namespace, self.random = address, namespace, random.Random(seed)
        self.over, self.unexpected, self.count = threading.Event(), [], 0
        self.kinds = (self.trouble_at_the_origin, self.gone_while_waiting, self.gone_amid_the_upload, self.gone_amid_the_answer,
                      self.half_closed, self.no_http, self.ended_by_close)

    def run(self):
        while not self.over.wait(self.random.uniform(0.005, 0.03)):
            kind = self.random.choice(self.kinds)
            try:
                with http.Connection(self.address, 15.0, self.namespace) as connection:
                    kind(connection)
                self.count += 1
            except (OSError, EOFError) as error:
                self.unexpected.append(f"{kind.__name__}: {error!r}")

    def trouble_at_the_origin(self, connection):
        path, expected = self.random.choice((("/reset", (502,)), ("/close", (502,)), ("/status/500", (500,)), ("/status/503", (503,))))
        method = self.random.choice(("GET", "POST"))
        answer = connection.request(method, path, body=b"x" * 100 if method == "POST" else None)
        if answer.status not in expected:
            self.unexpected.append(f"{method} {path}: {answer.status}")

    def gone_while_waiting(self, connection):
        connection.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        self.over.wait(0.05)

    def gone_amid_the_upload(self, connection):
        connection.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"u" * 20_000)

    def gone_amid_the_answer(self, connection):
        connection.send(b"GET /b/4000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.receive()

    def half_closed(self, connection):
        connection.send(b"GET /slow/30 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.socket.shutdown(socket.SHUT_WR)
        connection.socket.recv(1)

    def no_http(self, connection):
        connection.send(self.random.choice(RAW))
        connection.socket.recv(1)

    def ended_by_close(self, connection):
        body = connection.request("GET", "/eof/5000").body
        if len(body) != 5000:
            self.unexpected.append(f"/eof: {len(body)} bytes")


def counted(proxy, namespace):
    """Requests of the steady load's route, as the metrics tell."""
    text = http.get(proxy.admin(), "/metrics", namespace=namespace, host="localhost").text
    return int(sum(float(value) for value in re.findall(r'^cardea_requests_total\{[^}]*route="keys"[^}]*\} (\S+)$', text, re.M)))


def descriptors(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def mixed(stand, count):
    """clients and origins misbehave, endpoints come and go, the configuration is reloaded, for so many seconds"""
    config = (f"listen: :8000\ndiscovery: {{consul: '{REGISTRY}:8500'}}\nroutes:\n  - {{name: keys, match: {{path: /key/**}}, service: web}}\n"
              "  - {service: web}\n" + RECORD + "journal: {entries: 500}\n")  # full early: what grows after that is no journal
    for _ in range(5):
        stand.register(stand.start("--on-term", "exit"), stand.server)
    memory, open_files, leaving = [], [], []
    with stand.measured("mixed", count, config) as load:
        stand.gone.update(stand.origins)  # mischief may cost a stream its origin's connection, never another's answer
        clients = [Mischief(stand.proxy.address(), stand.front, seed) for seed in range(FAULTY_CLIENTS)]
        for client in clients:
            client.start()
        try:
            began = time.monotonic()
            for second in range(count):
                name = stand.start("--on-term", "exit")  # what hangs in it two seconds after it has left is nobody's
                stand.register(name, stand.server)
                oldest = stand.serving[0]
                stand.deregister(oldest, stand.server)
                leaving.append((time.monotonic() + 2.0, oldest))
                while leaving and leaving[0][0] < time.monotonic():
                    stand.end(leaving.pop(0)[1])
                if second % 5 == 4:
                    stand.proxy.write(config + f"headers: {{via: turn{second}}}\nadmin: {{tcp: 127.0.0.1:0, address: 'unix:{{dir}}/admin.sock'}}\n"
                                      "process: {threads: 2}\n")
                    stand.proxy.reload()
                process = stand.processes()[-1]
                memory.append(program.memory(process))
                open_files.append(descriptors(process))
                program.pause(max(0.0, began + second + 1 - time.monotonic()))
        finally:
            for client in clients:
                client.over.set()
            for client in clients:
                client.join()
        book = load.finish()
        asked = sum(book.requests.values()) + book.repeats
        waiting.until(lambda: counted(stand.proxy, stand.front) >= asked, f"{asked} requests in the metrics")
        told = counted(stand.proxy, stand.front)
    for _, name in leaving:
        stand.end(name)
    stand.clear()
    unexpected = [word for client in clients for word in client.unexpected]
    found = load.result
    found.measured = {"rss_kib": memory, "descriptors": open_files}
    found.notes.append(f"{sum(client.count for client in clients)} misbehaving requests; RSS {memory[0] / 1024:.1f} to {memory[-1] / 1024:.1f} MiB, "
                       f"descriptors {open_files[0]} to {open_files[-1]} (at most {max(open_files)})")
    if told != asked:
        found.faults.append(f"the metrics count {told} requests, the load {asked}")
    if unexpected:
        found.faults.append(f"{len(unexpected)} unexpected answers: {', '.join(sorted(set(unexpected))[:8])}")
    settled = memory[len(memory) // 3]
    if memory[-1] > settled * 1.15 + 1024:
        found.faults.append(f"memory grows: {memory[::max(1, len(memory) // 20)]} KiB")
    return found
