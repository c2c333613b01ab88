"""A Consul agent that speaks TLS and asks for our certificate: the right files are served, wrong ones are refused and said."""

import os
import subprocess
import unittest

from support import consul, program, waiting
from support.cardea import Cardea, Origin


class Certificates:
    """A CA, and what it signed: `server` for localhost and 127.0.0.1, `client`; `stranger` is another CA."""

    def __init__(self, directory):
        self.directory = directory
        for authority in ("ca", "stranger"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                         "-subj", f"/CN={authority}", "-keyout", self.path(f"{authority}.key"), "-out", self.path(f"{authority}.pem"))
        for name in ("server", "client"):
            with open(self.path(f"{name}.ext"), "w") as file:
                file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
            self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                         "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
            self.openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                         "-CAcreateserial", "-days", "2", "-extfile", self.path(f"{name}.ext"), "-out", self.path(f"{name}.pem"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)


@unittest.skipUnless(consul.binary(), "no Consul: deploy/install-dependencies --tests fetches one")
class ConsulOverTls(unittest.TestCase):
    def setUp(self):
        directory = program.scratch("certificates")
        self.addCleanup(program.remove, directory)
        self.files = Certificates(directory)
        self.https = waiting.free_port()
        path = self.files.path
        self.agent = self.enterContext(consul.Agent(hcl=(
            f'ports {{ https = {self.https} }} ca_file = "{path("ca.pem")}" cert_file = "{path("server.pem")}" '
            f'key_file = "{path("server.key")}" verify_incoming_https = true')))
        self.origin = self.enterContext(Origin("web01"))
        self.agent.register("web", self.origin.port, "127.0.0.1", "web01")

    def start(self, host="127.0.0.1", ca="ca.pem", cert="client", more=""):
        path = self.files.path
        mine = f", cert: '{path(cert + '.pem')}', key: '{path(cert + '.key')}'" if cert else ""
        return self.enterContext(Cardea(
            f"listen: 127.0.0.1:0\ndiscovery: {{consul: {{main: {{address: 'https://{host}:{self.https}', "
            f"tls: {{ca: '{path(ca)}'{mine}{more}}}}}}}}}\nroutes: [{{service: web}}]\n", ready=False))

    def test_both_sides_show_their_certificates(self):
        for host in ("127.0.0.1", "localhost"):
            with self.subTest(host):
                proxy = self.start(host)
                waiting.until(lambda: proxy.get().text == "web01", "the instance")

    def test_a_server_that_our_ca_did_not_sign_is_not_believed(self):
        proxy = self.start(ca="stranger.pem")
        proxy.program.wait_for_log(r"source_error.*TLS", 10)
        self.assertEqual(proxy.get().status, 503)

    def test_another_name_than_the_expected_is_not_believed(self):
        proxy = self.start(more=", server_name: consul.example")
        proxy.program.wait_for_log(r"source_error.*TLS", 10)
        self.assertEqual(proxy.get().status, 503)

    def test_without_our_certificate_the_agent_refuses_and_it_is_said(self):
        proxy = self.start(cert=None)
        proxy.program.wait_for_log(r"source_error", 10)
        self.assertEqual(proxy.get().status, 503)


if __name__ == "__main__":
    unittest.main()
