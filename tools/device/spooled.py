"""Runs on MicroPython, with islog on its path: show what a spool holds, without changing it.

    micropython spooled.py FOLDER/NAME

A line of JSON for each reading, oldest first: [Unix time as text, or null where its boot never
knew the time; signal; value]. What cannot be read is passed over, as a board would.
"""

import json
import sys

from islog import ring
from islog import spool_records as records
from islog.batch import Batch
from islog.clock import Clock
from islog.epoch import as_text
from islog.packing import unpack_batch, unpack_clock, unpack_readings
from islog.spool_recovery import Recovery

_HEAD, _COUNT = 0, 3  # cells of a ring's `state` (steps.py)


def contents(path):
    """(file, its Segment, what records.chain() tells, Recovery.passed) of each whole record that
    is to be sent."""
    recovery = Recovery(path, True)
    recovery.find()
    for segment in recovery.segments:
        with open("%s.%d" % (path, segment.number), "rb") as f:
            for found in records.chain(f, 0, segment.size):
                if records.is_whole(f, found[0]):
                    f.seek(found[0] + records.HEAD)
                    yield f, segment, found, recovery.passed


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
            unpack_readings(f, size, store, skip)
            store.state[_COUNT] = count - skip
            clock = unpack_clock(syncs[who]) if who in syncs else None
            while store.count:
                show_reading(store, clock)
        elif kind == records.TEXT:
            show_text(f, count, size, skip)


def show_reading(store, clock):
    periods, ticks = store.oldest_periods(), store.oldest_ticks()
    name, kind, value, when, after = store.oldest()
    if when is not None:
        when = as_text(when)
    elif clock:
        clock.locate(periods, ticks)
        ms = ticks + clock.offset_ms
        when = "%d.%03d" % (clock.unix_block * 100000 + ms // 1000, ms % 1000)
    value = str(value, "utf-8") if kind == ring.STR else value
    name = str(name, "utf-8")  # quoted, and what comes before the value
    print(json.dumps([when, json.loads(name[: name.rindex(",")]), value]))
    store.state[_HEAD], store.state[_COUNT] = after, store.count - 1


def show_text(f, count, size, skip):
    # What had left the ring for the server: JSON already.
    batch = Batch(size, ("", "", ""))
    filled, first = unpack_batch(batch, f, size, count, skip)
    for i in range(first, filled):
        reading = str(batch.buffer[batch.starts[i] : batch.starts[i + 1] - 1], "utf-8")
        when = reading[reading.rindex(":") + 1 : -1]  # its digits: a float would not hold them
        reading = json.loads(reading)
        name = reading["sn"] if "sn" in reading else reading["key"]
        print(json.dumps([when, name, reading["v"] if "v" in reading else reading["value"]]))


show(sys.argv[1])
