"""What the tests of a ring share: one with signals, its oldest reading, and all that it holds."""

from islog import bytecode, ring
from islog.steps import Ticks

try:
    from islog import native
except (ImportError, AttributeError):  # CPython has no emitter of machine code
    native = None

Ring = native.FastRing if native else bytecode.PlainRing


class Clock(Ticks):
    """Of an uptime only."""


handed_on = []  # what log() has left to others


def other(*what):
    handed_on.append(what)
    return False


def make(size_bytes, *signals):
    store = Ring(size_bytes, Clock(), other)
    for signal in signals or ("t",):
        store.add_signal(signal, signal)
    return store


def oldest(store):
    """(signal, value) of the oldest reading."""
    signal, kind, value, _, _ = store.oldest()
    return signal, bytes(value) if kind == ring.STR else value


class Taken:
    filled = 0


def dropped(store):
    return store.overflows + store.missed


def release(store):
    """Take the oldest reading out; its uptime."""
    at = store.head
    periods, ticks = store.words[at + 1] & 1023, store.words[at]
    store.hand_over(store.oldest()[4], 1, Taken())
    return periods, ticks


def put(store, kind, value, given=None):
    bits, value, given = store.packed(store.keys["t"] | kind, value, given)
    return store.put(bits, 0, value, given)


def drain(store):
    out = []
    while store.count:
        out.append(oldest(store))
        release(store)
    return out
