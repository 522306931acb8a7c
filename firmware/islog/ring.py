"""Readings in a fixed number of bytes, oldest first.

The memory is a ring of cells of 8 bytes, two words of 32 bits each. A reading takes a header cell,
then one cell for a number (for a string, as many whole cells as its UTF-8 bytes fill), then one
more where the caller gave the time. The header's words have at most 30 bits, because an int of
2**30 and above is a heap object on a board:

    word 0   milliseconds of uptime within one period of the ticks (clock.py)
    word 1   bits 0-9    periods of uptime
             bits 10-16  number of the signal
             bits 17-18  kind of the value: FLOAT, INT, BOOL or STR
             bit 19      1: the last cell is a time that the caller gave, an int of epoch.as_int()
             bits 20-29  bytes of the value: 4 for an int of 31 bits or a bool, 8 for a wider int
                         or a float, for a string as many as it has

`size` words are in use; what reaches their end goes on at word 0. A number's value does not: it
lies right behind its header, also where that is the last cell. So the array has six words more
than `size`: `_tail` may be `size` + 2 (it is brought back to 2 by the next step), and log()
writes four words at `_tail` before it looks whether there is room. For the same reason four words
are always kept free.

A change of the ring can be interrupted: by soft callbacks and Ctrl-C at the interpreter's jumps;
by other threads there, too, or, where there is no global lock, at any moment, as by hard
interrupts. So whatever changes the ring is one of a few indivisible steps: append(), make_room(),
hand_over(), pin(), count_lost(), publish() in steps.py, and log(). Each changes nothing, or all
that it is for. A new signal makes a new dict and a new list, which replace the old ones at once:
no look-up meets one that is being changed.

Only this file, steps.py, native.py, bytecode.py and packing.py know how a reading lies here.
"""

import struct
from array import array

import uctypes
from micropython import const

from .steps import Steps

FLOAT = const(0)
INT = const(0x20000)
BOOL = const(0x40000)
STR = const(0x60000)
_KINDS = const(0x60000)
_HAS_EPOCH = const(0x80000)
_SIGNAL = const(0x1FC00)
_NEW = const(0x800000)  # a new signal's bits begin as those of a float: FLOAT, and a size of 8
_STOP = const(2)  # cells of `state` (steps.py)
_LIMIT = const(9)
_SIGNALS_MAX = const(127)  # 7 bits of word 1


def words_of(bits):
    """How many words a reading takes, header and a caller's time included; `bits`: its word 1."""
    return ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)


class Ring(Steps):
    """A ring of `size_bytes` (at least 64, rounded down to a multiple of 16; it takes 40 bytes
    more), whose readings get their uptime from `clock`. What log() cannot store by itself (a text,
    a new signal, a caller's time) goes to `log_other(signal, value, epoch)`.

    Fields, which are set by the steps only:

    head       the word at which the oldest reading begins
    count      how many readings are in it
    overflows  how many were dropped to make room, being the oldest
    missed     how many were not stored, for want of room or memory
    rejected   how many calls of log() had no value that can be stored, such as None or NaN
    pinned     1 while the oldest readings are being read: they must not be dropped then
    size       words in use
    _tail      the word at which the next reading goes
    _stop      while `_tail` is below it, there is room for one more number without dropping any
    _limit     so many of the words may be taken: `size` - 4, and 0 once the ring is closed
    """

    def __init__(self, size_bytes, clock, log_other):
        self._clock, self.uptime = clock, clock.uptime
        size = size_bytes // 16 * 4 + 4
        Steps.__init__(self, size)
        self.words = array("i", bytes(4 * size + 24))
        at = uctypes.addressof(self.words)
        array_of = uctypes.ARRAY, uctypes.FLOAT64 | size // 2 + 3
        self.floats = uctypes.struct(at, {"d": array_of}).d
        self._cells = self.words, self.floats  # what a number is written to
        self._bytes = uctypes.bytearray_at(at, 4 * size + 24)
        self._log_other = log_other
        self.keys = {}  # type: dict[str, int]  # of a known signal: its bits in word 1
        # What log() looks them up in: the same dict or, where the next reading under a signal is
        # to go to log_other(), a copy with None for it.
        self.direct = self.keys  # type: dict[str, int | None]
        self.find = self.direct.get
        self.signals = []  # by number, what add_signal() was given for each

    def packed(self, kind, value, epoch=None):
        """What put() takes for a checked reading: (its word 1, still without the periods of the
        uptime; the bytes of its value; the bytes of a caller's time, or none). `kind`: the
        signal's bits | FLOAT, INT, BOOL or STR; `value`: a number, or at most 1000 bytes;
        `epoch`: None, or an int of epoch.as_int()."""
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
        """Store what packed() has made, with the uptime: its periods in `bits`, and its `ticks`.
        Where there is no room the oldest readings are dropped. False where even that makes too
        little (or the oldest are being read): this reading is counted in `missed`."""
        words = words_of(bits)
        while not self.append(bits, ticks, value, epoch):  # a callback may fill what was made
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
        """`size` bytes from the word `at`, as a bytearray: it shows the ring's own memory, and is
        a copy only where they go on at word 0."""
        at = at % self.size * 4
        if at + size > self.size * 4:
            return self._bytes[at : self.size * 4] + self._bytes[: at + size - self.size * 4]
        return uctypes.bytearray_at(uctypes.addressof(self.words) + at, size)

    def close(self):
        """Take nothing more: all readings are dropped, and counted in `overflows`."""
        self.state[_LIMIT] = self.state[_STOP] = 0  # make_room() finds none, and drops them all
        self.pin(0)
        self.make_room(1)

    def oldest_periods(self):
        """The uptime (clock.py) at which the oldest reading was logged: its periods."""
        return self.words[self.head + 1] & 0x3FF

    def oldest_ticks(self):
        """The ticks of that uptime. (Two methods, because a tuple of both would take heap.)"""
        return self.words[self.head]

    def add_signal(self, signal, what, most=_SIGNALS_MAX):
        """The bits of a signal, new or known, in word 1; None where that would be more signals
        than `most`. `what` is what oldest() is to return for it."""
        while True:  # until no callback has added a signal meanwhile
            old = self.keys  # read before `signals`, which is then never the older of the two
            signals = self.signals
            bits = old.get(signal)
            if bits is not None:
                return bits
            if len(old) >= most:
                return None
            bits = len(old) << 10 | _NEW
            keys = dict(old)
            direct = keys if self.direct is old else dict(self.direct)
            keys[signal] = direct[signal] = bits
            if self.publish(old, keys, signals + [what], direct):
                return bits
