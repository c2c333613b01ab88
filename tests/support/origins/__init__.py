"""Origins with parsers of other people's: nginx, HAProxy, Node and Python, and Go where it is installed (a toolchain of half a
gigabyte is not asked for). Each answers `METHOD TARGET BODY-BYTES` and tells of every request it saw and every one it refused."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

from support import http, program, waiting

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "cardea")
UNPACKED = os.path.join(CACHE, "peers", "usr")


def found(name):
    """A program of this machine, or what deploy/install-dependencies --tests has unpacked."""
    for candidate in (shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/go/bin"), os.path.join(UNPACKED, "sbin", name)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(f"{name} is not here: deploy/install-dependencies --tests brings it")


class Origin:
    """One parser. `seen()` are the requests in the order they came, (METHOD, TARGET), with ("refused", REASON) among them."""

    LINE = re.compile(r"^request (\S+) (\S+)$|^refused (.*)$", re.M)

    def __init__(self, name, running, address, log=None, line=LINE):
        self.name, self.program, self.address, self.log, self.line = name, running, address, log or running.log, line

    def seen(self):
        return [(method, target) if method else ("refused", why) for method, target, why in self.line.findall(self.log())]

    def stop(self):
        self.program.kill()


def nginx(directory):
    address = f"unix:{directory}/nginx.sock"  # no port that another might take before
    path = os.path.join(directory, "nginx.conf")
    log = os.path.join(directory, "nginx-access.log")
    with open(path, "w") as file:
        file.write(f"""daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx-error.log; user root;
events {{ }}
http {{
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/f;
  uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  map $status $word {{ 200 "request $request_method $request_uri"; default "refused $status $request"; }}
  log_format seen escape=none $word;
  access_log {log} seen;
  keepalive_requests 1000000;
  server {{ listen {address}; location / {{ return 200 "$request_method $request_uri $content_length"; }} }}
}}
""")
    running = program.Program([found("nginx"), "-c", path, "-p", directory], "nginx", directory)

    def text():
        with open(log, errors="replace") as file:
            return file.read()
    return [Origin("nginx", running, address, text)]


def haproxy(directory):
    """As it comes, and told to accept what it would refuse."""
    sockets = [os.path.join(directory, f"haproxy-{name}.sock") for name in ("strict", "lenient")]
    path = os.path.join(directory, "haproxy.cfg")
    frontends = "".join(f"""
frontend {name}
  bind unix@{socket}
  {option}
  log-format "{name} request %HM %HU"
  http-request wait-for-body time 5s
  http-request return status 200 content-type text/plain lf-string "%[method] %[pathq] %[req.body_size]"
""" for name, socket, option in zip(("strict", "lenient"), sockets, ("option http-keep-alive", "option accept-invalid-http-request")))
    with open(path, "w") as file:
        file.write(f"""global
  log stdout format raw local0
  nbthread 1  # which keeps the log in the order of the requests
defaults
  mode http
  log global
  option dontlognull
  timeout connect 5s
  timeout client 60s
  timeout server 60s
{frontends}""")
    libraries = {"LD_LIBRARY_PATH": os.path.join(UNPACKED, "lib", "x86_64-linux-gnu")}
    running = program.Program([found("haproxy"), "-db", "-f", path], "haproxy", directory, None, libraries)
    return [Origin(f"haproxy-{name}", running, f"unix:{socket}", line=re.compile(rf"^{name} request (\S+) (\S+)$|^{name} (refused)$", re.M))
            for name, socket in zip(("strict", "lenient"), sockets)]


def node(directory):
    running = program.Program([found("node"), os.path.join(HERE, "node.js")], "node", directory)
    return [Origin(f"node-{name}", running, running.wait_for_log(rf"^{name} listening (\S+)$")[1],
                   line=re.compile(rf"^{name} request (\S+) (\S+)$|^{name} refused (.*)$", re.M)) for name in ("strict", "lenient")]


def python(directory):
    running = program.Program([sys.executable, os.path.join(HERE, "python_origin.py")], "python", directory)
    return [Origin("python", running, running.wait_for_log(r"^listening (\S+)$")[1])]


def go(directory):
    """Built once for every version of its source."""
    source = os.path.join(HERE, "origin.go")
    with open(source, "rb") as file:
        built = os.path.join(CACHE, "go", "origin-" + hashlib.sha256(file.read()).hexdigest()[:12])
    if not os.path.exists(built):
        os.makedirs(os.path.dirname(built), exist_ok=True)
        subprocess.run([found("go"), "build", "-o", f"{built}.{os.getpid()}", source], check=True, cwd=directory, env={**os.environ, "GO111MODULE": "off"})
        os.replace(f"{built}.{os.getpid()}", built)
    running = program.Program([built], "go", directory)
    return [Origin("go", running, running.wait_for_log(r"^listening (\S+)$")[1])]


def start_all(directory):
    """Every parser, listening."""
    origins = [origin for start in (nginx, haproxy, node, python) for origin in start(directory)]
    try:
        origins += go(directory)
    except FileNotFoundError:
        print("note: no Go toolchain here: without its parser")
    for origin in origins:
        waiting.until(lambda address=origin.address: http.open_socket(address).close() or True, f"{origin.name} to listen")
    return origins
