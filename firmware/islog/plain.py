"""What fast.py has as machine code, in bytecode: loaded where a port cannot compile that. Both do
the same, but that here str() finds a float's digits. What the words of a reading hold: ring.py.

Soft callbacks, Ctrl-C and threads that take turns come at the interpreter's jumps (py/vm.c,
pending_exception_check). So each step is one straight line without any: where there is no room, it
writes behind the end instead. Fields that belong together are set in one statement, the last one:
what goes wrong before it has changed nothing. Threads that run at the same time, on a port without
a global lock, need fast.py.
"""

from math import isfinite
from time import ticks_ms

from micropython import const

# What Ring.state holds, and Clock.uptime: see there.
_HEAD = const(0)
_TAIL = const(1)
_STOP = const(2)
_COUNT = const(3)
_OVERFLOWS = const(4)
_MISSED = const(5)
_REJECTED = const(6)
_READING = const(7)
_SIZE = const(8)
_LIMIT = const(9)
_HI = const(0)
_LAST = const(1)
_MASK = const(2)

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
    as_text, n = str, batch.filled
    at, full = store.head, False
    for _ in range(store.count):
        bits = words[at + 1]
        ms = words[at]
        if ms >= until or bits & 0x3FF != hi:
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
        if kind & 3 == 3:
            text.append(0x22)
        text.extend(value)
        if kind & 3 == 3:
            text.append(0x22)
        ms += shift
        if ms > floor:  # else a sync stepped back: equal times until the true one is there
            floor = ms
            batch._show(ms)
        text.extend(stamp)
        n += 1
        starts[n] = len(text)
        at = after % store.size
    take(store, at, n - batch.filled, batch)
    clock.floor = floor
    return full


def _free(state, at):
    # Words that are free where the next reading goes to `at`.
    used = (at - state[_HEAD]) % state[_SIZE]
    return state[_LIMIT] - used - state[_SIZE] * (used < (state[_COUNT] > 0))


def log(self, signal, value, epoch=None):
    """Store one reading; True where stored. See Logger.log."""
    if epoch is None:
        epoch = self._bits(signal)
        if epoch is not None:
            kind = _type(value)
            if kind is _float:
                if isfinite(value):
                    return _store(self, epoch, value)
            elif kind is _int:
                if -0x40000000 <= value <= 0x3FFFFFFF:
                    return _store(self, epoch ^ 0xC20000, value)
            elif kind is _bool:
                return _store(self, epoch ^ 0xC40000, value)
            epoch = None
    return self._other(signal, value, epoch)


def _store(ring, bits, value):
    cells = ring.words if bits & 0x60000 else ring.floats
    state = ring.state
    while True:
        now = ring.uptime[_LAST]
        bits = bits & -1024 | ring.uptime[_HI]
        at = ticks_ms() & 0x3FFFFFFF
        if at ^ now > ring.uptime[_MASK] >> 2:  # the clock must see each quarter of its period
            tick(ring)
            continue
        now = at
        # From here on a straight line. Without room it writes behind the end.
        ok = state[_TAIL] < state[_STOP]
        at = state[_SIZE] + 2 + (state[_TAIL] - state[_SIZE] - 2) * ok
        ring.words[at] = now
        ring.words[at + 1] = bits
        cells[at + 2 >> (cells is ring.floats)] = value
        state[_TAIL], state[_COUNT] = state[_TAIL] + 4 * ok, state[_COUNT] + ok
        if ok:
            return True
        if not make_room(ring, 4):
            tally(ring, 0, 1)
            return False


def append(ring, bits, lo, data, given):
    """Store a reading with these two header words, the bytes of its value and of its time. False
    where there is no room, which make_room() makes."""
    state = ring.state
    words = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
    end = ring.size * 4 + 8 * (bits & 0x60000 != 0x60000)
    # From here on a straight line. Without room it writes behind the end, and no bytes.
    at = state[_TAIL] % ring.size
    left = _free(state, at) - words
    ok = left >= 0
    i = ring.size + 2 + (at - ring.size - 2) * ok
    ring.words[i] = lo
    ring.words[i + 1] = bits
    i = at * 4 + 8
    n = min(len(data), end - i) * ok
    ring._bytes[i : i + n] = data[:n]
    ring._bytes[: len(data) * ok - n] = data[n : len(data) * ok]
    i = (at + words - 2) % ring.size * 4
    ring._bytes[i : i + len(given) * ok] = given[: len(given) * ok]
    at = (at + words * ok) % ring.size
    i = min(at + (max(left, 0) & -4), ring.size)
    state[_TAIL], state[_STOP], state[_COUNT] = at, i, state[_COUNT] + ok
    return ok


def make_room(ring, words):
    """Drop the oldest until there is room for so many words; False where there is none."""
    state = ring.state
    while True:
        at = state[_TAIL] % ring.size
        free = _free(state, at)
        state[_TAIL], state[_STOP] = at, min(at + (free & -4), ring.size)
        if free >= words:
            return True
        if state[_READING] or not state[_COUNT]:
            return False
        # Again a straight line, which looks anew whether there is one to be dropped.
        one = (state[_COUNT] > 0) > state[_READING]
        bits = ring.words[state[_HEAD] + 1]
        at = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)
        at = (state[_HEAD] + at * one) % ring.size
        one, n = state[_OVERFLOWS] + one, state[_COUNT] - one
        state[_HEAD], state[_COUNT], state[_OVERFLOWS] = at, n, one


def take(ring, at, n, to):
    """The oldest `n` readings are in `to` from now on, whose `filled` grows; the next one is at
    `at`."""
    state = ring.state
    state[_HEAD], state[_COUNT], to.filled = at, state[_COUNT] - n, to.filled + n


def hold(ring, flag):
    """From now on (1) the oldest readings are kept for who reads them, or (0) not."""
    ring.state[_READING] = flag


def tally(ring, rejected, missed):
    """Count so many."""
    state = ring.state
    rejected, missed = state[_REJECTED] + rejected, state[_MISSED] + missed
    state[_REJECTED], state[_MISSED] = rejected, missed


def publish(ring, old, keys, signals, bits):
    """Put new `keys` in the place of the `old` ones, with what goes with them; False where those
    are not there any more."""
    ok = ring.keys is old
    signals = (ring.signals, signals)[ok]
    keys = (ring.keys, keys)[ok]
    bits = (ring._bits, bits)[ok]
    ring.signals, ring.keys, ring._bits = signals, keys, bits
    return ok


def tick(clock):
    """Keep the `uptime` of a Clock (or of its Ring) right: to be called at least once in a quarter
    of its period."""
    uptime = clock.uptime
    now = ticks_ms() & uptime[_MASK]
    uptime[_HI], uptime[_LAST] = uptime[_HI] + (now < uptime[_LAST]) & 0x3FF, now
