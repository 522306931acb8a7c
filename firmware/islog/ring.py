"""Readings in a fixed number of bytes, oldest first.

The memory is a ring of 8-byte cells, two words each. A reading is a header cell, then one cell for
a number (a string: its UTF-8 bytes, rounded up to cells), then one more where the caller gave the
time. The header's words have at most 30 bits, because 2**30 and above is a heap object on a board:

    word 0   milliseconds of uptime within one period of the ticks
    word 1   bits 0-9 periods of uptime, 10-16 signal, 17-18 kind, 19 time given, 20-29 size of a
             string (an int: 1 where it is wider than a word); negative: skip to the start

A number lies in one piece: where only one cell is left before the end, that one is skipped. At
least one cell is always free: the ring is empty where its two ends are one.

Invariants: `log()` of a number under a known signal allocates nothing, its frame included (vm.c
takes frames of more than eleven words from the heap). From `_tail` to `_stop` there is room for
whole numbers that nothing else uses: so `log()` claims its place in one straight line, which no
soft callback interrupts. A callback that needs more room while the main program makes some
(`_making`) or reads the oldest reading (`reading`) has its own reading dropped, and counted.
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
_WIDE = const(0x100000)
_INF = float("inf")
_NEGATIVE_INF = -_INF
_float = float  # found at once, where a builtin is found after the module's names
_int = int
_bool = bool


class Ring:
    """A ring of `size_bytes` (at least 64, rounded down to 16; it takes 16 more).

    `clock` has `hi` (periods of uptime, modulo 1024), `last` (ticks seen by its `tick()`); what is
    not a number under a known signal is handed to `other(signal, value, epoch)`, whose answer
    `log()` returns.
    """

    def __init__(self, size_bytes, clock, other):
        self._size = size_bytes // 16 * 4 + 4  # words, as all positions are
        self.words = array("i", bytes(4 * self._size))
        at = uctypes.addressof(self.words)
        cells = self._size // 2
        q, d = uctypes.INT64 | cells, uctypes.FLOAT64 | cells
        overlay = uctypes.struct(at, {"q": (uctypes.ARRAY, q), "d": (uctypes.ARRAY, d)})
        self._ints = overlay.q
        self.floats = overlay.d
        self.bytes = uctypes.bytearray_at(at, 4 * self._size)
        self._clock = clock
        self._other = other
        self.keys = {}  # signal -> its bits in word 1
        self.signals = []  # what `add_signal` was given, by number
        self.head = self._tail = 0  # the oldest reading is at first()
        self._stop = self._size - 4  # beyond it, _make_room() finds a place
        self._making = False
        self.count = self.dropped = 0
        self.reading = False  # set while the oldest reading is read: it is not dropped
        self.overflowed = False  # something was dropped since the caller last cleared it
        # What look() found:
        self.lo = self.signal = self.kind = self.size = self.start = self.given = None

    def log(self, signal, value, epoch=None):
        """Store one reading; True where stored. See Logger.log."""
        if epoch is not None or signal not in self.keys:
            return self._other(signal, value, epoch)
        kind = type(value)
        if kind is _float:
            if not _NEGATIVE_INF < value < _INF:
                return self._other(signal, value, epoch)
        elif kind is _int:
            if not -0x40000000 <= value < 0x40000000:
                return self._other(signal, value, epoch)
        elif kind is not _bool:
            return self._other(signal, value, epoch)
        at = self._tail
        self._tail = at + 4
        if at >= self._stop:
            at = self._make_room(4)
            if at < 0:
                return False
        self.count += 1
        # Names are used again from here on: one more would make the frame too large (see above).
        epoch = self.keys[signal] | self._clock.hi
        signal = self.words
        signal[at] = ticks_ms() & 0x3FFFFFFF
        if not self._clock.last <= signal[at] < self._clock.late:
            epoch = epoch & ~0x3FF | self._wrapped(at)
        if kind is _float:
            signal[at + 1] = epoch
            self.floats[at + 2 >> 1] = value
        else:
            signal[at + 1] = epoch | (INT if kind is _int else BOOL)
            signal[at + 2] = value
        return True

    def _wrapped(self, at):
        self._clock.tick()
        self.words[at] = self._clock.last
        return self._clock.hi

    def put(self, kind, value, hi, lo, given=None):
        """Store a checked reading of any kind with its time.

        `kind` is the signal's bits | FLOAT, INT, BOOL or STR; `value` a number, or at most 1000
        bytes; `given` None, or the time as one int (see `Intake`). False where there was no room.
        """
        words = 4
        if kind & _KINDS == STR:
            words = 2 + (len(value) + 7 >> 3) * 2
            kind |= len(value) << 20
        elif kind & _KINDS == INT:
            kind |= _WIDE
        if given is not None:
            words += 2
            kind |= _GIVEN
        if words > self._size - 4:
            self.dropped += 1
            return False
        at = self._make_room(words)
        if at < 0:
            return False
        self.count += 1
        self.words[at] = lo
        self.words[at + 1] = kind | hi
        cell = (at + 2) % self._size >> 1
        if kind & _KINDS == FLOAT:
            self.floats[cell] = value
        elif kind & _KINDS == INT:
            self._ints[cell] = value
        elif kind & _KINDS == BOOL:
            self.words[cell * 2] = value
        else:
            first = self._size * 4 - cell * 8
            if first < len(value):
                self.bytes[: len(value) - first] = value[first:]
                value = value[:first]
            self.bytes[cell * 8 : cell * 8 + len(value)] = value
        if given is not None:
            self._ints[(at + words - 2) % self._size >> 1] = given
        return True

    def _make_room(self, words):
        # Claim a place beyond _stop, dropping the oldest where need be. Returns it, or -1.
        if self._making:
            self._tail = self._stop
            self.dropped += 1
            return -1
        self._making = True
        # _tail is beyond _stop where log() has found no place there.
        self._tail = self._stop = at = min(self._tail, self._stop)
        size = self._size
        at %= size
        skip = 2 if words == 4 and at == size - 2 else 0
        while (self.head - at - 2) % size < words + skip:
            self.dropped += 1
            if self.reading:
                self._making = False
                return -1
            self.release()
            self.overflowed = True
        if skip:
            self.words[at + 1] = -1
            at = 0
        tail = (at + words) % size
        room = min((self.head - tail - 2) % size, size - tail)
        self._stop = tail + room // 4 * 4
        self._tail = tail
        self._making = False
        return at

    def first(self):
        """Where in `words` the oldest reading begins."""
        return self.head if self.words[self.head + 1] >= 0 else 0

    def release(self):
        """Forget the oldest reading."""
        at = self.first()
        bits = self.words[at + 1]
        words = 4
        if bits & _KINDS == STR:
            words = 2 + ((bits >> 20) + 7 >> 3) * 2
        if bits & _GIVEN:
            words += 2
        self.head = (at + words) % self._size
        self.count -= 1

    def look(self):
        """Show the oldest reading: `signal`, `kind`, `lo`, `given`; its value is `value()`, that
        of a STR `size` bytes from `start` in `bytes`, which wraps."""
        at = self.first()
        bits = self.words[at + 1]
        self.lo = self.words[at]
        self.signal = self.signals[bits >> 10 & 0x7F]
        self.kind = bits & _KINDS
        self.size = bits >> 20
        at = (at + 2) % self._size
        self.start = at * 4
        self.given = None
        if bits & _GIVEN:
            skip = (self.size + 7 >> 3) * 2 if self.kind == STR else 2
            self.given = self._ints[(at + skip) % self._size >> 1]

    def value(self):
        """The number or bool that look() found."""
        if self.kind == FLOAT:
            return self.floats[self.start >> 3]
        if self.size:
            return self._ints[self.start >> 3]
        value = self.words[self.start >> 2]
        return value if self.kind == INT else value != 0

    def close(self):
        """Forget all signals and readings; returns how many readings there were."""
        gone = self.count
        self.keys = {}
        self.head = self._tail = self.count = 0
        self._stop = self._size - 4
        return gone

    def oldest_age_ms(self):
        """Milliseconds from the oldest reading to the clock's last tick, at most 2**29."""
        if not self.count:
            return 0
        at = self.first()
        periods = (self._clock.hi - self.words[at + 1]) & 0x3FF
        age = self._clock.last - self.words[at] + periods * (self._clock.mask + 1)
        return min(age, 0x20000000)

    def add_signal(self, signal, what):
        """Number a new signal (127 at most); `what` is what look() shows for it."""
        self.keys[signal] = len(self.signals) << 10
        self.signals.append(what)
