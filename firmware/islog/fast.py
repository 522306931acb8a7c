"""Three functions of `ring` and `payload` as machine code, where the port can compile it."""

from math import isfinite
from time import ticks_ms

import micropython

_type = type  # found at once, where a builtin is found after the module's names
_float = float
_int = int
_bool = bool


@micropython.viper
def is_plain(data) -> bool:
    """See payload._is_plain."""
    c = ptr8(data)  # noqa: F821
    i = int(len(data))
    while i > 0:
        i -= 1
        if c[i] < 0x20 or c[i] == 0x22 or c[i] == 0x5C:
            return False
    return True


@micropython.viper
def readings(batch, store, hi: int, clock) -> bool:
    """See payload.plain_readings."""
    signed = store.words
    words = ptr32(signed)  # noqa: F821
    size = int(len(signed))
    floats = store.floats
    signals = store.signals
    text = batch._text
    before = batch._before
    stamp = batch._stamp
    digits = ptr8(stamp)  # noqa: F821
    last = int(len(stamp)) - 3
    dot = last - 3
    starts = ptr16(batch._starts)  # noqa: F821
    until = int(clock.until)
    shift = int(clock.shift)
    floor = int(clock.floor)
    shown = int(batch._ms)
    room = int(len(batch._buf)) - int(batch._fixed)
    first = int(batch._n)
    n = first
    at = int(store.head)
    end = int(len(text))
    fixed = int(len(before)) + last + 3
    left = int(store.count)
    full = False
    extend = text.extend
    as_text = str
    quote = b'"'
    while left > 0:
        bits = words[at + 1]
        if bits >> 30:  # negative, which ptr32 does not show where a word is wider
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
            value = as_text(signed[at + 2])
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
        more = int(len(name)) + int(len(value))
        if end + more + 2 > room:
            full = True
            break
        extend(before)
        extend(name)
        if kind > 2:
            extend(quote)
            extend(value)
            extend(quote)
            more += 2
        else:
            extend(value)
        ms += shift
        if ms > floor:
            i = last
            floor = ms
            old = shown
            shown = ms
            batch._ms = ms
            while ms != old:
                old = old // 10
                rest = ms // 10
                digits[i] = 0x30 + ms - rest * 10
                ms = rest
                i -= 1
                if i == dot:
                    i -= 1
        extend(stamp)
        end += more + fixed
        n += 1
        starts[n] = end
        at = after
        if at >= size:
            at -= size
        left -= 1
    clock.floor = floor
    store.count = int(store.count) - n + first
    store.head = at
    batch._n = n
    batch._end = end
    return full


@micropython.native
def log(self, signal, value, epoch=None):
    """See Logger.log and ring.plain_log."""
    if epoch is not None:
        return self._other(signal, value, epoch)
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
    # Another quarter of the period: the clock must see each.
    if kind ^ self._clock.last > self._clock.mask >> 2:
        self._tick(at, epoch)
    if epoch & 0x60000:
        signal[at + 2] = value
    else:
        self.floats[at + 2 >> 1] = value
    return True
