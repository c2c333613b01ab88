#!/usr/bin/env python3
"""Runs the tables of this directory against the real binary, over sockets, with a scripted origin behind it.

    tests/conformance/run.py [--binary build/dev/cardea] [--only TEXT] [--list] [--verbose]

The last line is `N passed, N failed, N skipped`; status 1 when a case failed."""

import argparse
import os
import re
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import table  # noqa: E402
from client import Client, Cut, Wrong  # noqa: E402
from origin import Origin  # noqa: E402
from support.cardea import Cardea  # noqa: E402

LISTENERS = ("web", "limits", "trusted")
SLASHES = """
listeners: {slashes: "127.0.0.1:0"}
process: {threads: 1}
path: {encoded_slash: reject}
services: {origin: {endpoints: ["ORIGIN"], retry: off}}
"""
CONFIG = """
process: {threads: 1}
listeners:
  web: "127.0.0.1:0"
  trusted: {address: "127.0.0.1:0", trusted_proxies: [127.0.0.0/8]}
  limits:
    address: "127.0.0.1:0"
    client:
      max_request_line: 1k
      max_headers: 2k
      max_header_line: 1k
      max_header_count: 20
      max_body: 1k
      chunked: {max_trailers: 64b, max_trailer_count: 2, max_extension: 8b, max_extensions: 20b}
      header_timeout: 500ms
      first_byte_timeout: 500ms
      idle_timeout: 500ms
      body_timeout: 500ms
services:
  origin:
    endpoints: ["ORIGIN"]
    timeouts: {first_byte: 1s, idle: 1s}
    health: {passive: off, admission: {path: /probe}}
    retry: off
  small:
    endpoints: ["ORIGIN"]
    retry: off
    health: {passive: off}
    response:
      max_headers: 1k
      max_header_count: 5
      max_interim: 2
      chunked: {max_trailers: 64b, max_trailer_count: 2, max_extension: 8b, max_extensions: 20b}
  renamed:
    endpoints: ["ORIGIN"]
    upstream_host: inside.example:81
  closed:
    endpoints: ["CLOSED"]
    queue: off
  empty:
    endpoints: ["file://{dir}/endpoints"]
routes:
  - {match: {host: ["*.example", "127.0.0.1", "::1"]}, service: origin}
  - {match: {host: only.invalid, path: /only-get, method: [GET, HEAD]}, service: origin}
  - {match: {host: path.example, path: /in/**}, service: origin}
  - {match: {host: path.example, path: /**}, respond: {status: 403, body: "out"}}
  - {match: {path: /nameless}, service: origin}
  - {match: {host: closed.example}, service: closed}
  - {match: {host: empty.example}, service: empty}
  - {match: {host: small.example}, service: small}
  - {match: {host: renamed.example}, service: renamed}
  - {match: {host: respond.example}, respond: {status: 200, body: "ours", headers: {X-Ours: "yes"}}}
  - {match: {host: redirect.example}, redirect: {to: "https://{host}{path}?{query}", status: 308}}
  - match: {host: edit.example}
    service: origin
    headers: {set: {X-Set: "1"}, remove: [X-Gone]}
    response_headers: {set: {X-Answer: "2"}, remove: [Server, Via]}
"""


class Runner:
    def __init__(self, addresses, origin, verbose):
        self.addresses, self.origin, self.verbose = addresses, origin, verbose

    def run(self, case):
        """None, or what went wrong."""
        self.origin.begin(case.answers)
        client = Client(self.addresses[case.listener])
        try:
            self.play(case, client)
        except Wrong as wrong:
            return str(wrong)
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            client.close()
        try:
            self.look_at_origin(case)
        except Wrong as wrong:
            return str(wrong)
        return None

    def play(self, case, client):
        methods, response = [], None
        for word, value in case.steps:
            if word == "send":
                methods += [method.decode() for method in re.findall(rb"([A-Z]+) \S+ HTTP/1\.", value)]
                client.send(value)
            elif word == "pause":
                time.sleep(int(value) / 1000)
            elif word == "shut":
                client.socket.shutdown(socket.SHUT_WR)
            elif word == "leave":
                client.close()
            elif word == "want":
                response = self.want(client, value, methods)
            elif word == "end":
                if not client.ended(3.0):
                    raise Wrong("the connection did not end")
            else:
                self.look_at_response(response, word, value)

    def want(self, client, value, methods):
        statuses, _, after = value.partition(" ")
        wanted = [int(status) for status in statuses.split("|")]
        method = methods[0] if methods else ""
        try:
            response = client.read(method, interim=min(wanted) < 200)
        except Cut:
            if after == "cut":
                return None
            raise
        if response.status not in wanted:
            raise Wrong(f"status {response.status} instead of {statuses}: {response.fields} {response.payload[:100]!r}")
        if response.status >= 200 and methods:
            methods.pop(0)
        if after == "cut":
            raise Wrong("the response came complete")
        if after == "close" and not client.ended(3.0):
            raise Wrong("the connection stayed open")
        if after == "open":
            self.ask_again(client)
        return response

    def ask_again(self, client):
        client.send(b"GET /again HTTP/1.1\r\nHost: respond.example\r\n\r\n")
        try:
            again = client.read("GET")
        except Cut:
            raise Wrong("the connection ended instead of taking another request") from None
        if again.status != 200 or again.payload != b"ours":
            raise Wrong(f"the next request on the connection was answered {again.status} {again.payload[:100]!r}")

    def look_at_response(self, response, word, value):
        if word == "body":
            if response.payload != value:
                raise Wrong(f"body {response.payload[:200]!r} instead of {value[:200]!r}")
            return
        name, _, wanted = value.partition(":")
        wanted = wanted.strip()
        if word == "field":
            values = response.values(name)
            if len(values) != 1 or (wanted != "*" and values[0] != wanted):
                raise Wrong(f"field {name}: {values} instead of {wanted!r}")
        elif word == "nofield" and response.values(value):
            raise Wrong(f"field {value}: {response.values(value)}")
        elif word == "trailer" and (name, wanted) not in response.trailers:
            raise Wrong(f"trailers {response.trailers}")
        elif word == "notrailer" and any(key.lower() == value.lower() for key, _ in response.trailers):
            raise Wrong(f"trailers {response.trailers}")
        elif word == "phrase" and response.phrase != value:
            raise Wrong(f"phrase {response.phrase!r}")

    def look_at_origin(self, case):
        if case.none or case.requests is not None or case.checks or case.steps[-1][0] in ("end", "leave"):
            time.sleep(0.02)  # what should not have been sent would be on its way
        requests = self.origin.requests
        count = 0 if case.none else case.requests
        if count is not None and len(requests) != count:
            raise Wrong(f"{len(requests)} requests reached the origin instead of {count}: {[r.head for r in requests]}")
        for number, word, value in case.checks:
            if len(requests) < number:
                raise Wrong(f"request {number} did not reach the origin")
            self.look_at_request(requests[number - 1], word, value.replace(b"{port}", self.addresses[case.listener].rpartition(":")[2].encode()))
        if case.origin is not None and not requests:
            raise Wrong("no request reached the origin")
        if case.origin is not None:
            self.look_at_reuse(requests[-1].connection, case.origin)

    def look_at_request(self, request, word, value):
        value = value.replace(b"{origin}", self.origin.address.encode())
        lines = request.trailers.split(b"\r\n") if word in ("late", "unlate") else request.lines
        if word in ("seen", "late") and value not in lines:
            raise Wrong(f"the origin did not see {value!r} but {lines!r}")
        if word in ("unseen", "unlate") and any(line.lower().startswith(value.lower()) for line in lines):
            raise Wrong(f"the origin saw {value!r}: {lines!r}")
        if word == "payload" and request.payload != value:
            raise Wrong(f"the origin got {request.payload[:200]!r}")

    def look_at_reuse(self, connection, wanted):
        self.origin.begin([])
        client = Client(self.addresses["web"])
        client.send(b"GET /reuse HTTP/1.1\r\nHost: a.example\r\n\r\n")
        client.read("GET")
        client.close()
        found = "reused" if self.origin.requests[0].connection == connection else "dropped"
        if found != wanted:
            raise Wrong(f"the origin's connection was {found}")


def start(origin):
    closed = socket.create_server(("127.0.0.1", 0))  # its port is nobody's afterwards
    address = "127.0.0.1:%d" % closed.getsockname()[1]
    closed.close()
    cardea = Cardea(CONFIG.replace("ORIGIN", origin.address).replace("CLOSED", address), ready=False)
    with open(cardea.path("endpoints"), "w"):
        pass
    cardea.wait_ready()
    return cardea


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", default=os.path.join(HERE, "..", "..", "build", "dev", "cardea"))
    options.add_argument("--only", default="", help="cases whose name or clause contains this")
    options.add_argument("--list", action="store_true")
    options.add_argument("--verbose", action="store_true", help="name the cases that pass, too")
    options = options.parse_args()
    cases = [case for case in table.read_all(HERE) if options.only in case.name or options.only in case.rfc]
    if options.list:
        for case in cases:
            print(f"{case.where}: {case.name} ({case.rfc})")
        return 0
    if not os.access(options.binary, os.X_OK):
        print(f"{options.binary} is not there")
        print(f"0 passed, 0 failed, {len(cases)} skipped")
        return 1
    os.environ["CARDEA_BINARY"] = os.path.abspath(options.binary)
    origin = Origin()
    cardea = start(origin)
    failed = 0
    try:
        with cardea, Cardea(SLASHES.replace("ORIGIN", origin.address)) as slashes:
            addresses = {name: cardea.address(name) for name in LISTENERS} | {"slashes": slashes.address("slashes")}
            runner = Runner(addresses, origin, options.verbose)
            for case in cases:
                wrong = runner.run(case)
                failed += wrong is not None
                if wrong or options.verbose:
                    print(f"{'FAIL' if wrong else 'ok  '} {case.where}: {case.name} ({case.rfc})" + (f"\n     {wrong}" if wrong else ""), flush=True)
    except (AssertionError, RuntimeError) as error:  # it did not end well: a sanitizer's report, or a crash
        print(f"FAIL the program itself: {error}")
        failed += 1
    print(f"{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
