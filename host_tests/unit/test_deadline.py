"""What `requests` without TLS is given for a socket: one deadline for all that it does."""

from islog.deadline import Socket
from virtual_board import raises, time


class Pipe:
    """A socket to a server that says `parts`: (ms to wait for it, bytes) each; then nothing."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.written = b""
        self.closed = False
        self._timeout_s = None

    def settimeout(self, seconds):
        self._timeout_s = seconds

    def connect(self, where):
        time.advance(10)

    def write(self, data):
        if self.closed:
            raise OSError(104)
        self.written += data
        return len(data)

    def recv(self, size):
        after_ms, data = self.parts.pop(0) if self.parts else (10**6, b"")
        if after_ms > self._timeout_s * 1000:
            self.parts.insert(0, (after_ms - self._timeout_s * 1000, data))
            time.advance(self._timeout_s * 1000)
            raise OSError(110)
        time.advance(after_ms)
        if len(data) > size:
            self.parts.insert(0, (0, data[size:]))
        return data[:size]

    def close(self):
        self.closed = True


def lines(s):
    """All lines, up to the empty one that ends them."""
    found = []
    while True:
        line = s.readline()
        if not line or line == b"\r\n":
            return found
        found.append(line)


def test_lines_come_as_they_are_however_they_are_cut():
    head = b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"
    for size in (1, 7, 25, 100):
        parts = [(1, head[i : i + size]) for i in range(0, len(head), size)]
        s = Socket(Pipe(*parts), 5000)
        s.connect(("service.test", 80))
        assert lines(s) == [b"HTTP/1.1 204 No Content\r\n", b"Date: now\r\n"]


def test_a_first_line_that_does_not_come_in_time_is_an_error():
    s = Socket(Pipe(*[(400, b"H")] * 100), 2000)
    since = time.up_ms()
    raises(OSError, s.readline)
    assert 2000 <= time.up_ms() - since <= 2001


def test_what_comes_behind_the_first_line_ends_when_the_time_is_over():
    s = Socket(Pipe((1000, b"HTTP/1.1 204 No Content\r\n"), *[(700, b"X: y\r\n")] * 100), 2000)
    since = time.up_ms()
    assert lines(s) == [b"HTTP/1.1 204 No Content\r\n", b"X: y\r\n"]
    assert 2000 <= time.up_ms() - since <= 2001


def test_an_answer_is_read_also_where_the_request_could_not_be_written():
    pipe = Pipe((1, b"HTTP/1.1 413 Too Large\r\n\r\n"))
    s = Socket(pipe, 2000)
    pipe.closed = True  # the server has answered, and closed
    s.write(b"POST / HTTP/1.0\r\n")
    assert lines(s) == [b"HTTP/1.1 413 Too Large\r\n"]
    pipe = Pipe()
    s = Socket(pipe, 2000)
    pipe.closed = True
    s.write(b"POST / HTTP/1.0\r\n")
    assert raises(OSError, s.readline).args[0] == 104


def test_a_line_without_an_end_takes_no_more_than_its_beginning():
    s = Socket(Pipe(*[(1, b"x" * 200)] * 100, (1, b"\r\nDate: now\r\n")), 2000)
    line = s.readline()
    assert 1000 < len(line) < 1500 and line.endswith(b"\n")
    assert s.readline() == b"Date: now\r\n"
