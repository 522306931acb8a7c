"""From the user's call to the ring: what can be a reading is checked before anything is stored.

Limits: docs/api.md (signal), and what the ring and JSON hold (values).
"""

from micropython import const

from . import payload, ring

_SIGNAL_MAX = const(100)  # characters
_TEXT_MAX = const(1000)  # UTF-8 bytes
_NUMBER = const(26)  # bytes of the longest number, a double, and two that are never used


def check_signal(signal):
    """ValueError or TypeError where `signal` cannot name a signal."""
    if (
        not isinstance(signal, str)
        or not 0 < len(signal) <= _SIGNAL_MAX
        or signal.startswith("islog.")
    ):
        refuse("signal", signal)


def check_value(value):
    """ValueError or TypeError where `value` can never be stored. (None, NaN and infinity pass.)"""
    kind = type(value)
    if kind is int:
        if not -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
            refuse("value", value)
    elif kind is str:
        size = len(value)
        if _TEXT_MAX >= size > _TEXT_MAX // 4:  # a character takes up to four bytes
            size = len(value.encode())
        if size > _TEXT_MAX:
            refuse("value", value)
    elif value is not None and kind is not float and kind is not bool:
        refuse("value", value)


def refuse(what, given):
    # The words are loaded only for a program that needs mending.
    from . import refused

    getattr(refused, what)(given)


def given_time(epoch):
    """A caller's time as one int (see given.py)."""
    from .given import as_int  # only for programs that give one

    return as_int(epoch)


_KINDS = {float: ring.FLOAT, int: ring.INT, bool: ring.BOOL}


class Intake:
    """Puts checked readings that fit `batch` into `store`, a Ring that `clock` stamps.
    `note(sentence, aloud=False)` hears why one was rejected."""

    def __init__(self, settings, clock, batch, note):
        self.store = ring.Ring(settings["buffer_bytes"], clock, self._log_other)
        self.clock = clock
        self._batch = batch
        self._max_signals = settings["max_signals"]
        self._note = note
        self.closed = False

    def _log_other(self, signal, value, epoch):
        # All that Ring.log() does not do itself.
        try:
            if not isinstance(signal, str) or signal not in self.store.keys:
                check_signal(signal)
            check_value(value)
            if epoch is not None:
                epoch = given_time(epoch)
            hi, lo = self.clock.stamp()
            return self.take(signal, value, epoch, hi, lo)
        except MemoryError:
            pass  # full, or locked as in a hard interrupt: no room for a tuple of both kinds
        except ImportError:
            pass  # another thread is about to load what this one needs
        self.store.tally(0, 1)
        return False

    def take(self, signal, value, given, hi, lo):
        """Store a checked reading of the uptime (`hi`, `lo`) with what given_time() made of its
        epoch. False where it was rejected, or there was no room or memory: each is counted."""
        store = self.store
        if self.closed:
            store.tally(0, 1)
            return False
        if value is None or isinstance(value, float) and value - value != 0:
            return self._reject("%s: no number was there (%s)", signal, value)
        try:
            key = store.keys.get(signal)
            name = self._batch.name(signal) if key is None else store.signals[key >> 10 & 0x7F]
            room = self._batch.room - len(name)
            if isinstance(value, str):
                kind = ring.STR
                value = value.encode()
                size = len(value) * 6 + 2  # at most
                if size >= room:
                    size = payload.quoted_size(value)
            else:
                kind = _KINDS[type(value)]
                size = _NUMBER
            if size >= room or key is None and room <= _NUMBER:
                return self._reject("%s: too long for batch_bytes", signal)
            if key is None:
                key = store.add_signal(signal, name, self._max_signals)
                if key is None:
                    return self._reject("%s: one signal more than max_signals", signal)
            kind, value, given = store.packed(key | kind, value, given)
            return store.put(kind | hi, lo, value, given)
        except MemoryError:
            store.tally(0, 1)
            return False

    def _reject(self, why, *what):
        self.store.tally(1, 0)
        try:
            self._note(why % what, aloud=False)
        except MemoryError:
            pass  # it is counted
        return False
