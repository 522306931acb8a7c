"""log() of a number, and a batch's numbers in JSON, as machine code: for ports that can compile
it, or have a .mpy of it. Loaded where the setting `native` and the heap allow it (service.py).

No callback, Ctrl-C or thread that takes turns comes between two instructions of machine code: the
interpreter looks for them at its own jumps only (py/vm.c; py/emitnative.c does not). What else is
to be kept out, and the cells of `state` and `uptime`: steps.py.
"""

import micropython
import uctypes
from micropython import const

from . import steps
from .batch import Batch, is_plain
from .ring import Ring

_TAIL = const(1)
_STOP = const(2)
_COUNT = const(3)
_PERIODS = const(0)
_TICKS = const(1)
_MASK = const(2)
_AHEAD = const(3)

_float, _int, _bool, _type = float, int, bool, type  # found sooner than builtins
_enter, _leave, ticks_ms = steps._enter, steps._leave, steps.ticks_ms

_text = None  # number() writes its digits here; made for the first batch
_texts = None  # _texts[n] is the first n bytes of _text: made beforehand, no number takes heap
# Digits tell a float from its neighbours where they are nearer to it than half of what its last
# bit is worth. number() counts in units of that half, so it is 1. Where floats are doubles it is
# 0: there number() writes only floats whose digits come to an end soon (21.5), and those exactly.
_half = 0 if 1.0 + 2**-40 != 1.0 else 1


@micropython.native
def _log(self, signal, value, epoch=None):
    """See Logger.log and bytecode.PlainRing.log."""
    if epoch is None:
        bits = self.find(signal)
        if bits is not None:
            kind = _type(value)
            if kind is _float:
                return _store(self, bits, value, signal)
            if kind is _int:
                if -0x40000000 <= value <= 0x3FFFFFFF:
                    return _store(self, bits ^ 0xC20000, value, signal)  # to size 4, INT
            elif kind is _bool:
                return _store(self, bits ^ 0xC40000, value, signal)  # to size 4, BOOL
    return self._log_other(signal, value, epoch)


@micropython.viper
def _store(ring, bits: int, value, signal) -> bool:
    words = ptr32(ring.words)  # noqa: F821
    s = ptr32(ring.state)  # noqa: F821
    uptime = ptr32(ring.uptime)  # noqa: F821
    while True:
        token = _enter()
        at = s[_TAIL]
        if bits & 0x60000:
            words[at + 2] = int(value)
        else:
            ring.floats[at + 2 >> 1] = value
            if words[at + 3] >> 20 & 0x7FF == 0x7FF:
                _leave(token)
                return bool(ring._log_other(signal, value, None))  # it is not finite
        done = at < s[_STOP]
        if done:
            now = int(ticks_ms()) + uptime[_AHEAD] & 0x3FFFFFFF
            last = uptime[_TICKS]
            if now ^ last > uptime[_MASK] >> 2:  # another quarter of the period: as tick() does it
                now &= uptime[_MASK]
                if now < last:
                    uptime[_PERIODS] = uptime[_PERIODS] + 1 & 0x3FF
                uptime[_TICKS] = now
            words[at] = now
            words[at + 1] = bits | uptime[_PERIODS]
            s[_TAIL] = at + 4
            s[_COUNT] += 1
        _leave(token)
        if done:
            return True
        if not ring.make_room(4):
            ring.count_lost(0, 1)
            return False


class FastRing(Ring):
    """A Ring with log()."""

    log = _log


def _allocate():
    global _text, _texts
    _text = bytearray(16)
    at = uctypes.addressof(_text)
    _texts = [uctypes.bytearray_at(at, size) for size in range(14)]


@micropython.viper
def number(words, at: int, is_float: bool) -> int:
    """Write the number at words[at] into _text, in as few digits as tell it from all others;
    returns how many bytes that takes, 0 where it is left to str(). Floats: Steele and White, "How
    to Print Floating-Point Numbers Accurately" (1990), in fixed point, from 1/64 to 2**24."""
    w = ptr32(words)  # noqa: F821
    out = ptr8(_text)  # noqa: F821
    whole = w[at]
    sign = whole
    rest = 0
    bits = 0  # of `whole` that are behind the point
    if is_float:
        sign = w[at + 1]
        if whole | sign:  # not 0.0
            # The ring holds a double. Of the 52 bits of its fraction a float has the first 23; the
            # 1 before them is in neither. 1046 is the bias of a double's exponent, 1023, plus 23.
            bits = 1046 - (sign >> 20 & 0x7FF)
            if whole & 0x1FFFFFFF or bits < 0 or bits > 29:
                return 0
            whole = (sign & 0xFFFFF | 0x100000) << 3 | whole >> 29 & 7
            rest = (whole & (1 << bits) - 1) << 1
            whole >>= bits
    elif sign >> 31 & 1:
        whole = (~whole & 0x3FFFFFFF) + 1
    i = 1
    ten = 10
    while i < 10 and whole >= ten:
        i += 1
        ten *= 10
    if sign >> 31 & 1:
        out[0] = 0x2D
        i += 1
    size = i
    while True:
        i -= 1
        ten = whole // 10
        out[i] = 0x30 + whole - ten * 10
        whole = ten
        if whole == 0:
            break
    if not is_float:
        return size
    out[size] = 0x2E
    bits += 1
    half = int(_half)
    while size < 12:
        size += 1
        # The fraction times 10: times 5, and the point moves by one bit.
        rest *= 5
        half *= 5
        bits -= 1
        digit = rest >> bits
        rest &= (1 << bits) - 1
        # Whether the digits up to this one, or with this one made larger by 1, are near enough:
        low = rest == 0 or rest < half
        high = rest + half > 1 << bits
        if high and (not low or rest << 1 >= 1 << bits):
            digit += 1
        out[size] = 0x30 + digit
        if low or high:
            return size + 1
    return 0


@micropython.viper
def _move(batch, store, periods: int, clock) -> bool:
    """See bytecode.PlainBatch.move."""
    if not _texts:
        _allocate()
    signed = store.words
    words = ptr32(signed)  # noqa: F821
    words_size = int(store.size)
    floats = store.floats
    signals = store.signals
    text = batch.text
    before = batch.before
    stamp = batch.stamp
    digits = ptr8(stamp)  # noqa: F821
    last = int(len(stamp)) - 3
    dot = last - 3
    starts = ptr16(batch.starts)  # noqa: F821
    valid_until = int(clock.valid_until)
    offset_ms = int(clock.offset_ms)
    last_sent_ms = int(clock.last_sent_ms)
    shown = int(batch.shown_ms)
    room = int(batch.room)
    first = int(batch.filled)
    n = first
    at = int(store.head)
    end = int(len(text))
    fixed = int(len(before)) + last + 3
    remaining = int(store.count)
    full = False
    extend = text.extend
    as_text = str
    texts = _texts
    view = uctypes.bytearray_at
    address = int(uctypes.addressof(signed))
    quote = b'"'
    while remaining > 0:
        bits = words[at + 1]
        ms = words[at]
        if ms >= valid_until or bits & 0x3FF != periods:
            break
        kind = bits >> 17  # size << 3 | 4 where the caller gave the time | kind (ring.py)
        after = at + 4
        if kind == 64 or kind == 33:
            size = int(number(signed, at + 2, kind == 64))  # 64: a float; 33: an int of 4 bytes
            if size:
                value = texts[size]
            else:
                value = as_text(floats[at + 2 >> 1])
        elif kind == 34:  # a bool
            value = "true" if words[at + 2] else "false"
        elif kind & 7 == 3:  # a STR, and no caller's time
            size = bits >> 20
            after = at + 2 + (size + 7 >> 3) * 2
            i = at + 2
            if i >= words_size:
                i -= words_size
            if i * 4 + size > words_size * 4:
                value = store.text(i, size)
            else:  # as Ring.text() does it, without that call
                value = view(address + i * 4, size)
            c = ptr8(value)  # noqa: F821
            i = 0
            while i < size and c[i] >= 0x20 and c[i] < 0x7F and c[i] != 0x22 and c[i] != 0x5C:
                i += 1
            if i < size and not is_plain(value, 0x20):  # not all of it is plain ASCII
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
        if kind & 3 == 3:
            extend(quote)
            extend(value)
            extend(quote)
            more += 2
        else:
            extend(value)
        ms += offset_ms
        if ms > last_sent_ms:
            i = last
            last_sent_ms = ms
            old = shown
            shown = ms
            batch.shown_ms = ms
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
        if at >= words_size:
            at -= words_size
        remaining -= 1
    store.hand_over(at, n - first, batch)
    clock.last_sent_ms = last_sent_ms
    return full


class FastBatch(Batch):
    """A Batch with move(), which finds a float's digits itself."""

    move = _move
