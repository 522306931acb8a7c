"""Readings in a fixed number of bytes, oldest first.

The memory is one array of 8-byte cells. A reading is a header cell, then one cell for a number
(a string: its UTF-8 bytes, rounded up to cells), then one more where the caller gave the time.
The header is two words of at most 30 bits, because 2**30 and above is a heap object on a board:

    word 0   milliseconds of uptime within one period of the ticks
    word 1   bits 0-9 periods of uptime, 10-16 signal, 17-18 kind, 19 time given, 20-29 length

Invariants: what `log()` does between two jumps is not interrupted by a soft callback, so a record
is claimed and stamped in one straight line; the record that is being read (`reading`) is never
dropped; `log()` of a number under a known signal allocates nothing, its frame included (ten words:
py/vm.c takes frames of more than eleven from the heap).
"""

from array import array
from time import ticks_ms

import uctypes
from micropython import const

FLOAT = const(0)
INT = const(0x20000)
BOOL = const(0x40000)
STR = const(0x60000)
_KINDS = const(0x60000)
_GIVEN = const(0x80000)
_PERIODS = const(0x3FF)
_INF = float("inf")
_NEGATIVE_INF = -_INF


class Ring:
    """A ring of `size_bytes` (at least 64, rounded down to cells), stamped by `clock`.

    `clock` has `hi` (periods of uptime), `last` (ticks seen last) and `mask`. What is not a number
    under a known signal is handed to `other(signal, value, epoch)`, whose answer `log()` returns.
    """

    def __init__(self, size_bytes, clock, other):
        self._cells = n = size_bytes // 8
        self._words = array("i", bytes(8 * n))
        at = uctypes.addressof(self._words)
        kinds = {
            "q": (uctypes.ARRAY, uctypes.INT64 | n),
            "d": (uctypes.ARRAY, uctypes.FLOAT64 | n),
        }
        overlay = uctypes.struct(at, kinds)
        self._ints = overlay.q
        self._floats = overlay.d
        self.bytes = uctypes.bytearray_at(at, 8 * n)
        self._clock = clock
        self._other = other
        self._keys = {}  # signal -> its bits in word 1
        self.signals = []  # what `add_signal` was given, by number
        self._head = self._tail = self.count = 0
        self._free = n
        self.dropped = 0
        self.overflowed = False  # something was dropped since the caller last cleared it
        self.reading = False
        # What look() found:
        self.hi = self.lo = self.signal = self.kind = self.size = self.start = 0
        self.given = None

    def log(self, signal, value, epoch=None):
        """Store one reading; True where stored. See Logger.log."""
        kind = self._keys.get(signal)
        if kind is None or epoch is not None:
            return self._other(signal, value, epoch)
        if type(value) is float:
            if not _NEGATIVE_INF < value < _INF:
                return self._other(signal, value, epoch)
        elif type(value) is int:
            if not -0x40000000 <= value < 0x40000000:
                return self._other(signal, value, epoch)
            kind |= INT
        elif type(value) is bool:
            kind |= BOOL
        else:
            return self._other(signal, value, epoch)
        return self._number(kind, value)

    def _number(self, kind, value):
        clock = self._clock
        at = self._tail
        self._tail = (at + 2) % self._cells
        self._free -= 2
        self.count += 1
        now = ticks_ms() & clock.mask
        clock.hi += now < clock.last
        clock.last = now
        if self._free < 0 and not self._room(at, 2):
            return False
        words = self._words
        words[at + at] = now
        words[at + at + 1] = kind | clock.hi & _PERIODS
        at = (at + 1) % self._cells
        if kind & _KINDS == FLOAT:
            self._floats[at] = value
        else:
            words[at + at] = value
            words[at + at + 1] = -(value < 0)
        return True

    def put(self, kind, value, hi, lo, given=None):
        """Store a checked reading of any kind with its time.

        `kind` is the signal's bits | FLOAT, INT, BOOL or STR; `value` a number, or at most 1000
        bytes; `given` None, or the time as one int (see `Logger`). False where there was no room.
        """
        cells = 2
        if kind & _KINDS == STR:
            cells = 1 + (len(value) + 7 >> 3)
            kind |= len(value) << 20
        if given is not None:
            cells += 1
            kind |= _GIVEN
        if cells > self._cells:
            self.dropped += 1
            return False
        at = self._tail
        self._tail = (at + cells) % self._cells
        self._free -= cells
        self.count += 1
        if self._free < 0 and not self._room(at, cells):
            return False
        self._words[at + at] = lo
        self._words[at + at + 1] = kind | hi & _PERIODS
        at = (at + 1) % self._cells
        if kind & _KINDS == FLOAT:
            self._floats[at] = value
        elif kind & _KINDS != STR:
            self._ints[at] = value
        else:
            first = min(len(value), (self._cells - at) * 8)
            self.bytes[at * 8 : at * 8 + first] = value[:first]
            if first < len(value):
                self.bytes[: len(value) - first] = value[first:]
        if given is not None:
            self._ints[(at + cells - 2) % self._cells] = given
        return True

    def _room(self, at, cells):
        # Drop the oldest until the claim that starts at `at` fits; where the oldest is being read,
        # give the claim back (a callback then interrupted the reader: nothing was claimed since).
        if self.reading:
            self._tail = at
            self._free += cells
            self.count -= 1
            self.dropped += 1
            return False
        while self._free < 0:
            self._pop()
            self.dropped += 1
        self.overflowed = True
        return True

    def _pop(self):
        bits = self._words[self._head * 2 + 1]
        cells = 2
        if bits & _KINDS == STR:
            cells = 1 + ((bits >> 20) + 7 >> 3)
        if bits & _GIVEN:
            cells += 1
        self._head = (self._head + cells) % self._cells
        self._free += cells
        self.count -= 1

    def look(self):
        """Show the oldest reading in `signal`, `kind`, `hi`, `lo`, `given`, and its value by
        `value()` (a STR: `size` bytes from `start` in `bytes`, which wraps). False where empty.
        It stays, and is not dropped, until `release()` or `leave()`."""
        self.reading = True
        if not self.count:
            self.reading = False
            return False
        at = self._head
        self.lo = self._words[at * 2]
        bits = self._words[at * 2 + 1]
        self.hi = bits & _PERIODS
        self.signal = self.signals[bits >> 10 & 0x7F]
        self.kind = bits & _KINDS
        self.size = bits >> 20
        at = (at + 1) % self._cells
        self.start = at * 8
        self.given = None
        if bits & _GIVEN:
            skip = self.size + 7 >> 3 if self.kind == STR else 1
            self.given = self._ints[(at + skip) % self._cells]
        return True

    def value(self):
        """The number or bool that look() found."""
        if self.kind == FLOAT:
            return self._floats[self.start >> 3]
        value = self._ints[self.start >> 3]
        return value if self.kind == INT else value != 0

    def release(self):
        """Forget the reading that look() found."""
        self._pop()
        self.reading = False

    def leave(self):
        """Keep the reading that look() found."""
        self.reading = False

    def close(self):
        """Forget all signals and readings; returns how many readings there were."""
        gone = self.count
        self._keys = {}
        self._head = self._tail
        self._free = self._cells
        self.count = 0
        return gone

    def oldest_age_ms(self):
        """Milliseconds since the oldest reading was logged, at most 2**29; 0 where empty."""
        clock = self._clock
        if not self.count:
            return 0
        periods = (clock.hi - self._words[self._head * 2 + 1]) & _PERIODS
        age = clock.last - self._words[self._head * 2]
        if periods:
            age = age + clock.mask + 1 if periods == 1 else 0x20000000
        return min(age, 0x20000000)

    def add_signal(self, signal, what):
        """Number a new signal (127 at most); `what` is what look() shows for it."""
        self._keys[signal] = len(self.signals) << 10
        self.signals.append(what)

    def key(self, signal):
        """The bits of a known signal, or None."""
        return self._keys.get(signal)
