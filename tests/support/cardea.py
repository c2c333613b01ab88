"""The real binary, with a configuration in a directory of its own, on ports the kernel chooses."""

import os
import re
import signal

from support import http, program, waiting

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A race or a fault ends the program with its report in the log, which stop() looks for.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:halt_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def binary():
    return os.environ.get("CARDEA_BINARY") or os.path.join(ROOT, "build", "dev", "cardea")


def origin_binary():
    return os.environ.get("CARDEA_ORIGIN") or os.path.join(os.path.dirname(binary()), "origin")


class Cardea:
    """`config` is YAML text, or None when `arguments` say it all. `{dir}` in either stands for the private directory, which
    is cwd too. A `listen: 127.0.0.1:0` is found again as `address()`; admin is put on a unix socket and on port 0 unless
    the configuration names it."""

    def __init__(self, config=None, arguments=(), namespace=None, ready=True, environment=None, threads=2):
        self.directory = program.scratch("proxy")
        self.namespace = namespace
        self.environment = {**SANITIZERS, "XDG_RUNTIME_DIR": self.directory, **(environment or {})}
        self.config_path = os.path.join(self.directory, "cardea.yaml")
        command = [binary(), "run"]
        if config is not None:
            if not re.search(r"^process:", config, re.M):
                config += f"\nprocess: {{threads: {threads}}}\n"
            if not re.search(r"^admin:", config, re.M):
                config += "\nadmin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"
            self.write(config)
            command += ["-c", self.config_path]
        command += [a.replace("{dir}", self.directory) for a in arguments]
        self.program = program.Program(command, "cardea", self.directory, namespace, self.environment)
        if ready:
            self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            self.program.kill()
            program.remove(self.directory)

    def write(self, config):
        """Replaces the configuration file; reload() makes it count."""
        with open(self.config_path, "w") as file:
            file.write(config.replace("{dir}", self.directory))

    def path(self, name):
        return os.path.join(self.directory, name)

    def wait_ready(self):
        self.program.wait_for_log(r"event=ready\b")

    def address(self, listener="web"):
        """Where `listener` listens, `host:port`; an unspecified address becomes loopback."""
        found = self.program.wait_for_log(rf"event=listening .*\bname={listener}\b.*\baddress=(\S+)|"
                                          rf"event=listening .*\blistener={listener}\b.*\baddress=(\S+)")
        address = (found[1] or found[2]).strip('"')
        return address.replace("[::]:", "127.0.0.1:").replace("0.0.0.0:", "127.0.0.1:")

    def admin(self):
        return self.address("admin")

    def get(self, target="/", listener="web", **more):
        return http.get(self.address(listener), target, namespace=self.namespace, **more)

    def connect(self, listener="web", timeout=waiting.CEILING):
        return http.Connection(self.address(listener), timeout, self.namespace)

    def names(self, count, target="/"):
        """The bodies of `count` requests on one connection, in order."""
        with self.connect() as connection:
            return [connection.request("GET", target).text for _ in range(count)]

    def reload(self):
        self.program.send(signal.SIGHUP)

    def log(self):
        return self.program.log()

    def stop(self, number=signal.SIGTERM):
        """Ends it and looks at its last words: status 0, no sanitizer report."""
        status = self.program.stop(number)
        self.program.assert_clean()
        assert status == 0, f"cardea ended with {status}:\n{self.log()[-4000:]}"


class Origin:
    """perf/load/origin on a loopback port, or on `listen`."""

    def __init__(self, name, listen="127.0.0.1:0", namespace=None, arguments=()):
        self.directory = program.scratch("origin")
        self.name, self.namespace = name, namespace
        self.program = program.Program([origin_binary(), "--listen", listen, "--name", name, *arguments], name, self.directory, namespace)
        self.address = None if "--delay-start" in arguments else self.wait_listening()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.kill()
        program.remove(self.directory)

    def wait_listening(self):
        self.address = self.program.wait_for_log(r"^listening (\S+)$")[1]
        return self.address

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def stop(self, number=signal.SIGTERM):
        return self.program.stop(number)
