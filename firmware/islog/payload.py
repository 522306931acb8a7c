"""Readings -> JSON text in one buffer of fixed size, and back out in slices that are JSON arrays.

The buffer holds `[record,record,...]`. A slice of it is made an array by writing `[` and `]` over
the two separators around it, so a batch is halved, sent again or sent in parts without a copy, and
each reading's text stays what it was. Escapes: RFC 8259, section 7; UTF-8 is sent as it is.
"""

from array import array

_ESCAPES = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}
_HEX = b"0123456789abcdef"
# The field names of each API (api.md): before the signal, before the value, before the time.
FIELDS = {"batch_logs": ('{"b":%s,"tid":%s,"sn":', ',"v":', ',"e":')}


def quote(text):
    """`text` (str or UTF-8 bytes) as a JSON string, in bytes."""
    data = text.encode() if isinstance(text, str) else text
    out = bytearray(quoted_size(data))
    _quote_into(out, 0, data, 0, len(data))
    return bytes(out)


def quoted_size(data):
    """Bytes that the UTF-8 bytes `data` take as a JSON string, quotes included."""
    size = 2
    for c in data:
        size += 1 if c > 0x1F and c != 0x22 and c != 0x5C else len(_escape(c))
    return size


def _escape(c):
    if c == 0x22 or c == 0x5C:
        return bytes((0x5C, c))
    return _ESCAPES.get(c) or bytes((0x5C, 0x75, 0x30, 0x30, _HEX[c >> 4], _HEX[c & 15]))


def _quote_into(buf, at, data, start, size):
    # `size` bytes from `start` of `data`, which wraps, to `at`. Returns the end; 0: it is full.
    limit = len(buf) - 1
    wrap = len(data)
    buf[at] = 0x22
    at += 1
    for _ in range(size):
        c = data[start]
        start += 1
        if start == wrap:
            start = 0
        if at >= limit:
            return 0
        if c > 0x1F and c != 0x22 and c != 0x5C:
            buf[at] = c
            at += 1
        else:
            for escaped in _escape(c):
                if at >= limit:
                    return 0
                buf[at] = escaped
                at += 1
    buf[at] = 0x22
    return at + 1


class Batch:
    """Room for `size_bytes` of body. `fields` is one of FIELDS, `filling` what its `%s` stand for.

    `count` readings are in it. `time()` sets the time that the next readings get.
    """

    def __init__(self, size_bytes, fields, filling):
        before, value, time = fields
        self._before = (before % filling).encode()
        self._value = value.encode()
        self._time = time.encode()
        self._buf = bytearray(size_bytes)
        self._view = memoryview(self._buf)
        # The shortest record is more than its field names: a bound for how many there can be.
        self._starts = array("H", bytes(2 * (2 + size_bytes // (len(self._before) + 20))))
        self._digits = bytearray(20)
        self._digits_size = 0
        self.clear()

    def clear(self):
        """Forget all readings."""
        self._first = self._n = 0
        self._end = 1
        self._starts[0] = 1

    @property
    def count(self):
        return self._n - self._first

    def fits(self, name_size, value_size):
        """Whether one reading alone fits: sizes in bytes of JSON, the time at its longest (17)."""
        fixed = len(self._before) + len(self._value) + len(self._time) + 20
        return fixed + name_size + value_size <= len(self._buf)

    def time(self, mega, ms):
        """Readings get the Unix time mega * 100,000 s + ms milliseconds, with three decimals."""
        self._write(0, mega, 5)
        self._write(5, ms // 1000, 5)
        self._digits[10] = 0x2E
        self._write(11, ms % 1000, 3)
        self._digits_size = 14

    def given_time(self, given):
        """Readings get a caller's time: microseconds, or -1 - seconds for a whole second."""
        text = str(-1 - given) if given < 0 else "%d.%06d" % (given // 1000000, given % 1000000)
        self._digits_size = len(text)
        self._digits[: len(text)] = text.encode()

    def _write(self, at, number, digits):
        buf = self._digits
        at += digits
        while digits:
            at -= 1
            digits -= 1
            buf[at] = 0x30 + number % 10
            number //= 10

    def _copy(self, at, data, size):
        if not at or at + size > len(self._buf):
            return 0
        self._buf[at : at + size] = data
        return at + size

    def number(self, name, value):
        """Add a number or bool under the JSON string `name` (bytes); False where it is full."""
        if value is True or value is False:
            text = b"true" if value else b"false"
        else:
            text = str(value).encode()
        return self._close(self._copy(self._open(name), text, len(text)))

    def string(self, name, data, start, size):
        """Add `size` UTF-8 bytes from `start` of `data`, which wraps at its end."""
        at = self._open(name)
        if not at or at + size + 2 > len(self._buf):
            return False
        return self._close(_quote_into(self._buf, at, data, start, size))

    def _open(self, name):
        at = self._copy(self._end, self._before, len(self._before))
        at = self._copy(at, name, len(name))
        return self._copy(at, self._value, len(self._value))

    def _close(self, at):
        size = self._digits_size
        at = self._copy(at, self._time, len(self._time))
        at = self._copy(at, self._digits[:size], size)
        at = self._copy(at, b"},", 2)
        if not at:
            return False
        self._n += 1
        self._end = self._starts[self._n] = at
        return True

    def capacity(self):
        """How many readings like those in it would fill it."""
        return max(1, self._n * len(self._buf) // self._end)

    def slice(self, count):
        """The first `count` readings as a memoryview of a JSON array; good until the next call."""
        start = self._starts[self._first] - 1
        end = self._starts[self._first + count]
        for i in range(self._first + 1, self._n):
            self._buf[self._starts[i] - 1] = 0x2C
        self._buf[start] = 0x5B
        self._buf[end - 1] = 0x5D
        return self._view[start:end]

    def settle(self, count):
        """Forget the first `count` readings."""
        self._first += count
        if self._first == self._n:
            self.clear()
