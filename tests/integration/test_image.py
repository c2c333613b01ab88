"""deploy/image: a container of Cardea in front of a container of the origin."""

import os
import subprocess
import unittest

from support import docker, http, network, program, waiting
from support.cardea import ROOT, binary

CONFIG = """
listen: ":8000"
services: {web: {endpoints: ["ADDRESS:80"]}}
routes: [{service: web}]
"""


@unittest.skipIf(docker.why_not(), str(docker.why_not()))
class Image(unittest.TestCase):
    def test_a_container_fronts_another(self):
        directory = program.scratch("image")
        self.addCleanup(program.remove, directory)
        os.chmod(directory, 0o755)
        hosts = self.enterContext(network.Network({"h1": "10.77.2.11"}))
        engine = self.enterContext(docker.Engine(hosts["h1"]))
        made = subprocess.run([os.path.join(ROOT, "deploy", "image"), "--binary", binary()], capture_output=True, text=True, check=False,
                              env={**os.environ, "DOCKER_HOST": f"unix://{engine.socket}"})
        self.assertEqual(made.returncode, 0, made.stderr)
        engine.run("web01")
        with open(os.path.join(directory, "cardea.yaml"), "w") as file:
            file.write(CONFIG.replace("ADDRESS", engine.inspect("web01")["NetworkSettings"]["IPAddress"]))
        engine("run", "-d", "--name", "front", "--read-only", "-P", "-v", f"{directory}/cardea.yaml:/etc/cardea/cardea.yaml:ro", "cardea")
        address = f"127.0.0.1:{engine.published('front', '8000/tcp')}"
        try:
            waiting.until(lambda: http.get(address, namespace=hosts["h1"].namespace).text == "web01", "the container behind the container")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{engine('logs', 'front')}") from None
        front = engine.inspect("front")
        self.assertEqual(front["Config"]["User"], "65532:65532")
        engine("stop", "front")
        self.assertEqual(engine.inspect("front")["State"]["ExitCode"], 0)


if __name__ == "__main__":
    unittest.main()
