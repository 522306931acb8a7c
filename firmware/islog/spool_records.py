"""Records in an append-only file, each with its length, a checksum, and the boot that wrote it.

    byte 0     kind, as below                   bytes 4-7    size of what follows the head
    byte 1     FORMAT                           bytes 8-15   `who`: 4 of the boot, 4 of the bucket
    bytes 2-3  how many readings it holds       bytes 16-19  CRC-32 of bytes 0-15 and what follows
                                                (all little endian)

A power cut or a failed write leaves a file with a torn end: chain() ends where a record would go
beyond the file's end. Flash may change bytes, too: a record is used only where its checksum is
right (is_whole). Those who read a file pass over a damaged one and count its readings as lost
(Replay._fetch), as long as its size leads to a place where another record begins.
"""

import binascii
import struct

from micropython import const

# What each kind holds (packing.py makes the first three; the numbers are the letters S, R, T, P):
SYNCS = const(83)  # what its boot knows of the time
READINGS = const(82)  # the names of their signals, and the readings as they lay in the ring
TEXT = const(84)  # readings as they lay in the batch: JSON, with their times
# Three words of 32 bits: the number of the file and the byte at which the sending goes on, and how
# many readings of the record there the server has answered for.
PASSED = const(80)
FORMAT = const(2)  # grows where records of before cannot be read any more
HEAD = const(20)  # bytes
SPARE = const(200)  # bytes for this record's head, and for SYNCS before it: 20, and 20 + 8 * 18
_CHUNK = const(256)  # bytes that are read at once, to save heap


def append(path, who, entries):
    """Append records to the file `path`, (kind, readings, size, parts) each, where `parts` are
    buffers of `size` bytes together. Returns how many bytes that were. OSError: not all of them
    were written."""
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
            f.close()  # Ctrl-C has left it open: the garbage collector would write the rest later
            raise
    return total


def head(f, at):
    """(kind, readings, size of what follows, who) of the record at `at`; None where none begins
    there. The checksum is not looked at; but a reading takes at least 8 bytes, so a damaged head
    cannot claim more readings than have room."""
    f.seek(at)
    start = f.read(HEAD)
    if len(start) < HEAD or start[1] != FORMAT:
        return None
    kind, _, count, size = struct.unpack("<BBHI", start[:8])
    count = min(count, size // 8)
    return (kind, count, size, start[8:16]) if kind in (SYNCS, READINGS, TEXT, PASSED) else None


def chain(f, at, end):
    """(at, where it ends, kind, readings, size, who) of each record from `at` to `end`. It stops
    where no record begins, or one would end behind `end`: what is there is torn. Checksums are not
    looked at."""
    while at < end:
        found = head(f, at)
        if not found or at + HEAD + found[2] > end:
            return
        after = at + HEAD + found[2]
        yield (at, after) + found
        at = after


def is_whole(f, at):
    """Whether the record at `at` is there to its end, with the right checksum; then the position
    of `f` is behind its head, at what it holds."""
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
    """What the latest SYNCS of the boot `who` holds, which wrote the record at `at`; None: there
    is none. The records from `at` on are looked through, up to another boot's. `text` is the
    latest SYNCS before `at`; where it is None, these are looked through as well."""
    for begin, _, kind, _, size, whose in chain(f, at if text else 0, end):
        if whose != who:
            if begin > at:
                break
        elif kind == SYNCS and is_whole(f, begin):
            text = f.read(size)
    return text
