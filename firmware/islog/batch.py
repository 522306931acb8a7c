"""Readings -> JSON text in one buffer of fixed size, and back out in slices that are JSON arrays.

The buffer holds `[record,record,...]`. A slice of it is made an array by writing `[` and `]` over
the two separators around it, so a batch is halved, sent again or sent in parts without a copy, and
each reading's text stays what it was. Escapes: RFC 8259, section 7; UTF-8 is sent as it is,
and what is none is made so (utf8.py): a server would refuse it.

The text is a bytearray over the buffer, as long as what is written: its extend() takes no heap
where there is room (py/objarray.c). That is looked for first: else the buffer would be moved.
"""

from array import array

import uctypes

try:
    from .native_text import is_plain, move
except (ImportError, SyntaxError, AttributeError):  # a port without a viper emitter
    from .bytecode import is_plain, move

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
        from .utf8 import repaired  # only for programs that need it
    except ImportError:  # another thread is about to load it
        raise MemoryError
    return repaired(data)


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
    signal, before the value, and before the time (service.py).

    `count` readings are in it. One fits alone where the bytes of its name and of its value in JSON
    are fewer than `room`.
    """

    def __init__(self, size_bytes, fields):
        self.before, self._value, self._time = [part.encode() for part in fields]
        self.buffer = bytearray(size_bytes)
        self.text = uctypes.bytearray_at(uctypes.addressof(self.buffer), size_bytes)
        fixed = len(self.before) + len(self._time) + 19  # with the longest time: 17 digits
        self.starts = array("H", bytes(2 * (2 + size_bytes // (fixed - 16))))
        self.room = size_bytes - fixed
        self.starts[0] = 1  # where each reading begins, and the one behind them would
        self._unix_block = None  # with shown_ms, the time that `stamp` shows
        self.first = self.filled = 0  # readings that are done with, and all

    def clear(self):
        """Begin anew."""
        self.first, self.filled = 0, 0

    @property
    def count(self):
        return self.filled - self.first

    def signal_json(self, signal):
        """What readings() and other() take for a signal."""
        return quote(signal) + self._value

    def set_time(self, unix_block, ms):
        """Say the next reading's time, before each one: `ms` (not negative) after `unix_block` *
        100,000 s. What a reading before left unfinished, for want of memory, is forgotten."""
        end = self.starts[self.filled]
        if len(self.text) != end:
            self.text[end:] = b""
        unix_block += ms // 100000000
        ms %= 100000000
        if unix_block != self._unix_block:
            stamp = bytearray(b"%s%05d00000.000}," % (self._time, unix_block))
            self.stamp, self._unix_block, self.shown_ms = stamp, unix_block, 0
        self.show(ms)

    move = move

    def show(self, ms):
        # Write those digits into _stamp in which `ms` differs from what it shows.
        stamp = self.stamp
        old = self.shown_ms
        if old < 0:  # left in the middle: all of them
            old = ms + 100000000
        self.shown_ms = -1
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
        self.shown_ms = ms

    def add(self, name, value, time=None, is_text=False):
        """Write one reading behind the others, which is in the batch once `filled` has grown;
        False where it is full. `value`: JSON in bytes, or a text in UTF-8 (a bytearray); `time`:
        JSON in bytes, None: the time that was set."""
        text = self.text
        size = quoted_size(value) if is_text else len(value)
        if len(text) + len(name) + size > self.room:
            return False
        text.extend(self.before)
        text.extend(name)
        if is_text:
            _quote(text, value)
        else:
            text.extend(value)
        if time is None:
            text.extend(self.stamp)
        else:
            text.extend(self._time)
            text.extend(time)
            text.extend(b"},")
        self.starts[self.filled + 1] = len(text)
        return True

    def capacity(self):
        """How many readings like those in it would fill it."""
        return max(1, self.filled * len(self.buffer) // self.starts[self.filled])

    def slice(self, count):
        """The first `count` readings as a memoryview of a JSON array; good until the next call."""
        start = self.starts[self.first] - 1
        end = self.starts[self.first + count]
        for i in range(self.first + 1, self.filled):
            self.buffer[self.starts[i] - 1] = 0x2C
        self.buffer[start] = 0x5B
        self.buffer[end - 1] = 0x5D
        return memoryview(self.buffer)[start:end]

    def oldest_signal(self):
        """The first reading's signal, as JSON."""
        start = self.starts[self.first] + len(self.before)
        return str(self.buffer[start : self.buffer.find(self._value, start)], "utf-8")
