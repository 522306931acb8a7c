"""One HTTP/1.1 connection that stays open (RFC 9112), with TLS that proves the server's name.

An exchange is a generator: look-up and connect, if there is no connection yet (connection.py);
then head and body are sent while status line and headers are read (1xx are passed over, and an
answer that comes before the body has gone is an answer); then the body is skipped. With TLS, the
handshake comes with the first byte. It yields where it would wait for longer than a step, of
100 ms: a look-up of getaddrinfo's apart, which cannot be divided.

All of it, such a look-up apart, has `timeout_s`; when that is over, an answer's first line counts,
if it is there. Of the time between two steps at most a sixteenth of it is counted, so that a
program that polls rarely gets through. Of a write that the port makes wait, a step is counted.
Where a connection that was used before breaks before an answer begins, the server had closed it:
the POST is repeated at once on a new one, in what remains of the time.

Only an exchange that has come to its end leaves a connection for the next one. Until then `_where`
is None, so that the next one opens its own, whatever exception ends a step.

The head of an answer is read by readline(), which asks for one byte after the other: read() and
readinto() ask for more than has come, and lose what has come where that ends in a reset.
"""

import select
import time

from micropython import const

from .connection import CLOSED, STEP_MS, Connection
from .errors import why
from .transport import UNKNOWN, from_peer, meaning

_POLLS = const(16)  # an exchange has time for so many steps, however long the program pauses
_LINE = const(240)  # bytes read at once; a longer line is cut between this and twice as many
_BODY_MAX = const(4096)  # a longer body is not read: the connection is closed instead
_CHUNKED = const(-2)  # the size of a body in chunks; -1: no size was named
_VERIFY_FAILED = const(-0x2700)  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED


class Keepalive(Connection):
    """POSTs over one connection. `timeout_s` is for a whole exchange; after `idle_s` without one
    the connection is closed. `ca_file` and ConfigError: see Connection."""

    def __init__(self, timeout_s, idle_s, ca_file=None):
        super().__init__(timeout_s, idle_s, ca_file)
        self._host = None  # of the exchange
        self._out = []  # type: list[memoryview] # what is not sent yet of the request
        self._skipped = memoryview(bytearray(64))  # a body, which nobody reads, goes in here
        self._first_status = 0  # that of an answer's first line, if that has come
        self.reset()

    def start(self, url, headers, data):
        """See transport.Requests.start."""
        self.reset()
        self.idle()
        self._at = time.ticks_ms()
        self._remaining_ms = self._timeout_s * 1000
        self._under_way = self._exchange(url, headers, data)

    def step(self):
        """See transport.Requests.step."""
        run = self._under_way
        if not run:
            self.reset()
            return UNKNOWN
        self._under_way = None  # so, where an exception ends this step, nobody goes on with it
        now = time.ticks_ms()
        pause_ms = time.ticks_diff(now, self._at)
        most_ms = max(self.outside_ms, self._timeout_s * 1000 // _POLLS)
        self._remaining_ms -= pause_ms if 0 <= pause_ms < most_ms else most_ms
        self.late_ms += pause_ms if pause_ms >= 0 else -0x20000000  # over six days: below 0
        self._at = now
        try:
            self.awaited = next(run)
            self._remaining_ms -= self._spent_ms()
            self._at = time.ticks_ms()
            self._under_way = run
            return None
        except StopIteration:
            pass
        except Exception as e:
            self._turn += 1
            self.close()
            if not self.status:  # else only the rest of its body is missing
                self._fault(e)
        return meaning(300 if self.unusable else self.status, self.is_json)

    def _exchange(self, url, headers, data):
        parts = (url if url.count("/") > 2 else url + "/").split("/", 3)
        name, _, port = parts[2].partition(":")
        to = parts[0], name, int(port or (443 if parts[0] == "https:" else 80))
        head = "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
        head = head % (parts[3], parts[2]) + "".join("%s: %s\r\n" % pair for pair in headers)
        request = (head + "Content-Length: %d\r\n\r\n" % len(data)).encode(), data
        self._host = name
        # A connection on which something came unasked, such as its end, is not used again.
        used = self._where == to and not self._poll.poll(0)
        self._where = keep = None
        self._secures = tried = False
        if used:
            try:
                keep = yield from self._ask(request)
            except OSError:
                if self._begun or self._spent_ms() >= self._remaining_ms:
                    raise
        while keep is None:
            self._disconnect()
            self._secures = False
            try:
                yield from self._open(to)
                keep = yield from self._ask(request)
            except OSError as e:
                securing = self._secures and not self._begun
                if tried or not (securing and self.unanswered(e.args and e.args[0], True)):
                    raise
                tried = True  # TLS had too little memory: once more, after a collection
        if keep and not self._out:
            self._last, self._where = time.ticks_ms(), to
        else:
            self._disconnect()

    def _ask(self, request):
        # Send the request and read the answer; returns whether the connection may be used again.
        self._begun, self._first_status = False, 0
        self.late_ms = 0
        self._out = [memoryview(part) for part in request]
        status = 100
        while status < 200:
            size = -1
            line = yield from self._line()
            version, status = line.split(None, 2)[:2]
            if not version.startswith(b"HTTP/1.") or len(status) != 3:
                raise ValueError
            status = int(status)
            self._first_status = status // 200 and status
            self.why = "HTTP %d" % status
            keep = version != b"HTTP/1.0"
            while line:
                line = yield from self._line()
                name, _, value = line.partition(b":")
                name = name.lower()
                value = value.strip()
                if name == b"content-length" and size != _CHUNKED:
                    size = max(-1, int(value))
                elif name == b"transfer-encoding":
                    size = _CHUNKED
                elif name == b"connection":
                    keep = b"keep-alive" in value.lower()
                else:
                    self.header(name, value)
        self.status = status
        if status in (204, 304):
            return keep and size in (-1, 0)
        if keep and size == _CHUNKED:
            yield from self._skip_chunks()
            return True
        if keep and 0 <= size <= _BODY_MAX:
            yield from self._skip(size)
            return True
        return False

    def _more(self, into=None):
        # Wait for what the server sends, and meanwhile send what is left of the request. Returns a
        # line or a part of one; with a buffer `into`, how many bytes were read into it.
        got = None
        while got is None:
            if self._out:
                got = self._send(into)
                if got:
                    break
            spent_ms = self._spent_ms()
            if spent_ms >= self._remaining_ms:
                self.status = self._first_status
                raise OSError("not done in %d s" % self._timeout_s)
            self._poll.modify(
                self._stream, select.POLLIN | select.POLLOUT if self._out else select.POLLIN
            )
            left_ms = self._step_left_ms()
            ready = left_ms > 0 and self._poll.poll(self._wait_ms())
            if not ready:
                if left_ms > 0 and not self._begun:
                    self.late_ms = 0  # it has not come yet
                # (TLS writes where it can be read: its stream says when it wants to go on.)
                yield self._stream if self._socket or not self._out else None
            elif ready[0][1] & ~select.POLLOUT:
                got = self._read(into)
        if not got:
            raise OSError(CLOSED)
        self._begun = True
        return got

    def _read(self, into):
        if into:
            return self._stream.readinto(into)
        got = self._stream.readline(_LINE)
        if self._early:
            got, self._early = self._early + (got or b""), b""
        return got

    def _send(self, into):
        # Make one write. Where it fails, the server may have answered before it closed: then this
        # returns what there is to read. lwIP waits up to 10 s for memory, also on a socket that
        # should not block (extmod/modlwip.c, lwip_tcp_send): of that one step's time is counted.
        at = time.ticks_ms()
        try:
            sent = self._stream.write(self._out[0])
            late_ms = time.ticks_diff(time.ticks_ms(), at) - STEP_MS
            if late_ms > 0:
                self._remaining_ms, self.late_ms = (
                    self._remaining_ms + late_ms,
                    self.late_ms + late_ms,
                )
        except OSError as e:
            try:
                got = self._read(into)
            except OSError:
                got = None
            if not got:
                raise e
            return got
        if sent:
            self._out[0] = self._out[0][sent:]
            if not self._out[0]:
                self._out.pop(0)
        return None

    def _line(self):
        line = part = yield from self._more()
        while not part.endswith(b"\n"):
            part = yield from self._more()
            if len(line) < _LINE:
                line += part
        return line.strip()

    def _skip(self, size):
        while size:
            size -= yield from self._more(self._skipped[:size])

    def _skip_chunks(self):
        remaining = _BODY_MAX
        size = 1
        while size:
            line = yield from self._line()
            size = int(line.split(b";")[0], 16)
            remaining -= size
            if size < 0 or remaining < 0:
                raise ValueError
            if size:
                yield from self._skip(size + 2)
        while (yield from self._line()):
            pass  # trailers

    def _fault(self, e):
        self.why = "not enough memory"  # stays, where there is too little for the words below
        self.reached = self.reached or isinstance(e, OSError) and from_peer(e)
        number = e.args[0] if e.args and isinstance(e, OSError) else type(e).__name__
        try:
            if isinstance(e, MemoryError):
                pass
            elif self._begun and (number == CLOSED or not isinstance(e, OSError)):
                self.why = "a broken answer"
                self.broken = True
            elif self.verifies and (isinstance(e, ValueError) or number == _VERIFY_FAILED):
                self.unusable = True
                self.why = "the server's certificate " + why("certificate", str(e), self._host)
            else:
                self.unanswered(number, self._secures and not self._begun)
        except MemoryError:
            pass
