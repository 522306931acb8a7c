"""One HTTP/1.1 connection that stays open (RFC 9112), with TLS that proves the server's name.

An exchange is a generator: look-up and connect; then head and body are sent (with TLS, its
handshake comes with the first byte); then status line and headers are read (1xx are passed over);
then the body is skipped. It yields wherever it would wait, so that `step()` waits at most 100 ms,
the look-up and the connect apart.

All of it, the look-up apart, has `timeout_s`: a server that drips bytes is given up then. Where a
used connection breaks before an answer begins, the server had closed it: the POST is repeated at
once on a new one. The buffer is allocated once; TLS takes its own to connect.
"""

import gc
import select
import socket
import time

from micropython import const

from .transport import Answer, meaning

_WAIT_MS = const(100)
_LINE = const(240)  # bytes; what comes behind them in a longer line does not matter
_BODY_MAX = const(4096)  # a longer body is not read: the connection is closed instead
_CHUNKED = const(-2)
_CLOSED = "closed"  # by the server
_VERIFY_FAILED = const(-0x2700)  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED


class Kept(Answer):
    """POSTs over one connection. `root` is the certificate (DER or PEM, bytes) that the server's
    has to come from, or None: then a server is not verified. `timeout_s` is for a whole exchange;
    after `idle_s` without one the connection is closed. ValueError: `root` is no certificate.
    """

    def __init__(self, timeout_s, idle_s, root=None):
        self._timeout_s = timeout_s
        self._idle_ms = idle_s * 1000
        self.verifies = root is not None
        self._tls = _trust().context(root) if root else None
        self._socket = self._stream = self._poll = None
        self._where = None  # (scheme, host, port) that the connection is to
        self._to = self._parts = self._run = None
        self._in = bytearray(_LINE)  # the first `_have` bytes are to be read
        self._view = memoryview(self._in)
        self._used = False  # this connection has brought an answer
        self._begun = False  # an answer has begun
        self._keep = self._nodelay = False
        self._have = self._last = self._until = 0

    def start(self, url, headers, data):
        """See transport.Requests.start."""
        self.reset()
        self.untrusted = False
        parts = (url if url.count("/") > 2 else url + "/").split("/", 3)
        name, _, port = parts[2].partition(":")
        self._to = parts[0], name, int(port or (443 if parts[0] == "https:" else 80))
        head = "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
        head = head % (parts[3], parts[2]) + "".join("%s: %s\r\n" % pair for pair in headers)
        self._parts = (head + "Content-Length: %d\r\n\r\n" % len(data)).encode(), data
        # Something that came unasked, its end for one, is the end of a connection.
        if self._to != self._where or self._poll.poll(0):
            self.close()
        self._begun = False
        self._until = time.ticks_add(time.ticks_ms(), self._timeout_s * 1000)
        self._run = self._exchange()

    def step(self):
        """See transport.Requests.step."""
        try:
            if time.ticks_diff(self._until, time.ticks_ms()) <= 0:
                raise OSError("not done in %d s" % self._timeout_s)
            next(self._run)
            return None
        except StopIteration:
            pass
        except (OSError, MemoryError, ValueError) as e:
            again = self._used and not self._begun
            self.close()
            if again:
                self._run = self._exchange()
                return None
            if not self.status:  # else only the rest of its body is missing
                self._fault(e)
        if not self._keep or self._have:  # more came than the answer
            self.close()
        self._run = self._parts = None
        self._last = time.ticks_ms()
        return meaning(300 if self.untrusted else self.status, self.is_json)

    def idle(self):
        """Close the connection where it has not been used for long."""
        if self._stream and not self._run:
            if time.ticks_diff(time.ticks_ms(), self._last) > self._idle_ms:
                self.close()

    def close(self):
        """Close the connection, if there is one."""
        for s in (self._stream, self._socket):
            try:
                if s:
                    s.close()
            except OSError:
                pass  # it was broken already
        self._stream = self._socket = self._poll = self._where = None
        self._used = self._keep = False

    def _exchange(self):
        self._have = 0
        if not self._stream:
            self._open()
            yield
        for part in self._parts if self._nodelay else (b"".join(self._parts),):
            part = memoryview(part)
            while part:
                sent = self._stream.write(part)
                if sent:
                    part = part[sent:]
                else:
                    self._wait(select.POLLOUT)
                    yield
        status = 100
        while status < 200:
            size = -1
            line = yield from self._line()
            version, status = line.split(None, 2)[:2]
            if not version.startswith(b"HTTP/1.") or len(status) != 3:
                raise ValueError
            status = int(status)
            self._keep = version != b"HTTP/1.0"
            while line:
                line = yield from self._line()
                name, _, value = line.partition(b":")
                name = name.lower()
                value = value.strip()
                if name == b"content-length" and size != _CHUNKED:
                    size = int(value)
                elif name == b"transfer-encoding":
                    size = _CHUNKED
                elif name == b"connection":
                    self._keep = b"keep-alive" in value.lower()
                else:
                    self.header(name, value)
        self.status = status
        self.why = "HTTP %d" % status
        self._used = True
        if status in (204, 304):
            self._keep = self._keep and size in (-1, 0)
        elif size == _CHUNKED and self._keep:
            yield from self._skip_chunks()
        elif 0 <= size <= _BODY_MAX and self._keep:
            yield from self._skip(size)
        else:
            self._keep = False

    def _open(self):
        scheme, host, port = self._to
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        self._until = time.ticks_add(time.ticks_ms(), self._timeout_s * 1000)
        self._socket = self._stream = s = socket.socket(found[0], found[1], found[2])
        s.settimeout(self._timeout_s)
        s.connect(found[-1])
        s.setblocking(False)
        try:
            s.setsockopt(6, 1, 1)  # TCP_NODELAY: a second small write would wait for 40 ms
            self._nodelay = True
        except (OSError, AttributeError):
            self._nodelay = False
        if scheme == "https:":
            gc.collect()  # it wants a large block
            self._tls = self._tls or _trust().context(None)
            self._stream = self._tls.wrap_socket(
                s, server_hostname=host, do_handshake_on_connect=False
            )
        self._poll = select.poll()
        self._poll.register(self._stream, select.POLLIN)
        self._where = self._to

    def _wait(self, event):
        self._poll.modify(self._stream, event)
        return self._poll.poll(_WAIT_MS)

    def _more(self):
        # Read what comes into the buffer, behind what is there.
        got = None
        while got is None:
            if self._wait(select.POLLIN):
                got = self._stream.readinto(self._view[self._have :])
            yield
        if not got:
            raise OSError(_CLOSED)
        self._begun = True
        self._have += got

    def _drop(self, count):
        self._have -= count
        self._in[: self._have] = self._in[count : count + self._have]

    def _line(self):
        line = None
        while True:
            end = self._in.find(b"\n", 0, self._have)
            if end >= 0:
                line = line or bytes(self._view[:end])
                self._drop(end + 1)
                return line.strip()
            if self._have == _LINE:
                line = line or bytes(self._view)
                self._have = 0
            yield from self._more()

    def _skip(self, size):
        while size > self._have:
            size -= self._have
            self._have = 0
            yield from self._more()
        self._drop(size)

    def _skip_chunks(self):
        left = _BODY_MAX
        size = 1
        while size:
            line = yield from self._line()
            size = int(line.split(b";")[0], 16)
            left -= size
            if size < 0 or left < 0:
                raise ValueError
            if size:
                yield from self._skip(size + 2)
        while (yield from self._line()):
            pass  # trailers

    def _fault(self, e):
        number = e.args[0] if e.args else None
        if self._begun and (isinstance(e, ValueError) or number == _CLOSED):
            self.broken = True
            self.why = "a broken answer"
        elif isinstance(e, ValueError) or number == _VERIFY_FAILED:
            self.untrusted = True
            self.why = _trust().distrust(str(number), self._to[1])
        elif isinstance(e, MemoryError):
            self.why = "not enough memory"
        else:
            self.why = "no answer (%s)" % number


def _trust():
    from . import trust  # loads tls

    return trust
