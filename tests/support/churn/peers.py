"""Other proxies under the same moments, for the comparison: each with what it needs to follow the containers. What cannot be
found on this machine is left out with the reason."""

import os
import shutil
import signal
import subprocess
import threading

from support import consul, http, program
from support.churn import docker_moments
from support.churn.stand import HOST, IMAGE, REGISTRY

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "cardea")
LIBRARIES = os.path.join(CACHE, "peers", "usr", "lib", "x86_64-linux-gnu")
MOMENTS = ("stop-exit", "stop-graceful", "kill", "recreate", "pause", "late")


def found(name):
    """$NAME in capitals, a program of PATH or of `go install`, or what deploy/fetch-deb --into CACHE/peers has unpacked."""
    for candidate in (os.environ.get(name.upper().replace("-", "_")), shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"),
                      os.path.join(CACHE, "peers", "usr", "sbin", name), os.path.join(CACHE, "go", name), os.path.join(os.path.expanduser("~"), "go", "bin", name)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    return None


class Door:
    """A peer on :8000 of the front host, with the part of Cardea's interface that a moment uses."""

    needs = ()

    def __init__(self, stand):
        self.stand, self.namespace = stand, stand.front
        self.directory = program.scratch("peer")
        self.programs = []
        self.start()

    @classmethod
    def why_not(cls):
        missing = [name for name in cls.needs if not found(name)]
        return f"{', '.join(missing)} not found" if missing else None

    def start(self):
        raise NotImplementedError

    def run(self, name, *command):
        libraries = {"LD_LIBRARY_PATH": LIBRARIES} if os.path.isdir(LIBRARIES) else {}
        self.programs.append(program.Program([found(name), *command], name, self.directory, self.namespace, libraries))

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def path(self, name):
        return os.path.join(self.directory, name)

    def address(self):
        return "127.0.0.1:8000"

    def names(self, count):
        return [http.get(self.address(), namespace=self.namespace).text for _ in range(count)]

    def log(self):
        return "\n".join(running.log() for running in self.programs)

    def stop(self):
        for running in self.programs:
            running.send(signal.SIGTERM)
        for running in self.programs:
            try:
                running.wait(15)
            except AssertionError:
                pass  # it was killed then

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        program.remove(self.directory)


NGINX = """daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log; worker_processes 2; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  map $http_upgrade $upgrade {{ default upgrade; '' ''; }}
  include {dir}/upstream.conf;
  server {{ listen 8000; location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 1h;
    proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upgrade; }} }}
}}
"""
UPSTREAM = """upstream app {{{{ keepalive 64; {{{{range service "{service}"}}}}server {{{{.Address}}}}:{{{{.Port}}}};
{{{{else}}}}server 127.0.0.1:1;
{{{{end}}}} }}}}
"""


class Nginx(Door):
    """nginx, consul-template, and the registrations that registrator would make."""

    needs = ("nginx", "consul-template")

    def start(self):
        self.write("nginx.conf", NGINX.format(dir=self.directory))
        template = UPSTREAM.format(service=IMAGE).replace("{{{{", "{{").replace("}}}}", "}}")
        self.write("upstream.tpl", template.replace("upstream app {{", "upstream app {").replace(" }}\n", " }\n"))
        self.render("-once", wait=True)
        self.run("nginx", "-c", self.path("nginx.conf"), "-p", self.directory)
        reload = f"{found('nginx')} -c {self.path('nginx.conf')} -p {self.directory} -s reload"
        self.render(f"-template={self.path('upstream.tpl')}:{self.path('upstream.conf')}:{reload}")

    def render(self, *arguments, wait=False):
        if wait:
            arguments = (*arguments, f"-template={self.path('upstream.tpl')}:{self.path('upstream.conf')}")
        self.run("consul-template", f"-consul-addr={REGISTRY}:8500", *arguments)
        if wait:
            self.programs.pop().wait()


class Fabio(Door):
    needs = ("fabio",)

    def start(self):
        self.run("fabio", "-registry.consul.addr", f"{REGISTRY}:8500", "-proxy.addr", ":8000", "-ui.addr", "127.0.0.1:9998",
                 "-registry.consul.register.enabled=false", "-proxy.strategy", "rr")


HAPROXY = """global
  stats socket {dir}/admin.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  retries 3
  option redispatch
  retry-on all-retryable-errors
frontend web
  bind :8000
  default_backend app
backend app
  balance roundrobin
{{{{range service "{service}"}}}}  server {{{{.ID | replaceAll ":" "-"}}}} {{{{.Address}}}}:{{{{.Port}}}} check inter 1s
{{{{end}}}}"""


class HAProxy(Door):
    """HAProxy, its master reloaded by consul-template, which waits after it: a signal amid a reload is lost."""

    needs = ("haproxy", "consul-template")

    def start(self):
        self.write("haproxy.tpl", HAPROXY.format(dir=self.directory, service=IMAGE))
        source = f"-template={self.path('haproxy.tpl')}:{self.path('haproxy.cfg')}"
        self.run("consul-template", f"-consul-addr={REGISTRY}:8500", "-once", source)
        self.programs.pop().wait()
        self.run("haproxy", "-W", "-f", self.path("haproxy.cfg"), "-p", self.path("pid"))
        self.run("consul-template", f"-consul-addr={REGISTRY}:8500", f"{source}:kill -USR2 {self.programs[-1].pid} && sleep 0.6")


# Without them every container is a service of its own.
TRAEFIK_LABELS = ("traefik.http.routers.app.rule=PathPrefix(`/`)", "traefik.http.services.app.loadbalancer.server.port=80")


class Traefik(Door):
    """Reads the engine itself."""

    needs = ("traefik",)

    def start(self):
        self.run("traefik", "--entrypoints.web.address=:8000", f"--providers.docker.endpoint=tcp://{HOST}:2375",
                 "--providers.docker.usebindportip=true")


PEERS = {"nginx+consul-template": Nginx, "traefik": Traefik, "fabio": Fabio, "haproxy": HAProxy}


class PeerStand(docker_moments.DockerStand):
    """With a registry, into which every container is written at its start and from which it is struck when it ends."""

    engine_arguments = (*docker_moments.DockerStand.engine_arguments, "--ip", HOST)  # Traefik dials the address a port is bound to

    def build(self):
        self.server = self.enter_context(consul.Agent("registry", REGISTRY, self.network["registry"].namespace))
        super().build()
        self.engine.labels = TRAEFIK_LABELS
        self.ended = threading.Event()
        strike = threading.Thread(target=self.strike)
        strike.start()
        self.callback(strike.join)
        self.callback(self.ended.set)

    def strike(self):
        """What registrator does at `die`."""
        command = ["docker", "-H", f"unix://{self.engine.socket}", "events", "--filter", "event=die", "--format", "{{.Actor.Attributes.name}}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
            reader = threading.Thread(target=lambda: [self.server.deregister(line.strip()) for line in events.stdout])
            reader.start()
            self.ended.wait()
            events.terminate()
            reader.join()

    def bring(self, *arguments):
        name = super().bring(*arguments)
        self.server.register(IMAGE, self.engine.published(name), HOST, name, Tags=["urlprefix-/"],
                             Check={"TTL": "2h", "Status": "passing", "Name": "alive"})
        return name
