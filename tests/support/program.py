"""Programs the tests start. Each is ended by its own pid, also when the test or the test runner dies."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from support import waiting

PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
SANITIZER = re.compile(r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:)")


def enter_namespace(path):
    """Moves the calling thread into the network namespace at `path`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


def scratch(prefix):
    """A private directory; the caller removes it with remove()."""
    return tempfile.mkdtemp(prefix=f"cardea-{prefix}-")


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)


def memory(pid, kind="VmRSS"):
    """KiB of it that the process has; `kind` is a name of /proc/PID/status (proc_pid_status(5))."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"^{kind}:\s+(\d+) kB", status.read(), re.M)[1])


class Program:
    """A running program with its output in a file, in a session of its own: Ctrl-C is for whoever started it, who ends it."""

    def __init__(self, command, name, directory, namespace=None, environment=None):
        self.name, self.command = name, [str(c) for c in command]
        self.log_path = os.path.join(directory, f"{name}.log")
        parent = os.getpid()

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
            if namespace:
                enter_namespace(namespace)

        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=in_child,
                                            start_new_session=True, env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def running(self):
        return self.process.poll() is None

    def wait_for_log(self, pattern, timeout=waiting.CEILING):
        """The match of `pattern` in the output; fails at once when the program ends without it."""
        def look():
            alive = self.running()
            found = re.search(pattern, self.log(), re.M)
            if not found and not alive:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            return found
        return waiting.until(look, f"{self.name} to write {pattern!r}", timeout)

    def send(self, number):
        if self.running():
            self.process.send_signal(number)

    def wait(self, timeout=waiting.CEILING):
        """Its exit status; it is killed when it has none within `timeout`."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {timeout:g} s:\n{self.log()[-4000:]}") from None

    def stop(self, number=signal.SIGTERM, timeout=waiting.CEILING):
        self.send(number)
        return self.wait(timeout)

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()

    def assert_clean(self):
        """No sanitizer has spoken."""
        found = SANITIZER.search(self.log())
        assert not found, f"{self.name}:\n{self.log()[max(0, found.start() - 200):][:8000]}"


def pause(seconds):
    """For tests whose subject is time itself (an interval in which nothing may happen)."""
    time.sleep(seconds)
