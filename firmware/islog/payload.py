"""Readings -> JSON text in one buffer of fixed size, and back out in slices that are JSON arrays.

The buffer holds `[record,record,...]`. A slice of it is made an array by writing `[` and `]` over
the two separators around it, so a batch is halved, sent again or sent in parts without a copy, and
each reading's text stays what it was. Escapes: RFC 8259, section 7; UTF-8 is sent as it is.

The text is a bytearray over the buffer, as long as what is written: extend() copies into it, and
takes nothing from the heap where there is room (py/objarray.c). There always is: it is looked for
first, as beyond it extend() would move the buffer.
"""

from array import array

import uctypes

_ESCAPES = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0C: b"\\f", 0x0D: b"\\r"}


def quote(text):
    """The str `text` as a JSON string, in bytes."""
    out = bytearray()
    _add_quoted(out, text.encode())
    return b'"%s"' % out


def quoted_size(data):
    """Bytes that the UTF-8 bytes `data` take as a JSON string, quotes included."""
    size = len(data) + 2
    if not _is_plain(data):
        for c in data:
            size += len(_escape(c)) - 1
    return size


def _is_plain(data):
    # Whether nothing in it is escaped. Each of these is one fast loop of the interpreter's own.
    return not data or min(data) > 0x1F and b'"' not in data and b"\\" not in data


def _escape(c):
    if c == 0x22 or c == 0x5C:
        return bytes((0x5C, c))
    if c > 0x1F:
        return bytes((c,))
    return _ESCAPES.get(c) or b"\\u%04x" % c


def _add_quoted(out, data):
    if _is_plain(data):
        out.extend(data)
    else:
        for c in data:
            out.extend(_escape(c))


class Batch:
    """Room for `size_bytes` of body. `fields` are the JSON texts that come in a reading before the
    signal, before the value, and before the time (batch_logs.py).

    `count` readings are in it.
    """

    def __init__(self, size_bytes, fields):
        before, value, time = fields
        self._before = before.encode()
        self._value = value.encode()
        self._time = time.encode()
        self._buf = bytearray(size_bytes)
        self._view = memoryview(self._buf)
        self._text = uctypes.bytearray_at(uctypes.addressof(self._buf), size_bytes)
        # What a reading takes beside its name and its value, with the longest time: 17 digits.
        self._fixed = len(self._before) + len(time) + 19
        self._starts = array("H", bytes(2 * (2 + size_bytes // (self._fixed - 16))))
        self._mega = self._ms = None  # the time that _stamp shows
        self.clear()

    def clear(self):
        """Forget all readings."""
        self._first = self._n = 0
        self._end = self._starts[0] = 1

    @property
    def count(self):
        return self._n - self._first

    def name(self, signal):
        """What other() and string() take for a signal."""
        return quote(signal) + self._value

    def fits(self, name_size, value_size):
        """Whether one reading alone fits: a name of so many bytes, a value of so many in JSON."""
        return 1 + self._fixed + name_size + value_size <= len(self._buf)

    def set_time(self, mega, ms):
        """The time of the next reading is `ms` (below 10**8) after `mega` * 100,000 s."""
        if mega != self._mega:
            self._stamp = bytearray(b"%s%05d00000.000}," % (self._time, mega))
            self._mega = mega
            self._ms = 0
        self._count(ms)

    def _count(self, ms):
        # Write those digits into _stamp in which `ms` differs from what it shows.
        stamp = self._stamp
        old = self._ms
        self._ms = ms
        at = len(stamp) - 3
        while ms != old:
            old //= 10
            rest = ms // 10
            stamp[at] = 0x30 + ms - rest * 10
            ms = rest
            at -= 1
            if stamp[at] == 0x2E:
                at -= 1

    def numbers(self, store, hi, clock):
        """Move the oldest readings of `store` (a Ring) here as long as they are plain numbers and
        bools, of the period `hi`, whose time `clock` (a Clock) has settled, and that was set here.
        Returns whether it is full: else, only another kind or time may be left."""
        words, floats, signals = store.words, store.floats, store.signals
        text, before, stamp, starts = self._text, self._before, self._stamp, self._starts
        until, shift, floor = clock.until, clock.shift, clock.floor
        room = len(self._buf) - self._fixed
        n = self._n
        at = store.head
        full = False
        self._cut()
        for _ in range(store.count):
            bits = words[at + 1]
            if bits < 0:
                at = 0
                bits = words[1]
            ms = words[at]
            if ms >= until or bits & 0x3FF != hi:
                break
            kind = bits >> 17
            if kind == 0:
                value = str(floats[at + 2 >> 1])
            elif kind == 1:
                value = str(words[at + 2])
            elif kind == 2:
                value = "true" if words[at + 2] else "false"
            else:
                break
            name = signals[bits >> 10 & 0x7F]
            if len(text) + len(name) + len(value) > room:
                full = True
                break
            text.extend(before)
            text.extend(name)
            text.extend(value)
            ms += shift
            if ms > floor:  # else a sync stepped back: equal times until the true one is there
                floor = ms
                self._count(ms)
            text.extend(stamp)
            n += 1
            starts[n] = len(text)
            at += 4
            if at == len(words):
                at = 0
        # In one straight line, so that no callback sees a reading in neither place, or in both.
        clock.floor = floor
        store.count -= n - self._n
        store.head = at
        self._n = n
        self._end = starts[n]
        return full

    def other(self, name, value, time=None):
        """Add a reading whose `value` and `time` are JSON already (bytes); None: the time set."""
        return self._open(name, len(value)) and self._close(value, time)

    def string(self, name, data, start, size, time=None):
        """Add `size` UTF-8 bytes from `start` of `data`, which wraps at its end."""
        first = min(size, len(data) - start)
        at = uctypes.addressof(data)
        parts = uctypes.bytearray_at(at + start, first), uctypes.bytearray_at(at, size - first)
        if not self._open(name, quoted_size(parts[0]) + quoted_size(parts[1]) - 2):
            return False
        self._text.append(0x22)
        for part in parts:
            _add_quoted(self._text, part)
        self._text.append(0x22)
        return self._close(time)

    def other(self, name, value, time=None):
        """Add a reading whose `value` and `time` are JSON already (bytes); None: the time set."""
        if not self._open(name, len(value)):
            return False
        self._text.extend(value)
        return self._close(time)

    def _open(self, name, size):
        # Begin a reading whose value takes `size` bytes; False where it is full.
        if self._end + self._fixed + len(name) + size > len(self._buf):
            return False
        self._cut()
        self._text.extend(self._before)
        self._text.extend(name)
        return True

    def _close(self, time):
        text = self._text
        if time is None:
            text.extend(self._stamp)
        else:
            text.extend(self._time)
            text.extend(time)
            text.extend(b"},")
        self._n += 1
        self._end = self._starts[self._n] = len(text)
        return True

    def _cut(self):
        # Forget what was begun and not finished: for want of memory, or settled since.
        if len(self._text) != self._end:
            self._text[self._end :] = b""

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
