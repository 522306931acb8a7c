"""A board's TCP connections, byte by byte, as its sockets see them."""

import time

import internet


class Connection:
    """`arriving` is what will come: [when (up_ms), bytes]; b"" is its end, None a reset. `sent` is
    what the board has sent."""

    def __init__(self):
        self.arriving = []
        self.sent = b""
        self.open = True

    def send(self, data):
        """Bytes from the board."""
        if internet.route() == "alive":
            self.sent += data

    def arrive(self, after_ms, data):
        """Let `data` come `after_ms` after all that comes before it."""
        last_ms = self.arriving[-1][0] if self.arriving else 0
        self.arriving.append([max(last_ms, time.up_ms()) + after_ms, data])

    def wait(self, at_most_ms):
        """Let time pass until something is there (True), at most so long (None: for ever)."""
        alive = self.arriving and internet.route() == "alive"
        left_ms = self.arriving[0][0] - time.up_ms() if alive else None
        if internet.during_post and (left_ms is None or left_ms > 0):
            internet.during_post()
        if left_ms is not None and (at_most_ms is None or left_ms <= at_most_ms):
            time.advance(max(0, left_ms))
            return True
        if at_most_ms is None:
            raise RuntimeError("this would block for ever")
        time.advance(at_most_ms)
        return False

    def take(self, size):
        """Up to `size` bytes of what is there; an end stays."""
        data = self.arriving[0][1]
        if data is None:
            raise internet.error("ECONNRESET")
        if len(data) > size:
            self.arriving[0][1] = data[size:]
        elif data:
            self.arriving.pop(0)
        return data[:size]

    def hung_up(self):
        """The board has closed it, or it was aborted."""
        self.open = False


class Connecting:
    """TCP's handshake of a socket that does not block: over `after_ms` from now (None: nobody
    answers), with the Connection that `serves` makes, or (None) refused."""

    def __init__(self, after_ms, serves):
        self.serves = serves
        self._end_ms = None if after_ms is None else time.up_ms() + after_ms
        self._over = False

    def wait(self, at_most_ms):
        """Let time pass until it is over (True), at most so long."""
        left_ms = None if self._end_ms is None else max(0, self._end_ms - time.up_ms())
        if internet.during_post and left_ms != 0:
            internet.during_post()
        if left_ms is not None and left_ms <= at_most_ms:
            time.advance(left_ms)
            at_most_ms -= left_ms
            self._over = self._over or internet.route() == "alive"
        if not self._over:
            time.advance(at_most_ms)
        return self._over

    def hung_up(self):
        """The board has given it up."""


class Datagrams(Connection):
    """What comes to a connected datagram socket, each as a whole, in the order of arrival. Each
    question goes to `peer`, whose replies(question) are (after ms, bytes): None is nobody, whose
    machine is silent about it, too."""

    def __init__(self, peer):
        super().__init__()
        self._peer = peer

    def send(self, data):
        if self._peer and internet.route() == "alive":
            for after_ms, reply in self._peer.replies(bytes(data)):
                self.arrive(after_ms, reply)

    def arrive(self, after_ms, data):
        when_ms = time.up_ms() + after_ms
        later = [come for come in self.arriving if come[0] > when_ms]
        sooner = [come for come in self.arriving if come[0] <= when_ms]
        self.arriving = sooner + [[when_ms, data]] + later

    def take(self, size):
        """The next one; what is longer than `size` is lost."""
        return self.arriving.pop(0)[1][:size]


class HttpConnection(Connection):
    """One to an HTTP server. Its `handle()` answers each request; how the bytes of an answer come
    is for its `pieces(bytes, keep)` to say."""

    def __init__(self, server):
        super().__init__()
        self._server = server
        self._asked = b""
        self.reset = False  # the server has closed it with something unread

    def send(self, data):
        """Bytes from the board; each whole request is answered."""
        if internet.route() != "alive" or not self.open:
            return  # into a buffer that nobody empties
        if self.reset:
            raise internet.error("ECONNRESET")
        # An end that was to come later, for want of requests, does not.
        self.arriving = [come for come in self.arriving if come[0] <= time.up_ms()]
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            at = self._asked.index(b"\r\n\r\n")
            lines = self._asked[:at].decode().split("\r\n")
            fields = [line.split(": ", 1) for line in lines[1:]]
            headers = {name: value for name, value in fields}
            size = int(headers.get("Content-Length", "0"))
            body = self._asked[at + 4 : at + 4 + size]
            if len(body) < size:
                self._answer_early(headers)
                return
            self._asked = self._asked[at + 4 + size :]
            method, path, version = lines[0].split(" ")
            keep = version == "HTTP/1.1" and headers.get("Connection") != "close"
            self._answer(method, path, headers, body, keep)

    def _answer_early(self, headers):
        early = getattr(self._server, "early", None)  # a test's own server may have none
        answer = early and early(headers)
        if answer:
            self._server.posts.append(("early", answer[0]))
            self.arrive(0, raw_answer(*answer))
            self.arrive(0, b"")
            self.reset = True

    def _answer(self, method, path, headers, body, keep):
        if internet.during_post:
            internet.during_post()
        try:
            status, fields, body = self._server.handle(method, path, headers, body)
        except OSError as e:
            if e.args[0] != 110:  # else silence
                self.arrive(0, None)
            return
        if status == "garbage":
            raw = body
            keep = False
        else:
            raw = raw_answer(status, fields, body)
        for after_ms, data in self._server.pieces(raw, keep):
            self.arrive(after_ms, data)


def raw_answer(status, fields, body):
    """An answer's bytes."""
    head = ["HTTP/1.1 %d It" % status]
    head += ["%s: %s" % (name, fields[name]) for name in fields]
    if status != 204 and "Transfer-Encoding" not in fields:
        head.append("Content-Length: %d" % len(body))
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def visit(port):
    """Somebody outside connects to the board; returns the Connection. OSError: nobody listens
    there, or the board is not to be reached."""
    if internet.route() != "alive":
        raise internet.error("ETIMEDOUT")
    if port not in internet.listening:
        raise internet.error("ECONNRESET")
    connection = Connection()
    internet.listening[port].append(connection)
    return connection
