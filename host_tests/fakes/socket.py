"""Imitates the part of `socket` that islog, requests and a program beside it use, over `internet`
(extmod/modlwip.c, ports/esp32/modsocket.c).

A datagram socket asks an NTP host, which answers at once, or a peer with `replies()`, through the
Datagrams of connections.py. A stream has a Connection from there; as long as a socket is to wait,
virtual time passes, up to its time-out: then ETIMEDOUT, or None where it does not block. A connect
that does not block raises EINPROGRESS (the interpreter's own number, as islog asks its `errno`),
and is over when a poll object says so (see select.py). What the station's interface takes along
when it goes down is aborted: ECONNABORTED (see network.cuts).

What nobody acknowledges lies in the memory of an rp2's lwIP, also of a connection that is closed,
until that is aborted 10 s later (MICROPY_PY_LWIP_TCP_CLOSE_TIMEOUT_MS): a write waits for memory.
"""

import errno
import time

import internet
import network
from connections import Connecting, Datagrams

SOCK_STREAM = 1
SOCK_DGRAM = 2
_DELAYED_ACK_MS = 40
_NODELAY = {"esp32": 1, "rp2": 64}  # lwIP's own number for it, and that of its BSD sockets
_LWIP_BYTES = 6800  # of MEM_SIZE, 8000 (extmod/lwip-include/lwipopts_common.h), without heads
_OPTIONS = (4, 8, 20)  # SOF_REUSEADDR, SO_BROADCAST or SOF_BROADCAST, a callback


def __getattr__(name):
    if name == "TCP_NODELAY":
        return _NODELAY[network.style]
    raise AttributeError(name)


def getaddrinfo(host, port, family=0, kind=0):
    protocol = 6 if kind == SOCK_STREAM else 17
    return [(2, kind, protocol, "", (address, port)) for address in internet.addresses(host)]


class socket:
    def __init__(self, family, kind, proto=0):
        internet.call("socket")
        self._cuts = network.cuts()
        self._queue = None  # of a listening one
        self._answer = None
        self._timeout_s = None
        self._kind = kind
        self._peer = None
        self._nodelay = False
        self._writes = 0  # since it was read from
        self._failed = None  # why its connect has, which did not block
        self._unacknowledged = 0  # bytes that it has sent and nobody has acknowledged
        self.connection = None
        internet.open_sockets += 1
        self._open = True

    def settimeout(self, seconds):
        self._timeout_s = seconds

    def setblocking(self, flag):
        self._timeout_s = None if flag else 0

    def setsockopt(self, level, option, value):
        internet.call("option")
        if option == _NODELAY[network.style]:
            self._nodelay = bool(value)
        elif option not in _OPTIONS:
            print("Warning: lwip.setsockopt() not implemented")

    def connect(self, where):
        internet.call("connect")
        self._cuts = network.cuts()
        host, port = where
        if self._kind != SOCK_STREAM:
            self._peer = internet.peer(host, port)
            internet.udp_ports.append(self._queue)
            if self._timeout_s == 0 or hasattr(self._peer, "replies"):
                self.connection = Datagrams(self._peer)
        elif self._timeout_s == 0:
            self.connection = Connecting(*internet.begin_connect(host, port))
            raise OSError(errno.EINPROGRESS)
        else:
            self.connection = internet.connect(host, port, self._timeout_s).connection()
            internet.began(self.connection)

    def bind(self, where):
        internet.call("bind")
        self._queue = where[1]

    def listen(self, backlog=1):
        self._queue = internet.listening.setdefault(self._queue, [])

    def accept(self):
        if not self._queue:
            if self._timeout_s == 0:
                raise internet.error("EAGAIN")
            internet.wait_out(self._timeout_s)
        s = socket(2, SOCK_STREAM)
        s.connection = self._queue.pop(0)
        internet.began(s.connection)
        return s, ("192.168.4.77", 50000)

    def send(self, data):
        if self._kind == SOCK_STREAM:
            return self.write(data)
        way = internet.route()
        if way is None:
            raise internet.error("EHOSTUNREACH")
        if self.connection:
            internet.call("send")
            self.connection.send(data)
            return len(data)
        self._answer = self._peer.answer(data) if self._peer and way == "alive" else None
        self._due_ms = time.up_ms() + getattr(self._peer, "late_ms", 0)
        return len(data)

    def has_heard(self, timeout_ms):
        """Whether a datagram is there; where it is not, that time passes."""
        late_ms = timeout_ms + 1 if self._answer is None else max(0, self._due_ms - time.up_ms())
        time.advance(min(timeout_ms, late_ms))
        return late_ms <= timeout_ms

    def recv(self, size):
        if self.connection:
            internet.call("read")
            got = self._read(size)
            if got is None:
                raise internet.error("EAGAIN")
            return got
        if self._answer is None:
            internet.wait_out(self._timeout_s)
        return self._answer[:size]

    def write(self, data):
        internet.call("write")
        self._check()
        if network.style == "rp2":
            self._wait_for_memory(len(data))
        self._writes += 1
        # Nagle's algorithm: what comes behind the first waits until that is acknowledged.
        if self._writes == 2 and not self._nodelay:
            time.advance(_DELAYED_ACK_MS)
        self.connection.send(data if isinstance(data, bytes) else self._bytes(data))
        return len(data)

    def _wait_for_memory(self, size):
        # 200 times 50 ms at most, also where it should not block (lwip_tcp_send).
        for _ in range(200):
            if internet.left_behind() + self._unacknowledged + size <= _LWIP_BYTES:
                break
            time.advance(50)
        else:
            raise OSError(12)
        if internet.route() != "alive":
            self._unacknowledged += size

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
            if self._unacknowledged:
                internet.leave_behind(self._unacknowledged)
            if self.connection:
                self.connection.hung_up()
        self._open = False

    def _bytes(self, data):
        return data.encode() if isinstance(data, str) else bytes(data)

    def _read(self, size):
        # Up to `size` bytes, b"" at the end; None: nothing is there, and it does not block.
        self._writes = 0
        self._check()
        if not self.connection.wait(
            None if self._timeout_s is None else int(self._timeout_s * 1000)
        ):
            if self._timeout_s == 0:
                return None
            raise internet.error("ETIMEDOUT")
        return self.connection.take(size)

    def aborted(self):
        """Whether its connection was, with the interface that it went through."""
        if self._kind != SOCK_STREAM or self._cuts == network.cuts():
            return False
        self.connection.hung_up()
        return True

    def connects(self, at_most_ms):
        """Whether its connect is still under way after so long."""
        begun = self.connection
        if not isinstance(begun, Connecting):
            return False
        if not begun.wait(at_most_ms):
            return True
        if begun.serves:
            self.connection = begun.serves.connection()
            internet.began(self.connection)
        else:
            self._failed = internet.error("ECONNRESET")
        return False

    def failed(self):
        """Whether its connect, which did not block, has failed."""
        return self._failed is not None

    def _check(self):
        if not self._open:
            raise internet.error("EBADF")
        if self.aborted():
            raise internet.error("ECONNABORTED")
        if self._failed:
            raise self._failed
        if isinstance(self.connection, Connecting):
            raise internet.error("EAGAIN")
