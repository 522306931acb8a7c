"""Readings in a fixed number of bytes, oldest first.

The memory is a ring of 8-byte cells, two words each. A reading is a header cell, then one for a
number (a string: its UTF-8 bytes, in whole cells), then one more where the caller gave the time.
The header's words have at most 30 bits, because 2**30 and above is a heap object on a board:

    word 0   milliseconds of uptime within one period of the ticks
    word 1   bits 0-9 periods of uptime, 10-16 signal, 17-18 kind, 19 has an epoch, 20-29 size of
    the
             value in bytes: 4 for an int of 31 bits or a bool, 8 for a wider int or a float

`size` words are in use, and positions count round. The value of a number lies right behind its
header, also where that is the last cell: the array has six words more than `size`. The bytes of a
string go on at the start instead. The four words where the next reading goes are always free.

What may come in between: soft callbacks and Ctrl-C at the interpreter's jumps; other threads
there, too, or, where there is no global lock, at any moment, as hard interrupts do. So whatever
changes the ring is one of a few indivisible steps, in native.py or bytecode.py: log(), append(),
make_room(), hand_over(), set_reading(), count_lost(), publish(). Each changes nothing, or all that
it is for. A new signal makes a new dict and a new list, which replace the old ones at once: a
look-up never meets one that is being changed.

How a reading lies here is known in this file, its two twins, and packing.py.
"""

import struct
from array import array

import uctypes
from micropython import const

try:
    from . import native as steps
except (ImportError, SyntaxError, AttributeError):  # a port without an emitter of machine code
    from . import bytecode as steps  # type: ignore[no-redef]

FLOAT = const(0)
INT = const(0x20000)
BOOL = const(0x40000)
STR = const(0x60000)
_KINDS = const(0x60000)
_HAS_EPOCH = const(0x80000)
_SIGNAL = const(0x1FC00)
_NEW = const(0x800000)  # 8 bytes, and FLOAT: what a signal's bits begin with
_SIGNALS_MAX = const(127)


def words_of(bits):
    """How many words the reading with this word 1 takes."""
    return ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)


class Ring(steps.Steps):
    """A ring of `size_bytes` (at least 64, rounded down to 16; it takes 40 more), stamped by a
    Clock. What log() cannot store by itself (a text, a new signal, a caller's time) goes to
    `log_other(signal, value, epoch)`.

    Fields: `head`, where the oldest reading begins; `count` readings; `overflows`, dropped because
    they were the oldest, and `missed`, not stored for want of room or memory; `rejected`, that are
    no readings; `reading` (0, 1): the oldest are being read, and not dropped. `_tail`: where the
    next one goes; up to `_stop` there is room for numbers; `_limit` words may be taken, none once
    it is closed, of `size`.
    """

    def __init__(self, size_bytes, clock, log_other):
        self._clock = clock
        size = size_bytes // 16 * 4 + 4
        steps.Steps.__init__(self, size)
        self.words = array("i", bytes(4 * size + 24))
        at = uctypes.addressof(self.words)
        array_of = uctypes.ARRAY, uctypes.FLOAT64 | size // 2 + 3
        self.floats = uctypes.struct(at, {"d": array_of}).d
        self._cells = self.words, self.floats  # what a number is written to
        self._bytes = uctypes.bytearray_at(at, 4 * size + 24)
        self._log_other = log_other
        self.keys = {}  # type: dict[str, int]
        self._bits = self.keys.get  # a signal's bits in word 1
        self.signals = []  # by number, what add_signal() was given for each

    def packed(self, kind, value, epoch=None):
        """A checked reading as put() takes it: its word 1 without the uptime, the bytes of its
        value and of a caller's time. `kind`: the signal's bits | FLOAT, INT, BOOL or STR; `value`:
        a number, or at most 1000 bytes; `epoch`: None, or an int of epoch.as_int()."""
        what = kind & _KINDS
        if what == FLOAT:
            value = struct.pack("d", value)
        elif what != STR:
            value = struct.pack("q" if what == INT else "i", value)
        kind = kind & (_SIGNAL | _KINDS) | len(value) << 20
        if epoch is None:
            return kind, value, b""
        return kind | _HAS_EPOCH, value, struct.pack("q", epoch)

    def put(self, bits, ticks, value, epoch):
        """Store what packed() has made, with the uptime added in `bits` and `ticks`. False where
        there was no room, which is counted."""
        words = words_of(bits)
        while not self.append(bits, ticks, value, epoch):
            if words > self._limit or not self.make_room(words):
                self.count_lost(0, 1)
                return False
        return True

    def what(self, bits):
        """What add_signal() was given for the signal of a reading with these bits in word 1."""
        return self.signals[bits >> 10 & 0x7F]

    def used(self):
        """How many words are taken."""
        return (self._tail - self.head) % self.size

    def oldest(self):
        """(signal, kind, value, epoch, where the next one is) of the oldest reading; a STR's value
        is a bytearray."""
        head = self.head
        bits = self.words[head + 1]
        kind = bits & _KINDS
        size = bits >> 20
        if kind == STR:
            value = self.text(head + 2, size)
        elif kind == FLOAT:
            value = self.floats[head + 2 >> 1]
        elif size > 4:
            value = self._wide(head + 2)
        else:
            value = self.words[head + 2] if kind == INT else self.words[head + 2] != 0
        after = head + words_of(bits)
        epoch = self._wide((after - 2) % self.size) if bits & _HAS_EPOCH else None
        return self.what(bits), kind, value, epoch, after % self.size

    def _wide(self, at):
        # The cell that begins with the word `at`, as an int of 64 bits.
        return uctypes.struct(uctypes.addressof(self.words) + at * 4, {"q": uctypes.INT64}).q

    def text(self, at, size):
        """`size` bytes from the word `at`, as a bytearray: over them, unless they wrap."""
        at = at % self.size * 4
        if at + size > self.size * 4:
            return self._bytes[at : self.size * 4] + self._bytes[: at + size - self.size * 4]
        return uctypes.bytearray_at(uctypes.addressof(self.words) + at, size)

    def close(self):
        """Take nothing more: all readings are dropped, and counted."""
        self._limit = self._stop = 0
        self.set_reading(0)
        self.make_room(1)

    def oldest_periods(self):
        """When the oldest reading was logged: the periods of that uptime (clock.py),"""
        return self.words[self.head + 1] & 0x3FF

    def oldest_ticks(self):
        """and its ticks: two ints, and no tuple, for the heap's sake."""
        return self.words[self.head]

    def oldest_age_ms(self):
        """Milliseconds from the oldest reading to the clock's last tick, at most 2**29."""
        at = self.head
        clock = self._clock
        periods = clock.periods - self.words[at + 1] & 0x3FF
        age = clock.ticks - self.words[at] + periods * (clock.mask + 1)
        return min(age, 0x20000000)

    def add_signal(self, signal, what, most=_SIGNALS_MAX):
        """The bits of a signal, new or known, in word 1; None where that would be more signals
        than `most`. `what` is what oldest() shows for it."""
        while True:
            old = self.keys  # before `signals`: publish() sets them the other way round
            signals = self.signals
            bits = old.get(signal)
            if bits is not None:
                return bits
            if len(old) >= most:
                return None
            bits = len(old) << 10 | _NEW
            keys = dict(old)
            keys[signal] = bits
            if self.publish(old, keys, signals + [what], keys.get):
                return bits
