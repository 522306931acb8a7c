"""Records in an append-only file, each with its length and a checksum, and whose it is.

    byte 0     kind, as below                   bytes 4-7    size of what follows the head
    byte 1     FORMAT                           bytes 8-15   `who`: 4 of the boot, 4 of the bucket
    bytes 2-3  how many readings it holds       bytes 16-19  CRC-32 of bytes 0-15 and what follows
                                                (all little endian)

A power cut or a failed write leaves a file with a torn end. Flash fails in ways of its own, too: a
record counts only where its checksum is right. One that is damaged is passed over, as long as its
size leads to a place where another begins.
"""

import binascii
import struct
from array import array

from micropython import const

from . import ring
from .clock import Clock

SYNCS = const(83)  # what this boot knows of the time (left.py)
READINGS = const(82)  # the names of their signals, and the readings as they lay in the ring
TEXT = const(84)  # readings as they lay in the batch: JSON, with its times
PASSED = const(80)  # which file and byte to go on at, and how many readings of the record there
# are settled; all before that is
FORMAT = const(2)
HEAD = const(20)
SPARE = const(200)  # bytes of another head, and of the SYNCS that may come before
_CHUNK = const(256)
_SYNC = "<HIIII"  # hi, lo, mega, ms, error_ms of a sync (see Clock)
SYNC_BYTES = const(18)


def append(path, who, entries):
    """Add records, (kind, readings, size, parts) each, where `parts` are buffers, in one go;
    returns how many bytes that is. OSError where they were not all written."""
    total = 0
    f = open(path, "ab")
    try:
        for kind, count, size, parts in entries:
            start = struct.pack("<BBHI", kind, FORMAT, count, size) + who
            crc = binascii.crc32(start)
            for part in parts:
                crc = binascii.crc32(part, crc)
            f.write(start + struct.pack("<I", crc))
            for part in parts:
                f.write(part)
            total += HEAD + size
    finally:
        try:
            f.close()
        except BaseException:
            f.close()  # Ctrl-C has left it open: else the collector would write the rest later
            raise
    return total


def head(f, at):
    """(kind, readings, size of what follows, who) of the record at `at`, unchecked, but not more
    readings than have room there; None where none begins there."""
    f.seek(at)
    start = f.read(HEAD)
    if len(start) < HEAD or start[1] != FORMAT:
        return None
    kind, _, count, size = struct.unpack("<BBHI", start[:8])
    count = min(count, size // 8)
    return (kind, count, size, start[8:16]) if kind in (SYNCS, READINGS, TEXT, PASSED) else None


def chain(f, at, end):
    """From `at` to `end`: (at, where it ends, kind, readings, size, who) of each record, up to a
    place where none begins."""
    while at < end:
        found = head(f, at)
        if not found or at + HEAD + found[2] > end:
            return
        after = at + HEAD + found[2]
        yield (at, after) + found
        at = after


def is_whole(f, at):
    """Whether the record at `at` is there to its end, and unchanged; then `f` is at what follows
    its head."""
    f.seek(at)
    start = f.read(HEAD)
    if len(start) < HEAD:
        return False
    left = struct.unpack("<I", start[4:8])[0]
    crc = binascii.crc32(start[:16])
    while left:
        chunk = f.read(min(left, _CHUNK))
        if not chunk:
            return False
        crc = binascii.crc32(chunk, crc)
        left -= len(chunk)
    f.seek(at + HEAD)
    return crc == struct.unpack("<I", start[16:])[0]


def pack(source, left):
    """(readings, where in the ring the next is, bytes, parts) of a record of its oldest, of
    `left` bytes or one reading."""
    words = source.words
    view = memoryview(words)
    names = bytearray(1)
    known = set()
    left -= 1
    n, at = 0, source.head
    begin, end, again = at, None, 0  # the first piece; a second one begins at `again`
    while n < source.count:
        bits = words[at + 1]
        size = ring.words_of(bits)
        i = bits >> 10 & 0x7F
        name = b"" if i in known else source.signals[i]
        left -= 4 * size + (len(name) + 3 if name else 0)
        if left < 0 and n:
            break
        if name:
            known.add(i)
            names.extend(struct.pack("<BH", i, len(name)))
            names.extend(name)
        n += 1
        at += size
        if at >= source.size:
            # The value of a number in the last cell lies behind the end (ring.py).
            if at - size == source.size - 2 and not ring.is_text(bits):
                again = 2
            at -= source.size
            end = source.size + again
    names[0] = len(known)
    if end is None:
        parts = names, view[begin:at], view[:0]
    else:
        parts = names, view[begin:end], view[again:at]
    return n, at, len(names) + 4 * (len(parts[1]) + len(parts[2])), parts


def unpack(f, size, store, skip):
    """Lay pack()'s record of `size` bytes, at which `f` is, into an empty ring, the first `skip`
    of its readings apart; they are there once its `count` is set."""
    store.signals = signals = [None] * 128
    for _ in range(f.read(1)[0]):
        i, length = struct.unpack("<BH", f.read(3))
        signals[i] = f.read(length)
        size -= 3 + length
    f.readinto(memoryview(store.words)[: size // 4])
    at = 0
    for _ in range(skip):
        at += ring.words_of(store.words[at + 1])
    store.head = at


def find_syncs(f, at, end, who, text):
    """The latest SYNCS of the boot `who`, which the record at `at` is from; `text` is the latest
    before that, None where it was not passed."""
    for begin, _, kind, _, size, whose in chain(f, at if text else 0, end):
        if whose != who:
            if begin > at:
                break
        elif kind == SYNCS and is_whole(f, begin):
            text = f.read(size)
    return text


def latest_sync(clock):
    """What is another object after each sync; None before the first."""
    return clock._syncs[-1] if clock._syncs else None


def syncs_text(clock):
    """What clock_from() takes."""
    return b"".join([struct.pack(_SYNC, *sync) for sync in clock._syncs])


def clock_from(text):
    """A Clock that knows what another boot's did."""
    clock = Clock(False)
    starts = range(0, len(text), SYNC_BYTES)
    clock.restore([struct.unpack(_SYNC, text[i : i + SYNC_BYTES]) for i in starts])
    return clock


def batch_parts(batch):
    """Two buffers that batch_from() takes: where a batch's readings begin, and their text."""
    starts = batch._starts[batch.first : batch.filled + 1]
    base = starts[0] - 1
    text = memoryview(batch._buf)[base : starts[-1]]
    return bytes(array("H", [batch.count] + [at - base for at in starts])), text


def batch_from(batch, f, size, count, skip):
    """Lay those of `count` readings that come behind the first `skip` into an empty batch, from a
    file that is at batch_parts(), `size` bytes; the batch is theirs once `filled` is set. Returns
    that, and whether the first is news that counts as no reading. None: they do not fit."""
    entries = struct.unpack("<H", f.read(2))[0]
    starts = struct.unpack("<%dH" % (entries + 1), f.read(2 * entries + 2))
    text = f.read(size - 2 * entries - 4)
    news = entries - count if not skip else 0
    starts = starts[entries - count + skip - news :]
    base = starts[0] - 1
    text = text[base:]
    if len(text) > len(batch._buf) or len(starts) > len(batch._starts):
        return None
    batch._buf[: len(text)] = text
    for i in range(len(starts)):
        batch._starts[i] = starts[i] - base
    return len(starts) - 1, news
