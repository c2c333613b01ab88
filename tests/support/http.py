"""An HTTP/1.1 client on a bare socket: keep-alive, pipelining and malformed requests as the test writes them."""

import socket
import threading

from support import program, waiting


class Response:
    def __init__(self, version, status, reason, fields, body):
        self.version, self.status, self.reason, self.fields, self.body = version, status, reason, fields, body

    def field(self, name, otherwise=None):
        """The value of the first field of that name."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), otherwise)

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8", "replace").strip()

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:200]!r}>"


def open_socket(address, timeout=waiting.CEILING, namespace=None):
    """`host:port`, `[v6]:port` or `unix:/path`; the socket stays in the namespace it was made in."""
    if namespace:
        result = []

        def inside():
            try:
                program.enter_namespace(namespace)
                result.append(open_socket(address, timeout))
            except OSError as error:
                result.append(error)
        thread = threading.Thread(target=inside)  # namespaces are per thread
        thread.start()
        thread.join()
        if isinstance(result[0], OSError):
            raise result[0]
        return result[0]
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(address[5:])
        return connection
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Connection:
    """One connection; the caller closes it (or uses `with`)."""

    def __init__(self, address, timeout=waiting.CEILING, namespace=None):
        self.socket = open_socket(address, timeout, namespace)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method="GET", target="/", headers=(), body=None, host="test.example"):
        """Sends one request and reads its response. `headers`: pairs, or a dict. `body`: bytes, or a list sent as chunks."""
        fields = list(headers.items() if isinstance(headers, dict) else headers)
        if host is not None and not any(k.lower() == "host" for k, _ in fields):
            fields.insert(0, ("Host", host))
        payload = b""
        if isinstance(body, list):
            fields.append(("Transfer-Encoding", "chunked"))
            payload = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in body) + b"0\r\n\r\n"
        elif body is not None:
            fields.append(("Content-Length", str(len(body))))
            payload = body
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields) + "\r\n"
        self.send(head.encode("latin-1") + payload)
        return self.read_response(head_only=method == "HEAD")

    def read_response(self, head_only=False, interim=False):
        """The next response; 1xx are passed over unless `interim`. EOFError when the peer closed before it began."""
        while True:
            version, status, reason, fields = self.read_head()
            if status >= 200 or status == 101 or interim:
                break
        response = Response(version, status, reason, fields, b"")
        if head_only or status < 200 or status in (204, 304):
            return response
        if (response.field("transfer-encoding") or "").lower().endswith("chunked"):
            response.body = self.read_chunks()
        elif response.field("content-length") is not None:
            response.body = self.read_exactly(int(response.field("content-length")))
        else:
            response.body = self.read_to_end()
        return response

    def read_head(self):
        raw = self.read_until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status, _, reason = rest.partition(" ")
        fields = [(k, v.strip()) for k, _, v in (line.partition(":") for line in lines[1:] if line)]
        return version, int(status), reason, fields

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self.read_until(b"\r\n") != b"\r\n":
                    pass  # trailer
                return body
            body += self.read_exactly(size)
            assert self.read_exactly(2) == b"\r\n"

    def receive(self):
        """More bytes into the buffer; False when the peer has closed."""
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def read_until(self, end):
        while end not in self.buffer:
            if not self.receive():
                raise EOFError(f"closed after {self.buffer[:300]!r}")
        raw, _, self.buffer = self.buffer.partition(end)
        return raw + end

    def read_exactly(self, count):
        while len(self.buffer) < count:
            if not self.receive():
                raise EOFError(f"closed {count - len(self.buffer)} bytes early")
        raw, self.buffer = self.buffer[:count], self.buffer[count:]
        return raw

    def read_to_end(self):
        while self.receive():
            pass
        raw, self.buffer = self.buffer, b""
        return raw

    def closed(self, timeout=waiting.CEILING):
        """True when the peer closes within `timeout` without sending anything more."""
        self.socket.settimeout(timeout)
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def get(address, target="/", namespace=None, **more):
    """One GET on a connection of its own."""
    with Connection(address, namespace=namespace) as connection:
        return connection.request("GET", target, **more)


def request(address, method, target="/", namespace=None, **more):
    with Connection(address, namespace=namespace) as connection:
        return connection.request(method, target, **more)
