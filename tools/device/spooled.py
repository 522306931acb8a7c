"""Runs on MicroPython, with islog on its path: show what a spool holds, without changing it.

    micropython spooled.py FOLDER/NAME

A line of JSON for each reading, oldest first: [Unix time as text, or null where its boot never
knew the time; signal; value]. What cannot be read is passed over, as a board would.
"""

import json
import struct
import sys

from islog import records, ring
from islog.clock import Clock
from islog.given import as_text
from islog.left import Left


def contents(path):
    """(file, file number, what records.chain() tells) of each whole record that is to be sent."""
    left = Left(path, True)
    left.find()
    for segment in left.segments:
        with open("%s.%d" % (path, segment.number), "rb") as f:
            for found in records.chain(f, 0, segment.size):
                if records.is_whole(f, found[0]):
                    f.seek(found[0] + records.HEAD)
                    yield f, segment, found, left.passed


def show(path):
    syncs = {}  # by boot: the latest
    for f, _, (_, _, kind, _, size, who), _ in contents(path):
        if kind == records.SYNCS:
            syncs[who] = f.read(size)
    for f, segment, (at, _, kind, count, size, who), passed in contents(path):
        if at < segment.at:
            continue
        skip = passed[2] if passed[:2] == (segment.number, at) else 0
        if kind == records.READINGS:
            store = ring.Ring(size + 64, Clock(False), None)
            records.unpack(f, size, store, skip)
            store.count = count - skip
            clock = records.clock_from(syncs[who]) if who in syncs else None
            while store.count:
                show_reading(store, clock)
        elif kind == records.TEXT:
            show_text(f, count, size, skip)


def show_reading(store, clock):
    at = store.head
    lo, hi = store.words[at], store.words[at + 1] & 0x3FF
    name, kind, value, when, after = store.look()
    if when is not None:
        when = as_text(when)
    elif clock:
        clock.settle(hi, lo)
        ms = lo + clock.shift
        when = "%d.%03d" % (clock.mega * 100000 + ms // 1000, ms % 1000)
    value = str(value, "utf-8") if kind == ring.STR else value
    name = str(name, "utf-8")  # quoted, and what comes before the value
    print(json.dumps([when, json.loads(name[: name.rindex(",")]), value]))
    store.head, store.count = after, store.count - 1


def show_text(f, count, size, skip):
    # What had left the ring for the server: JSON already.
    n = struct.unpack("<H", f.read(2))[0]
    starts = struct.unpack("<%dH" % (n + 1), f.read(2 * n + 2))
    text = f.read(size)
    for i in range(n - count + skip, n):
        reading = str(text[starts[i] : starts[i + 1] - 1], "utf-8")
        when = reading[reading.rindex(":") + 1 : -1]  # its digits: a float would not hold them
        reading = json.loads(reading)
        name = reading["sn"] if "sn" in reading else reading["key"]
        print(json.dumps([when, name, reading["v"] if "v" in reading else reading["value"]]))


show(sys.argv[1])
