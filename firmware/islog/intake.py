"""From the user's call to the ring: whether signal and value can be a reading is checked before
anything is stored. The limits of a signal are Initial State's (docs/api.md), those of a value are
what the ring and JSON can hold.
"""

from math import isfinite

from micropython import const

from . import ring
from .batch import quoted_size

_SIGNAL_MAX = const(100)  # characters
_TEXT_MAX = const(1000)  # UTF-8 bytes
# The longest number is a double of 24 characters; move() keeps room for two quotes with any value.
_NUMBER_BYTES = const(26)
_NEWS = const(8)  # sentences that wait for poll() at most


def check_value(value):
    """Raise ValueError or TypeError where `value` can never be stored. None, NaN and infinity
    pass: store_it() counts them as rejected."""
    kind = type(value)
    if kind is int:
        fits = -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF
    elif kind is str:
        size = len(value)
        if _TEXT_MAX >= size > _TEXT_MAX // 4:  # a character takes up to four bytes
            size = len(value.encode())
        fits = size <= _TEXT_MAX
    else:
        fits = value is None or kind in _KINDS
    if not fits:
        refuse("value", value)


def refuse(what, value):
    # Raise the exception of the function `what` in mistakes.py, which is loaded only then.
    from . import mistakes

    getattr(mistakes, what)(value)


_KINDS = {float: ring.FLOAT, int: ring.INT, bool: ring.BOOL}


class Intake:
    """Checks readings and puts them into `store`, a Ring, if they fit into `batch`. Their uptime
    is `clock`'s. `on_trouble(sentence, aloud=False)` hears why one was rejected, for `last_error`.

    `news` has the sentences that poll() is to print: one where a reading is rejected, and the next
    one for that signal once a reading under it was stored meanwhile. To see that one, log() is
    kept from finding the signal. The signals beyond `max_signals` have one sentence for all."""

    news = ()  # type: tuple[str, ...]

    def __init__(self, settings, service, clock, batch, on_trouble):
        self.store = service.ring(settings["buffer_bytes"], clock, self._log_other)
        self.clock = clock
        self._batch = batch
        self._max_signals = settings["max_signals"]
        self._on_trouble = on_trouble

    def _log_other(self, signal, value, epoch):
        # What Ring.log() calls for all but a number or bool under a known signal.
        store = self.store
        try:
            self.check(signal, value)
            if type(value) in _KINDS and isfinite(value):
                if signal in store.keys and store.find(signal) is None:
                    store.direct[signal] = store.keys[signal]  # it has recovered; without heap
                    return store.log(signal, value, epoch)
            if epoch is not None:
                from .epoch import as_int  # only for programs that give one

                epoch = as_int(epoch)
            periods, ticks = self.clock.stamp()
            return self.store_it(signal, value, epoch, periods, ticks)
        except MemoryError:  # the heap is full, or locked (a tuple of both would take some)
            pass
        except ImportError:  # another thread is about to load what this one needs
            pass
        store.count_lost(0, 1)
        return False

    def check(self, signal, value):
        """Raise ValueError or TypeError where signal or value can never be a reading's."""
        if (
            not isinstance(signal, str)
            or signal not in self.store.keys
            and (not 0 < len(signal) <= _SIGNAL_MAX or signal.startswith("islog."))
        ):
            refuse("signal", signal)
        check_value(value)

    def store_it(self, signal, value, epoch, periods, ticks):
        """Store a checked reading of the uptime (`periods`, `ticks`); `epoch`: None, or an int of
        epoch.as_int(). False where it was rejected, or there was no room or memory: all
        counted."""
        store = self.store
        if value is None or isinstance(value, float) and not isfinite(value):
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
            store.direct[signal] = key
            kind, value, epoch = store.packed(key | kind, value, epoch)
            return store.put(kind | periods, ticks, value, epoch)
        except MemoryError:
            store.count_lost(0, 1)
            return False

    def _reject(self, why, signal, *what):
        store = self.store
        store.count_lost(1, 0)
        try:
            sentence = why % ((signal,) + what)
            self._on_trouble(sentence, aloud=False)
            known = store.direct
            if len(self.news) < _NEWS and known.get(signal, len(known) <= self._max_signals):
                self.news += (sentence,)
                keys = store.keys  # read before the copy is made, as in Ring.add_signal()
                known = dict(store.direct)
                known[signal] = None
                store.publish(keys, keys, store.signals, known)
        except MemoryError:
            pass  # it is counted
        return False
