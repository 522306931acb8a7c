"""Readings in a fixed number of bytes, oldest first.

The memory is a ring of 8-byte cells, two words each. A reading is a header cell, then one for a
number (a string: its UTF-8 bytes, in whole cells), then one more where the caller gave the time.
The header's words have at most 30 bits, because 2**30 and above is a heap object on a board:

    word 0   milliseconds of uptime within one period of the ticks
    word 1   bits 0-9 periods of uptime, 10-16 signal, 17-18 kind, 19 time given, 20-29 size of a
             string (an int: 1 where it is wider than a word); negative: skip to the start

A single cell before the end is skipped where a number comes. At least one cell is always free.

Invariants: `log()` of a number under a known signal allocates nothing, its frame included (vm.c
takes frames of more than eleven words from the heap). From `_tail` to `_stop` there is room for
whole numbers that nothing else uses: so `log()` claims its place in one straight line, which no
soft callback interrupts. A callback that needs more room while the main program makes some
(`_making`) or reads the oldest reading (`reading`) has its own reading dropped, and counted.
"""

from array import array

import uctypes
from micropython import const

try:
    from .fast import log as _log
except (ImportError, SyntaxError, AttributeError):  # a port without a native emitter
    from .plain import log as _log

FLOAT = const(0)
INT = const(0x20000)
BOOL = const(0x40000)
STR = const(0x60000)
_KINDS = const(0x60000)
_GIVEN = const(0x80000)
_WIDE = const(0x100000)


def words_of(bits):
    """How many words the reading with this word 1 takes."""
    words = 2 + ((bits >> 20) + 7 >> 3) * 2 if bits & _KINDS == STR else 4
    return words + 2 if bits & _GIVEN else words


class Ring:
    """A ring of `size_bytes` (at least 64, rounded down to 16; it takes 16 more), stamped by a
    Clock; what is no number under a known signal goes to `other(signal, value, epoch)`."""

    def __init__(self, size_bytes, clock, other):
        size = size_bytes // 16 * 4 + 4  # words, as all positions are
        self.words = array("i", bytes(4 * size))
        at = uctypes.addressof(self.words)
        cells = size // 2
        array_of = uctypes.ARRAY, uctypes.FLOAT64 | cells
        self.floats = uctypes.struct(at, {"d": array_of}).d
        self._bytes = uctypes.bytearray_at(at, 4 * size)
        self._clock = clock
        self._other = other
        self.keys = {}  # type: dict[str, int]
        self._bits = self.keys.get  # a signal's bits in word 1
        self.signals = []  # by number, what add_signal() was given
        self.head = self._tail = 0  # the oldest reading is at first()
        self._stop = size - 4  # beyond it, _make_room() finds a place
        self.count = self.dropped = 0
        self._making = self.reading = False  # reading: the oldest are read, and not dropped
        self.overflowed = False  # something was dropped since the caller last cleared it

    log = _log

    def _tick(self, at, bits):
        self._clock.tick()
        self.words[at], self.words[at + 1] = self._clock.last, bits | self._clock.hi

    def put(self, kind, value, hi, lo, given=None):
        """Store a checked reading with its time; False where there was no room. `kind`: the
        signal's bits | FLOAT, INT, BOOL or STR; `value`: a number, or at most 1000 bytes; `given`:
        None, or the time as one int (see `Intake`)."""
        size = len(self.words)
        what = kind & _KINDS
        words = 4
        if what == STR:
            words = 2 + (len(value) + 7 >> 3) * 2
            kind |= len(value) << 20
        elif what == INT:
            kind |= _WIDE
        if given is not None:
            words += 2
            kind |= _GIVEN
        if words > size - 4:
            self.dropped += 1
            return False
        at = self._make_room(words)
        if at < 0:
            return False
        self.count += 1
        self.words[at] = lo
        self.words[at + 1] = kind | hi
        cell = (at + 2) % size >> 1
        if what == STR:
            first = size * 4 - cell * 8
            if first < len(value):
                self._bytes[: len(value) - first] = value[first:]
                value = value[:first]
            self._bytes[cell * 8 : cell * 8 + len(value)] = value
        elif what == FLOAT:
            self.floats[cell] = value
        else:
            self._wide(cell).q = value
        if given is not None:
            self._wide((at + words - 2) % size >> 1).q = given
        return True

    def _make_room(self, words):
        # Claim a place beyond _stop, dropping the oldest where need be. Returns it, or -1.
        if self._making:
            self._tail = self._stop
            self.dropped += 1
            return -1
        self._making = True
        # _tail is beyond _stop where log() has found no place there. In one straight line, for a
        # callback that needs room now leaves _tail at _stop.
        self._tail = self._stop = at = min(self._tail, self._stop)
        size = len(self.words)
        at %= size
        skip = 0
        if words == 4:
            tail = 0 if at + 4 == size else at + 4
            # Full of numbers: as below, in fewer steps.
            if tail == self.head and not self.reading and 0 <= self.words[tail + 1] < STR:
                self.head = (tail + 4) % size
                self.count -= 1
                self.dropped += 1
                self.overflowed = True
                self._tail = self._stop = tail
                self._making = False
                return at
            if at == size - 2:
                skip = 2
        while (self.head - at - 2) % size < words + skip:
            self.dropped += 1
            if self.reading:
                self._making = False
                return -1
            self.release()
            self.overflowed = True
        room = (self.head - at - 2) % size - words - skip
        if skip:
            self.words[at + 1] = -1
            at = 0
        tail = (at + words) % size
        if room > size - tail:
            room = size - tail
        self._stop = tail + (room & ~3)
        self._tail = tail
        self._making = False
        return at

    def first(self):
        """Where in `words` the oldest reading begins."""
        return self.head if self.words[self.head + 1] >= 0 else 0

    def release(self):
        """Forget the oldest reading."""
        at = self.first()
        self.head = (at + words_of(self.words[at + 1])) % len(self.words)
        self.count -= 1

    def used(self):
        """How many words are taken."""
        return (min(self._tail, self._stop) - self.head) % len(self.words)

    def look(self):
        """(signal, kind, value, given) of the oldest reading; a STR's value is a bytearray."""
        at = (self.first() + 2) % len(self.words)
        bits = self.words[at - 1]
        kind = bits & _KINDS
        size = bits >> 20
        if kind == STR:
            value = self.text(at, size)
            at += (size + 7 >> 3) * 2 - 2
        elif kind == FLOAT:
            value = self.floats[at >> 1]
        elif size:
            value = self._wide(at >> 1).q
        else:
            value = self.words[at] if kind == INT else self.words[at] != 0
        given = self._wide((at + 2) % len(self.words) >> 1).q if bits & _GIVEN else None
        return self.signals[bits >> 10 & 0x7F], kind, value, given

    def _wide(self, cell):
        # Its `q` is the cell as an int of 64 bits.
        return uctypes.struct(uctypes.addressof(self.words) + cell * 8, {"q": uctypes.INT64})

    def text(self, at, size):
        """`size` bytes from the word `at`, as a bytearray: over them, unless they wrap."""
        at = at % len(self.words) * 4
        if at + size > len(self._bytes):
            return self._bytes[at:] + self._bytes[: at + size - len(self._bytes)]
        return uctypes.bytearray_at(uctypes.addressof(self.words) + at, size)

    def close(self):
        """Forget all signals and readings; returns how many readings there were."""
        gone = self.count
        self.keys.clear()
        self.head = self._tail = self._stop = self.count = 0
        return gone

    def oldest_age_ms(self):
        """Milliseconds from the oldest reading to the clock's last tick, at most 2**29."""
        at = self.first()
        periods = self._clock.hi - self.words[at + 1] & 0x3FF
        age = self._clock.last - self.words[at] + periods * (self._clock.mask + 1)
        return min(age, 0x20000000)

    def add_signal(self, signal, what):
        """Number a new signal (127 at most); `what` is what look() shows for it."""
        self.keys[signal] = len(self.signals) << 10
        self.signals.append(what)
