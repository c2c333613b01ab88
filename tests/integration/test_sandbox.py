"""The sandbox of the running process: who is in it, what still works inside, what does not any more."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import unittest

from integration.test_upgrade import Generations, alive
from support import http, program, waiting
from support.cardea import Cardea, Origin, binary

ADMIN = "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"
HELLO = "routes: [{respond: {status: 200, body: hello}}]\n"

# Takes one system call away from whatever it starts, as a kernel without it: seccomp(2), the older way, by prctl.
WITHOUT = """#!{python}
import ctypes, os, struct, sys
filter = struct.pack("HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, {call}, 0x06, 0, 0, 0x50000 | 38, 0x06, 0, 0, 0x7fff0000)
room = ctypes.create_string_buffer(filter)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(room)))
assert ctypes.CDLL(None).prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""
LANDLOCK_CREATE_RULESET, SECCOMP = 444, 317
BINARY = os.path.abspath(binary())


def statuses(pid):
    """What /proc tells of every thread."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as file:
            found.append(dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line))
    return found


def without(call, directory):
    """A program that is Cardea on a kernel that lacks `call`."""
    path = os.path.join(directory, "cardea")
    with open(path, "w") as file:
        file.write(WITHOUT.format(python=sys.executable, call=call, binary=BINARY))
    os.chmod(path, 0o755)
    return path


class Scratch(unittest.TestCase):
    def folder(self):
        path = program.scratch("elsewhere")
        self.addCleanup(program.remove, path)
        return path

    def use_binary(self, path):
        former = os.environ.get("CARDEA_BINARY")
        self.addCleanup(lambda: os.environ.pop("CARDEA_BINARY") if former is None else os.environ.update(CARDEA_BINARY=former))
        os.environ["CARDEA_BINARY"] = path

    @staticmethod
    def reload(proxy, config):
        """Writes the configuration and reloads; the log's last word on it."""
        count = len(re.findall(r"event=(?:reloaded|config_refused)", proxy.log()))
        proxy.write(config)
        proxy.reload()
        waiting.until(lambda: len(re.findall(r"event=(?:reloaded|config_refused)", proxy.log())) > count, "the reload")
        return re.findall(r"event=(?:reloaded|config_refused).*", proxy.log())[-1]


class Inside(Scratch):
    def test_every_thread_is_locked_in_and_the_start_says_so(self):
        with Cardea("listen: 127.0.0.1:0\naccess_log: '{dir}/access.log'\njournal: {file: '{dir}/journal'}\nprocess: {threads: 3, sandbox: on}\n" + HELLO) as proxy:
            self.assertEqual(proxy.get().text, "hello")
            threads = statuses(proxy.program.pid)
            self.assertGreaterEqual(len(threads), 6)
            self.assertEqual({(t["Seccomp"], t["NoNewPrivs"], int(t["CapEff"], 16) & ~0x402) for t in threads}, {("2", "1", 0)})
            self.assertRegex(proxy.log(), r'event=started .*sandbox="landlock \d+, seccomp"')

    def test_what_a_reload_may_bring(self):
        origin = self.enterContext(Origin("web01"))
        port = int(origin.address.rpartition(":")[2])
        start = "listen: 127.0.0.1:0\naccess_log: '{dir}/access.log'\n" + HELLO + "process: {threads: 2, state_dir: '{dir}/state', sandbox: on}\n" + ADMIN
        with Cardea(start) as proxy:
            first = proxy.address()
            with open(proxy.path("web.endpoints"), "w") as file:
                file.write(origin.address + "\n")
            second, unix = f"127.0.0.1:{waiting.free_port()}", proxy.path("more.sock")
            said = self.reload(proxy, f"listeners: {{one: {{address: '{first}'}}, two: {{address: '{second}'}}, three: {{address: 'unix:{unix}'}}}}\n"
                               f"access_log: '{{dir}}/second.log'\nservices: {{web: {{endpoints: 'file://{{dir}}/web.endpoints'}}, name: {{endpoints: 'localhost:{port}'}}}}\n"
                               "routes: [{match: {path: /name}, service: name}, {service: web}]\nprocess: {threads: 2, state_dir: '{dir}/state', sandbox: on}\n"
                               "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/other.sock'}\n")
            self.assertIn("event=reloaded", said)
            for address in (first, second, f"unix:{unix}"):
                waiting.until(lambda address=address: http.get(address).text == "web01", f"the service behind {address}")
            waiting.until(lambda: http.get(first, "/name").text == "web01", "the name to be resolved")
            self.assertEqual(http.get(f"unix:{proxy.path('other.sock')}", "/livez", host="x").text, "ok")
            self.assertEqual(stat.S_IMODE(os.stat(proxy.path("other.sock")).st_mode), 0o600)
            self.assertFalse(os.path.exists(proxy.path("admin.sock")))

            os.replace(proxy.path("second.log"), proxy.path("second.log.1"))
            proxy.program.send(signal.SIGUSR1)
            proxy.program.wait_for_log("event=access_log_reopened")
            http.get(first)
            waiting.until(lambda: os.path.getsize(proxy.path("second.log")) > 0, "a line in the new file")

    def test_a_reload_beyond_it_is_refused_and_an_upgrade_takes_it_on(self):
        elsewhere = self.folder()
        config = "listen: 127.0.0.1:0\nprocess: {threads: 2}\n" + HELLO + ADMIN
        all_of_it = Generations(self, config)
        address = all_of_it.proxy.address()
        wider = config + f"access_log: '{elsewhere}/access.log'\n"
        said = self.reload(all_of_it.proxy, wider)
        self.assertRegex(said, rf"event=config_refused why=\"`{elsewhere}/access.log` \(access_log\) is outside of what the sandbox of this process reaches")
        self.assertIn("USR2", all_of_it.proxy.log())
        self.assertEqual(http.get(address).text, "hello")
        for _ in range(3):  # each successor begins free: layers do not pile up
            all_of_it.upgrade()
        self.assertEqual(http.get(address).text, "hello")
        waiting.until(lambda: os.path.getsize(os.path.join(elsewhere, "access.log")) > 0, "the line of that request")
        self.assertEqual({(t["Seccomp"], t["Seccomp_filters"]) for t in statuses(all_of_it.pid)}, {("2", "1")})
        all_of_it.stop()

    def test_what_lies_outside_cannot_be_read_through_a_link(self):
        elsewhere = self.folder()
        with open(os.path.join(elsewhere, "secret"), "w") as file:
            file.write("127.0.0.1:1\n")
        origin = self.enterContext(Origin("web01"))
        directory = self.folder()
        path = os.path.join(directory, "endpoints")
        with open(path, "w") as file:
            file.write(origin.address + "\n")
        with Cardea(f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: 'file://{path}'}}}}\nroutes: [{{service: web}}]\n") as proxy:
            waiting.until(lambda: proxy.get().text == "web01", "the endpoint")
            os.symlink(os.path.join(elsewhere, "secret"), path + ".new")
            os.replace(path + ".new", path)
            proxy.program.wait_for_log("Permission denied|cannot be read|event=source_")
            self.assertEqual(proxy.get().text, "web01", "the last good set stays")

    def test_the_launcher_ends_with_the_process_whatever_ends_it(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(number), Cardea("listen: 127.0.0.1:0\n" + HELLO) as proxy:
                children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(proxy.program.pid)], capture_output=True, text=True, check=True)
                [(pid, name)] = re.findall(r"(\d+) (\S+)", children.stdout)
                self.assertEqual(name, "cardea-launcher")
                for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    os.kill(int(pid), ignored)
                self.assertTrue(alive(int(pid)))
                proxy.program.send(number)
                proxy.program.wait()
                proxy.program.process.returncode = 0
                waiting.until(lambda pid=pid: not alive(int(pid)), "the launcher to end")

    def test_without_its_launcher_an_upgrade_fails_and_says_why(self):
        all_of_it = Generations(self, "listen: 127.0.0.1:0\nprocess: {threads: 1}\n" + HELLO + ADMIN)
        launcher = subprocess.run(["ps", "-o", "pid=", "--ppid", str(all_of_it.pid)], capture_output=True, text=True, check=True)
        os.kill(int(launcher.stdout), signal.SIGKILL)
        all_of_it.signal(signal.SIGUSR2)
        all_of_it.proxy.program.wait_for_log(r"event=upgrade_failed why=\"the launcher of this process")
        self.assertEqual(all_of_it.proxy.get().text, "hello")
        all_of_it.stop()


class Kernels(Scratch):
    def start_without(self, call, sandbox):
        self.use_binary(without(call, self.folder()))
        return Cardea(f"listen: 127.0.0.1:0\nprocess: {{threads: 1, sandbox: {sandbox}}}\n" + HELLO, ready=False)

    def test_auto_takes_what_there_is(self):
        for call, state, seccomp in ((LANDLOCK_CREATE_RULESET, "no landlock in this kernel, seccomp", "2"),
                                     (SECCOMP, r"landlock \d+, no seccomp filters in this kernel", "2")):
            with self.subTest(state), self.start_without(call, "auto") as proxy:
                proxy.wait_ready()
                self.assertRegex(proxy.log(), f'event=started .*sandbox="{state}"')
                self.assertEqual(proxy.get().text, "hello")
                self.assertEqual({(t["Seccomp"], t["NoNewPrivs"]) for t in statuses(proxy.program.pid)}, {(seccomp, "1")})

    def test_on_refuses_to_start_without(self):
        for call, why in ((LANDLOCK_CREATE_RULESET, "this kernel has no Landlock"), (SECCOMP, "this kernel has no seccomp filters")):
            with self.subTest(why), self.start_without(call, "on") as proxy:
                self.assertEqual(proxy.program.wait(), 1)
                self.assertIn(f'event=start_failed why="{why}', proxy.log())
                proxy.program.process.returncode = 0

    def test_off_is_off(self):
        with Cardea("listen: 127.0.0.1:0\nprocess: {threads: 1, sandbox: off}\n" + HELLO) as proxy:
            self.assertEqual({(t["Seccomp"], t["NoNewPrivs"]) for t in statuses(proxy.program.pid)}, {("0", "0")})
            self.assertRegex(proxy.log(), "event=started .*sandbox=off")


@unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
class Unprivileged(Scratch):
    """Started as root, with `process.user`."""
    CONFIG = "process: {threads: 2, user: nobody, group: '65533', sandbox: on, state_dir: '{dir}/run/state'}\nadmin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/run/admin/admin.sock'}\n"

    def generations(self, config):
        all_of_it = Generations.__new__(Generations)
        former = program.scratch

        def open_to_all(prefix):
            path = former(prefix)
            os.chmod(path, 0o755)
            os.mkdir(os.path.join(path, "run"))
            os.chown(os.path.join(path, "run"), 65534, 65533)
            return path
        program.scratch = open_to_all
        try:
            Generations.__init__(all_of_it, self, config)
        finally:
            program.scratch = former
        return all_of_it

    def test_it_becomes_that_user_for_good_and_all_goes_on_working(self):
        all_of_it = self.generations("listen: 127.0.0.1:0\n" + HELLO + self.CONFIG)
        proxy = all_of_it.proxy
        threads = statuses(proxy.program.pid)
        expected = {("65534\t" * 3 + "65534", "65533\t" * 3 + "65533", "0000000000000400", "0000000000000400", "2")}
        self.assertEqual({(t["Uid"], t["Gid"], t["CapEff"], t["CapBnd"], t["Seccomp"]) for t in threads}, expected)
        self.assertRegex(proxy.log(), "event=started .*user=nobody")
        self.assertEqual({os.stat(proxy.path(f"run/{name}")).st_uid for name in ("state", "admin", "admin/admin.sock")}, {65534})
        low = next(port for port in range(1023, 600, -1) if self.is_free(port))
        said = self.reload(proxy, f"listeners: {{web: {{address: '{proxy.address()}'}}, low: {{address: '127.0.0.1:{low}'}}}}\n" + HELLO + self.CONFIG)
        self.assertIn("event=reloaded", said)
        self.assertEqual(http.get(f"127.0.0.1:{low}").text, "hello")
        another = next(port for port in range(low - 1, 600, -1) if self.is_free(port))
        proxy.write(f"listeners: {{web: {{address: '{proxy.address()}'}}, low: {{address: '127.0.0.1:{another}'}}}}\n" + HELLO + self.CONFIG)
        all_of_it.upgrade()
        self.assertEqual(http.get(f"127.0.0.1:{another}").text, "hello")
        self.assertEqual({(t["Uid"], t["Gid"], t["CapEff"], t["CapBnd"], t["Seccomp"]) for t in statuses(all_of_it.pid)}, expected)
        os.chmod(proxy.config_path, 0o600)
        before = all_of_it.count("config_refused")
        all_of_it.signal(signal.SIGHUP)
        waiting.until(lambda: all_of_it.count("config_refused") > before, "the reload of what root alone may read")
        self.assertEqual(http.get(proxy.address()).text, "hello")
        all_of_it.stop()

    @staticmethod
    def is_free(port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return True
            except OSError:
                return False

    def test_a_docker_engine_is_asked_through_the_group_of_its_socket(self):
        directory = self.folder()
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "docker.sock")
        with socket.socket(socket.AF_UNIX) as engine:
            engine.bind(path)
            os.chown(path, 0, 4711)
            os.chmod(path, 0o660)
            engine.listen()
            asked = threading.Event()

            def answer():
                client, _ = engine.accept()
                client.recv(4096)
                asked.set()
                client.close()
            threading.Thread(target=answer, daemon=True).start()
            all_of_it = self.generations(f"listen: 127.0.0.1:0\ndiscovery: {{docker: 'unix://{path}'}}\nroutes: [{{service: web}}]\n"
                                         + self.CONFIG.replace("threads: 2", "threads: 1, wait_for_sources: 100ms"))
            self.assertTrue(asked.wait(30))
            self.assertTrue(all("4711" in t["Groups"].split() for t in statuses(all_of_it.pid)))
            all_of_it.stop()

    def test_a_user_that_is_not_there_is_refused_by_name(self):
        with Cardea("listen: 127.0.0.1:0\nprocess: {user: no-such-user}\n" + HELLO, ready=False) as proxy:
            self.assertEqual(proxy.program.wait(), 1)
            self.assertIn("there is no user `no-such-user`", proxy.log())
            proxy.program.process.returncode = 0


if __name__ == "__main__":
    unittest.main()
