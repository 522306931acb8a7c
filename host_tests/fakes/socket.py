"""Imitates the part of `socket` that islog and requests use (extmod/modlwip.c), over `internet`.

A datagram socket asks an NTP host. A stream is an `internet.Line`; as long as a socket is to wait,
virtual time passes, up to its time-out: then ETIMEDOUT, or None where it does not block.
"""

import time

import internet

SOCK_STREAM = 1
SOCK_DGRAM = 2
TCP_NODELAY = 64  # lwIP's own number for it
_DELAYED_ACK_MS = 40
_TIMED_OUT = 110
_REFUSED = 111
_UNREACHABLE = 113
_CLOSED = 9


def getaddrinfo(host, port, family=0, kind=0):
    protocol = 6 if kind == SOCK_STREAM else 17
    return [(2, kind, protocol, "", (address, port)) for address in internet.addresses(host)]


class socket:
    def __init__(self, family, kind, proto=0):
        internet.call("socket")
        self._answer = None
        self._timeout_s = None
        self._kind = kind
        self._peer = None
        self._nodelay = False
        self._wrote = False  # since it was read from
        self.line = None
        internet.open_sockets += 1
        self._open = True

    def settimeout(self, seconds):
        self._timeout_s = seconds

    def setblocking(self, flag):
        self._timeout_s = None if flag else 0

    def setsockopt(self, level, option, value):
        internet.call("option")
        if level == 6 and option == TCP_NODELAY:
            self._nodelay = bool(value)

    def connect(self, where):
        internet.call("connect")
        self._peer = internet.hosts.get("%s:%d" % where)
        if self._kind == SOCK_STREAM:
            if not internet.link_up:
                self._wait_out()
            if self._peer is None or self._peer.down:
                raise OSError(_REFUSED)
            self.line = self._peer.line()

    def send(self, data):
        if not internet.link_up:
            raise OSError(_UNREACHABLE)
        self._answer = self._peer.answer(data) if self._peer else None
        return len(data)

    def recv(self, size):
        if self._answer is None:
            self._wait_out()
        return self._answer[:size]

    def write(self, data):
        internet.call("write")
        if not self._open:
            raise OSError(_CLOSED)
        if self._wrote and not self._nodelay:  # Nagle's algorithm: until the first is acknowledged
            time.advance(_DELAYED_ACK_MS)
        self._wrote = True
        self.line.send(data if isinstance(data, bytes) else self._bytes(data))
        return len(data)

    def readinto(self, buf):
        internet.call("read")
        got = self._read(len(buf))
        if got is not None:
            buf[: len(got)] = got
            return len(got)
        return None

    def readline(self, size=-1):
        """A byte after the other, as far as the line's end: what is there of it, where it does not
        block (py/stream.c)."""
        internet.call("read")
        text = b""
        while not text.endswith(b"\n") and len(text) != size:
            got = self._read(1)
            if got is None:
                return text or None
            if not got:
                break
            text += got
        return text

    def close(self):
        internet.call("close")
        if self._open:
            internet.open_sockets -= 1
            if self.line:
                self.line.hung_up()
        self._open = False

    def _bytes(self, data):
        return data.encode() if isinstance(data, str) else bytes(data)

    def _read(self, size):
        # Up to `size` bytes, b"" at the end; None: nothing is there, and it does not block.
        self._wrote = False
        if not self._open:
            raise OSError(_CLOSED)
        if not self.line.wait(None if self._timeout_s is None else int(self._timeout_s * 1000)):
            if self._timeout_s == 0:
                return None
            raise OSError(_TIMED_OUT)
        return self.line.take(size)

    def _wait_out(self):
        if self._timeout_s is None:
            raise RuntimeError("this would block for ever")
        time.advance(self._timeout_s * 1000)
        raise OSError(_TIMED_OUT)
