"""A steady load while the proxy is replaced: kept connections with GETs and POSTs, and tunnels. Every failure is kept, and
every POST is counted at the origin, so that none is lost and none runs twice."""

import threading
import time

from support import http


class Steady:
    """`with Steady(address, origins) as load: ...`, then load.check(test)."""

    def __init__(self, address, clients=8, tunnels=2):
        self.address, self.over = address, threading.Event()
        self.answers, self.closed, self.repeats, self.posts, self.failures, self.tunnel_ends = 0, 0, 0, 0, [], []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask, args=(i % 2 == 1,)) for i in range(clients)]
        self.threads += [threading.Thread(target=self.echo) for _ in range(tunnels)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def ask(self, posts):
        """One client: a kept connection, opened again only after an answer that said so."""
        connection = None
        while not self.over.is_set():
            try:
                connection = connection or http.Connection(self.address, 15.0)
                answer = connection.request("POST", body=b"x" * 500) if posts else connection.request()
                with self.lock:
                    self.answers += 1
                    self.posts += posts
                    if answer.status != 200:
                        self.failures.append(f"{answer.status} {answer.text[:200]}")
                if (answer.field("connection") or "").lower() == "close":
                    connection.close()
                    connection = None
                    self.closed += 1
            except (OSError, EOFError) as error:
                with self.lock:
                    self.failures.append(f"{'POST' if posts else 'GET'}: {error!r}")
                connection = None
            time.sleep(0.002)
        if connection:
            connection.close()

    def echo(self):
        """A tunnel that is used until it ends; opened again then."""
        while not self.over.is_set():
            began = time.monotonic()
            try:
                with http.Connection(self.address, 15.0) as tunnel:
                    tunnel.send(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                    status = tunnel.read_response(interim=True).status
                    if status != 101:
                        self.failures.append(f"tunnel: {status}")
                        continue
                    while not self.over.is_set():
                        tunnel.send(b"ping")
                        tunnel.read_exactly(4)
                        time.sleep(0.01)
            except (OSError, EOFError):
                self.tunnel_ends.append((began, time.monotonic()))
