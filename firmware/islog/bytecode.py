"""log() of a number, and a batch's numbers in JSON, in bytecode. native.py has the same as machine
code, except that here str() finds a float's digits. Loaded where native.py is not.
"""

from math import isfinite

from micropython import const

from . import steps
from .batch import Batch, is_plain
from .ring import Ring

_TAIL = const(1)  # cells of `state` and of `uptime`: steps.py
_STOP = const(2)
_COUNT = const(3)
_TOKEN = const(10)
_PERIODS = const(0)
_TICKS = const(1)
_MASK = const(2)
_AHEAD = const(3)

# A name is looked for in the module before it is among the builtins: so these are found sooner.
_float, _int, _bool, _type = float, int, bool, type
_enter, _leave, ticks_ms = steps._enter, steps._leave, steps.ticks_ms


class PlainRing(Ring):
    """A Ring with log()."""

    def log(self, signal, value, epoch=None):
        """Store one reading; True where stored. See Logger.log."""
        # `epoch`, `signal` and `kind` are used again for other things (word 1; an array; ticks and
        # flags), and what _enter() returns lies in a cell: with one local name more the frame of
        # this call would have more than 11 words, and lie on the heap (py/objfun.c).
        if epoch is not None:
            return self._log_other(signal, value, epoch)
        epoch = self.find(signal)
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
            signal = self.uptime
            at = signal[_TICKS]
            epoch |= signal[_PERIODS]
            kind = ticks_ms() + signal[_AHEAD] & 0x3FFFFFFF
            if kind ^ at > signal[_MASK] >> 2:  # another quarter than at the last tick()
                self._clock.tick()
                epoch &= -1024  # without the periods, for another try
                continue
            # From here on a straight line.
            signal = self.state
            signal[_TOKEN] = _enter()
            at = signal[_TAIL]
            signal = self.words
            signal[at] = kind
            signal[at + 1] = epoch
            kind = epoch & 0x60000 == 0  # whether it is a float
            signal = self._cells[kind]
            signal[at + 2 >> kind] = value
            signal = self.state
            kind = at < signal[_STOP]  # whether there was room
            signal[_TAIL], signal[_COUNT] = at + 4 * kind, signal[_COUNT] + kind
            _leave(signal[_TOKEN])
            if kind:
                return True
            if not self.make_room(4):
                self.count_lost(0, 1)
                return False
            epoch &= -1024


class PlainBatch(Batch):
    """A Batch with move()."""

    def move(self, store, periods, clock):
        """Move the oldest readings of `store` (a Ring) into this batch, whose time is set to the
        first one's. It stops where the batch is full, and returns True then; else at a reading
        beyond the uptimes for which `clock` has located the time (they lie in the period
        `periods`), and at one that add() has to write: an int of 8 bytes, a text with escapes, a
        caller's time."""
        words, floats, signals = store.words, store.floats, store.signals
        text, before = self.text, self.before
        stamp, starts = self.stamp, self.starts
        valid_until, offset_ms = clock.valid_until, clock.offset_ms
        room, last_sent_ms = self.room, clock.last_sent_ms
        as_text, n = str, self.filled
        at, size, full = store.head, store.size, False
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
            text.extend(value)  # type: ignore[arg-type]  # MicroPython takes a str
            if kind & 3 == 3:
                text.append(0x22)
            ms += offset_ms
            if ms > last_sent_ms:  # else it was set back: equal times until it has caught up
                last_sent_ms = ms
                self.show(ms)
            text.extend(stamp)
            n += 1
            starts[n] = len(text)
            at = after % size
        store.hand_over(at, n - self.filled, self)
        clock.last_sent_ms = last_sent_ms
        return full
