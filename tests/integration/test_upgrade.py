"""USR2 under load: a new process takes the doors over and nobody notices; one that cannot leaves everything as it was."""

import os
import re
import signal
import socket
import subprocess
import unittest

from support import consul, http, program, waiting
from support.cardea import SANITIZERS, Cardea, Origin, binary
from support.steady import Steady

SHORT = True
SOAK = bool(os.environ.get("CARDEA_SOAK"))
UPGRADES, RELOADS = (20, 50) if SOAK else (5, 10)
ADMIN = "admin: {tcp: 127.0.0.1:0, address: 'unix:{dir}/admin.sock'}\n"


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Generations:
    """A Cardea that is upgraded: the processes that follow are no children of ours and are ended by what the log says."""

    def __init__(self, test, config, **more):
        self.proxy = Cardea(config, **more)
        self.pid = self.proxy.program.pid
        self.pids = [self.pid]
        test.addCleanup(self.end)

    def end(self):
        for pid in [int(p) for p in re.findall(r"event=upgrade_started pid=(\d+)", self.proxy.log())] + self.pids:
            if alive(pid) and pid != self.proxy.program.pid:
                os.kill(pid, signal.SIGKILL)
        self.proxy.program.kill()
        program.remove(self.proxy.directory)

    def signal(self, number):
        os.kill(self.pid, number)

    def count(self, event):
        return len(re.findall(rf"event={event}\b", self.proxy.log()))

    def upgrade(self):
        """Sends USR2 and waits until a new process serves."""
        before = self.count("taken_over")
        self.signal(signal.SIGUSR2)
        waiting.until(lambda: self.count("taken_over") > before or self.count("upgrade_failed"), "the new process to take over", 60)
        assert self.count("taken_over") > before, self.proxy.log()[-3000:]
        self.pid = int(re.findall(r"event=taken_over pid=(\d+)", self.proxy.log())[-1])
        self.pids.append(self.pid)

    def stop(self):
        self.signal(signal.SIGTERM)
        for pid in self.pids:
            if pid != self.proxy.program.pid:
                waiting.until(lambda pid=pid: not alive(pid), f"process {pid} to end", 60)
        assert self.proxy.program.wait(60) == 0, self.proxy.log()[-3000:]
        self.proxy.program.assert_clean()


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.origins = [self.enterContext(Origin(f"web0{i}")) for i in (1, 2)]

    def config(self, threads=2, more="", grace="4s"):
        listed = ", ".join(f"'{o.address}'" for o in self.origins)
        return (f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: [{listed}]}}}}\nroutes: [{{service: web}}]\n"
                f"process: {{threads: {threads}, graceful_timeout: {grace}}}\n" + ADMIN + more)

    def start(self, **more):
        return Generations(self, self.config(**more))

    def requests_at_origins(self):
        return sum(int(http.get(o.address, "/count").text) for o in self.origins)

    def assert_nothing_lost(self, load):
        self.assertEqual(load.failures, [])
        self.assertGreater(load.answers, 100)

    def test_upgrades_and_reloads_under_load_lose_nothing(self):
        all_of_it = self.start(threads=3)
        with Steady(all_of_it.proxy.address()) as load:
            waiting.until(lambda: load.answers > 50, "the load to run")
            for i in range(max(UPGRADES, RELOADS)):
                if i < RELOADS:
                    before = all_of_it.count("reloaded")
                    all_of_it.signal(signal.SIGHUP)
                    waiting.until(lambda before=before: all_of_it.count("reloaded") > before, "a reload")
                if i < UPGRADES:
                    all_of_it.upgrade()
            answered = load.answers
            waiting.until(lambda: load.answers > answered + 50, "answers of the last process")
        self.assert_nothing_lost(load)
        self.assertGreaterEqual(load.closed, UPGRADES, "kept connections end by an answer that says so")
        for began, ended in load.tunnel_ends:
            self.assertGreater(ended - began, 3.5, "a tunnel ended before the deadline of its process")
        self.assertEqual(len(set(all_of_it.pids)), UPGRADES + 1)
        all_of_it.stop()

    def test_every_post_reaches_an_origin_once(self):
        all_of_it = self.start()
        before = self.requests_at_origins()
        with Steady(all_of_it.proxy.address(), clients=8, tunnels=0) as load:
            for _ in range(2):
                waiting.until(lambda answered=load.answers: load.answers > answered + 50, "the load to run")
                all_of_it.upgrade()
        self.assert_nothing_lost(load)
        counted = self.requests_at_origins() - before
        self.assertLessEqual(abs(counted - load.answers), 4, "only /count itself is asked besides")

    def test_an_idle_connection_stays_and_its_next_answer_says_close(self):
        all_of_it = self.start(grace="30s")
        with all_of_it.proxy.connect(timeout=30) as kept:
            self.assertIsNone(kept.request().field("connection"))
            all_of_it.upgrade()
            program.pause(1.5)
            answer = kept.request()
            self.assertEqual((answer.status, answer.field("connection")), (200, "close"))
        all_of_it.stop()

    def test_an_idle_connection_ends_at_the_deadline(self):
        all_of_it = self.start(grace="1s")
        with all_of_it.proxy.connect(timeout=30) as kept:
            kept.request()
            first = all_of_it.pid
            all_of_it.upgrade()
            self.assertTrue(kept.closed(20))
            self.assertEqual(all_of_it.proxy.program.wait(20), 0, f"process {first} is over then")

    def test_a_slow_request_is_finished_by_the_process_that_took_it(self):
        all_of_it = self.start(grace="30s")
        with all_of_it.proxy.connect(timeout=30) as slow:
            slow.send(b"GET /slow/2000 HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.until(lambda: any(int(http.get(o.address, "/count").text) > 1 for o in self.origins), "the request at the origin")
            all_of_it.upgrade()
            answer = slow.read_response()
            self.assertEqual((answer.status, answer.field("connection")), (200, "close"))
        all_of_it.stop()

    def test_other_numbers_of_workers_poll_all_the_sockets(self):
        """4 -> 1 -> 4 by reload, 4 -> 1 -> 3 by upgrade: connections land on sockets whose worker is gone."""
        all_of_it = self.start(threads=4)
        address = all_of_it.proxy.address()
        write = all_of_it.proxy.write
        with Steady(address, tunnels=1) as load:
            for threads in (1, 4):
                before = all_of_it.count("reloaded")
                write(self.config(threads).replace("listen: 127.0.0.1:0", "listen: 127.0.0.1:0"))
                all_of_it.signal(signal.SIGHUP)
                waiting.until(lambda before=before: all_of_it.count("reloaded") > before, "a reload")
                self.assertEqual({http.get(address).status for _ in range(40)}, {200})
            self.assertEqual(load.closed, 0, "a reload closes no connection")
            self.assertEqual(load.tunnel_ends, [])
            for threads in (1, 3):
                write(self.config(threads))
                all_of_it.upgrade()
                self.assertEqual({http.get(address).status for _ in range(40)}, {200})
        self.assert_nothing_lost(load)
        all_of_it.stop()

    def test_a_new_configuration_comes_with_the_new_process(self):
        all_of_it = self.start()
        address = all_of_it.proxy.address()
        taken = waiting.free_port()
        all_of_it.proxy.write(f"listeners: {{renamed: {{address: '{address}'}}, more: {{address: '127.0.0.1:{taken}'}}}}\n"
                              f"routes: [{{respond: {{status: 200, body: new}}}}]\nprocess: {{threads: 1, graceful_timeout: 4s}}\n" + ADMIN)
        all_of_it.upgrade()
        self.assertEqual(http.get(address).text, "new")
        self.assertEqual(http.get(f"127.0.0.1:{taken}").text, "new")
        all_of_it.stop()

    def test_a_listener_that_the_new_process_does_not_want_is_closed(self):
        all_of_it = Generations(self, "listeners: {one: {address: '127.0.0.1:0'}, two: {address: '127.0.0.1:0'}}\n"
                                "routes: [{respond: {status: 200, body: hello}}]\nprocess: {threads: 2, graceful_timeout: 4s}\n" + ADMIN)
        two = all_of_it.proxy.address("two")
        all_of_it.proxy.write("listeners: {one: {address: '127.0.0.1:0'}}\nroutes: [{respond: {status: 200, body: hello}}]\n"
                              "process: {threads: 2, graceful_timeout: 4s}\n" + ADMIN)
        all_of_it.upgrade()
        self.assertEqual(all_of_it.proxy.get(listener="one").text, "hello")

        def closed():
            try:
                http.Connection(two, 1.0).close()
                return False
            except OSError:
                return True
        waiting.until(closed, "the other one to close")
        all_of_it.stop()

    def test_admin_and_unix_listeners_are_handed_over_too(self):
        all_of_it = Generations(self, "listen: 'unix:{dir}/web.sock'\nroutes: [{respond: {status: 200, body: hello}}]\n" + ADMIN)
        web, admin = f"unix:{all_of_it.proxy.path('web.sock')}", all_of_it.proxy.admin()
        first = all_of_it.pid
        all_of_it.upgrade()
        self.assertEqual(all_of_it.proxy.program.wait(), 0, f"process {first} has nothing left to do")
        for _ in range(20):
            self.assertEqual(http.get(web).text, "hello")
        for door in (admin, f"unix:{all_of_it.proxy.path('admin.sock')}"):
            self.assertIn(f'"pid":{all_of_it.pid}', http.get(door, "/v1/version", host="localhost").text)
        all_of_it.stop()

    def test_what_an_operator_has_drained_stays_drained(self):
        running = Generations(self, self.config())
        proxy, drained = running.proxy, self.origins[0]

        def endpoints(*arguments):
            return subprocess.run([binary(), "endpoints", *arguments, "--admin", f"unix:{proxy.path('admin.sock')}"], capture_output=True, text=True,
                                  check=True).stdout

        def served():
            return {http.get(proxy.address()).text for _ in range(4)}
        endpoints("drain", drained.address)
        self.assertEqual(served(), {"web02"})
        running.upgrade()
        self.assertEqual(served(), {"web02"})
        self.assertIn("draining", endpoints())
        endpoints("undrain", drained.address)
        waiting.until(lambda: served() == {"web01", "web02"}, "both")
        running.stop()

    def test_a_replaced_binary_is_what_starts(self):
        directory = program.scratch("binary")
        self.addCleanup(program.remove, directory)
        one, two, link = (os.path.join(directory, name) for name in ("cardea-1", "cardea-2", "cardea"))
        for path in (one, two):
            os.link(os.path.realpath(binary()), path) if os.stat(directory).st_dev == os.stat(binary()).st_dev else subprocess.run(
                ["cp", binary(), path], check=True)
        os.symlink(one, link)
        former = os.environ.get("CARDEA_BINARY")
        os.environ["CARDEA_BINARY"] = link
        try:
            all_of_it = self.start()
        finally:
            os.environ.pop("CARDEA_BINARY") if former is None else os.environ.update(CARDEA_BINARY=former)
        os.unlink(link)
        os.symlink(two, link)
        all_of_it.upgrade()
        self.assertEqual(os.readlink(f"/proc/{all_of_it.pid}/exe"), two)
        os.rename(one, link)  # a file in its place, as packages do it
        all_of_it.upgrade()
        self.assertEqual(os.readlink(f"/proc/{all_of_it.pid}/exe"), link)
        all_of_it.stop()


class Refused(unittest.TestCase):
    CONFIG = "listen: 127.0.0.1:0\nroutes: [{respond: {status: 200, body: hello}}]\nprocess: {threads: 2}\n" + ADMIN

    def fail_to_upgrade(self, all_of_it, pattern):
        address = all_of_it.proxy.address()
        with all_of_it.proxy.connect() as kept:
            kept.request()
            all_of_it.signal(signal.SIGUSR2)
            all_of_it.proxy.program.wait_for_log(pattern)
            self.assertIsNone(kept.request().field("connection"))
            self.assertEqual({http.get(address).status for _ in range(20)}, {200})
        self.assertEqual(http.get(all_of_it.proxy.admin(), "/readyz", host="localhost").status, 200)

    def test_a_wrong_configuration_changes_nothing_and_a_mended_one_goes(self):
        all_of_it = Generations(self, self.CONFIG)
        all_of_it.proxy.write(self.CONFIG.replace("routes", "rotes"))
        self.fail_to_upgrade(all_of_it, r"event=upgrade_failed .*end=\"exit code 78\"")
        self.assertIn("rotes", all_of_it.proxy.log())
        all_of_it.proxy.write(self.CONFIG)
        before = all_of_it.count("upgrade_failed")
        all_of_it.signal(signal.SIGUSR2)
        waiting.until(lambda: all_of_it.count("taken_over"), "the new process to take over")
        self.assertEqual(all_of_it.count("upgrade_failed"), before)
        all_of_it.pid = int(re.findall(r"event=taken_over pid=(\d+)", all_of_it.proxy.log())[-1])
        all_of_it.pids.append(all_of_it.pid)
        all_of_it.stop()

    def test_a_port_that_cannot_be_had_changes_nothing(self):
        all_of_it = Generations(self, self.CONFIG)
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            all_of_it.proxy.write(self.CONFIG.replace("listen: 127.0.0.1:0", f"listen: ['127.0.0.1:0', '127.0.0.1:{port}']"))
            self.fail_to_upgrade(all_of_it, rf"event=upgrade_failed .*{port}")
        all_of_it.stop()

    def test_a_program_that_crashes_or_is_gone_changes_nothing(self):
        directory = program.scratch("binary")
        self.addCleanup(program.remove, directory)
        path = os.path.join(directory, "cardea")
        subprocess.run(["cp", binary(), path], check=True)
        former = os.environ.get("CARDEA_BINARY")
        os.environ["CARDEA_BINARY"] = path
        try:
            all_of_it = Generations(self, self.CONFIG)
        finally:
            os.environ.pop("CARDEA_BINARY") if former is None else os.environ.update(CARDEA_BINARY=former)
        os.unlink(path)
        self.fail_to_upgrade(all_of_it, r"event=upgrade_failed .*cannot be started: No such file")
        with open(path, "w") as file:
            file.write("#!/bin/sh\nkill -SEGV $$\n")
        os.chmod(path, 0o755)
        self.fail_to_upgrade(all_of_it, r"event=upgrade_failed .*end=\"signal 11\"")
        all_of_it.stop()

    def test_a_source_that_does_not_answer_the_new_process_keeps_the_old_one(self):
        """The old process knows the service; the new one would answer 503."""
        origin = self.enterContext(Origin("web01"))
        directory = program.scratch("source")
        self.addCleanup(program.remove, directory)
        path = os.path.join(directory, "endpoints")
        with open(path, "w") as file:
            file.write(origin.address + "\n")
        all_of_it = Generations(self, f"listen: 127.0.0.1:0\nservices: {{web: {{endpoints: 'file://{path}'}}}}\nroutes: [{{service: web}}]\n"
                                "process: {threads: 1, wait_for_sources: 1s}\n" + ADMIN)
        waiting.until(lambda: all_of_it.proxy.get().status == 200, "the endpoint")
        os.unlink(path)
        all_of_it.signal(signal.SIGUSR2)
        waiting.until(lambda: all_of_it.count("upgrade_failed") or all_of_it.count("taken_over"), "the outcome", 60)
        self.assertEqual(all_of_it.count("taken_over"), 0)
        self.assertRegex(all_of_it.proxy.log(), r"event=upgrade_failed .*why=\"the (source|service) ")
        self.assertEqual(all_of_it.proxy.get().text, "web01")
        all_of_it.stop()

    @unittest.skipUnless(consul.binary(), "no Consul")
    def test_while_a_source_is_down_the_new_process_has_its_last_answer(self):
        origin = self.enterContext(Origin("web01"))
        agent = self.enterContext(consul.Agent())
        agent.register("web", origin.port)
        all_of_it = Generations(self, f"listen: 127.0.0.1:0\ndiscovery: {{consul: '{agent.address}'}}\nroutes: [{{service: web}}]\n"
                                "process: {threads: 1, wait_for_sources: 500ms, graceful_timeout: 4s, state_dir: '{dir}/state'}\n" + ADMIN)
        waiting.until(lambda: all_of_it.proxy.get().status == 200, "the endpoint")
        state = all_of_it.proxy.path("state")
        waiting.until(lambda: any(b"web" in open(os.path.join(state, f), "rb").read() for f in os.listdir(state)), "what is kept of it")
        agent.kill()
        with Steady(all_of_it.proxy.address(), tunnels=0) as load:
            all_of_it.upgrade()
            answered = load.answers
            waiting.until(lambda: load.answers > answered + 50, "answers of the new process")
        self.assertEqual(load.failures, [])
        all_of_it.stop()

    def test_a_stop_before_the_new_process_is_ready_ends_both(self):
        all_of_it = Generations(self, self.CONFIG)
        all_of_it.signal(signal.SIGUSR2)
        all_of_it.signal(signal.SIGTERM)
        self.assertEqual(all_of_it.proxy.program.wait(), 0)
        for pid in map(int, re.findall(r"event=upgrade_started pid=(\d+)", all_of_it.proxy.log())):
            if all_of_it.count("taken_over"):
                os.kill(pid, signal.SIGTERM)  # it was faster
            waiting.until(lambda pid=pid: not alive(pid), f"process {pid} to end")

    def test_a_stop_of_both_cuts_no_request_of_the_old_one(self):
        origin = self.enterContext(Origin("web01"))
        all_of_it = Generations(self, f"listen: 127.0.0.1:0\nservices: {{web: '{origin.address}'}}\nroutes: [{{service: web}}]\n"
                                      "process: {graceful_timeout: 20s}\n" + ADMIN)
        with all_of_it.proxy.connect(timeout=30) as client:
            client.send(b"GET /slow/1500 HTTP/1.1\r\nHost: a\r\n\r\n")
            waiting.until(lambda: "cardea_requests_in_flight 1" in http.get(all_of_it.proxy.admin(), "/metrics", host="127.0.0.1").text, "it")
            all_of_it.upgrade()
            os.kill(all_of_it.proxy.program.pid, signal.SIGTERM)  # as a unit's stop tells every process of it
            self.assertEqual(client.read_response().status, 200)
        self.assertEqual(all_of_it.proxy.program.wait(60), 0)
        all_of_it.signal(signal.SIGTERM)
        waiting.until(lambda: not alive(all_of_it.pid), "the new process to end")

    def test_process_1_of_a_container_refuses(self):
        directory = program.scratch("container")
        self.addCleanup(program.remove, directory)
        config = os.path.join(directory, "cardea.yaml")
        port = waiting.free_port()
        with open(config, "w") as file:
            file.write(f"listen: 127.0.0.1:{port}\nroutes: [{{respond: {{status: 200, body: hello}}}}]\nadmin: off\n")
        if subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no process namespaces here")
        outer = program.Program(["unshare", "--pid", "--fork", "--kill-child", binary(), "run", "-c", config], "cardea", directory,
                                environment=SANITIZERS)
        self.addCleanup(outer.kill)
        outer.wait_for_log(r"event=ready\b.*")
        inner = int(subprocess.run(["pgrep", "-P", str(outer.pid)], capture_output=True, text=True, check=True).stdout)
        os.kill(inner, signal.SIGUSR2)
        outer.wait_for_log(r"event=upgrade_refused why=\"this is process 1 of its container")
        self.assertEqual(http.get(f"127.0.0.1:{port}").text, "hello")
        os.kill(inner, signal.SIGTERM)
        self.assertEqual(outer.wait(), 0)

    def test_a_unit_that_does_not_listen_to_notifications_refuses(self):
        all_of_it = Generations(self, self.CONFIG, arguments=(), environment={"INVOCATION_ID": "0123456789abcdef"})
        # SYSTEMD_EXEC_PID is known only once the process is there: started through a shell that becomes it.
        all_of_it.stop()
        directory = program.scratch("unit")
        self.addCleanup(program.remove, directory)
        config = os.path.join(directory, "cardea.yaml")
        with open(config, "w") as file:
            file.write("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\nadmin: off\n")
        unit = program.Program(["sh", "-c", f'export SYSTEMD_EXEC_PID=$$; exec "{binary()}" run -c "{config}"'], "cardea", directory,
                               environment=SANITIZERS)
        self.addCleanup(unit.kill)
        unit.wait_for_log(r"event=ready\b.*")
        unit.send(signal.SIGUSR2)
        unit.wait_for_log(r"event=upgrade_refused why=\".*NotifyAccess=main")
        self.assertEqual(unit.stop(), 0)


class Systemd(unittest.TestCase):
    def test_main_pid_moves_to_the_new_process(self):
        directory = program.scratch("notify")
        self.addCleanup(program.remove, directory)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(os.path.join(directory, "notify"))
            manager.settimeout(waiting.CEILING)
            all_of_it = Generations(self, Refused.CONFIG, environment={"NOTIFY_SOCKET": os.path.join(directory, "notify")})
            self.assertTrue(manager.recv(4096).startswith(b"READY=1"))
            all_of_it.upgrade()
            heard = []
            while not heard or "MAINPID" not in heard[-1]:
                heard.append(manager.recv(4096).decode())
            self.assertRegex(heard[0], "^RELOADING=1\n")
            self.assertEqual(heard[-1], f"MAINPID={all_of_it.pid}\nREADY=1")
            all_of_it.stop()

    def test_sockets_of_systemd_are_shared_by_all_workers_and_outlive_us(self):
        """A helper passes descriptor 3, as systemd does, and keeps it."""
        directory = program.scratch("activation")
        self.addCleanup(program.remove, directory)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen(64)
            port = listening.getsockname()[1]
            config = os.path.join(directory, "cardea.yaml")
            with open(config, "w") as file:
                file.write("listen: ':80'\nroutes: [{respond: {status: 200, body: hello}}]\nadmin: off\n"
                           "process: {threads: 4, graceful_timeout: 4s}\n")
            waiting_client = http.Connection(f"127.0.0.1:{port}")  # in the queue before anybody is there
            helper = ("import os, sys\n"
                      "os.dup2(int(sys.argv[1]), 3, inheritable=True)\n"
                      "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web')\n"
                      "os.execv(sys.argv[2], sys.argv[2:])\n")
            os.set_inheritable(listening.fileno(), True)
            with open(os.path.join(directory, "log"), "ab") as log:
                process = subprocess.Popen(["python3", "-c", helper, str(listening.fileno()), binary(), "run", "-c", config],
                                           pass_fds=[listening.fileno()], stdout=log, stderr=log, env={**os.environ, **SANITIZERS})

            def text():
                with open(os.path.join(directory, "log")) as file:
                    return file.read()
            try:
                waiting.until(lambda: "event=ready" in text(), "the start")
                self.assertIn(f"listener=web address=127.0.0.1:{port}", text())
                self.assertEqual(waiting_client.request().text, "hello")
                waiting_client.close()
                with Steady(f"127.0.0.1:{port}", tunnels=0) as load:
                    waiting.until(lambda: load.answers > 50, "the load to run")
                    process.send_signal(signal.SIGUSR2)
                    waiting.until(lambda: "event=taken_over" in text(), "the new process")
                    answered = load.answers
                    waiting.until(lambda: load.answers > answered + 50, "answers of the new process")
                self.assertEqual(load.failures, [])
                self.assertEqual(process.wait(30), 0)
                successor = int(re.findall(r"event=taken_over pid=(\d+)", text())[-1])
                os.kill(successor, signal.SIGTERM)
                waiting.until(lambda: not alive(successor), "the new process to end")
                http.Connection(f"127.0.0.1:{port}").close()  # the queue is still there, for whoever is started next
            finally:
                process.kill()
                process.wait()
                for pid in map(int, re.findall(r"event=upgrade_started pid=(\d+)", text())):
                    if alive(pid):
                        os.kill(pid, signal.SIGKILL)

    def test_what_is_no_listening_socket_is_refused(self):
        directory = program.scratch("activation")
        self.addCleanup(program.remove, directory)
        config = os.path.join(directory, "cardea.yaml")
        with open(config, "w") as file:
            file.write("listen: 127.0.0.1:0\nroutes: [{respond: {status: 200}}]\nadmin: off\n")
        wrong = program.Program(["sh", "-c", f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "{binary()}" run -c "{config}" 3</dev/null'], "cardea",
                                directory, environment=SANITIZERS)
        self.assertEqual(wrong.wait(), 1)
        self.assertRegex(wrong.log(), r"event=start_failed why=\"LISTEN_FDS: descriptor 3 is not a listening stream socket\"")


if __name__ == "__main__":
    unittest.main()
