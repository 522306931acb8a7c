"""The bytecode twin of native.py and native_text.py, for ports that cannot compile machine code.
Both do the same, except that here str() finds a float's digits. The layout of a reading: ring.py.

Soft callbacks, Ctrl-C and threads that take turns come at the interpreter's jumps (py/vm.c,
pending_exception_check). So each step is one straight line without any: it writes where nothing
is, and only then looks whether there is room for it. Fields that belong together are set in one
statement, the last one: what goes wrong before it has changed nothing. Threads that run at once,
on a port without a global lock, need native.py.
"""

import time
from math import isfinite
from time import ticks_ms

_float, _int, _bool, _type = float, int, bool, type  # builtins are looked for here first


def is_plain(data, low):
    """Whether the bytearray `data` is UTF-8 (RFC 3629) and, except where `low` is 0, has no byte
    below that, no quote and no backslash: mostly by loops of the interpreter's own."""
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
    the first one's. It stops at a reading beyond what `clock` has located (in the period
    `periods`), and at one that Batch.add() has to write: a wide int, a text with escapes, a
    caller's time. Returns whether the batch is full."""
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
        kind = bits >> 17
        after = at + 4
        if kind == 64:
            value = as_text(floats[at + 2 >> 1])
        elif kind == 33:
            value = as_text(words[at + 2])
        elif kind == 34:
            value = "true" if words[at + 2] else "false"
        elif kind & 7 == 3:
            after = at + 2 + ((bits >> 20) + 7 >> 3) * 2
            value = store.text(at + 2, bits >> 20)
            if not is_plain(value, 0x20):
                break
        else:
            break
        name = signals[bits >> 10 & 0x7F]
        if len(text) + len(name) + len(value) + 2 > room:
            full = True
            break
        text.extend(before)
        text.extend(name)
        if kind & 3 == 3:
            text.append(0x22)
        text.extend(value)
        if kind & 3 == 3:
            text.append(0x22)
        ms += offset_ms
        if ms > last_sent_ms:  # else a sync stepped back: equal times until the true one is there
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
    """The base of Clock: the uptime at the last tick(), as `periods` and `ticks` (see clock.py);
    `mask` is the length of a period in ms, less 1."""

    def __init__(self):
        self.mask = min(time.ticks_add(0, -1), 0x3FFFFFFF)
        self.periods = 0
        self.ticks = ticks_ms() & self.mask

    def tick(self):
        """Keep it right: to be called at least once in a quarter of a period."""
        now = ticks_ms() & self.mask
        self.periods, self.ticks = self.periods + (now < self.ticks) & 0x3FF, now

    def stamp(self):
        """The uptime now: two words that belong together, whoever ticks meanwhile."""
        self.tick()
        return self.periods, self.ticks


class Steps:
    """The base of Ring: its fields, and the indivisible steps that change them."""

    def __init__(self, size):
        self.size = size
        self.head = self._tail = self.count = self.overflows = self.missed = self.rejected = 0
        self._stop = self._limit = size - 4
        self.reading = 0

    def log(self, signal, value, epoch=None):
        """Store one reading; True where stored. See Logger.log."""
        # Names are used again: one more would make the frame too large (ring.py).
        if epoch is not None:
            return self._log_other(signal, value, epoch)
        epoch = self._bits(signal)
        if epoch is None:
            return self._log_other(signal, value, None)
        kind = _type(value)
        if kind is _float and isfinite(value):
            pass
        elif kind is _int and -0x40000000 <= value <= 0x3FFFFFFF:
            epoch ^= 0xC20000
        elif kind is _bool:
            epoch ^= 0xC40000
        else:
            return self._log_other(signal, value, None)
        while True:
            signal = self._clock
            at = signal.ticks
            epoch |= signal.periods
            kind = ticks_ms() & 0x3FFFFFFF
            if kind ^ at > signal.mask >> 2:  # the clock must see each quarter of its period
                signal.tick()
                epoch &= -1024
                continue
            # From here on a straight line.
            signal = self.words
            at = self._tail
            signal[at] = kind
            signal[at + 1] = epoch
            kind = epoch & 0x60000 == 0
            signal = self._cells[kind]
            signal[at + 2 >> kind] = value
            kind = at < self._stop
            self._tail, self.count = at + 4 * kind, self.count + kind
            if kind:
                return True
            if not self.make_room(4):
                self.count_lost(0, 1)
                return False
            epoch &= -1024

    def append(self, bits, ticks, data, epoch):
        """Store a reading: its two header words, the bytes of its value and of a caller's time.
        False where there is no room, which make_room() makes."""
        words = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
        end = self.size * 4 + 8 * (bits & 0x60000 != 0x60000)
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
        """Drop the oldest until there is room for so many words; False where there is none."""
        while True:
            at = self._tail % self.size
            free = self._limit - (at - self.head) % self.size
            self._tail, self._stop = at, min(at + (max(free, 0) & -4), self.size)
            if free >= words:
                return True
            if self.reading or not self.count:
                return False
            # Again a straight line, which looks anew whether there is one to be dropped.
            one = (self.count > 0) > self.reading
            bits = self.words[self.head + 1]
            at = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
            at = (self.head + at * one) % self.size
            self.head, self.count, self.overflows = at, self.count - one, self.overflows + one

    def hand_over(self, at, n, to):
        """Forget the oldest `n` readings, which are in `to` from now on: its `filled` grows in the
        same step. The next reading begins at `at`."""
        self.head, self.count, to.filled = at, self.count - n, to.filled + n

    def set_reading(self, flag):
        """1: the oldest readings are being read, and must not be dropped; 0: they may be."""
        self.reading = flag

    def count_lost(self, rejected, missed):
        """Count readings that were `rejected`, and `missed` for want of room or memory."""
        self.rejected, self.missed = self.rejected + rejected, self.missed + missed

    def publish(self, old, keys, signals, bits):
        """Replace the dict of keys, the list of signals and the look-up `bits`, all at once; False
        where `keys` is not `old` any more: a callback has added a signal meanwhile."""
        ok = self.keys is old
        signals = (self.signals, signals)[ok]
        keys = (self.keys, keys)[ok]
        bits = (self._bits, bits)[ok]
        self.signals, self.keys, self._bits = signals, keys, bits
        return ok
