"""Reads the case tables. One directive a line, `#` begins a comment line, a blank line ends nothing:

    case  NAME                 begins a case; names are unique in the whole suite
    rfc   CLAUSE               the document and section that asks for it
    via   LISTENER             web (default), limits (small limits, short timeouts), trusted (the client is a trusted proxy) or slashes
                               (encoded slashes are refused)

What the client does, in order:
    send  BYTES                sends them; several lines in a row are sent in one piece
    pause MILLISECONDS         and lets them arrive first
    want  STATUS [open|close|cut]
                               reads one response. `400|501` allows either. open: another request is answered on this
                               connection; close: it ends after the response; cut: it ends in the middle of the response
    end                        the connection ends without (another) response
    shut                       the client ends its own direction
    leave                      the client is gone, in the middle of whatever it was
About the response just read:
    field NAME: VALUE          it has exactly this field once; `*` as value is any
    nofield NAME               it has no such field
    body  BYTES                its payload, without chunk framing
    trailer NAME: VALUE        a trailer field it has
    notrailer NAME             it has no such trailer field
    phrase TEXT                its reason phrase

What the origin does, an answer a request:
    answer BYTES               sends them when it has read a whole request; without any it answers 200 and `ok`
    early BYTES                the same when it has read the head
    then  close|reset|hold|wait MILLISECONDS
                               what it does after that answer; `wait` goes on to the next `more`
    more  BYTES                more of the same answer
About the requests that reached the origin, all together:
    none                       none did, not a byte
    requests NUMBER            so many
    about NUMBER               the lines below speak of this one (default 1)
    seen  LINE                 its head has this line, byte for byte; {origin} stands for the origin's own address,
                               {port} for the listener's port
    unseen TEXT                no line of its head begins with TEXT, in any case
    late  LINE                 its trailer section has this line
    unlate TEXT                no line of its trailer section begins with TEXT
    payload BYTES              its body, without chunk framing
    origin reused|dropped      whether the origin's connection serves the next request

BYTES: \\r \\n \\t \\0 \\\\ \\xHH and {NUMBER*TEXT} for repetition; blanks at the end of a line are written \\x20.
"""

import os
import re

WORDS = {"case", "rfc", "via", "send", "pause", "want", "end", "shut", "leave", "field", "nofield", "body", "trailer", "notrailer", "phrase", "answer", "early",
         "then", "more", "none", "requests", "about", "seen", "unseen", "late", "unlate", "payload", "origin"}
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


class TableError(Exception):
    pass


def unescape(text):
    def repeat(match):
        return match[2] * int(match[1])
    text = re.sub(r"\{(\d+)\*([^}]*)\}", repeat, text)
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode("latin-1")
            at += 1
        elif text[at + 1] == "x":
            out.append(int(text[at + 2:at + 4], 16))
            at += 4
        else:
            out += ESCAPES[text[at + 1]]
            at += 2
    return bytes(out)


class Case:
    def __init__(self, name, where):
        self.name, self.where, self.rfc, self.listener = name, where, "", "web"
        self.steps = []       # what the client does: (word, value)
        self.answers = []     # what the origin does: lists of (word, value)
        self.checks = []      # about the requests: (number, word, value)
        self.none, self.requests, self.origin = False, None, None

    def add(self, word, value):
        if word == "rfc":
            self.rfc = value
        elif word == "via":
            self.listener = value
        elif word == "send":
            data = unescape(value)
            if self.steps and self.steps[-1][0] == "send":
                data = self.steps.pop()[1] + data
            self.steps.append(("send", data))
        elif word in ("body",):
            self.steps.append((word, unescape(value)))
        elif word in ("pause", "want", "end", "shut", "leave", "field", "nofield", "trailer", "notrailer", "phrase"):
            self.steps.append((word, value))
        elif word in ("answer", "early"):
            self.answers.append([(word, unescape(value))])
        elif word in ("then", "more"):
            if not self.answers:
                raise TableError(f"`{word}` before any answer")
            self.answers[-1].append((word, unescape(value) if word == "more" else value))
        elif word == "none":
            self.none = True
        elif word == "requests":
            self.requests = int(value)
        elif word == "about":
            self.about = int(value)
        elif word == "origin":
            self.origin = value
        elif word in ("seen", "unseen", "late", "unlate", "payload"):
            self.checks.append((self.about, word, unescape(value)))

    about = 1


def read(path):
    cases = []
    with open(path, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            word, _, value = line.strip().partition(" ")
            value = value.strip()
            where = f"{os.path.basename(path)}:{number}"
            try:
                if word not in WORDS:
                    raise TableError(f"unknown word `{word}`")
                if word == "case":
                    cases.append(Case(value, where))
                elif not cases:
                    raise TableError("a table begins with `case`")
                else:
                    cases[-1].add(word, value)
            except (TableError, ValueError, IndexError, KeyError) as error:
                raise TableError(f"{where}: {error}") from error
    return cases


def read_all(directory):
    cases = [case for name in sorted(os.listdir(directory)) if name.endswith(".txt") for case in read(os.path.join(directory, name))]
    names = set()
    for case in cases:
        if case.name in names:
            raise TableError(f"{case.where}: `{case.name}` is there twice")
        if not case.rfc:
            raise TableError(f"{case.where}: `{case.name}` cites no clause")
        names.add(case.name)
    return cases
