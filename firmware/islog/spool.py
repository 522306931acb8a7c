"""Readings in flash: what the ring cannot hold while nothing can be sent, across power cuts.

Its files, `<spool_file>.<n>` with n counting up, are called segments. They are written one after
another; the oldest is deleted once all of it was sent, or where room is needed. They hold records
(spool_records.py), each with a random name of the boot that wrote it, as a boot goes on in the
file of the one before:

    READINGS   words of the ring, and the names of their signals
    TEXT       a batch that had left the ring for the server when flash was first needed
    SYNCS      what its boot knows of the time (Clock.syncs): once in each file, and after each
               later sync. READINGS have uptimes only; their times are found when they are sent,
               also those of a boot that did not know the time when it wrote them
    PASSED     written at close(): how far the sending has come (file, byte, readings)

What is in flash is one queue; it begins at `Segment.at` of the oldest file. Readings go ring ->
flash -> `store` (a small ring) -> batch. load() brings one record into `store`, with the `clock`
of its boot; the record stays in flash until the server has answered for all of it, and the next
load() goes on behind it. Readings of an earlier boot are `lost` where that boot never knew the
time and the program gave them none, or where they are for another bucket than this boot's.

Flash is written once per `batch_bytes`: when a ring that cannot be sent is three quarters full,
after a sync, and at close(). What counts against `spool_bytes` is whole blocks of the file system.
A failure of the flash raises nothing, and deletes nothing, for it may pass. Readings are given up
only where room is needed (the oldest), and where a record's checksum is wrong.

An exception (Ctrl-C, no memory) may end a call at any line. So a file is appended to only if it
ends where its last whole record ends; readings count as being in flash from the line on in which
they leave the ring (Segments.filled); and a file that is to be deleted is marked before anything
else of it changes.
"""

import struct

from micropython import const

from . import spool_records as records
from .clock import Retry
from .packing import pack_batch, pack_readings, pack_syncs
from .spool_recovery import Recovery
from .spool_replay import Replay
from .spool_segments import errno

_BLIND = const(20)  # after so many failures to read in a row, unreadable files are left out
_ENOSPC = const(28)


class Spool(Replay):
    """Keeps readings of one bucket in flash until `uplink` has sent them. `who` names the boot and
    that bucket, `clock` is the boot's; `on_trouble(sentence)` hears what is wrong. `has_saved` is
    None, or, where the boot goes on after a deep sleep, what has_saved() was then. ConfigError:
    another Logger has the same files (spool_segments.py)."""

    def __init__(self, settings, who, clock, uplink, on_trouble, has_saved=None):
        self._most = settings["batch_bytes"]  # bytes of a READINGS record
        Replay.__init__(self, settings, who, clock, uplink, on_trouble)
        self._resumes = has_saved is not None
        self._has_written = False  # this boot has put readings into flash
        self._write_retry = Retry(600, clock)
        self._batch_behind = False  # at close(), the batch was written behind what is in flash
        if self._find_files() and has_saved:
            self._saved = self._latest_sync()

    def write_due(self, source, stuck):
        """Do one write that is due: a new sync, or the oldest readings of the ring `source`, where
        that is nearly full and `stuck` (nothing can be sent). True where something was done."""
        if not self._is_ready() or self._write_retry.wait_ms():
            return False
        if not self._block:  # the folder could not be listed so far
            return not self._read_retry.wait_ms() and self._find_files()
        if self._segments and self._segments[0].after < 0:  # an exception ended its deletion
            return self._delete_oldest()
        if self._has_written and not self.has_saved() and not self._is_empty():
            return self._tried(source, self._write_sync)
        if (stuck or self._segments) and source.used() * 4 > source.size * 3:
            return self._tried(source, self._move, source)
        return False

    def has_saved(self):
        """Whether the last file has the clock's latest sync."""
        return self._saved is self._latest_sync()

    def close(self, source, fits=None):
        """Write the batch and the ring `source` to flash, of that only what is too much, where a
        function `fits` tells when it is not. False where the batch is not there."""
        if not self._is_ready():
            return False
        self.release()  # now, as Ctrl-C may end this at any line
        if not (self._block or self._find_files()):
            self._leave()
            return False
        while self._waiting() and not self._holds_batch():
            if not self._tried_twice(source, self._write_batch):
                break
        while source.count and not (fits and fits()):
            if not self._tried_twice(source, self._move, source):
                break
        if not (self._waiting() or self.count):
            while self._segments:
                self._delete_oldest()
        elif self._segments:
            self._tried_twice(source, self._write_passed)
        done = not self._waiting() or self._holds_batch()
        self._leave()
        return done

    # --- what may fail, or be interrupted

    def _tried(self, source, call, *args):
        # Make one call that writes the ring `source`. True where that was done, or at least a full
        # flash has got room by the deletion of the oldest file.
        source.pin(1)
        try:
            call(*args)
            self._write_retry.succeeded()
            return True
        except (OSError, MemoryError) as e:
            self._write_retry.failed()
            self._on_trouble("the spool cannot be written (%s): check the free flash" % e)
            made = errno(e) == _ENOSPC and self._segments and self._segments[0].size > 0
            if made:
                self._delete_oldest()
            return bool(made)
        finally:
            source.pin(0)

    def _tried_twice(self, *what):
        # For close(), which has no later poll() to try again: a first failure may have made room.
        return self._tried(*what) or self._tried(*what)

    def _find_files(self):
        # Find what earlier boots have left in flash. False where the folder or a file cannot be
        # read now.
        own = self._who if self._resumes else None
        found = Recovery(self._path, self._read_failures > _BLIND, own)
        try:
            found.find()
        except (OSError, MemoryError) as e:
            self._missed(e)
            return False
        self._read_failures = 0
        self._read_retry.succeeded()
        self._number, self._passed = found.number, found.passed
        block, lost = self._block_bytes(), self.lost + found.unread
        self._segments, self._block, self.lost = found.segments, block, lost
        if found.unread:
            self._on_trouble("files of the spool that cannot be read: %d" % found.unread)
        while self._segments and not (self._segments[0].count or self._segments[0].own):
            self._delete_oldest()
        if self._segments and own:
            self._resumed = self._segments[-1].number, self._segments[-1].size
            self._has_written = self.own > 0
        return True

    # --- to flash

    def _move(self, source):
        # Move the oldest readings of `source` to flash, at most `batch_bytes`.
        if self._is_empty() and self._waiting():
            self._write_batch()  # it left the ring before these, so it comes first in flash
            return
        room, most = self._room(), self._most
        count, at, size, parts = pack_readings(source, min(most, room))
        if size > room or count < source.count and room < most // 2:
            if not self._begin_file(0):
                return
            count, at, size, parts = pack_readings(source, min(most, self._room()))
        self._has_written = True
        self._end, self._saved = self._write(records.READINGS, count, size, parts)
        source.hand_over(at, count, self)  # from here on they are in flash: `filled` counts them
        self._is_ready()  # moves that count to the file's own

    def _write(self, kind, count=0, size=0, parts=()):
        # Append a record to the last file, and before it SYNCS where the clock has a sync that
        # this file does not have. Returns (where the file ends then, the latest sync that is in
        # it).
        last = self._segments[-1]
        sync, entries = self._latest_sync(), []
        if sync is not self._saved and kind in (records.READINGS, records.SYNCS):
            text = pack_syncs(self._own_clock)
            entries.append((records.SYNCS, 0, len(text), (text,)))
        if kind != records.SYNCS:
            entries.append((kind, count, size, parts))
        last.extra = size + records.SPARE  # set to 0 when all of it was written
        return last.size + records.append(self._name(last), self._who, entries), sync

    def _write_sync(self):
        if self._room() or self._begin_file(0):
            end, sync = self._write(records.SYNCS)
            last = self._segments[-1]
            last.size, last.extra, self._saved = end, 0, sync

    def _write_batch(self):
        # Where flash is empty, the batch becomes the oldest record, as if it had been loaded from
        # there. Else (at close() only) it is written behind what is there.
        parts = pack_batch(self._uplink.batch)
        count, size = self._waiting(), len(parts[0]) + len(parts[1])
        oldest = self._is_empty()
        if self._room() < size and not self._begin_file(size + records.HEAD):
            return
        end, _ = self._write(records.TEXT, count, size, parts)
        last = self._segments[-1]
        if oldest:
            last.size, last.after, self._loaded = end, end, count
        else:
            last.size, self._batch_behind = end, True
        last.extra = 0

    def _latest_sync(self):
        # The clock's latest sync, None before the first; compared with `is` to see a new one.
        syncs = self._own_clock.syncs
        return syncs[-1] if syncs else None

    def _is_empty(self):
        return not (self._segments and (self._segments[0].size or self._segments[0].count))

    def _waiting(self):
        # How many readings are in the batch.
        return self._uplink.in_batch

    def _holds_batch(self):
        # Whether the readings in the batch are in flash as well.
        return bool(self._segments and self._segments[0].after > 0) or self._batch_behind

    def _write_passed(self):
        # Note how far the sending has come: the file, the byte at which its next record begins,
        # and how many readings of that record the server has answered for (`skip`).
        first = self._segments[0]
        number, at, skip = first.number, first.at, 0
        if first.after > 0:
            skip = self._loaded - self.store.count - self._waiting()
        elif (number, at) == self._passed[:2]:
            return
        if skip >= self._loaded and first.after > 0:
            at, skip = first.after, 0
        passed = number, at, skip
        if (at or skip) and passed != self._passed and (self._room() or self._begin_file(0)):
            end, _ = self._write(records.PASSED, 0, 12, (struct.pack("<III", *passed),))
            last = self._segments[-1]
            last.size, last.extra, self._passed = end, 0, passed
