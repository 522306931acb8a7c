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
    """The str `text` as a JSON string, in bytes."""
    data = text.encode()
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


def plain_record(buf, at, before, name, value, time, ms):
    """Write `before`, `name`, `value`, `time` and the digits of `ms` (below 10**8) as seconds and
    milliseconds into `buf` at `at`, closed by "},"; returns the end. There must be room."""
    end = at + len(before)
    buf[at:end] = before
    at = end + len(name)
    buf[end:at] = name
    end = at + len(value)
    buf[at:end] = value.encode()
    at = end + len(time)
    buf[end:at] = time
    buf[at : at + 11] = b"%05d.%03d}," % (ms // 1000, ms % 1000)
    return at + 11


try:
    from .fast import record
except (ImportError, SyntaxError, AttributeError):  # a port without a viper emitter
    record = plain_record


class Batch:
    """Room for `size_bytes` of body. `fields` is one of FIELDS, `filling` what its `%s` stand for.

    `count` readings are in it.
    """

    def __init__(self, size_bytes, fields, filling):
        before, value, time = fields
        self._before = (before % filling).encode()
        self._value = value.encode()
        self._time = time.encode()
        self._buf = bytearray(size_bytes)
        self._view = memoryview(self._buf)
        # What a reading takes beside its name and its value, with the longest time: 17 digits.
        self._fixed = len(self._before) + len(time) + 19
        self._starts = array("H", bytes(2 * (2 + size_bytes // (self._fixed - 16))))
        self.set_mega(0)
        self.clear()

    def clear(self):
        """Forget all readings."""
        self._first = self._n = 0
        self._end = 1
        self._starts[0] = 1

    @property
    def count(self):
        return self._n - self._first

    def name(self, signal):
        """What number() and string() take for a signal."""
        return quote(signal) + self._value

    def fits(self, name_size, value_size):
        """Whether one reading alone fits: a name of so many bytes, a value of so many in JSON."""
        return 1 + self._fixed + name_size + value_size <= len(self._buf)

    def set_mega(self, mega):
        """The times of number() are from now on those after `mega` * 100,000 s."""
        self._mega = b"%s%05d" % (self._time, mega)

    def number(self, name, value, ms):
        """Add a number or bool, as its text, `ms` after `mega`; False where it is full."""
        at = self._end
        if at + self._fixed + len(name) + len(value) > len(self._buf):
            return False
        self._end = at = record(self._buf, at, self._before, name, value, self._mega, ms)
        self._n += 1
        self._starts[self._n] = at
        return True

    def other(self, name, value, time):
        """Add a reading whose `value` and `time` are JSON already (bytes)."""
        return self._close(self._put(self._open(name), value), time)

    def string(self, name, data, start, size, time):
        """Add `size` UTF-8 bytes from `start` of `data`, which wraps at its end."""
        at = self._open(name)
        if not at or at + size + 2 > len(self._buf):
            return False
        return self._close(_quote_into(self._buf, at, data, start, size), time)

    def _open(self, name):
        return self._put(self._put(self._end, self._before), name)

    def _close(self, at, time):
        for part in (self._time, time, b"},"):
            at = self._put(at, part)
        if not at:
            return False
        self._n += 1
        self._end = self._starts[self._n] = at
        return True

    def _put(self, at, part):
        # The end of `part` at `at`; 0 where it is full.
        end = at + len(part)
        if not at or end > len(self._buf):
            return 0
        self._buf[at:end] = part
        return end

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
