"""Records in an append-only file, each with its length and a checksum.

    byte 0    kind, as below                bytes 4-7   size of what follows the head
    byte 1    FORMAT                        bytes 8-11  CRC-32 of bytes 0-7 and what follows
    bytes 2-3 how many readings it holds                (all little endian)

A power cut leaves a file with a torn end. Flash fails in ways of its own, too: a record counts
only where its checksum is right, and nothing behind one that is not is looked at.
"""

import binascii
import struct

from micropython import const

BOOT = const(66)  # the boot that writes this file, and the bucket that its readings are for;
# "how many" is 1 where a write failed before: what the file before has a torn end of is here
SYNCS = const(83)  # what that boot knew of the time
READINGS = const(82)  # as they lay in the ring
CLOSED = const(67)  # where to go on, and the batch that was not accepted
FORMAT = const(2)
HEAD = const(12)
_CHUNK = const(256)


def append(path, entries):
    """Add records, (kind, readings, size, parts) each, where `parts` are buffers, in one go;
    returns how many bytes that is. OSError where they were not all written."""
    total = 0
    with open(path, "ab") as f:
        for kind, count, size, parts in entries:
            start = struct.pack("<BBHI", kind, FORMAT, count, size)
            crc = binascii.crc32(start)
            for part in parts:
                crc = binascii.crc32(part, crc)
            f.write(start)
            f.write(struct.pack("<I", crc))
            for part in parts:
                f.write(part)
            total += HEAD + size
    return total


def head(f, at):
    """(kind, readings, size of what follows) of the record at `at`, unchecked, but not more
    readings than have room there; None where none begins there."""
    f.seek(at)
    start = f.read(HEAD)
    if len(start) < HEAD or start[1] != FORMAT:
        return None
    kind, _, count, size = struct.unpack("<BBHI", start[:8])
    count = min(count, size // 8)  # the smallest is an empty text
    return (kind, count, size) if kind in (BOOT, SYNCS, READINGS, CLOSED) else None


def is_whole(f, at):
    """Whether the record at `at` is there to its end, and unchanged; then `f` is at what follows
    its head."""
    f.seek(at)
    start = f.read(HEAD)
    if len(start) < HEAD:
        return False
    left, wanted = struct.unpack("<II", start[4:])
    crc = binascii.crc32(start[:8])
    while left:
        chunk = f.read(min(left, _CHUNK))
        if not chunk:
            return False
        crc = binascii.crc32(chunk, crc)
        left -= len(chunk)
    f.seek(at + HEAD)
    return crc == wanted
