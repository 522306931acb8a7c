"""What fast.py has as machine code, in bytecode: loaded where a port cannot compile that. Both do
the same, but that here str() finds a float's digits. What the words of a reading hold: ring.py.
"""

from math import isfinite
from time import ticks_ms

_float, _int, _bool, _type = float, int, bool, type  # builtins are looked for here first


def is_plain(data):
    """Whether nothing in the bytearray `data` is escaped: three loops of the interpreter's own."""
    return not data or min(data) > 0x1F and b'"' not in data and b"\\" not in data


def readings(batch, store, hi, clock):
    """Move the oldest readings of `store` (a Ring) into `batch` (a payload.Batch), up to one whose
    time `clock` (a Clock) has not settled for the period `hi`, or that Batch.other() must take: a
    wide int, a text with escapes, a given time. The first one's time was set. Returns whether the
    batch is full."""
    words, floats, signals = store.words, store.floats, store.signals
    text, before = batch._text, batch._before
    stamp, starts = batch._stamp, batch._starts
    until, shift, floor = clock.until, clock.shift, clock.floor
    room = batch.room
    as_text, n = str, batch._n
    at, full = store.head, False
    for _ in range(store.count):
        bits = words[at + 1]
        if bits < 0:
            at = 0
            bits = words[1]
        ms = words[at]
        if ms >= until or bits & 0x3FF != hi:
            break
        kind = bits >> 17
        after = at + 4
        if kind == 0:
            value = as_text(floats[at + 2 >> 1])
        elif kind == 1:
            value = as_text(words[at + 2])
        elif kind == 2:
            value = "true" if words[at + 2] else "false"
        elif kind & 7 == 3:
            after = at + 2 + ((bits >> 20) + 7 >> 3) * 2
            value = store.text(at + 2, bits >> 20)
            if not is_plain(value):
                break
        else:
            break
        name = signals[bits >> 10 & 0x7F]
        if len(text) + len(name) + len(value) + 2 > room:
            full = True
            break
        text.extend(before)
        text.extend(name)
        if kind > 2:
            text.append(0x22)
        text.extend(value)
        if kind > 2:
            text.append(0x22)
        ms += shift
        if ms > floor:  # else a sync stepped back: equal times until the true one is there
            floor = ms
            batch._show(ms)
        text.extend(stamp)
        n += 1
        starts[n] = len(text)
        at = after % len(words)
    # In one straight line, so that no callback sees a reading in neither place, or in both.
    clock.floor = floor
    store.count -= n - batch._n
    store.head = at
    batch._n = n
    batch._end = starts[n]
    return full


def log(self, signal, value, epoch=None):
    """Store one reading; True where stored. See Logger.log."""
    if epoch is not None:
        return self._other(signal, value, epoch)
    # Names are used again from here on: one more would make the frame too large (ring.py).
    epoch = self._bits(signal)
    if epoch is None:
        return self._other(signal, value, None)
    kind = _type(value)
    if kind is _float and isfinite(value):
        pass
    elif kind is _int and not (value >> 30 and ~value >> 30):
        epoch |= 0x20000
    elif kind is _bool:
        epoch |= 0x40000
    else:
        return self._other(signal, value, None)
    at = self._tail
    self._tail = at + 4
    if at >= self._stop:
        at = self._make_room(4)
        if at < 0:
            return False
    self.count += 1
    signal = self.words
    signal[at + 1] = epoch | self._clock.hi
    kind = ticks_ms() & 0x3FFFFFFF
    signal[at] = kind
    if kind ^ self._clock.last > self._clock.mask >> 2:  # the clock must see each quarter
        self._tick(at, epoch)
    if epoch & 0x60000:
        signal[at + 2] = value
    else:
        self.floats[at + 2 >> 1] = value
    return True
