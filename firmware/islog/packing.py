"""Makes bytes for flash of what is in a ring, a batch and a clock, and brings them back.

It knows the layout of ring.py, batch.py and clock.py, and would be part of them, if not only a
program with a spool needed it. The records that hold these bytes: spool_records.py.
"""

import binascii
import struct
from array import array

from micropython import const

from .clock import Clock
from .ring import STR, words_of

_SYNC = "<HIIII"  # periods, ticks, unix_block, ms, error_ms of a sync (Clock.syncs)
SYNC_BYTES = 18
_HEAD = const(0)  # a cell of a ring's `state` (steps.py)
_HAS_EPOCH = const(0x80000)  # bit 19 of word 1 (ring.py): the caller gave the time


def bucket_key(settings, bucket_id):
    """Four bytes that tell a bucket from others."""
    key = settings["api"], bucket_id, settings["bucket_name"]
    return struct.pack("<I", binascii.crc32("\0".join(key).encode()))


def pack_readings(source, most):
    """The oldest readings of a ring, as many as fit into `most` bytes, but at least one: (how many
    they are, the word of the ring at which the next one begins, how many bytes that makes, three
    buffers with these bytes). The bytes: the names of their signals, then their words."""
    words = source.words
    view = memoryview(words)
    names = bytearray(1)
    known = set()
    most -= 1
    n, at = 0, source.head
    # Their words are words[begin:end], and, where they go round the ring's end, words[second:at].
    begin, end, second = at, None, 0
    while n < source.count:
        bits = words[at + 1]
        size = words_of(bits)
        i = bits >> 10 & 0x7F
        name = b"" if i in known else source.signals[i]
        most -= 4 * size + (len(name) + 3 if name else 0)
        if most < 0 and n:
            break
        if name:
            known.add(i)
            names.extend(struct.pack("<BH", i, len(name)))
            names.extend(name)
        n += 1
        at += size
        if at >= source.size:
            # A number whose header is in the last cell has its value behind the end (ring.py):
            # that is in the first piece, and the cell at word 0 is not used.
            if at - size == source.size - 2 and bits & STR != STR:
                second = 2
            at -= source.size
            end = source.size + second
    names[0] = len(known)
    if end is None:
        parts = names, view[begin:at], view[:0]
    else:
        parts = names, view[begin:end], view[second:at]
    return n, at, len(names) + 4 * (len(parts[1]) + len(parts[2])), parts


def unpack_readings(f, size, store, skip):
    """Read the `size` bytes that pack_readings() made, from where the file `f` is, into the empty
    ring `store`, which then begins behind the first `skip` readings. The caller sets its `count`:
    only then are they in it."""
    store.signals = signals = [None] * 128
    for _ in range(f.read(1)[0]):
        i, length = struct.unpack("<BH", f.read(3))
        signals[i] = f.read(length)
        size -= 3 + length
    f.readinto(memoryview(store.words)[: size // 4])
    at = 0
    for _ in range(skip):
        at += words_of(store.words[at + 1])
    store.state[_HEAD] = at


def keep_given(store, count):
    """Of the `count` readings that unpack_readings() has read, keep those whose time the caller
    gave, which need no clock; returns how many they are."""
    words = store.words
    at, end, kept = store.head, 0, 0
    for _ in range(count):
        size = words_of(words[at + 1])
        if words[at + 1] & _HAS_EPOCH:
            words[end : end + size] = words[at : at + size]
            end += size
            kept += 1
        at += size
    store.state[_HEAD] = 0
    return kept


def pack_batch(batch):
    """Two buffers: how many readings a batch has and where each begins, and their text."""
    starts = batch.starts[batch.first : batch.filled + 1]
    base = starts[0] - 1
    text = memoryview(batch.buffer)[base : starts[-1]]
    return bytes(array("H", [batch.count] + [at - base for at in starts])), text


def unpack_batch(batch, f, size, count, skip):
    """Read the `size` bytes that pack_batch() made, with `count` readings, from where the file `f`
    is, into an empty batch, without the first `skip`. Returns (how many the batch has then, how
    many of islog's own it begins with, which are not counted); None where they do not fit.
    The caller sets the batch's `filled`: only then are they in it."""
    entries = struct.unpack("<H", f.read(2))[0]
    starts = struct.unpack("<%dH" % (entries + 1), f.read(2 * entries + 2))
    text = f.read(size - 2 * entries - 4)
    report = entries - count if not skip else 0
    starts = starts[entries - count + skip - report :]
    base = starts[0] - 1
    text = text[base:]
    if len(text) > len(batch.buffer) or len(starts) > len(batch.starts):
        return None
    batch.buffer[: len(text)] = text
    for i in range(len(starts)):
        batch.starts[i] = starts[i] - base
    return len(starts) - 1, report


def pack_syncs(clock):
    """What a clock knows of the time, in bytes."""
    return b"".join([struct.pack(_SYNC, *sync) for sync in clock.syncs])


def unpack_clock(text):
    """A Clock that knows what pack_syncs() had of another boot's. Without that (None) it knows no
    time, but takes it that one was: readings whose time the caller gave can be sent with it."""
    clock = Clock(False)
    if not text:
        clock.syncs = [(0, 0, 0, 0, 0)]
        return clock
    starts = range(0, len(text), SYNC_BYTES)
    syncs = [struct.unpack(_SYNC, text[i : i + SYNC_BYTES]) for i in starts]
    clock.syncs, clock.source, clock.ppb = syncs, "ntp", clock.measured(syncs)
    return clock
