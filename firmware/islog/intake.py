"""From the user's call to the ring: whether signal and value can be a reading is checked before
anything is stored. The limits of a signal are Initial State's (docs/api.md), those of a value are
what the ring and JSON can hold.
"""

from micropython import const

from . import ring
from .batch import quoted_size
from .errors import ConfigError, why

_SIGNAL_MAX = const(100)  # characters
_TEXT_MAX = const(1000)  # UTF-8 bytes
_SIGNAL_BYTES = const(107)  # of a signal of 100 ASCII characters with its quotes, and ',"v":'
# The longest number is a double of 24 characters; move() keeps room for two quotes with any value.
_NUMBER_BYTES = const(26)


def check_value(value):
    """Raise ValueError or TypeError where `value` can never be stored. None, NaN and infinity
    pass: store_it() counts them as rejected."""
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


def refuse(what, value):
    # Raise the exception of the function `what` in mistakes.py, which is loaded only then.
    from . import mistakes

    getattr(mistakes, what)(value)


_KINDS = {float: ring.FLOAT, int: ring.INT, bool: ring.BOOL}


class Intake:
    """Checks readings and puts them into `store`, a Ring, if they fit into `batch`. Their uptime
    is `clock`'s. `on_trouble(sentence, aloud=False)` hears why one was rejected, which is for
    `last_error` and not printed."""

    def __init__(self, settings, service, clock, batch, on_trouble):
        if batch.room <= _SIGNAL_BYTES + _NUMBER_BYTES:
            raise ConfigError("batch_bytes %s" % why("batch_bytes"))
        self.store = service.ring(settings["buffer_bytes"], clock, self._log_other)
        self.clock = clock
        self._batch = batch
        self._max_signals = settings["max_signals"]
        self._on_trouble = on_trouble
        self.closed = False  # what is logged then is dropped, and counted

    def _log_other(self, signal, value, epoch):
        # What Ring.log() calls for all but a number or bool under a known signal.
        try:
            self.check(signal, value)
            if epoch is not None:
                from .epoch import as_int  # only for programs that give one

                epoch = as_int(epoch)
            periods, ticks = self.clock.stamp()
            return self.store_it(signal, value, epoch, periods, ticks)
        except MemoryError:  # the heap is full, or locked, as it is in a hard interrupt
            pass
        except ImportError:  # another thread is about to load what this one needs
            pass
        self.store.count_lost(0, 1)
        return False

    def check(self, signal, value):
        """Raise ValueError or TypeError where signal or value can never be a reading's."""
        known = isinstance(signal, str) and signal in self.store.keys
        if not known and (
            not isinstance(signal, str)
            or not 0 < len(signal) <= _SIGNAL_MAX
            or signal.startswith("islog.")
        ):
            refuse("signal", signal)
        check_value(value)

    def store_it(self, signal, value, epoch, periods, ticks):
        """Store a checked reading of the uptime (`periods`, `ticks`); `epoch`: None, or an int of
        epoch.as_int(). False where it was rejected, or there was no room or memory: all
        counted."""
        store = self.store
        if self.closed:
            store.count_lost(0, 1)
            return False
        if value is None or isinstance(value, float) and value - value != 0:
            return self._reject("%s: no number was there (%s)", signal, value)
        try:
            key = store.keys.get(signal)
            name = self._batch.signal_json(signal) if key is None else store.what(key)
            room = self._batch.room - len(name)
            if isinstance(value, str):
                kind = ring.STR
                value = value.encode()
                size = len(value) * 6 + 2  # at most: an escape such as \u001f has six bytes
                if size >= room:
                    size = quoted_size(value)
            else:
                kind = _KINDS[type(value)]
                size = _NUMBER_BYTES
            if size >= room or key is None and room <= _NUMBER_BYTES:
                return self._reject("%s: too long for batch_bytes", signal)
            if key is None:
                key = store.add_signal(signal, name, self._max_signals)
                if key is None:
                    return self._reject("%s: one signal more than max_signals", signal)
            kind, value, epoch = store.packed(key | kind, value, epoch)
            return store.put(kind | periods, ticks, value, epoch)
        except MemoryError:
            store.count_lost(0, 1)
            return False

    def _reject(self, why, *what):
        self.store.count_lost(1, 0)
        try:
            self._on_trouble(why % what, aloud=False)
        except MemoryError:
            pass  # it is counted
        return False
