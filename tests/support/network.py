"""Hosts on one machine: network namespaces joined by a bridge. Needs root; everything made is removed again."""

import os
import subprocess


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def why_not():
    """Why namespaces cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    name = f"cardea-try-{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
    except (RuntimeError, FileNotFoundError) as error:
        return f"no network namespaces here: {error}"
    run("ip", "netns", "delete", name)
    return None


class Host:
    def __init__(self, name, address):
        self.name, self.address = name, address
        self.namespace = f"/run/netns/{name}"

    def ip(self, *arguments):
        return run("ip", "-n", self.name, *arguments)


class Network:
    """`Network({"h1": "10.77.0.11"})`: a switch and a namespace a host, none of it visible outside."""

    def __init__(self, hosts, prefix=24):
        self.tag = f"c{os.getpid() % 100000}"
        self.switch = f"{self.tag}-switch"
        self.hosts, self.made, self.window = {}, [], None
        try:
            self.add_namespace(self.switch)
            run("ip", "-n", self.switch, "link", "add", "lan", "type", "bridge")
            run("ip", "-n", self.switch, "link", "set", "lan", "up")
            for name, address in hosts.items():
                self.hosts[name] = self.add_host(name, address, prefix)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, name):
        return self.hosts[name]

    def add_namespace(self, name):
        run("ip", "netns", "add", name)
        self.made.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def add_host(self, name, address, prefix):
        host = Host(f"{self.tag}-{name}", address)
        self.add_namespace(host.name)
        run("ip", "-n", host.name, "link", "add", "eth0", "type", "veth", "peer", "name", f"to-{name}", "netns", self.switch)
        run("ip", "-n", self.switch, "link", "set", f"to-{name}", "master", "lan", "up")
        host.ip("address", "add", f"{address}/{prefix}", "dev", "eth0")
        host.ip("link", "set", "eth0", "up")
        return host

    def open_window(self, address, prefix=24):
        """Gives this machine an address on the switch, so that a person can reach the hosts."""
        self.window = f"{self.tag}-lan"
        run("ip", "link", "add", self.window, "type", "veth", "peer", "name", "to-window", "netns", self.switch)
        run("ip", "-n", self.switch, "link", "set", "to-window", "master", "lan", "up")
        run("ip", "address", "add", f"{address}/{prefix}", "dev", self.window)
        run("ip", "link", "set", self.window, "up")

    def close(self):
        if self.window:
            run("ip", "link", "delete", self.window, check=False)
            self.window = None
        for name in reversed(self.made):
            run("ip", "netns", "delete", name, check=False)
        self.made.clear()
