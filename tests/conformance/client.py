"""The client in front of the proxy: sends bytes as the table has them and reads responses strictly."""

import socket
import time


class Wrong(Exception):
    """What came is not what the case asks for."""


class Cut(Wrong):
    """The connection ended in the middle of a response."""


class Response:
    def __init__(self, status, phrase, fields):
        self.status, self.phrase, self.fields, self.payload, self.trailers, self.interim = status, phrase, fields, b"", [], []

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Client:
    def __init__(self, address, timeout=5.0):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.methods = b"", []

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # refused already: what it said is still to be read

    def receive(self):
        """False at the end of the stream."""
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise Wrong(f"nothing more came after {self.buffer[-200:]!r}") from None
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def need(self, size):
        while len(self.buffer) < size:
            if not self.receive():
                raise Cut(f"ended after {self.buffer[:200]!r}")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def need_line(self):
        while b"\r\n" not in self.buffer:
            if not self.receive():
                raise Cut(f"ended after {self.buffer[:200]!r}")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def read_head(self):
        line = self.need_line()
        version, _, rest = line.partition(b" ")
        if version != b"HTTP/1.1" or len(rest) < 4 or rest[3:4] != b" " or not rest[:3].isdigit():
            raise Wrong(f"status line {line!r}")
        fields = []
        while (line := self.need_line()) != b"":
            name, colon, value = line.partition(b":")
            if not colon or not name or name.strip() != name or b"\n" in line or b"\r" in line or b"\0" in line:
                raise Wrong(f"field line {line!r}")
            fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        return Response(int(rest[:3]), rest[4:].decode("latin-1"), fields)

    def read(self, method, interim=False):
        """The next final response; `interim` returns a 1xx as well."""
        response = self.read_head()
        before = []
        while response.status < 200 and response.status != 101 and not interim:
            before.append(response)
            response = self.read_head()
        response.interim = before
        lengths, codings = response.values("Content-Length"), response.values("Transfer-Encoding")
        if len(lengths) + len(codings) > 1:
            raise Wrong(f"framed twice: {response.fields}")
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            if codings:
                raise Wrong("a coding without a body")
        elif codings:
            self.read_chunks(response)
        elif lengths:
            response.payload = self.need(int(lengths[0]))
        else:
            while self.receive():
                pass
            response.payload, self.buffer = self.buffer, b""
        return response

    def read_chunks(self, response):
        while True:
            line = self.need_line()
            size = int(line, 16)
            if size == 0:
                break
            response.payload += self.need(size)
            if self.need(2) != b"\r\n":
                raise Wrong("a chunk is not as long as it says")
        while (line := self.need_line()) != b"":
            name, _, value = line.partition(b":")
            response.trailers.append((name.decode("latin-1"), value.strip().decode("latin-1")))

    def ended(self, timeout):
        """True when the stream ends within `timeout`; bytes that come instead are wrong."""
        deadline = time.monotonic() + timeout
        if self.buffer:
            raise Wrong(f"more than was asked for: {self.buffer[:200]!r}")
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(4096)
            except TimeoutError:
                return False
            except ConnectionResetError:
                return True
            if not data:
                return True
            raise Wrong(f"more than was asked for: {data[:200]!r}")
        return False
