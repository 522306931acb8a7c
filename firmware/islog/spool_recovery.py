"""Finds what earlier boots wrote to flash (spool.py), at start-up."""

import os
import struct

from micropython import const

from . import spool_records as records
from .spool_segments import Segment

_FOLDER = const(0x4000)


class Recovery:
    """Looks at the files `path`.<n>; with `blind`, it leaves out one that cannot be read. `own`:
    the boot that goes on now, after a deep sleep: its readings are counted as this boot's.

    After find(): `segments`, oldest first; `passed`, what the latest PASSED says (file, byte,
    readings: spool_records.py); `number`, that of the next file; `unread`, how many files were
    left out. Readings are counted by the heads of their records: whether they can be sent is seen
    when they are loaded. find() raises OSError or MemoryError where it could not look.
    """

    def __init__(self, path, blind, own=None):
        self.segments = []
        self.passed = 0, 0, 0
        self.number = 1
        self.unread = 0
        self._path, self._blind, self._own = path, blind, own
        self._who = None  # the boot whose records are being read (a boot's records lie together)
        self._crossed = []  # the files before this one whose last records are that boot's
        self._torn = None  # (Segment, readings, boot) of the torn end of the file before, or None

    def find(self):
        numbers = self._numbers()
        for number in reversed(numbers):
            if self._each(number, self._look_for_passed):
                break
        for number in numbers:
            segment = Segment(number)
            self.number = number + 1
            if self._each(number, self._scan, segment):
                self.segments.append(segment)
                self._crossed.append(segment)
        self._count_torn()

    def _numbers(self):
        folder, _, start = self._path.rpartition("/")
        start += "."
        where = (folder + "/",) if folder else ()
        # MicroPython's ilistdir() needs no memory for all names at once.
        names = os.ilistdir(*where) if hasattr(os, "ilistdir") else zip(os.listdir(*where))
        numbers = []
        for name in names:
            n = name[0][len(start) :]
            if name[0].startswith(start) and n.isdigit() and len(n) < 10 and n[0] != "0":
                numbers.append(int(n))
        return sorted(numbers)

    def _each(self, number, call, *args):
        path = "%s.%d" % (self._path, number)
        try:
            with open(path, "rb") as f:
                f.seek(0, 2)
                return call(f, f.tell(), number, *args)
        except OSError:
            if not (self._blind or os.stat(path)[0] & _FOLDER):
                raise
            self.unread += call == self._scan

    def _look_for_passed(self, f, end, number):
        for at, _, kind, _, size, _ in records.chain(f, 0, end):
            if kind == records.PASSED and size == 12 and records.is_whole(f, at):
                self.passed = struct.unpack("<III", f.read(12))
        return self.passed[0]

    def _scan(self, f, end, number, segment):
        first, begin, skip = self.passed
        if number == first:
            if begin and begin not in [r[1] for r in records.chain(f, 0, begin)]:
                # No record ends there: PASSED was written about another file with this number.
                self.passed = first, begin, skip = 0, 0, 0
            segment.at = begin
        for at, after, kind, count, size, who in records.chain(f, 0, end):
            if not at:  # the file's first record
                self._count_torn(who)
            segment.size = after
            if (kind == records.READINGS or kind == records.TEXT) and number >= first:
                if number > first or at >= begin:
                    if (number, at) == self.passed[:2]:
                        count = max(0, count - skip)
                    if who == self._own:
                        segment.own += count
                    else:
                        segment.count += count
            if who != self._who and records.is_whole(f, at):
                self._who, self._crossed = who, []
            if kind == records.SYNCS and self._crossed and records.is_whole(f, at):
                text = f.read(size)
                for crossed in self._crossed:
                    crossed.syncs = who, text
        if segment.size < end:
            self._count_torn()
            segment.extra = end - segment.size
            _, count, _, who = records.head(f, segment.size) or (0, 1, 0, self._who)
            if number >= first:  # (a torn head may say anything; a number takes 16 bytes)
                self._torn = segment, max(1, min(count, segment.extra // 16)), who
        return segment

    def _count_torn(self, who=None):
        # Count the readings in the torn end of the file before. But where the next file begins
        # with a record of the same boot (`who`), no power cut tore it: a write had failed, and
        # that boot wrote the same readings again there.
        if self._torn and not (who and self._torn[2] == who):
            self._torn[0].count += self._torn[1]
        self._torn = None
