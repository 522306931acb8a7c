"""The ring's indivisible steps as machine code, for ports that can compile it: see bytecode.py for
what each does.

No callback, Ctrl-C or thread that takes turns comes between two instructions of machine code: the
interpreter looks for them at its own jumps only (py/vm.c; py/emitnative.c does not). What does
come there is kept out by _enter() and _leave(): hard interrupts and the other core by the port's
atomic section (rp2: mp_thread_begin_atomic_section(), ports/rp2/mpthreadport.c), threads of a PC
by a lock. Nothing between the two may raise: all of them would stay locked out.
"""

import sys
from array import array
from math import isfinite
from time import ticks_add, ticks_ms

import micropython
from micropython import const

# The cells of the arrays `Steps.state` (the first ten) and `Ticks.uptime` (the last three). Other
# modules see them as fields of the same names; ring.py and bytecode.Ticks say what each is.
_HEAD = const(0)
_TAIL = const(1)
_STOP = const(2)
_COUNT = const(3)
_OVERFLOWS = const(4)
_MISSED = const(5)
_REJECTED = const(6)
_PINNED = const(7)
_SIZE = const(8)
_LIMIT = const(9)
_PERIODS = const(0)
_TICKS = const(1)
_MASK = const(2)

_float, _int, _bool, _type = float, int, bool, type  # found sooner than builtins (bytecode.py)

_enter = _leave = int  # int() does nothing: threads take turns, as on an ESP32, or there are none
_release = None  # a PC's lock has this in the place of _leave(what _enter() has returned)
if sys.platform in ("linux", "darwin"):
    import _thread

    _enter = _thread.allocate_lock()
    _release = _enter.release
    _enter = _enter.acquire
elif sys.platform != "esp32":
    try:
        from machine import disable_irq as _enter
        from machine import enable_irq as _leave
    except ImportError:
        pass


@micropython.native
def _log(self, signal, value, epoch=None):
    """See Logger.log and bytecode.Steps.log."""
    if epoch is None:
        bits = self._bits(signal)
        if bits is not None:
            kind = _type(value)
            if kind is _float:
                if isfinite(value):
                    return _store(self, bits, value)
            elif kind is _int:
                if -0x40000000 <= value <= 0x3FFFFFFF:
                    return _store(self, bits ^ 0xC20000, value)  # to size 4, INT
            elif kind is _bool:
                return _store(self, bits ^ 0xC40000, value)  # to size 4, BOOL
    return self._log_other(signal, value, epoch)


@micropython.viper
def _store(ring, bits: int, value) -> bool:
    words = ptr32(ring.words)  # noqa: F821
    s = ptr32(ring.state)  # noqa: F821
    uptime = ptr32(ring.uptime)  # noqa: F821
    token = _enter()
    done = s[_TAIL] < s[_STOP] or bool(_room(ring, 4))
    if done:
        now = int(ticks_ms()) & 0x3FFFFFFF
        last = uptime[_TICKS]
        if now ^ last > uptime[_MASK] >> 2:  # another quarter of the period: as tick() does it
            now &= uptime[_MASK]
            if now < last:
                uptime[_PERIODS] = uptime[_PERIODS] + 1 & 0x3FF
            uptime[_TICKS] = now
        at = s[_TAIL]
        words[at] = now
        words[at + 1] = bits | uptime[_PERIODS]
        if bits & 0x60000:
            words[at + 2] = int(value)
        else:
            ring.floats[at + 2 >> 1] = value
        s[_TAIL] = at + 4
        s[_COUNT] += 1
    else:
        s[_MISSED] += 1
    if _release:
        _release()
    else:
        _leave(token)
    return done


@micropython.viper
def _append(ring, bits: int, ticks: int, data, epoch) -> bool:
    """See bytecode.Steps.append."""
    words = ptr32(ring.words)  # noqa: F821
    to = ptr8(ring.words)  # noqa: F821
    s = ptr32(ring.state)  # noqa: F821
    value = ptr8(data)  # noqa: F821
    when = ptr8(epoch)  # noqa: F821
    n = int(len(data))
    more = int(len(epoch))
    need = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
    end = s[_SIZE] * 4
    if bits & 0x60000 != 0x60000:
        end += 8
    token = _enter()
    done = int(_free(ring)) >= need
    if done:
        at = s[_TAIL]
        words[at] = ticks
        words[at + 1] = bits
        j = at * 4 + 8
        i = 0
        while i < n:
            if j >= end:
                j -= end
            to[j] = value[i]
            j += 1
            i += 1
        at += need
        j = at - 2
        if j >= s[_SIZE]:
            j -= s[_SIZE]
        j *= 4
        i = 0
        while i < more:
            to[j + i] = when[i]
            i += 1
        s[_TAIL] = at
        s[_COUNT] += 1
        _free(ring)  # where the tail is now
    if _release:
        _release()
    else:
        _leave(token)
    return done


@micropython.viper
def _free(ring) -> int:
    # To be called after _enter(). Brings `_tail` back into the ring and sets `_stop`; returns how
    # many words are free.
    s = ptr32(ring.state)  # noqa: F821
    size = s[_SIZE]
    at = s[_TAIL]
    if at >= size:
        at -= size
        s[_TAIL] = at
    used = at - s[_HEAD]
    if used < 0:
        used += size
    free = int(s[_LIMIT]) - used
    stop = at
    if free > 0:
        stop += free & -4
        if stop > size:
            stop = size
    s[_STOP] = stop
    return free


@micropython.viper
def _room(ring, need: int) -> bool:
    # To be called after _enter(). Does what make_room() does.
    words = ptr32(ring.words)  # noqa: F821
    s = ptr32(ring.state)  # noqa: F821
    while int(_free(ring)) < need:
        if s[_COUNT] == 0 or s[_PINNED] != 0:
            return False
        at = s[_HEAD]
        bits = words[at + 1]
        at += ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
        if at >= s[_SIZE]:
            at -= s[_SIZE]
        s[_HEAD] = at
        s[_COUNT] -= 1
        s[_OVERFLOWS] += 1
    return True


@micropython.viper
def _make_room(ring, need: int) -> bool:
    """See bytecode.Steps.make_room."""
    token = _enter()
    done = bool(_room(ring, need))
    if _release:
        _release()
    else:
        _leave(token)
    return done


@micropython.viper
def _hand_over(ring, at: int, n: int, to):
    """See bytecode.Steps.hand_over."""
    s = ptr32(ring.state)  # noqa: F821
    token = _enter()
    s[_HEAD] = at
    s[_COUNT] -= n
    to.filled = int(to.filled) + n
    if _release:
        _release()
    else:
        _leave(token)


@micropython.viper
def _pin(ring, flag: int):
    """See bytecode.Steps.pin."""
    s = ptr32(ring.state)  # noqa: F821
    token = _enter()
    s[_PINNED] = flag
    if _release:
        _release()
    else:
        _leave(token)


@micropython.viper
def _count_lost(ring, rejected: int, missed: int):
    """See bytecode.Steps.count_lost."""
    s = ptr32(ring.state)  # noqa: F821
    token = _enter()
    s[_REJECTED] += rejected
    s[_MISSED] += missed
    if _release:
        _release()
    else:
        _leave(token)


@micropython.viper
def _publish(ring, old, keys, signals, bits) -> bool:
    """See bytecode.Steps.publish."""
    token = _enter()
    done = False
    if ring.keys is old:
        ring.signals = signals
        ring.keys = keys
        ring._bits = bits
        done = True
    if _release:
        _release()
    else:
        _leave(token)
    return done


@micropython.viper
def _tick(clock):
    """See bytecode.Ticks.tick."""
    uptime = ptr32(clock.uptime)  # noqa: F821
    token = _enter()
    now = int(ticks_ms()) & uptime[_MASK]
    if now < uptime[_TICKS]:
        uptime[_PERIODS] = uptime[_PERIODS] + 1 & 0x3FF
    uptime[_TICKS] = now
    if _release:
        _release()
    else:
        _leave(token)


@micropython.viper
def _stamp(clock):
    """See bytecode.Ticks.stamp."""
    uptime = ptr32(clock.uptime)  # noqa: F821
    clock.tick()
    token = _enter()
    periods = uptime[_PERIODS]
    last = uptime[_TICKS]
    if _release:
        _release()
    else:
        _leave(token)
    return (periods, last)


def _cell(i):
    # A property that reads and writes the cell `i` of `state`.
    def put(self, value):
        self.state[i] = value

    return property(lambda self: self.state[i], put)


class Ticks:
    """See bytecode.Ticks."""

    def __init__(self):
        mask = min(ticks_add(0, -1), 0x3FFFFFFF)
        self.uptime = array("i", (0, ticks_ms() & mask, mask))

    tick = _tick
    stamp = _stamp
    periods = property(lambda self: self.uptime[_PERIODS])
    ticks = property(lambda self: self.uptime[_TICKS])
    mask = property(lambda self: self.uptime[_MASK])


class Steps:
    """See bytecode.Steps. The fields lie in an array: machine code looks its address up once, and
    then reads and writes them without a look-up of each."""

    def __init__(self, size):
        self.state = array("i", bytes(40))
        self.state[_SIZE] = size
        self.state[_STOP] = self.state[_LIMIT] = size - 4
        self.uptime = self._clock.uptime

    log = _log
    append = _append
    make_room = _make_room
    hand_over = _hand_over
    pin = _pin
    count_lost = _count_lost
    publish = _publish

    head = _cell(_HEAD)
    count = _cell(_COUNT)
    overflows = _cell(_OVERFLOWS)
    missed = _cell(_MISSED)
    rejected = _cell(_REJECTED)
    pinned = _cell(_PINNED)
    size = _cell(_SIZE)
    _tail = _cell(_TAIL)
    _stop = _cell(_STOP)
    _limit = _cell(_LIMIT)
