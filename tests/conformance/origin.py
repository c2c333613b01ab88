"""The origin behind the proxy: reads requests strictly, remembers their bytes, answers what the case says."""

import itertools
import select
import socket
import struct
import threading
import time

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Request:
    def __init__(self, connection, head):
        self.connection, self.head, self.payload, self.trailers = connection, head, b"", b""

    @property
    def lines(self):
        return self.head.split(b"\r\n")

    def value(self, name):
        for line in self.lines[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return None


class Origin:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.conversations, self.answers, self.requests = set(), [], []
        threading.Thread(target=self.accept, daemon=True).start()

    def begin(self, answers):
        """A new case: forgets what was seen, once all that was sent is read. Connections stay."""
        self.settle()
        with self.lock:
            self.answers, self.requests = list(answers), []

    def settle(self):
        """What an abandoned request still has on its way belongs to its own case, however late the threads here are."""
        with socket.create_connection(self.listener.getsockname()) as last:  # whoever connected earlier is accepted earlier
            deadline = time.monotonic() + 30
            while not self.rests(last.getsockname()):
                if time.monotonic() > deadline:
                    raise RuntimeError("the origin did not come to rest in 30 s")
                time.sleep(0.0005)

    def rests(self, peer):
        conversations = list(self.conversations)
        return any(each.peer == peer for each in conversations) and all(each.waits() for each in conversations)

    def next_answer(self):
        with self.lock:
            return self.answers.pop(0) if self.answers else [("answer", OK)]

    def accept(self):
        for number in itertools.count(1):
            connection, peer = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conversation = Conversation(self, connection, peer, number)
            self.conversations.add(conversation)
            threading.Thread(target=self.serve, args=(conversation,), daemon=True).start()

    def serve(self, conversation):
        try:
            with conversation.busy, conversation.socket:
                conversation.run()
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.conversations.remove(conversation)


class Conversation:
    def __init__(self, origin, connection, peer, number):
        self.origin, self.socket, self.peer, self.number, self.buffer = origin, connection, peer, number, b""
        self.busy = threading.Lock()

    def waits(self):
        """Whether it has read all that came and only waits for more."""
        if not self.busy.acquire(blocking=False):
            return False
        try:
            return self.socket.fileno() < 0 or not select.select([self.socket], [], [], 0)[0]
        finally:
            self.busy.release()

    def receive(self):
        self.busy.release()
        try:
            select.select([self.socket], [], [])
        finally:
            self.busy.acquire()
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def take(self, size):
        while len(self.buffer) < size:
            self.receive()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def take_until(self, end):
        while end not in self.buffer:
            self.receive()
        return self.take(self.buffer.index(end) + len(end))

    def run(self):
        while True:
            head = self.take_until(b"\r\n\r\n")
            if head.startswith(b"GET /probe "):  # the proxy's own: an answer is late
                self.socket.sendall(OK)
                continue
            request = Request(self.number, head)
            with self.origin.lock:
                self.origin.requests.append(request)
            answer = self.origin.next_answer()
            if answer[0][0] != "early":
                self.read_payload(request)
            if not self.give(answer):
                return

    def read_payload(self, request):
        if (request.value(b"expect") or b"").lower() == b"100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.value(b"transfer-encoding") is not None:
            while True:
                size = int(self.take_until(b"\r\n"), 16)
                if size == 0:
                    while (line := self.take_until(b"\r\n")) != b"\r\n":
                        request.trailers += line
                    return
                request.payload += self.take(size)
                if self.take(2) != b"\r\n":
                    raise ValueError
        else:
            request.payload = self.take(int(request.value(b"content-length") or 0))

    def give(self, answer):
        for word, value in answer:
            if word != "then":
                self.socket.sendall(value)
            elif value == "close":
                self.socket.shutdown(socket.SHUT_WR)
                return False
            elif value == "reset":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif value == "hold":
                while True:
                    self.receive()
            elif value == "echo":  # a tunnel from here on
                while True:
                    if self.buffer:
                        self.socket.sendall(self.take(len(self.buffer)))
                    self.receive()
            elif value.startswith("wait "):
                time.sleep(int(value[5:]) / 1000)
        return True
