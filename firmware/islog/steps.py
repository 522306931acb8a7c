"""The indivisible steps that change a ring, and the uptime: the bases of Ring and Clock.

What may come between two lines of a program, and how it is kept out of a step:

    soft callbacks, Ctrl-C,     come at the interpreter's jumps only (py/vm.c,
    threads that take turns     pending_exception_check): so what belongs together changes in a
                                straight line without a jump, most of it in one statement, behind
                                all that can fail. Such a line has no `if`: it writes to where no
                                reading is, computes whether there was room, as 0 or 1, and
                                multiplies by that what it adds
    hard interrupts, and code   are kept out from _enter() to _leave(): on rp2 by an atomic section
    on the other core           (mp_thread_begin_atomic_section(), ports/rp2/mpthreadport.c)

Nothing from _enter() to _leave() raises, or takes heap: a collector that ran there would keep all
others waiting. The layout of a reading: ring.py. log(), too, is such a step: bytecode.py, and
native.py.
"""

import sys
from array import array
from struct import pack, pack_into
from time import ticks_add, ticks_ms

from micropython import const

# The cells of `Steps.state` and of `Ticks.uptime`, arrays: machine code looks an array's address
# up once, and has all of its cells without a look-up of each.
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
_TOKEN = const(10)  # what _enter() has returned
_PERIODS = const(0)
_TICKS = const(1)
_MASK = const(2)
_AHEAD = const(3)

_enter = _leave = int  # int() does nothing
if sys.platform != "esp32":  # where threads take turns, and nothing interrupts a line
    try:
        from machine import disable_irq as _enter  # type: ignore[assignment]
        from machine import enable_irq as _leave  # type: ignore[assignment]
    except ImportError:
        pass


# The names of the first ten cells of `state`, for other modules.
_NAMES = "head", "_tail", "_stop", "count", "overflows", "missed", "rejected", "pinned", "size"
_NAMES += ("_limit",)


class Ticks:
    """The base of Clock: the uptime at the last tick(), as `periods` and `ticks` (clock.py);
    `mask` is the length of a period in milliseconds, less 1. (The length itself, 2**30, would be a
    heap object.)"""

    def __init__(self):
        mask = min(ticks_add(0, -1), 0x3FFFFFFF)
        # The last cell is added to the port's ticks: 0, or less, so that the sum stays small.
        self.uptime = array("i", (0, ticks_ms() & mask, mask, 0))

    periods = property(lambda self: self.uptime[_PERIODS])
    ticks = property(lambda self: self.uptime[_TICKS])
    mask = property(lambda self: self.uptime[_MASK])

    def tick(self):
        """Read the port's ticks, and count a period where they have wrapped. To be called at least
        once in a quarter of a period (3 days on boards), or a wrap may be missed: each poll()
        does, and log() where the ticks have come to another quarter."""
        cells = self.uptime
        token = _enter()
        ticks = ticks_ms() + cells[_AHEAD] & cells[_MASK]
        periods = cells[_PERIODS] + (ticks < cells[_TICKS]) & 0x3FF
        cells[_PERIODS], cells[_TICKS] = periods, ticks
        _leave(token)

    def stamp(self):
        """The uptime now, as (periods, ticks), taken in one step: a tick() that comes in between
        cannot mix an old one with a new one."""
        cells = self.uptime
        self.tick()
        token = _enter()
        periods, ticks = cells[_PERIODS], cells[_TICKS]
        _leave(token)
        return periods, ticks


class Steps:
    """The base of Ring: its fields, and the indivisible steps that change them."""

    def __init__(self, size):
        self.state = array("i", bytes(44))
        self.state[_SIZE] = size
        self.state[_STOP] = self.state[_LIMIT] = size - 4

    count = property(lambda self: self.state[_COUNT])

    def __getattr__(self, name):
        if name in _NAMES:
            return self.state[_NAMES.index(name)]
        raise AttributeError(name)

    def append(self, bits, ticks, data, epoch):
        """Store a reading: word 1 and word 0 of its header, the bytes of its value, and those of a
        caller's time, or none. False where there is no room: call make_room() then."""
        state, memory = self.state, self.words
        size = state[_SIZE]
        words = ((bits >> 20) + 7 >> 3) * 2 + 2 + (bits >> 18 & 2)  # ring.words_of()
        end = size * 4 + 8 * (bits & 0x60000 != 0x60000)  # a number's value does not wrap
        data = pack("ii", ticks, bits) + data
        while True:
            # What takes heap comes before _enter(): all is laid out for the place at the tail.
            tail = state[_TAIL]
            at = tail % size
            after = (at + words) % size
            i, j = at * 4, (at + words - 2) % size * 4
            n = min(len(data), end - i)
            first, rest = data[:n], data[n:]
            copies = "%ds" % n, "%ds" % len(rest), "%ds" % len(epoch)
            copies = ("0s", "0s", "0s"), copies
            # From here on a straight line. Copied is by pack_into(), which is C and takes no heap.
            token = _enter()
            free = state[_LIMIT] - (at - state[_HEAD]) % size - words
            same = state[_TAIL] == tail  # else a callback has been quicker
            ok = same * (free >= 0)
            n, m, k = copies[ok]
            pack_into(n, memory, i, first)
            pack_into(m, memory, 0, rest)
            pack_into(k, memory, j, epoch)
            n, m = state[_TAIL], state[_STOP]
            k = min(after + (max(free, 0) & -4), size)
            n, m = n + (after - n) * ok, m + (k - m) * ok
            state[_TAIL], state[_STOP], state[_COUNT] = n, m, state[_COUNT] + ok
            _leave(token)
            if same:
                return free >= 0

    def make_room(self, words):
        """Drop the oldest readings until `words` words are free: the overflow of a ring is this.
        False where that cannot be: there are no more readings, or they are being read."""
        # (With few names, as in bytecode.log(); and a tuple of three would be made if one side of
        # an assignment had brackets.)
        s = self.state
        while True:
            # From here on a straight line.
            s[_TOKEN] = _enter()
            at = s[_TAIL] % s[_SIZE]
            short = s[_LIMIT] - (at - s[_HEAD]) % s[_SIZE]
            one = max(short, 0) & -4
            s[_TAIL], s[_STOP] = at, min(at + one, s[_SIZE])
            short = short < words
            one = short * (s[_COUNT] > s[_PINNED] * 0x3FFFFFFF)  # whether one is dropped
            at = self.words[s[_HEAD] + 1]
            at = s[_HEAD] + (((at >> 20) + 7 >> 3) * 2 + 2 + (at >> 18 & 2)) * one
            at %= s[_SIZE]
            s[_HEAD], s[_COUNT], s[_OVERFLOWS] = at, s[_COUNT] - one, s[_OVERFLOWS] + one
            _leave(s[_TOKEN])
            if not one:
                return not short

    def hand_over(self, at, n, to):
        """Forget the oldest `n` readings, which are in `to` from now on: its `filled` grows in the
        same step. The next reading begins at `at`."""
        state = self.state
        token = _enter()
        state[_HEAD], state[_COUNT], to.filled = at, state[_COUNT] - n, to.filled + n
        _leave(token)

    def pin(self, flag):
        """1: the oldest readings are being read, and must not be dropped; 0: they may be."""
        token = _enter()
        self.state[_PINNED] = flag
        _leave(token)

    def count_lost(self, rejected, missed):
        """Count readings that were `rejected`, and `missed` for want of room or memory. Once the
        ring is closed, all are missed."""
        state = self.state
        if not state[_LIMIT]:
            rejected, missed = 0, rejected + missed
        token = _enter()
        state[_REJECTED], state[_MISSED] = state[_REJECTED] + rejected, state[_MISSED] + missed
        _leave(token)

    def publish(self, old, keys, signals, direct):
        """Replace the dict of keys, the list of signals, and the dict in which log() finds them,
        all at once. False, and no change, where the ring's keys are not `old` any more: a callback
        has added a signal meanwhile."""
        targets = [_Nothing, self]  # type: list
        find = direct.get
        token = _enter()
        ok = self.keys is old
        to = targets[ok]
        to.signals, to.keys, to.find = signals, keys, find
        to.direct = direct
        _leave(token)
        return ok


class _Nothing:
    # What publish() changes where it must not change anything.
    keys = signals = find = direct = None
