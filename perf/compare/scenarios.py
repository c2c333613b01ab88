"""What is measured. A row of LOADS is the load generator's options; `x0.5` stands for half of the rate that the limit reaches here.
TLS and HTTP/2 become rows of it when Cardea and the load generator speak them."""

import dataclasses

from compare import churn, holding

EVERYBODY = ()  # of those who were asked for, but for the variants of Cardea


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    title: str
    options: str
    peers: tuple = EVERYBODY

    def arguments(self, rate, seconds):
        words = [str(max(1, round(float(word[1:]) * rate))) if word.startswith("x") else word for word in self.options.split()]
        return [*words, "--duration", f"{round(seconds * 1000)}ms"]


@dataclasses.dataclass(frozen=True)
class Special:
    """`run(session)` answers a dictionary of figures, and prints them."""
    name: str
    title: str
    run: object
    peers: tuple = EVERYBODY


LOADS = (
    Load("zero", "0 B, 64 connections, equal load", "--connections 64 --warmup 1000 --rate x0.5 --path /b/0"),
    Load("equal", "1 KiB, 64 connections, equal load", "--connections 64 --warmup 1000 --rate x0.5 --path /b/1024"),
    Load("closed", "1 KiB, 64 connections, closed loop", "--connections 64 --warmup 300 --path /b/1024"),
    Load("one", "1 KiB, 1 connection", "--connections 1 --warmup 50 --path /b/1024"),
    Load("many", "1 KiB, 512 connections, closed loop", "--connections 512 --warmup 1500 --path /b/1024"),
    Load("browser", "1 KiB, a browser's header, equal load", "--connections 64 --warmup 1000 --rate x0.4 --path /b/1024 --browser"),
    Load("64k", "64 KiB, 64 connections, closed loop", "--connections 64 --warmup 200 --path /b/65536"),
    Load("1m", "1 MiB, 8 connections, closed loop", "--connections 8 --warmup 10 --path /b/1048576"),
    Load("chunked", "16 KiB chunked, 64 connections, closed loop", "--connections 64 --warmup 200 --path /c/16384"),
    Load("post-4k", "POST of 4 KiB, 64 connections, closed loop", "--connections 64 --warmup 300 --path /b/100 --body 4096"),
    Load("post-1m", "POST of 1 MiB, 8 connections, closed loop", "--connections 8 --warmup 10 --path /b/100 --body 1048576"),
    Load("connect", "a connection for each request, 64 at a time", "--connections 64 --warmup 100 --close-after 1 --path /b/1024"),
    Load("log", "access log on and off, 1 KiB, equal load", "--connections 64 --warmup 1000 --rate x0.5 --path /b/1024",
         ("cardea-log", "cardea")),
    Load("workers", "two workers and one, 1 KiB, equal load", "--connections 64 --warmup 1000 --rate x0.5 --path /b/1024",
         ("cardea-two", "cardea")),
    Load("adaptive", "latency: adaptive, 1 KiB, 1 connection", "--connections 1 --warmup 50 --path /b/1024",
         ("cardea-adaptive", "cardea", "nginx")),
)
SPECIALS = (
    Special("idle", "10 000 idle connections", holding.idle),
    Special("slow", "slow readers", holding.slow),
    Special("churn", "1 and 100 changes a second of 10 000 endpoints", churn.run, ("cardea",)),
)
ALL = {scenario.name: scenario for scenario in (*LOADS, *SPECIALS)}
