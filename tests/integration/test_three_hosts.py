"""The tutorial's three hosts, in namespaces: h1 is the front door (and the Consul server), h2 and h3 run containers web01 to
web04, h1 one of its own now and then. From Consul alone, from Docker alone, and from both at once."""

import collections
import os
import sys
import threading
import unittest

from support import cardea, waiting

sys.path.insert(0, os.path.join(cardea.ROOT, "deploy", "demo"))
from three_hosts import ThreeHosts, why_not  # noqa: E402

FOUR = ["web01", "web02", "web03", "web04"]


class Visitors:
    """Asks without a pause on `count` kept connections, and keeps what did not go well."""

    def __init__(self, proxy, count=4):
        self.proxy, self.failures, self.requests, self.ended = proxy, [], 0, False
        self.threads = [threading.Thread(target=self.visit) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        for thread in self.threads:
            thread.join()

    def visit(self):
        try:
            with self.proxy.connect() as connection:
                while not self.ended:
                    response = connection.request()
                    self.requests += 1
                    if response.status != 200:
                        self.failures.append((response.status, response.fields))
        except (OSError, EOFError) as error:
            self.failures.append(repr(error))


@unittest.skipIf(why_not(), str(why_not()))
class ThreeHostsStory(unittest.TestCase):
    def tell_the_story(self, mode):
        hosts = self.enterContext(ThreeHosts(mode))
        proxy = self.enterContext(hosts.front_door(threads=3))
        files = self.files(proxy)
        kept = self.enterContext(proxy.connect())  # one client connection that lives through all of it
        self.assertEqual(kept.request().status, 503)  # nothing registered is a normal start

        for name, host in zip(FOUR, ("h2", "h2", "h3", "h3")):
            hosts.run(name, host)
        self.serves(kept, FOUR, 5.0)
        self.assertEqual(len({proxy.get().text for _ in range(4)}), 4)
        self.exact_shares(proxy, FOUR)

        with Visitors(proxy) as visitors:
            hosts.run("web05", "h3")
            self.assert_soon(hosts, kept, "web05")
            hosts.stop("web05")
            self.serves(kept, FOUR)
            if mode == "docker":  # the engine behind the unix socket
                hosts.run("web06", "h1")
                self.assert_soon(hosts, kept, "web06")
                hosts.remove("web06")
                self.serves(kept, FOUR)
        self.assertEqual(visitors.failures, [])
        self.assertGreater(visitors.requests, 100)
        self.exact_shares(proxy, FOUR)

        for name in FOUR:
            hosts.stop(name)
        waiting.until(lambda: kept.request("POST", body=b"").status == 503, "503 when all have stopped", bar=1.0)
        self.assertIsNotNone(kept.request("POST", body=b"").field("retry-after"))
        hosts.start("web01")
        self.assert_soon(hosts, kept, "web01")
        self.assertEqual(self.files(proxy), files)  # nothing was written or reloaded
        proxy.stop()

    def files(self, proxy):
        """What could have been written for it to follow: its configuration and everything beside it."""
        return {name: os.stat(proxy.path(name)).st_mtime_ns for name in os.listdir(proxy.directory) if not name.endswith(".log")}

    def serves(self, connection, names, bar=1.0):
        waiting.until(lambda: sorted({connection.request().text for _ in range(2 * len(names))}) == sorted(names), f"answers of {names}", bar=bar)

    def exact_shares(self, proxy, names):
        """Round robin is exact for the whole process, so only while nobody else asks."""
        self.assertEqual(collections.Counter(proxy.names(100 * len(names))), dict.fromkeys(names, 100))

    def assert_soon(self, hosts, connection, name):
        """It answers through the front door within a second of answering at all."""
        hosts.wait_answering(name)
        waiting.until(lambda: connection.request().text == name, f"{name} through the front door", every=0.001, bar=1.0)

    def test_from_consul_alone(self):
        self.tell_the_story("consul")

    def test_from_docker_alone(self):
        self.tell_the_story("docker")

    def test_from_both_without_double_weight(self):
        self.tell_the_story("both")


if __name__ == "__main__":
    unittest.main()
