"""An origin by Python's http.server: tells of every request it sees, answers what it understood."""

import http.server
import os


def tell(line):
    """In one write: print() makes two of a line, and another thread's may come between them."""
    os.write(1, f"{line}\n".encode())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        tell(f"request {self.command} {self.path}")
        body = f"{self.command} {self.path} {self.read_body()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        total = 0
        while size := int(self.rfile.readline().split(b";")[0], 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return total

    def log_error(self, *what):
        tell(f"refused {what}")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A body that was cut short; what the library prints of it, in many writes, would run into what others tell."""
        tell("gave up")


server = Server(("127.0.0.1", 0), Handler)
tell(f"listening 127.0.0.1:{server.server_port}")
server.serve_forever()
