"""The bytecode twin of native.py and native_text.py, for ports that cannot compile machine code.
Both do the same, except that here str() finds a float's digits. The layout of a reading: ring.py.

Soft callbacks, Ctrl-C and threads that take turns come at the interpreter's jumps (py/vm.c,
pending_exception_check). So what each step changes, it changes in a straight line without a jump.
That has no `if`: it writes to where no reading is, computes whether there was room, as 0 or 1, and
multiplies by that what it adds to the fields. Fields that belong together are set in one
statement, the last one: what goes wrong before it has changed nothing. Threads that run at once,
on a port without a global lock, need native.py.
"""

import time
from math import isfinite
from time import ticks_ms

# A name is looked for in the module before it is among the builtins: so these are found sooner.
_float, _int, _bool, _type = float, int, bool, type


def is_plain(data, low):
    """Whether the bytearray `data` is UTF-8 (RFC 3629) and, except where `low` is 0, has no byte
    below `low`, no quote and no backslash: mostly by min(), max() and `in`, whose loops are C."""
    if not data:
        return True
    if low and (min(data) < low or b'"' in data or b"\\" in data):
        return False
    if max(data) < 0x80:
        return True
    from .utf8 import repaired  # only for programs that have such texts

    return repaired(data) == data


def move(batch, store, periods, clock):
    """Move the oldest readings of `store` (a Ring) into `batch` (a Batch), whose time is set to
    the first one's. It stops where the batch is full, and returns True then; else at a reading
    beyond the uptimes for which `clock` has located the time (they lie in the period `periods`),
    and at one that Batch.add() has to write: an int of 8 bytes, a text with escapes, a caller's
    time."""
    words, floats, signals = store.words, store.floats, store.signals
    text, before = batch.text, batch.before
    stamp, starts = batch.stamp, batch.starts
    valid_until, offset_ms, last_sent_ms = clock.valid_until, clock.offset_ms, clock.last_sent_ms
    room = batch.room
    as_text, n = str, batch.filled
    at, full = store.head, False
    for _ in range(store.count):
        bits = words[at + 1]
        ms = words[at]
        if ms >= valid_until or bits & 0x3FF != periods:
            break
        kind = bits >> 17  # size << 3 | 4 where the caller gave the time | kind (ring.py)
        after = at + 4
        if kind == 64:  # 8 bytes, FLOAT; 33 is 4 bytes, INT; 34 is 4 bytes, BOOL
            value = as_text(floats[at + 2 >> 1])
        elif kind == 33:
            value = as_text(words[at + 2])
        elif kind == 34:
            value = "true" if words[at + 2] else "false"
        elif kind & 7 == 3:  # STR, and no caller's time
            after = at + 2 + ((bits >> 20) + 7 >> 3) * 2
            value = store.text(at + 2, bits >> 20)
            if not is_plain(value, 0x20):
                break
        else:
            break
        name = signals[bits >> 10 & 0x7F]
        if len(text) + len(name) + len(value) + 2 > room:
            full = True  # (2: the quotes of a text)
            break
        text.extend(before)
        text.extend(name)
        if kind & 3 == 3:
            text.append(0x22)
        text.extend(value)
        if kind & 3 == 3:
            text.append(0x22)
        ms += offset_ms
        if ms > last_sent_ms:  # else the clock was set back: equal times until it has caught up
            last_sent_ms = ms
            batch.show(ms)
        text.extend(stamp)
        n += 1
        starts[n] = len(text)
        at = after % store.size
    store.hand_over(at, n - batch.filled, batch)
    clock.last_sent_ms = last_sent_ms
    return full


class Ticks:
    """The base of Clock: the uptime at the last tick(), as `periods` and `ticks` (clock.py);
    `mask` is the length of a period in milliseconds, less 1. (The length itself, 2**30, would be a
    heap object.)"""

    def __init__(self):
        self.mask = min(time.ticks_add(0, -1), 0x3FFFFFFF)
        self.periods = 0
        self.ticks = ticks_ms() & self.mask

    def tick(self):
        """Read the port's ticks, and count a period where they have wrapped. To be called at least
        once in a quarter of a period (3 days on boards), or a wrap may be missed: each poll()
        does, and log() where the ticks have come to another quarter."""
        now = ticks_ms() & self.mask
        self.periods, self.ticks = self.periods + (now < self.ticks) & 0x3FF, now

    def stamp(self):
        """The uptime now, as (periods, ticks). Native code takes both in one step: a tick() that
        comes in between cannot mix an old one with a new one."""
        self.tick()
        return self.periods, self.ticks


class Steps:
    """The base of Ring: its fields, and the indivisible steps that change them."""

    def __init__(self, size):
        self.size = size
        self.head = self._tail = self.count = self.overflows = self.missed = self.rejected = 0
        self._stop = self._limit = size - 4
        self.pinned = 0

    def log(self, signal, value, epoch=None):
        """Store one reading; True where stored. See Logger.log."""
        # `epoch`, `signal` and `kind` are used again for other things (word 1; the clock, words
        # and cells; ticks and flags): with one local name more the frame of this call would have
        # more than 11 words, and lie on the heap (py/objfun.c).
        if epoch is not None:
            return self._log_other(signal, value, epoch)
        epoch = self._bits(signal)
        if epoch is None:
            return self._log_other(signal, value, None)
        kind = _type(value)
        if kind is _float and isfinite(value):
            pass
        elif kind is _int and -0x40000000 <= value <= 0x3FFFFFFF:
            epoch ^= 0xC20000  # size 8, FLOAT -> size 4, INT
        elif kind is _bool:
            epoch ^= 0xC40000  # size 8, FLOAT -> size 4, BOOL
        else:
            return self._log_other(signal, value, None)
        while True:
            signal = self._clock
            at = signal.ticks
            epoch |= signal.periods
            kind = ticks_ms() & 0x3FFFFFFF
            if kind ^ at > signal.mask >> 2:  # another quarter than at the last tick()
                signal.tick()
                epoch &= -1024  # without the periods, for another try
                continue
            # From here on a straight line, to where the fields are set.
            signal = self.words
            at = self._tail
            signal[at] = kind
            signal[at + 1] = epoch
            kind = epoch & 0x60000 == 0  # whether it is a float
            signal = self._cells[kind]
            signal[at + 2 >> kind] = value
            kind = at < self._stop  # whether there was room
            self._tail, self.count = at + 4 * kind, self.count + kind
            if kind:
                return True
            if not self.make_room(4):
                self.count_lost(0, 1)
                return False
            epoch &= -1024

    def append(self, bits, ticks, data, epoch):
        """Store a reading: word 1 and word 0 of its header, the bytes of its value, and those of a
        caller's time, or none. False where there is no room: call make_room() then."""
        words = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)  # ring.words_of()
        end = self.size * 4 + 8 * (bits & 0x60000 != 0x60000)  # a number's value does not wrap
        # From here on a straight line.
        at = self._tail % self.size
        free = self._limit - (at - self.head) % self.size - words
        ok = free >= 0
        self.words[at] = ticks
        self.words[at + 1] = bits
        i = at * 4 + 8
        n = min(len(data), end - i) * ok
        self._bytes[i : i + n] = data[:n]
        self._bytes[: len(data) * ok - n] = data[n : len(data) * ok]
        i = (at + words - 2) % self.size * 4
        self._bytes[i : i + len(epoch) * ok] = epoch[: len(epoch) * ok]
        at = (at + words * ok) % self.size
        i = min(at + (max(free, 0) & -4), self.size)
        self._tail, self._stop, self.count = at, i, self.count + ok
        return ok

    def make_room(self, words):
        """Drop the oldest readings until `words` words are free: the overflow of a ring is this.
        False where that cannot be: there are no more readings, or they are being read."""
        while True:
            at = self._tail % self.size
            free = self._limit - (at - self.head) % self.size
            self._tail, self._stop = at, min(at + (max(free, 0) & -4), self.size)
            if free >= words:
                return True
            if self.pinned or not self.count:
                return False
            # From here on a straight line. It looks anew: a callback may have come at the jumps.
            one = (self.count > 0) > self.pinned  # 1: one is dropped; 0: none is
            bits = self.words[self.head + 1]
            at = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
            at = (self.head + at * one) % self.size
            self.head, self.count, self.overflows = at, self.count - one, self.overflows + one

    def hand_over(self, at, n, to):
        """Forget the oldest `n` readings, which are in `to` from now on: its `filled` grows in the
        same step. The next reading begins at `at`."""
        self.head, self.count, to.filled = at, self.count - n, to.filled + n

    def pin(self, flag):
        """1: the oldest readings are being read, and must not be dropped; 0: they may be."""
        self.pinned = flag

    def count_lost(self, rejected, missed):
        """Count readings that were `rejected`, and `missed` for want of room or memory."""
        self.rejected, self.missed = self.rejected + rejected, self.missed + missed

    def publish(self, old, keys, signals, bits):
        """Replace the dict of keys, the list of signals and `_bits`, the look-up in that dict, all
        at once. False, and no change, where the ring's dict is not `old` any more: a callback has
        added a signal meanwhile."""
        ok = self.keys is old
        signals = (self.signals, signals)[ok]
        keys = (self.keys, keys)[ok]
        bits = (self._bits, bits)[ok]
        self.signals, self.keys, self._bits = signals, keys, bits
        return ok
