"""Waiting for something to become true: the only place in the tests that sleeps."""

import socket
import time

CEILING = 30.0  # seconds; what is not there by then will not come


def until(condition, what, timeout=CEILING, every=0.01, bar=None):
    """Calls condition() until it answers something true and returns that; an exception counts as "not yet". `bar` (seconds) is
    what the product promises: being slower on a busy machine fails no test, but is told."""
    began = time.monotonic()
    deadline = began + timeout
    last = None
    while True:
        try:
            value = condition()
            if value:
                if bar is not None and time.monotonic() - began > bar:
                    print(f"missed: {what}: {time.monotonic() - began:.2f} s, promised within {bar:g} s")
                return value
            last = value
        except (OSError, ValueError, LookupError, AssertionError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s (last: {last!r})")
        time.sleep(every)


def free_port(host="127.0.0.1"):
    """A port nobody listens on now. For programs that cannot be told port 0 and asked afterwards."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
