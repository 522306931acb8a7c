"""Readings -> JSON text in one buffer of fixed size, of which any run of readings can be sent.

The buffer holds `[reading,reading,...]`. A slice of it is made a JSON array by writing `[` and `]`
over the two separators around it, so a batch is halved, sent again or sent in parts without a
copy, and each reading's text stays what it was. Escapes: RFC 8259, section 7. UTF-8 is sent as it
is; text that is no UTF-8 is repaired first (utf8.py), as a server would refuse it.

`Batch.text` is a bytearray that lies over `Batch.buffer`, as long as what is written so far. Its
extend() takes no heap as long as there is room (py/objarray.c). Whether there is, is looked at
before: beyond the end extend() would move the text to another place.
"""

from array import array

import uctypes

_ESCAPES = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}


def is_plain(data, low):
    """Whether the bytearray `data` is UTF-8 (RFC 3629) and, except where `low` is 0, has no byte
    below `low`, no quote and no backslash: mostly by min(), max() and `in`, whose loops are C."""
    if not data:
        return True
    if low and (min(data) < low or b'"' in data or b"\\" in data):
        return False
    if max(data) < 0x80:
        return True
    return _repaired(data) == data


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
    # `data`, or, where that is not quite UTF-8, a repaired copy.
    return data if is_plain(data, 0) else _repaired(data)


def _repaired(data):
    try:
        from .utf8 import repaired  # only for programs that have such texts
    except ImportError:  # another thread is about to load it: callers treat it as no memory
        raise MemoryError
    return repaired(data)


def quoted_size(data):
    """How many bytes the text `data`, UTF-8 in a bytearray, takes as a JSON string with quotes."""
    size = len(data) + 2
    if not is_plain(data, 0x20):
        data = _utf8(data)
        size = len(data) + 2
        for c in data:
            size += len(_escape(c)) - 1
    return size


def _escape(c):
    # The byte `c` as it stands in a JSON string: a quote and a backslash get a backslash before.
    if c == 0x22 or c == 0x5C:
        return bytes((0x5C, c))
    if c > 0x1F:
        return bytes((c,))
    return _ESCAPES.get(c) or b"\\u%04x" % c


class Batch:
    """Readings as JSON, in `size_bytes`. `fields` are the JSON texts that come in each reading
    before the signal, before the value, and before the time (service.py).

    Readings 0 to `first` - 1 are done with; `first` to `filled` - 1, which are
    `count` readings, are still to be sent. A reading fits into an empty batch where the bytes of
    signal_json() and of its value in JSON are fewer than `room`.
    """

    def __init__(self, size_bytes, fields):
        self.before, self._value, self._time = [part.encode() for part in fields]
        self.buffer = bytearray(size_bytes)
        self.text = uctypes.bytearray_at(uctypes.addressof(self.buffer), size_bytes)
        fixed = len(self.before) + len(self._time) + 19  # a time of 17 characters, and "},"
        # Where each reading begins, and, behind them, where the next one would. The shortest
        # reading has a time of one digit.
        self.starts = array("H", bytes(2 * (2 + size_bytes // (fixed - 16))))
        self.room = size_bytes - fixed
        self.starts[0] = 1  # behind "["
        self._unix_block = None  # with `shown_ms`, the time whose digits `stamp` holds
        self.first = self.filled = 0

    def clear(self):
        """Begin anew."""
        self.first, self.filled = 0, 0

    @property
    def count(self):
        return self.filled - self.first

    def signal_json(self, signal):
        """A signal as it stands in each of its readings: what add() takes as `name`, and what the
        ring keeps for move()."""
        return quote(signal) + self._value

    def set_time(self, unix_block, ms):
        """Set the time of the next reading that add() writes, or of the first that move() does:
        `ms` (not negative) after `unix_block` * 100,000 s. Text that lies behind the last whole
        reading, because memory ran out in the middle of one, is cut off first."""
        end = self.starts[self.filled]
        if len(self.text) != end:
            self.text[end:] = b""
        unix_block += ms // 100000000
        ms %= 100000000
        if unix_block != self._unix_block:
            stamp = bytearray(b"%s%05d00000.000}," % (self._time, unix_block))
            self.stamp, self._unix_block, self.shown_ms = stamp, unix_block, 0
        self.show(ms)

    def show(self, ms):
        # Make `stamp` show `ms`: write those of its last digits that differ from `shown_ms`.
        stamp = self.stamp
        old = self.shown_ms
        if old < 0:  # an exception has ended this in the middle: write all digits
            old = ms + 100000000
        self.shown_ms = -1
        at = len(stamp) - 3  # the last digit: "}," is behind it
        least = at - 8  # the first of the eight digits of `ms`: the point lies between them
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
        """Write one reading behind the others; the caller then makes `filled` grow by 1, and only
        then it is in the batch. False where there is no room. `name`: of signal_json(); `value`:
        JSON in bytes or, with `is_text`, a text in UTF-8 (a bytearray); `time`: JSON in bytes, or
        None for the time of set_time()."""
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
        """How many readings fill the batch, by the length of those in it."""
        return max(1, self.filled * len(self.buffer) // self.starts[self.filled])

    def slice(self, count):
        """The first `count` readings that are still to be sent, as a memoryview of a JSON array.
        It holds until the next call."""
        start = self.starts[self.first] - 1
        end = self.starts[self.first + count]
        for i in range(self.first + 1, self.filled):
            self.buffer[self.starts[i] - 1] = 0x2C
        self.buffer[start] = 0x5B
        self.buffer[end - 1] = 0x5D
        return memoryview(self.buffer)[start:end]

    def oldest_signal(self):
        """The signal of the first reading that is still to be sent, as JSON."""
        start = self.starts[self.first] + len(self.before)
        return str(self.buffer[start : self.buffer.find(self._value, start)], "utf-8")
