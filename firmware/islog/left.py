"""What earlier boots have left in flash (spool.py), and how it is written there."""

import os
import struct
from array import array

from . import records
from .clock import Clock

_SYNC = "<HIIII"  # hi, lo, mega, ms, error_ms of a sync (see Clock)
_SYNC_BYTES = 18


class Segment:
    """One file. `boot`: 4 bytes that name its boot; None: this one; empty: not for this bucket."""

    def __init__(self, number, boot):
        self.number = number
        self.boot = boot
        self.filled = 0  # readings that are in none but this place
        self.size = 0  # bytes


class Left:
    """`find()` fills: `segments`, oldest first; `syncs` by boot; `closed`, the batch of the latest
    boot that was closed; `at` and `skip`, where in the first segment to go on; `number`, the next
    segment's; `lost`, how many readings can never be sent, and `why`."""

    def __init__(self, path, key):
        self.segments = []
        self.syncs = {}
        self.closed = None
        self.at = self.skip = self.lost = 0
        self.number = 1
        self.why = ""
        self._path = path
        self._key = key
        self._go_on = None
        self._torn = 0  # readings in the torn end of the file before
        self._damaged = 0  # readings in the batch of the latest clean end, where that is damaged

    def find(self):
        folder, _, start = self._path.rpartition("/")
        start += "."
        names = os.listdir(folder + "/") if folder else os.listdir()
        numbers = [name[len(start) :] for name in names if name.startswith(start)]
        numbers = [int(n) for n in numbers if n.isdigit() and len(n) < 10 and n[0] != "0"]
        for number in sorted(numbers):
            if number != self.number:
                self._count_torn()
            self.number = number + 1
            segment = Segment(number, b"")
            self.segments.append(segment)
            try:
                with open("%s.%d" % (self._path, number), "rb") as f:
                    self._scan(segment, f)
            except (OSError, MemoryError) as e:
                self.lost += 1
                self.why = "%s.%d cannot be read (%s)" % (self._path, number, e)
        self._count_torn()
        if self._damaged:
            self.lost += self._damaged
            self.why = "the record of the last batch is damaged"
        try:
            if self._go_on:
                self._pass()
        except OSError:
            self.at = self.skip = 0
        for segment in self.segments[:]:
            if not segment.boot:
                self._lose(segment, "they are for another bucket, or damaged")
            elif segment.boot not in self.syncs:
                self._lose(segment, "their time was never known")

    def _scan(self, segment, f):
        at = 0
        f.seek(0, 2)
        end = segment.size = f.tell()
        while at < end:
            found = records.head(f, at)
            kind, count, size = found or (None, end, end)
            after = at + records.HEAD + size
            sound = after <= end and kind != records.READINGS and records.is_whole(f, at)
            if not at and not (sound and count):
                self._count_torn()
            if after > end:
                self._torn = max(1, min(count, (end - at) // 16))
                return
            if kind == records.READINGS or not sound and kind != records.CLOSED:
                segment.filled += count or 1
            elif not sound:
                self._damaged = count or 1
            elif kind == records.BOOT:
                self._torn = 0
                segment.boot = f.read(4)
                if f.read(size - 4) != self._key:
                    segment.boot = b""
            elif kind == records.SYNCS:
                self.syncs[segment.boot] = f.read(size)
            elif segment.boot:
                self._damaged = 0
                self._go_on = struct.unpack("<III", f.read(12))
                self.closed = (count, f.read(2 * count + 2), f.read(size)) if count else None
            else:
                segment.filled += count  # another bucket's batch
            at = after

    def _count_torn(self):
        # Unless the next file's BOOT has a count: then it has those readings once more.
        if self._torn:
            self.lost += self._torn
            self.why = "a power cut came while they were written"
        self._torn = 0

    def _pass(self):
        # Pass over what was sent before the latest clean end, unless that is damaged.
        number, self.at, self.skip = self._go_on
        while self.segments and self.segments[0].number < number:
            self.segments[0].filled = 0
            self._lose(self.segments[0], "")
        at = 0
        passed = self.skip
        if self.segments and self.segments[0].number == number:
            with open("%s.%d" % (self._path, number), "rb") as f:
                while at < self.at:
                    kind, count, size = records.head(f, at) or (None, 0, self.at)
                    passed += count if kind == records.READINGS else 0
                    at += records.HEAD + size
            if at == self.at and passed <= self.segments[0].filled:
                self.segments[0].filled -= passed
                return
        self.at = self.skip = 0

    def _lose(self, segment, why):
        # Nothing of it can be sent: count that, and give its flash back.
        if segment is self.segments[0]:
            self.at = self.skip = 0
        self.segments.remove(segment)
        if segment.filled:
            self.lost += segment.filled
            self.why = why
        try:
            os.remove("%s.%d" % (self._path, segment.number))
        except OSError:
            pass  # it is found, and counted, again


def syncs_text(syncs):
    return b"".join([struct.pack(_SYNC, *sync) for sync in syncs])


def clock_from(text):
    """A Clock that knows what another boot's did."""
    clock = Clock(False)
    starts = range(0, len(text), _SYNC_BYTES)
    clock.restore([struct.unpack(_SYNC, text[i : i + _SYNC_BYTES]) for i in starts])
    return clock


def batch_parts(batch):
    """Two buffers that batch_from() takes: where a batch's readings begin, and their text."""
    starts = batch._starts[batch.first : batch.filled + 1]
    start = starts[0] - 1
    text = memoryview(batch._buf)[start : batch._starts[batch.filled]]
    return bytes(array("H", [at - start for at in starts])), text


def batch_from(batch, count, starts, text):
    """Put `count` readings into an empty batch. False where it is too small for them."""
    if len(text) > len(batch._buf) or count + 1 > len(batch._starts):
        return False
    batch._buf[: len(text)] = text
    for i in range(count + 1):
        batch._starts[i] = starts[2 * i] | starts[2 * i + 1] << 8
    batch.first, batch.filled = 0, count
    return True
