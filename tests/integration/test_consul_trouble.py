"""A real Consul in trouble: rights that go and come back, agents that die, freeze or are restored from older data."""

import json
import os
import signal
import subprocess
import threading
import time
import unittest

from support import consul, http, program, waiting
from support.cardea import Cardea, Origin, binary

ROOT_TOKEN = "3f1c1a0e-2b1f-4a53-9f6e-8d2d7b6c0001"
ACL = 'acl { enabled = true default_policy = "deny" tokens { master = "%s" agent = "%s" } }' % (ROOT_TOKEN, ROOT_TOKEN)


def call(agent, method, path, body=None, token=None):
    """The API with a token; bytes are sent as they are."""
    payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Consul-Token": token} if token else {}
    response = http.request(agent.address, method, path, headers=headers, body=payload)
    if response.status != 200:
        raise ValueError(f"consul: {method} {path}: {response}")
    return response.body


class Traffic:
    """One GET after the other on a connection of its own until stop(), which answers what was not 200."""

    def __init__(self, proxy):
        self.connection, self.bad, self.count, self.going = proxy.connect(), [], 0, True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                response = self.connection.request()
            except (OSError, EOFError) as error:
                self.bad.append(repr(error))
                return
            self.count += 1
            if response.status != 200:
                self.bad.append(repr(response))
            time.sleep(0.002)

    def stop(self):
        self.going = False
        self.thread.join()
        self.connection.close()
        return self.bad


class Trouble(unittest.TestCase):
    def origins(self, *names):
        return [self.enterContext(Origin(name)) for name in names]

    def cardea(self, consul_settings, services="", more=""):
        return self.enterContext(Cardea(f"listen: 127.0.0.1:0\ndiscovery: {{consul: {consul_settings}}}\n{services}\n"
                                        f"routes: [{{service: web}}]\n{more}"))

    def register(self, agent, origin, token=None):
        call(agent, "PUT", "/v1/agent/service/register",
             {"Name": "web", "ID": origin.name, "Address": "127.0.0.1", "Port": origin.port}, token)

    def served_by(self, proxy, names, bar=1.0):
        with proxy.connect() as connection:
            waiting.until(lambda: sorted({connection.request().text for _ in range(3 * len(names))}) == names,
                          f"answers of {names}", bar=bar)

    def sees(self, proxy, name, bar=1.0):
        with proxy.connect() as connection:
            waiting.until(lambda: name in {connection.request().text for _ in range(8)}, f"an answer of {name}", bar=bar)


@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class Rights(Trouble):
    def setUp(self):
        self.agent = self.enterContext(SecureAgent())
        self.web = self.origins("web01", "web02", "web03")

    def policy(self, rules, create=True):
        body = {"Name": "proxy", "Rules": rules}
        if create:
            return json.loads(call(self.agent, "PUT", "/v1/acl/policy", body, ROOT_TOKEN))["ID"]
        return call(self.agent, "PUT", f"/v1/acl/policy/{self.policy_id}", {"ID": self.policy_id, **body}, ROOT_TOKEN)

    def token(self):
        return json.loads(call(self.agent, "PUT", "/v1/acl/token", {"Policies": [{"ID": self.policy_id}]}, ROOT_TOKEN))

    def test_rights_go_and_come_back(self):
        everything = 'service_prefix "" {policy="read"} node_prefix "" {policy="read"}'
        self.policy_id = self.policy(everything)
        token = self.token()
        self.register(self.agent, self.web[0], ROOT_TOKEN)
        proxy = Cardea(f"listen: 127.0.0.1:0\ndiscovery: {{consul: {{address: '{self.agent.address}', token_file: '{{dir}}/token'}}}}\n"
                       "routes: [{service: web}]\n", ready=False)
        self.enterContext(proxy)
        with proxy.connect() as connection:  # no token file yet
            self.assertEqual(connection.request().status, 503)
            self.write(proxy, "wrong")
            self.assertEqual(connection.request().status, 503)
            self.write(proxy, token["SecretID"] + "\n")
            waiting.until(lambda: connection.request().text == "web01", "service once the token is right", bar=1.0)
        traffic = Traffic(proxy)
        self.policy('service_prefix "" {policy="read"}', create=False)  # answers are `200 []` from now on
        time.sleep(2)
        self.policy(everything, create=False)
        self.register(self.agent, self.web[1], ROOT_TOKEN)
        self.sees(proxy, "web02", 2.0)
        call(self.agent, "DELETE", f"/v1/acl/token/{token['AccessorID']}", token=ROOT_TOKEN)  # 403 from now on
        self.register(self.agent, self.web[2], ROOT_TOKEN)
        time.sleep(2)
        self.write(proxy, self.token()["SecretID"])
        self.sees(proxy, "web03")
        self.assertEqual(traffic.stop(), [])
        self.assertGreater(traffic.count, 100)

    @staticmethod
    def write(proxy, text):
        with open(proxy.path("token"), "w") as file:
            file.write(text)


class SecureAgent(consul.Agent):
    """One that denies everything to whoever has no token."""

    def __init__(self):
        super().__init__(hcl=ACL)

    def wait_leader(self):
        waiting.until(lambda: call(self, "GET", "/v1/status/leader", token=ROOT_TOKEN) != b'""' and
                      call(self, "GET", "/v1/acl/tokens", token=ROOT_TOKEN), "a leader and its tokens", every=0.05)


@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class Agents(Trouble):
    def setUp(self):
        self.agent = self.enterContext(consul.Agent())
        self.web = self.origins("web01", "web02", "web03")

    def test_another_agent_takes_over(self):
        client = self.enterContext(consul.Agent(name="client", join=self.agent))
        self.register(self.agent, self.web[0])
        proxy = self.cardea(f"{{addresses: ['127.0.0.1:{waiting.free_port()}', '{client.address}', '{self.agent.address}']}}")
        self.served_by(proxy, ["web01"])
        traffic = Traffic(proxy)
        client.kill()
        self.register(self.agent, self.web[1])
        self.sees(proxy, "web02")
        client.start()
        self.agent.deregister("web02")
        self.served_by(proxy, ["web01"])
        self.assertEqual(traffic.stop(), [])

    def test_the_server_behind_an_agent_loses_its_data(self):
        client = self.enterContext(consul.Agent(name="client", join=self.agent))
        self.register(self.agent, self.web[0])
        proxy = self.cardea(f"'{client.address}'")
        self.served_by(proxy, ["web01"])
        traffic = Traffic(proxy)
        self.agent.restart()
        waiting.until(lambda: consul_answers(client), "the agent finds its server again")
        self.register(self.agent, self.web[1])
        self.sees(proxy, "web02")
        self.assertEqual(traffic.stop(), [])

    def test_older_data_is_restored(self):
        self.register(self.agent, self.web[0])
        snapshot = call(self.agent, "GET", "/v1/snapshot")
        self.register(self.agent, self.web[1])
        proxy = self.cardea(f"'{self.agent.address}'")
        self.served_by(proxy, ["web01", "web02"])
        traffic = Traffic(proxy)
        call(self.agent, "PUT", "/v1/snapshot", snapshot)
        time.sleep(1)
        self.register(self.agent, self.web[2])
        self.sees(proxy, "web03")
        self.assertEqual(traffic.stop(), [])

    def test_an_agent_that_comes_and_goes_costs_nothing(self):
        for origin in self.web:
            self.register(self.agent, origin)
        proxy = self.cardea(f"'{self.agent.address}'")
        self.served_by(proxy, ["web01", "web02", "web03"])
        traffic = Traffic(proxy)
        for _ in range(3):
            self.agent.kill()
            time.sleep(0.5)
            self.agent.start()
            time.sleep(0.5)
        self.served_by(proxy, ["web01", "web02", "web03"])
        self.assertEqual(traffic.stop(), [])

    def test_what_is_held_leaves_when_it_dies(self):
        for origin in self.web[:2]:
            self.register(self.agent, origin)
        proxy = self.cardea(f"'{self.agent.address}'")
        self.served_by(proxy, ["web01", "web02"])
        self.agent.restart()  # without data
        self.served_by(proxy, ["web01", "web02"])
        self.web[0].stop()
        self.served_by(proxy, ["web02"])
        self.web[1].stop()
        with proxy.connect() as connection:
            waiting.until(lambda: connection.request("POST", body=b"").status == 503, "503 when the last one is gone", bar=1.0)
        self.register(self.agent, self.web[2])
        self.served_by(proxy, ["web03"])

    def test_a_frozen_agent_and_its_thaw(self):
        self.register(self.agent, self.web[0])
        proxy = self.cardea(f"'{self.agent.address}'")
        self.served_by(proxy, ["web01"])
        traffic = Traffic(proxy)
        self.agent.program.send(signal.SIGSTOP)
        time.sleep(1.5)
        self.agent.program.send(signal.SIGCONT)
        self.register(self.agent, self.web[1])
        self.sees(proxy, "web02")
        self.assertEqual(traffic.stop(), [])

    def test_more_services_than_connections(self):
        names = [f"s{i}" for i in range(12)]
        services = "services:\n" + "".join(f"  {name}: {{endpoints: 'consul:///{name}'}}\n" for name in ["web", *names])
        proxy = self.cardea(f"{{address: '{self.agent.address}', max_connections: 4}}", services)
        for origin in self.web:
            self.register(self.agent, origin)
        self.served_by(proxy, ["web01", "web02", "web03"], 3.0)


@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class ColdStart(Trouble):
    """Cardea begins while no registry answers, with what an earlier run has left in `process.state_dir`."""

    def setUp(self):
        self.state = program.scratch("state")
        self.addCleanup(program.remove, self.state)
        self.web = self.origins("web01", "web02")
        with consul.Agent() as agent:
            for origin in self.web:
                self.register(agent, origin)
            self.config = f"'{agent.address}'"
            with self.start() as proxy:
                self.served_by(proxy, ["web01", "web02"])
                waiting.until(lambda: os.listdir(self.state), "the state on disk")

    def start(self):
        return Cardea(f"listen: 127.0.0.1:0\ndiscovery: {{consul: {self.config}}}\nroutes: [{{service: web}}]\n"
                      f"process: {{threads: 2, wait_for_sources: 10s, state_dir: '{self.state}'}}\n", ready=False)

    def test_it_serves_from_what_it_remembers(self):
        with self.subTest("who is late is the last resort"):
            for origin in self.web:
                origin.program.send(signal.SIGSTOP)
            with self.start() as proxy:
                answer = []
                waiting.until(lambda: b"restored" in subprocess.run([binary(), "endpoints", "--admin", f"unix:{proxy.path('admin.sock')}"],
                                                                    capture_output=True, check=False).stdout, "both to be the last tier")
                asking = threading.Thread(target=lambda: answer.append(proxy.get().status))
                asking.start()
                for origin in self.web:
                    origin.program.send(signal.SIGCONT)
                asking.join()
                self.assertEqual(answer, [200])
        with self.subTest("who answers serves at once"), self.start() as proxy, proxy.connect() as connection:
            waiting.until(lambda: connection.request().status == 200, "the restored endpoints", bar=1.0)
            self.assertEqual({connection.request().text for _ in range(4)}, {"web01", "web02"})
            self.web[1].stop()
            self.assertEqual({connection.request().text for _ in range(4)}, {"web01"})


def consul_answers(agent):
    return call(agent, "GET", "/v1/health/service/web") is not None


if __name__ == "__main__":
    unittest.main()
