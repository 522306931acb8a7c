"""Records in an append-only file, each with its length, a checksum, and the boot it is from.

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

from micropython import const

# What each kind holds (packing.py makes the first three):
SYNCS = const(83)  # what its boot knows of the time
READINGS = const(82)  # the names of their signals, and the readings as they lay in the ring
TEXT = const(84)  # readings as they lay in the batch: JSON, with their times
PASSED = const(80)  # the file and byte where sending goes on, and how many readings of the record
# there were answered for
FORMAT = const(2)
HEAD = const(20)
SPARE = const(200)  # bytes of another head, and of the SYNCS that may come before
_CHUNK = const(256)


def append(path, who, entries):
    """Append records in one go, (kind, readings, size, parts) each, where `parts` are buffers;
    returns how many bytes that is. OSError: they were not all written."""
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
    remaining = struct.unpack("<I", start[4:8])[0]
    crc = binascii.crc32(start[:16])
    while remaining:
        chunk = f.read(min(remaining, _CHUNK))
        if not chunk:
            return False
        crc = binascii.crc32(chunk, crc)
        remaining -= len(chunk)
    f.seek(at + HEAD)
    return crc == struct.unpack("<I", start[16:])[0]


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
