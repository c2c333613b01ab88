"""Moments of a Docker host: containers that come, go, freeze, listen late, and an engine that restarts."""

import concurrent.futures
import time

from support import program, waiting
from support.churn.result import ABANDONED, Permitted
from support.churn.stand import HOST, IMAGE, RECORD, Engine, Stand

WIDTH = 4  # containers that serve


class DockerStand(Stand):
    kind = "docker"
    engine_arguments = ("--live-restore",)

    def build(self):
        self.engine = self.enter_context(Engine(self.network["host"], tcp=True, arguments=self.engine_arguments))
        self.watch_starts()

    def watch_starts(self):
        """Docker's own time of each start."""
        command = ["docker", "-H", f"unix://{self.engine.socket}", "events", "--filter", "event=start", "--format",
                   "{{.TimeNano}} {{.Actor.Attributes.name}}"]
        self.events = program.Program(command, "events", self.directory)
        self.callback(self.events.kill)

    def starts(self):
        return {name: int(time) // 1000 for time, name in (line.split() for line in self.events.log().splitlines())}

    def config(self, where="docker: {h: {endpoint: 'tcp://%s:2375'}}" % HOST):
        return f"listen: :8000\ndiscovery:\n  {where}\nroutes: [{{service: {IMAGE}}}]\n" + RECORD

    def bring(self, *arguments):
        """One more container; answers its name at once, the proxy may not know it yet."""
        name = self.new_name()
        self.engine.serve(name, self.directory, *arguments)
        self.serving.append(name)
        return name

    def fill(self, *arguments):
        """WIDTH containers of this kind and no other."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: self.bring(*arguments), range(WIDTH)))

    def clear(self):
        if self.serving:
            self.engine("rm", "-f", *self.serving)
        self.serving = []

    def arrived(self, names):
        """Waits for them and keeps when the engine said that they had started."""
        self.wait_seen(names)
        waiting.until(lambda: set(names) <= set(self.starts()), "docker's word of each start")
        self.facts.update({name: at for name, at in self.starts().items() if name in names})

    def rolling(self, count, leave, *arguments):
        """`count` times: a new one comes, is seen, the oldest leaves while the next one comes."""
        came = []
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            leaving = None
            for _ in range(count):
                name = self.bring(*arguments)
                came.append(name)
                self.wait_seen([name])
                if leaving:
                    leaving.result()
                oldest = self.serving.pop(0)
                self.gone.add(oldest)
                leaving = pool.submit(leave, oldest)
            leaving.result()
        self.arrived(came)


def stop_exit(stand, count):
    """rolling `docker stop`/`run` of containers that exit at once on SIGTERM"""
    stand.fill("--on-term", "exit")
    with stand.measured("stop-exit", count, permitted=ABANDONED) as load:
        stand.rolling(count, lambda name: stand.engine("stop", name), "--on-term", "exit")
    stand.clear()
    return load.result


def stop_graceful(stand, count):
    """rolling `docker stop`/`run` of containers that finish their requests"""
    stand.fill("--on-term", "goodbye")
    with stand.measured("stop-graceful", count, permitted=ABANDONED) as load:
        stand.rolling(count, lambda name: stand.engine("stop", name), "--on-term", "goodbye")
    stand.clear()
    return load.result


def kill(stand, count):
    """`docker rm -f`, each replaced by a new container"""
    stand.fill()
    with stand.measured("kill", count, permitted=ABANDONED) as load:
        stand.rolling(count, lambda name: stand.engine("rm", "-f", name))
    stand.clear()
    return load.result


def recreate(stand, count):
    """the only container of a service is removed and another one started: idempotent requests wait, the rest gets 503"""
    stand.bring("--on-term", "goodbye")
    with stand.measured("recreate", count, permitted=Permitted({"a", "b", "c", "nobody"}), rates={"get": 200, "post": 20}) as load:
        for _ in range(count):
            oldest = stand.serving.pop()
            stand.gone.add(oldest)
            stand.engine("rm", "-f", oldest)
            name = stand.bring("--on-term", "goodbye")
            stand.arrived([name])
            program.pause(0.2)
    stand.clear()
    return load.result


def pause(stand, count):
    """`docker pause`, and `unpause` 300 ms later"""
    stand.fill()
    with stand.measured("pause", count) as load:
        for turn in range(count):
            name = stand.serving[turn % WIDTH]
            stand.engine("pause", name)
            program.pause(0.3)
            thawed = time.time()
            stand.engine("unpause", name)
            stand.wait_seen([name], thawed)
    stand.clear()
    return load.result


def late(stand, count):
    """applications that listen 2 s after their container starts, ten at a time; then the old ones stop"""
    stand.fill("--on-term", "goodbye")
    with stand.measured("late", count, permitted=ABANDONED) as load:
        while count > 0:
            old, batch = list(stand.serving), min(count, 10)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                new = list(pool.map(lambda _: stand.bring("--delay-start", "2s", "--on-term", "goodbye"), range(batch)))
            stand.arrived(new)
            stand.gone.update(old)
            stand.serving = [name for name in stand.serving if name not in old]
            stand.engine("stop", *old)
            count -= batch
    stand.clear()
    return load.result


def engine_restart(stand, count):
    """dockerd restarts below live containers (--live-restore), addressed by container address"""
    stand.fill()
    config = stand.config("docker: {h: {endpoint: 'unix://%s', address: container}}" % stand.engine.socket)
    with stand.measured("engine-restart", count, config, stand.network["host"].namespace) as load:
        for _ in range(count):
            stand.engine.stop()
            program.pause(0.5)
            stand.engine.start()
            stand.watch_starts()
            began = time.time()
            stand.wait_seen(stand.serving, began)
            name = stand.bring()  # and it is followed again
            stand.wait_seen([name])
            program.pause(0.5)
    stand.clear()
    return load.result


MOMENTS = {
    "stop-exit": (stop_exit, 20, 200),
    "stop-graceful": (stop_graceful, 20, 200),
    "kill": (kill, 20, 200),
    "recreate": (recreate, 5, 100),
    "pause": (pause, 20, 200),
    "late": (late, 20, 40),
    "engine-restart": (engine_restart, 1, 10),
}
