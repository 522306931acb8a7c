"""One TCP connection that stays open, with TLS where it is asked for: looked up, opened and closed
in steps, each of 100 ms at most. What is sent on it is keepalive's.

    look-up       in steps (dns.py) where the port tells its DNS server; else getaddrinfo does it,
                  which cannot be divided, and is not counted against the exchange's time
    connect       without blocking; done where the socket is ready. Each of several addresses gets
                  its share of the time that remains, 2 s at least, and the next one is tried.
                  After an exchange that failed the next one begins with another of them
    TLS           is prepared; its handshake comes with the first byte

What a look-up has found is used again until its TTL is over (10 s to an hour), as long as nothing
fails: an address that did not answer, an exchange that failed or was given up ends that.

Where a connect has failed, lwIP shows POLLERR (extmod/modlwip.c, lwip_socket_ioctl), and an
ESP32's select() only that the socket is ready for all (ports/esp32/modsocket.c), as it is, too,
where the server has spoken first. A read then tells which: the first byte of what a hurried server
answers is kept for who reads the rest.
"""

import errno
import gc
import select
import socket
import time

from micropython import const

from .errors import call_unloading
from .names import look_up
from .transport import Transport, from_peer

STEP_MS = const(90)  # with what it does besides, a step stays below 100
_SHORT_MS = const(10)  # a step that does not wait
CLOSED = "closed"  # by the server
_SHARE_MS = const(2000)  # at least, of each address but the last


class Connection(Transport):
    """The base of Keepalive. `ca_file` names the roots that the server's certificate has to come
    from (tls_context.py), or is None: then a server is not verified. ConfigError: `ca_file`.

    With `outside_ms` a step does not wait: its caller did, before it, for at most so long, which
    counts. `awaited` is the stream that the next step wants to read from; None: it wants another
    thing."""

    outside_ms, awaited = 0, None

    def __init__(self, timeout_s, idle_s, ca_file):
        self._timeout_s = timeout_s
        self._idle_ms = idle_s * 1000
        self.verifies = ca_file is not None
        self._tls = tls_context(ca_file) if ca_file else None
        self._socket = None  # below TLS, which does not close it where its handshake failed
        self._stream = self._poll = None
        self._looking = None  # a dns.LookUp under way
        self._known = None  # (name, its addresses, since when in ticks, for how many ms)
        self._turn = 0  # exchanges that failed: whose turn it is, of several addresses
        self._where = None  # (scheme, host, port) that the next exchange finds a connection to
        self._last = 0  # ticks of that connection's last use
        self._begun = False  # an answer has begun
        self._early = b""  # that has come of it before it was asked for
        self._secures = False  # TLS was begun in this exchange
        self._at = 0  # ticks at the latest step's beginning, or end
        self._remaining_ms = 0  # of the time that the exchange has, at `_at`

    def idle(self):
        """Close the connection where it has not been used for long, and forget addresses that are
        too old. ticks_diff() is right for 6 days: to be called more often than that, if only by
        start()."""
        if self._where:
            if not 0 <= time.ticks_diff(time.ticks_ms(), self._last) <= self._idle_ms:
                self._disconnect()
        if self._known:
            if not 0 <= time.ticks_diff(time.ticks_ms(), self._known[2]) < self._known[3]:
                self._known = None

    def close(self):
        """See transport.Requests.close."""
        self._under_way = self._known = None
        self._disconnect()

    def _disconnect(self):
        # Each is forgotten only once it is closed: what an exception leaves, the next call ends.
        self._where = self._poll = None
        if self._looking:
            self._looking.close()
            self._looking = None
        if self._stream:
            _close(self._stream)
            self._stream = None
        if self._socket:
            _close(self._socket)
            self._socket = None

    def _spent_ms(self):
        return time.ticks_diff(time.ticks_ms(), self._at)

    def _left_ms(self):
        return self._remaining_ms - self._spent_ms()

    def _step_left_ms(self):
        return (_SHORT_MS if self.outside_ms else STEP_MS) - self._spent_ms()

    def _wait_ms(self):
        # So long the step may still wait: this is the one place that says it.
        return 0 if self.outside_ms else max(0, self._step_left_ms())

    def _open(self, to):
        scheme, host, port = to
        self._begun, self._early = False, b""
        found = yield from self._find(host)
        while True:
            left_ms = self._left_ms()
            share_ms = max(_SHARE_MS, left_ms // len(found))
            until_ms = max(0, left_ms - share_ms) if len(found) > 1 else 0
            try:
                yield from self._connect(found[0], port, scheme == "https:", until_ms)
                break
            except OSError as e:
                self._disconnect()
                self.reached = self.reached or from_peer(e)
                if len(found) < 2 or self._left_ms() <= 0:
                    raise
            found.pop(0)
        s = self._socket
        try:  # a second small write would wait for 40 ms
            s.setsockopt(6, getattr(socket, "TCP_NODELAY", 1), 1)
        except (OSError, AttributeError):
            pass
        if scheme == "https:":
            self._secures = True
            gc.collect()  # it wants a large block
            self._tls = self._tls or tls_context(None)
            self._stream = self._tls.wrap_socket(
                s, server_hostname=host, do_handshake_on_connect=False
            )
        else:
            self._stream, self._socket = s, None
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLIN)
        if self._step_left_ms() <= 0:
            yield

    def _find(self, name):
        # What connect is to try, in this order: addresses, or the name itself, for getaddrinfo.
        if self._known and self._known[0] == name:
            return self._known[1]
        self._looking = looking = look_up(name)
        if not looking:
            return [name]
        found = None
        while not found:
            try:
                found = looking.step(self._wait_ms())
            except OSError:
                self.reached = looking.answered
                raise
            if not found and self._left_ms() <= 0:
                raise OSError("the DNS server is silent")
            if not found and not self._wait_ms():
                yield looking.socket
        turn = self._turn % len(found)
        found = found[turn:] + found[:turn]
        self._known = name, found, time.ticks_ms(), looking.ttl_s * 1000
        looking.close()
        self._looking = None
        return found

    def _connect(self, host, port, secure, until_ms):
        # Where it is not done with `until_ms` left of the exchange's time, it has failed.
        before_ms = self._spent_ms()
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        self._remaining_ms += self._spent_ms() - before_ms  # (of an address it takes no time)
        if not found or found[0][-1][0] == "0.0.0.0":  # which filters answer
            raise OSError("no address")
        found = found[0]
        if self._step_left_ms() <= 0:
            yield
        self._socket = s = socket.socket(found[0], found[1], found[2])
        s.setblocking(False)
        self._poll = poll = select.poll()
        poll.register(s, select.POLLIN | select.POLLOUT)
        try:
            s.connect(found[-1])
        except OSError as e:
            if not (e.args and e.args[0] == errno.EINPROGRESS):
                raise
        ready = poll.poll(self._wait_ms())
        while not ready:
            if self._left_ms() <= until_ms:
                raise OSError(errno.ETIMEDOUT)
            yield
            ready = poll.poll(self._wait_ms())
        hurried = ready[0][1] & ~select.POLLOUT
        if hurried:
            self._early = s.recv(1)  # or what has become of the connect, as an error
        self.reached = True
        if hurried and (secure or not self._early):  # TLS's server never speaks first
            raise OSError(CLOSED)


def _close(stream):
    try:
        stream.close()
    except OSError:
        pass  # it was broken already


def tls_context(ca_file):
    """An SSLContext; see tls_context.py."""
    return call_unloading("tls_context", "context", ca_file)
