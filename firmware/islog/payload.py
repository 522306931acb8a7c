"""Readings -> JSON text in one buffer of fixed size, and back out in slices that are JSON arrays.

The buffer holds `[record,record,...]`. A slice of it is made an array by writing `[` and `]` over
the two separators around it, so a batch is halved, sent again or sent in parts without a copy, and
each reading's text stays what it was. Escapes: RFC 8259, section 7; UTF-8 is sent as it is,
and what is none is made so (mended.py): a server would refuse it.

The text is a bytearray over the buffer, as long as what is written: its extend() takes no heap
where there is room (py/objarray.c). That is looked for first: else the buffer would be moved.
"""

from array import array

import uctypes

try:
    from .fast_text import is_plain
    from .fast_text import readings as _readings
except (ImportError, SyntaxError, AttributeError):  # a port without a viper emitter
    from .plain import is_plain
    from .plain import readings as _readings

_ESCAPES = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}


def quote(text):
    """The str `text` as a JSON string, in bytes."""
    out = bytearray()
    _quote(out, bytearray(text.encode()))
    return bytes(out)


def _quote(out, data):
    out.append(0x22)
    if is_plain(data, 0x20):
        out.extend(data)
    else:
        for c in _utf8(data):
            out.extend(_escape(c))
    out.append(0x22)


def _utf8(data):
    # Text as it is, or, where that is not quite UTF-8, what can be sent of it.
    if is_plain(data, 0):
        return data
    try:
        from .mended import mended  # only for programs that need it
    except ImportError:  # another thread is about to load it
        raise MemoryError
    return mended(data)


def quoted_size(data):
    """Bytes that UTF-8 text, a bytearray, takes as a JSON string, quotes included."""
    size = len(data) + 2
    if not is_plain(data, 0x20):
        data = _utf8(data)
        size = len(data) + 2
        for c in data:
            size += len(_escape(c)) - 1
    return size


def _escape(c):
    if c == 0x22 or c == 0x5C:
        return bytes((0x5C, c))
    if c > 0x1F:
        return bytes((c,))
    return _ESCAPES.get(c) or b"\\u%04x" % c


class Batch:
    """Room for `size_bytes` of body. `fields` are the JSON texts that come in a reading before the
    signal, before the value, and before the time (batch_logs.py).

    `count` readings are in it. One fits alone where the bytes of its name and of its value in JSON
    are fewer than `room`.
    """

    def __init__(self, size_bytes, fields):
        self._before, self._value, self._time = [part.encode() for part in fields]
        self._buf = bytearray(size_bytes)
        self._text = uctypes.bytearray_at(uctypes.addressof(self._buf), size_bytes)
        fixed = len(self._before) + len(self._time) + 19  # with the longest time: 17 digits
        self._starts = array("H", bytes(2 * (2 + size_bytes // (fixed - 16))))
        self.room = size_bytes - fixed
        self._starts[0] = 1  # where each reading begins, and the one behind them would
        self._mega = None  # with _ms, the time that _stamp shows
        self.first = self.filled = 0  # readings that are done with, and all

    def clear(self):
        """Begin anew."""
        self.first, self.filled = 0, 0

    @property
    def count(self):
        return self.filled - self.first

    def name(self, signal):
        """What readings() and other() take for a signal."""
        return quote(signal) + self._value

    def set_time(self, mega, ms):
        """To be called before each: the time of the next reading is `ms` (not negative) after
        `mega` * 100,000 s. What was begun and not finished, for want of memory, is forgotten."""
        end = self._starts[self.filled]
        if len(self._text) != end:
            self._text[end:] = b""
        mega += ms // 100000000
        ms %= 100000000
        if mega != self._mega:
            stamp = bytearray(b"%s%05d00000.000}," % (self._time, mega))
            self._stamp, self._mega, self._ms = stamp, mega, 0
        self._show(ms)

    readings = _readings

    def _show(self, ms):
        # Write those digits into _stamp in which `ms` differs from what it shows.
        stamp = self._stamp
        old = self._ms
        if old < 0:  # left in the middle: all of them
            old = ms + 100000000
        self._ms = -1
        at = len(stamp) - 3
        least = at - 8
        rest = ms
        while rest != old and at >= least:
            old //= 10
            ten = rest // 10
            stamp[at] = 0x30 + rest - ten * 10
            rest = ten
            at -= 1
            if stamp[at] == 0x2E:
                at -= 1
        self._ms = ms

    def other(self, name, value, time=None, is_text=False):
        """Write one reading behind the others, which is in the batch once `filled` has grown;
        False where it is full. `value`: JSON in bytes, or a text in UTF-8 (a bytearray); `time`:
        JSON in bytes, None: the time that was set."""
        text = self._text
        size = quoted_size(value) if is_text else len(value)
        if len(text) + len(name) + size > self.room:
            return False
        text.extend(self._before)
        text.extend(name)
        if is_text:
            _quote(text, value)
        else:
            text.extend(value)
        if time is None:
            text.extend(self._stamp)
        else:
            text.extend(self._time)
            text.extend(time)
            text.extend(b"},")
        self._starts[self.filled + 1] = len(text)
        return True

    def capacity(self):
        """How many readings like those in it would fill it."""
        return max(1, self.filled * len(self._buf) // self._starts[self.filled])

    def slice(self, count):
        """The first `count` readings as a memoryview of a JSON array; good until the next call."""
        start = self._starts[self.first] - 1
        end = self._starts[self.first + count]
        for i in range(self.first + 1, self.filled):
            self._buf[self._starts[i] - 1] = 0x2C
        self._buf[start] = 0x5B
        self._buf[end - 1] = 0x5D
        return memoryview(self._buf)[start:end]

    def signal(self):
        """The first reading's signal, as JSON."""
        start = self._starts[self.first] + len(self._before)
        return str(self._buf[start : self._buf.find(self._value, start)], "utf-8")
