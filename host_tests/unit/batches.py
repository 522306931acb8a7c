"""What the tests of a batch share: one with a time, readings put into it, and what it holds.
Numbers go in by move(), in machine code where there is such, which is held against bytecode's
each time."""

import json

from islog import ring
from islog.bytecode import PlainBatch, PlainRing
from islog.steps import Ticks
from rings import native

FIELDS = (
    '{"b":"room","tid":"123e4567-e89b-12d3-a456-426614174000","sn":',
    ',"v":',
    ',"e":',
)


Fast = native.FastBatch if native else PlainBatch


def make(size_bytes=2048):
    batch = Fast(size_bytes, FIELDS)
    batch.set_time(17960, 123)
    return batch


def readings(batch, store, periods, clock):
    """batch.move(), by both ways, which must do the same."""
    twin = make(len(batch.buffer))
    copy = PlainRing(4 * store.size - 16, clock, None)
    twin.text[1:] = batch.text[1:]
    twin.text[0:1] = b"["
    for name in ("filled", "_unix_block", "shown_ms"):
        setattr(twin, name, getattr(batch, name))
    twin.stamp = bytearray(batch.stamp)
    twin.starts[:] = batch.starts
    for i in range(len(store.words)):
        copy.words[i] = store.words[i]
    copy.state[:] = store.state
    copy.signals = store.signals
    again = Clock()
    for name in ("last_sent_ms", "valid_until", "offset_ms"):
        setattr(again, name, getattr(clock, name))
    expected = PlainBatch.move(twin, copy, periods, again)
    assert batch.move(store, periods, clock) == expected
    assert (batch.count, batch.shown_ms) == (twin.count, twin.shown_ms)
    assert (store.count, store.head, clock.last_sent_ms) == (
        copy.count,
        copy.head,
        again.last_sent_ms,
    )
    assert batch.starts == twin.starts
    end = batch.starts[batch.filled]
    assert bytes(batch.buffer[1:end]) == bytes(twin.buffer[1:end])
    return expected


class Clock(Ticks):
    offset_ms = last_sent_ms = 0
    valid_until = 0x3FFFFFFF


def add(batch, value, ms=123, name="t"):
    """One number, by way of a ring; whether it was taken."""
    store = PlainRing(64, Clock(), None)
    store.add_signal(name, batch.signal_json(name))
    kind = {float: ring.FLOAT, int: ring.INT, bool: ring.BOOL}[type(value)]
    if kind != ring.INT or -(2**30) <= value < 2**30:
        store.log(name, value)
        store.words[0] = ms
        batch.set_time(17960, ms)
        full = readings(batch, store, 0, Clock())
        assert full == store.count
        return not full
    return other(batch, batch.signal_json(name), str(value).encode())


def other(batch, *what):
    done = batch.add(*what)
    batch.filled += done
    return done


def add_text(batch, data, time=b"1"):
    return other(batch, batch.signal_json("t"), bytearray(data), time, True)


def put_text(store, name, data):
    bits, data, given = store.packed(store.keys[name] | ring.STR, data)
    assert store.put(bits, 0, data, given)


def text_of(batch, count=None):
    return str(bytes(batch.slice(batch.count if count is None else count)), "utf-8")


def values(batch, count=None):
    return [reading["v"] for reading in json.loads(text_of(batch, count))]
