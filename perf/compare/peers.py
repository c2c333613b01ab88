"""Who is measured: each finds its program, says its version, and writes the configuration that it is started with. All have one
worker, keep up to 1024 idle connections to the origins, and pass on, and add, the same header fields."""

import copy
import os
import re
import shutil
import signal
import subprocess

from compare import stand

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "cardea")
NEWEST, OLDER = os.path.join(CACHE, "newest"), os.path.join(CACHE, "peers")
SUITE, PACKAGES = "sid", ("nginx", "haproxy", "libc6", "libcrypt1", "libjemalloc2", "liblua5.4-0", "libopentracing-c-wrapper0t64",
                          "libopentracing1", "libpcre2-8-0", "libssl3t64", "zlib1g", "libzstd1", "libgcc-s1", "libstdc++6")
OLDER_SUITE, OLDER_PACKAGES = "bookworm", ("nginx", "haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")


class Missing(Exception):
    """It is not on this machine, or does not know what it is asked for."""


def fetch():
    """Unpacks the servers of Debian's newest suite, and those of the one whose nginx the tutorial had; answers what went wrong."""
    script, wrong = os.path.join(stand.ROOT, "deploy", "fetch-deb"), []
    for folder, suite, packages in ((NEWEST, SUITE, PACKAGES), (OLDER, OLDER_SUITE, OLDER_PACKAGES)):
        done = subprocess.run([script, "--into", folder, suite, *packages], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            wrong.append(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"fetch-deb {suite} failed")
    return wrong


class Peer:
    """`prefix` starts the program; `newest` says that it is what the goals are about."""

    name = ""
    ends_with = signal.SIGTERM
    newest = True
    asks_version = ("-v",)
    version_form = r"\d+(\.\d+)+\S*"

    def __init__(self):
        self.environment = {}
        self.prefix = self.find()
        self.version = self.ask_version()

    def find(self):
        """A program of PATH."""
        found = shutil.which(self.name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/bin:" + os.path.join(CACHE, "go"))
        if not found:
            raise Missing(f"no {self.name} on this machine")
        return [found]

    def ask_version(self):
        done = subprocess.run([*self.prefix, *self.asks_version], capture_output=True, text=True, check=False,
                              env={**os.environ, **self.environment})
        found = re.search(self.version_form, done.stdout + done.stderr, re.M)
        if done.returncode != 0 or not found:
            raise Missing(f"{self.name} does not run: {(done.stderr or done.stdout).strip()[:200]}")
        return found[0].strip()

    @property
    def title(self):
        return f"{self.name} {self.version}".strip()

    def command(self, running):
        """What starts it on running.port, before the origins of running.stand."""
        raise NotImplementedError

    def single(self):
        """The same in one process, for a tool that follows it."""
        return self

    def unpacked(self, folder, program):
        """The command for a program in a folder of unpacked packages: by their own loader and C library when they are there."""
        path, libraries = os.path.join(folder, "usr", "sbin", program), os.path.join(folder, "usr", "lib", f"{os.uname().machine}-linux-gnu")
        if not os.path.exists(path):
            return None
        for loader in ("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"):
            if os.path.exists(os.path.join(libraries, loader)):
                return [os.path.join(libraries, loader), "--library-path", libraries, path]
        self.environment = {"LD_LIBRARY_PATH": libraries}
        return [path]


class Limit(Peer):
    """The relay that looks at nothing."""

    name = "limit"

    def __init__(self, tools=stand.RELEASE):
        self.tools = tools
        super().__init__()

    def find(self):
        return [os.path.join(self.tools, self.name)]

    def ask_version(self):
        return ""

    def command(self, running):
        return [*self.prefix, "--listen", running.address, *running.stand.origins]


class Cardea(Peer):
    """`process` and `more` are added to the configuration, as YAML."""

    name = "cardea"
    asks_version = ("version",)

    def __init__(self, binary=os.path.join(stand.RELEASE, "cardea"), name="cardea", threads=1, process="", more="", sandboxed=True):
        self.binary, self.threads, self.process, self.more, self.sandboxed = binary, threads, process, more, sandboxed
        super().__init__()
        self.name = name

    def find(self):
        if not os.path.exists(self.binary):
            raise Missing(f"no {self.binary}")
        return [self.binary]

    def endpoints(self, running):
        return "[" + ", ".join(running.stand.origins) + "]"

    def config(self, running):
        settings = [f"threads: {self.threads}", *([self.process] if self.process else []), *([] if self.sandboxed else ["sandbox: off"])]
        return (f"listen: {running.address}\nservices: {{web: {{endpoints: {self.endpoints(running)}, keepalive: {{idle_per_endpoint: 256}}}}}}\n"
                "routes: [{service: web}]\n"
                f"admin: {{tcp: 127.0.0.1:0, address: 'unix:{running.directory}/admin.sock'}}\nprocess: {{{', '.join(settings)}}}\n"
                + self.more.replace("{dir}", running.directory))

    def command(self, running):
        path = running.write("cardea.yaml", self.config(running))
        checked = subprocess.run([self.binary, "validate", "-c", path], capture_output=True, text=True, check=False)
        if checked.returncode != 0:
            raise Missing(f"refuses its configuration: {(checked.stderr or checked.stdout).strip().splitlines()[0]}")
        return [self.binary, "run", "-c", path]

    def single(self):
        """Not sandboxed: Valgrind makes system calls of its own."""
        plain = copy.copy(self)
        plain.sandboxed = False
        return plain


NGINX = """daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log warn; {user}
events {{ worker_connections 16384; accept_mutex off; multi_accept on; }}
http {{
  access_log {log}; client_max_body_size 0;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  upstream app {{ {servers} {kept} }}
  {client}
  server {{ listen {address}{backlog}; location / {{ proxy_pass http://app; {location} }} }}
}}
"""
TUNED = """proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
    add_header Via "1.1 nginx"; proxy_max_temp_file_size 0;"""


class Nginx(Peer):
    """The newest, with upstream connections kept and without an access log."""

    name = "nginx"
    folder = NEWEST

    def find(self):
        found = self.unpacked(self.folder, "nginx")
        self.newest = found is not None
        return found or super().find()

    def values(self, running):
        return {"log": "off", "kept": "keepalive 1024; keepalive_requests 100000000;", "client": "keepalive_requests 100000000;",
                "backlog": " backlog=4096", "location": TUNED}

    def command(self, running):
        servers = " ".join(f"server {origin};" for origin in running.stand.origins)
        text = NGINX.format(dir=running.directory, address=running.address, servers=servers, user="user root;" if os.geteuid() == 0 else "",
                            **self.values(running))
        return [*self.prefix, "-p", running.directory, "-c", running.write("nginx.conf", text), *self.extra]

    extra = ()

    def single(self):
        alone = copy.copy(self)
        alone.extra = ("-g", "master_process off;")
        return alone


class Seed(Nginx):
    """What the classic tutorial deploys: an nginx older than 1.29.7 as it comes, which keeps no connection to its upstreams, HTTP/1.0
    to them, and the default access log."""

    name = "nginx-seed"
    folder = OLDER

    def find(self):
        found = self.unpacked(self.folder, "nginx") or [shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")]
        if not found[0]:
            raise Missing(f"no nginx of {OLDER_SUITE}")
        return found

    def ask_version(self):
        version = super().ask_version()
        if tuple(map(int, re.findall(r"\d+", version)[:3])) >= (1, 29, 7):
            raise Missing(f"nginx {version} keeps upstream connections by itself: the tutorial's was older")
        return version

    def values(self, running):
        return {"log": f"{running.directory}/access.log", "kept": "", "client": "", "backlog": "", "location": ""}


HAPROXY = """global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  option http-keep-alive
  http-reuse always
frontend web
  bind {address} backlog 4096
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-response set-header Via "1.1 haproxy"
  default_backend app
backend app
  balance roundrobin
{servers}
"""


class HAProxy(Peer):
    name = "haproxy"
    ends_with = signal.SIGINT  # at once, by its own end

    def find(self):
        found = self.unpacked(NEWEST, "haproxy")
        self.newest = found is not None
        if found:
            return found
        try:
            return super().find()
        except Missing:
            older = self.unpacked(OLDER, "haproxy")
            if not older:
                raise
            return older

    def command(self, running):
        servers = "\n".join(f"  server o{number} {origin}" for number, origin in enumerate(running.stand.origins))
        return [*self.prefix, "-f", running.write("haproxy.cfg", HAPROXY.format(address=running.address, servers=servers))]


class Caddy(Peer):
    name = "caddy"
    asks_version = ("version",)

    def find(self):
        self.environment = {"GOMAXPROCS": "1"}
        return super().find()

    def command(self, running):
        self.environment = {"GOMAXPROCS": "1", "XDG_DATA_HOME": running.directory, "XDG_CONFIG_HOME": running.directory}
        address, _, port = running.address.rpartition(":")  # a site of this address would be one of that Host only
        text = (f"{{\n  admin off\n  auto_https off\n}}\nhttp://:{port} {{\n  bind {address}\n"
                f"  reverse_proxy {' '.join(running.stand.origins)} {{\n    lb_policy round_robin\n"
                "    transport http {\n      keepalive_idle_conns_per_host 1024\n    }\n  }\n}\n")
        return [*self.prefix, "run", "--adapter", "caddyfile", "--config", running.write("Caddyfile", text)]


class Traefik(Peer):
    name = "traefik"
    asks_version = ("version",)
    version_form = r"(?<=^Version:).+"  # one built from its module calls itself dev, and names the version of Go too

    def find(self):
        self.environment = {"GOMAXPROCS": "1"}
        return super().find()

    def command(self, running):
        servers = ", ".join(f"{{url: 'http://{origin}'}}" for origin in running.stand.origins)
        text = (f"http:\n  routers: {{all: {{rule: 'PathPrefix(`/`)', service: web, entryPoints: [web]}}}}\n"
                f"  services: {{web: {{loadBalancer: {{servers: [{servers}]}}}}}}\n")
        return [*self.prefix, f"--entrypoints.web.address={running.address}", "--global.checknewversion=false",
                "--global.sendanonymoususage=false", "--serverstransport.maxidleconnsperhost=1024",
                f"--providers.file.filename={running.write('dynamic.yaml', text)}"]


OTHERS = {"nginx": Nginx, "nginx-seed": Seed, "haproxy": HAProxy, "caddy": Caddy, "traefik": Traefik}
VARIANTS = {  # Cardea beside itself
    "cardea-log": {"more": "access_log: '{dir}/access.log'\n"},
    "cardea-two": {"threads": 2},
    "cardea-adaptive": {"process": "latency: adaptive"},
}
NAMES = ("cardea", "limit", *OTHERS)


def make(name, tools=stand.RELEASE):
    """Raises Missing."""
    if name == "limit":
        return Limit(tools)
    if name == "cardea" or name in VARIANTS:
        return Cardea(os.path.join(tools, "cardea"), name, **VARIANTS.get(name, {}))
    return OTHERS[name]()
