"""Runs on MicroPython, with islog on its path: show what a spool holds, without changing it.

    micropython spooled.py FOLDER/NAME

A line of JSON for each reading, oldest first: [Unix time as text, or null where its boot never
knew the time; signal; value]. What cannot be read is passed over, as a board would.
"""

import json
import os
import struct
import sys

from islog import records, ring
from islog.clock import Clock
from islog.given import as_text
from islog.left import Segment
from islog.spool import Spool


class Reader(Spool):
    """A Spool that only fetches."""

    def __init__(self, path):
        self._path = path
        self._live = self.clock = Clock(False)
        self.store = ring.Ring(2048, self._live, None)
        self._at = self._skip = self._loaded = self._after = 0
        self.foreign = False
        self._syncs = {}
        folder, _, start = path.rpartition("/")
        numbers = [name[len(start) + 1 :] for name in os.listdir(folder) if name.startswith(start)]
        numbers = sorted([int(number) for number in numbers if number.isdigit()])
        self._segments = [Segment(number, None) for number in numbers]

    def show(self):
        for segment in self._segments:
            self._learn(segment)
        for segment in self._segments:
            if segment.boot not in self._syncs:
                segment.boot = None
            self._at = 0
            while self._fetch(segment):
                self._at = self._after
                while self.store.count:
                    self._show_reading()
            self._show_batch(segment)

    def _records(self, segment):
        # (kind, readings, size, file at what follows the head) of each that is whole.
        with open(self._name(segment), "rb") as f:
            at = 0
            found = records.head(f, at)
            while found and records.is_whole(f, at):
                kind, count, size = found
                yield kind, count, size, f
                at += records.HEAD + size
                found = records.head(f, at)

    def _learn(self, segment):
        segment.size = os.stat(self._name(segment))[6]
        for kind, _, size, f in self._records(segment):
            if kind == records.BOOT:
                segment.boot = f.read(4)
            elif kind == records.SYNCS:
                self._syncs[segment.boot] = f.read(size)

    def _show_reading(self):
        store, clock = self.store, self.clock
        at = store.head
        lo, hi = store.words[at], store.words[at + 1] & 0x3FF
        name, kind, value, when, after = store.look()
        if when is not None:
            when = as_text(when)
        elif self.foreign:
            clock.settle(hi, lo)
            ms = lo + clock.shift
            when = "%d.%03d" % (clock.mega * 100000 + ms // 1000, ms % 1000)
        value = str(value, "utf-8") if kind == ring.STR else value
        name = str(name, "utf-8")  # quoted, and what comes before the value
        print(json.dumps([when, json.loads(name[: name.rindex(",")]), value]))
        store.state[ring.HEAD], store.state[ring.COUNT] = after, store.count - 1

    def _show_batch(self, segment):
        # What had left the ring for the server when the boot was closed: JSON already.
        for kind, count, size, f in self._records(segment):
            if kind == records.CLOSED and count:
                f.read(12)  # where to go on
                starts = struct.unpack("<%dH" % (count + 1), f.read(2 * count + 2))
                text = f.read(size)
                for i in range(count):
                    self._show_sent(str(text[starts[i] : starts[i + 1] - 1], "utf-8"))

    def _show_sent(self, text):
        reading = json.loads(text)
        when = text[text.rindex(":") + 1 : -1]  # its digits: a float would not hold them
        name = reading["sn"] if "sn" in reading else reading["key"]
        print(json.dumps([when, name, reading["v"] if "v" in reading else reading["value"]]))


Reader(sys.argv[1]).show()
