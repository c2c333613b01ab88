"""Docker engines of the test's own, and containers made of the static origin. Needs root; nothing is pulled."""

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile

from support import cardea, http, network, program, waiting

IMAGE = "cardea-origin"


def why_not():
    """Why an engine cannot be started here, or None."""
    for needed in ("dockerd", "docker", "containerd", "iptables"):
        if not shutil.which(needed, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"{needed} is not installed"
    return network.why_not()


class Engine:
    """dockerd in a host of a Network, on a unix socket and, with `tcp`, on `HOST:2375`. The image of the origin is loaded."""

    def __init__(self, host, tcp=False, arguments=()):
        self.host, self.arguments = host, list(arguments)
        self.directory = program.scratch("docker")
        self.socket = os.path.join(self.directory, "docker.sock")
        self.tcp = f"{host.address}:2375" if tcp else None
        self.program = None
        try:
            self.start()
            self.load_origin()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        command = ["dockerd", "-H", f"unix://{self.socket}", "--data-root", f"{self.directory}/data", "--exec-root", f"{self.directory}/exec",
                   "--pidfile", f"{self.directory}/pid", "--config-file", f"{self.directory}/none.json", "--storage-driver", "vfs",
                   "--log-level", "warn", *self.arguments]
        if self.tcp:
            command += ["-H", f"tcp://{self.tcp}", "--tls=false"]
        with open(f"{self.directory}/none.json", "w") as file:
            file.write("{}")
        # dockerd announces an unprotected TCP socket with a pause unless told that it is meant.
        environment = {"DOCKERD_DEPRECATED": "1", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
        self.program = program.Program(command, "dockerd", self.directory, self.host.namespace, environment)

        def answers():
            if not self.program.running():
                raise RuntimeError(f"dockerd ended:\n{self.program.log()[-3000:]}")
            return http.get(f"unix:{self.socket}", "/_ping").status == 200
        waiting.until(answers, "dockerd", every=0.05)

    def close(self):
        if self.program and self.program.running():
            try:
                identities = self("ps", "-aq", check=False).split()
                if identities:
                    self("rm", "-f", *identities, check=False)
            finally:
                self.stop()
        for line in reversed(network.run("cat", "/proc/self/mounts").splitlines()):
            mount = line.split()[1]
            if mount.startswith(self.directory):
                network.run("umount", "-l", mount, check=False)
        program.remove(self.directory)

    def stop(self):
        """Ends the engine; its containers end with it unless --live-restore was given."""
        try:
            return self.program.stop(signal.SIGTERM)
        finally:
            self.kill_containerd()

    def kill(self):
        """The engine dies without a word."""
        self.program.kill()
        self.kill_containerd()

    def kill_containerd(self):
        try:
            with open(f"{self.directory}/exec/containerd/containerd.pid") as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline") as file:
                if self.directory in file.read():
                    os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pass  # it has ended with its engine

    def __call__(self, *arguments, check=True, stdin=None):
        """The docker command against this engine; answers its output without the last line end."""
        done = subprocess.run(["docker", "-H", f"unix://{self.socket}", *arguments], input=stdin, capture_output=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.decode().strip()}")
        return done.stdout.decode().strip()

    def load_origin(self):
        """The static origin as an image whose containers answer with their host name on port 80."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(cardea.origin_binary(), "origin")
        self("import", "--change", 'ENTRYPOINT ["/origin", "--listen", ":80"]', "--change", "EXPOSE 80", "-", IMAGE, stdin=archive.getvalue())

    def run(self, name, *options, publish=True, arguments=()):
        """Starts a container of the origin; `options` are docker's, `arguments` the origin's. Answers its id."""
        return self("run", "-d", "--name", name, "--hostname", name, *(["-P"] if publish else []), *options, IMAGE, *arguments)

    def inspect(self, name):
        return json.loads(self("inspect", name))[0]

    def published(self, name, port="80/tcp"):
        """The host port `port` of the container is published on."""
        return int(self.inspect(name)["NetworkSettings"]["Ports"][port][0]["HostPort"])
