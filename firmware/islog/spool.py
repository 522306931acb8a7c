"""Readings in flash: what the ring cannot hold while nothing can be sent, across power cuts.

`<spool_file>.<n>`, n counting up, are segments, written one after another; the oldest is deleted
once all of it was sent, or where room is needed. They hold records (records.py), each with the
name of its boot, so that boots may share a file:

    READINGS   words of the ring, and the names of their signals
    TEXT       a batch that had left the ring for the server when flash was first needed
    SYNCS      what its boot knows of the time: once in each file, and at each later sync, so that
               times are found when readings are sent, also for a boot that had none at first
    PASSED     at close(): what comes before has been sent

Readings go ring -> flash -> `store` -> batch; `clock` is that of the boot they are from. What is
in `store` and in the batch stays in flash until all of its record is settled: load() is called
then, and goes on behind it. So what is in flash is one queue, and `Segment.at` its begin. Readings
of earlier boots (`foreign`) are `lost` where their boot had no time or their bucket was another.

Flash is written once per `batch_bytes`: when a ring that cannot be sent is three quarters full,
after a sync (see above), and at close(). It takes whole blocks of `spool_bytes`. Nothing raises
for what flash does, nothing is deleted for what may pass: only the oldest for want of room, and
what a checksum proves wrong.

An exception may leave any line. A file is appended to only where it ends at the last record that
was written whole; readings count as being there from the one line on in which they leave the ring
(`filled`), and a segment that is given up is marked first.
"""

import binascii
import os
import struct

from micropython import const

from . import records
from .left import Left
from .replay import Replay
from .retry import Retry
from .segments import errno

_BLIND = const(20)  # after which a file that cannot be read is left alone by this boot
_ENOSPC = const(28)


class Spool(Replay):
    """For one bucket, sent by `uplink`. `clock` is this boot's; `trouble(sentence)` hears what is
    wrong. ConfigError: another Logger has the same files (segments.py)."""

    def __init__(self, settings, bucket_id, clock, uplink, trouble):
        self._most = settings["batch_bytes"]
        key = settings["api"], bucket_id, settings["bucket_name"]
        key = struct.pack("<I", binascii.crc32("\0".join(key).encode()))
        Replay.__init__(self, settings, os.urandom(4) + key, clock, uplink, trouble)
        self._ours = False  # this boot has had readings in flash
        self._retry = Retry(600, clock)
        self._texted = False  # at close(), the batch was written behind what is in flash
        self._look()

    def tend(self, source, stuck):
        """Write what is due, once at most: a new sync, or readings of a ring `source` that is
        nearly full and `stuck`. True where something was done."""
        if not self._is_ready() or self._retry.wait_ms():
            return False
        if not self._block:
            return not self._again.wait_ms() and self._look()
        if self._segments and self._segments[0].after < 0:
            return self._give_up()
        known = self._saved is records.latest_sync(self._live)
        if self._ours and not known and not self._is_empty():
            return self._tried(source, self._write_sync)
        if (stuck or self._segments) and source.used() * 4 > source.size * 3:
            return self._tried(source, self._move, source)
        return False

    def close(self, source):
        """Save the ring `source` and the batch; False where the latter is not in flash."""
        if not self._is_ready():
            return False
        self.rest()  # Ctrl-C may leave any of this
        if not (self._block or self._look()):
            self._leave()
            return False
        while self._waiting() and not self._holds_batch():
            if not self._tried_twice(source, self._write_batch):
                break
        while source.count and self._tried_twice(source, self._move, source):
            pass
        if not (self._waiting() or self.count):
            while self._segments:
                self._give_up()
        elif self._segments:
            self._tried_twice(source, self._write_passed)
        done = not self._waiting() or self._holds_batch()
        self._leave()
        return done

    # --- what an exception may have interrupted

    def _tried(self, source, call, *args):
        # Whether something was done, if only room was made.
        source.hold(1)
        try:
            call(*args)
            self._retry.succeeded()
            return True
        except (OSError, MemoryError) as e:
            self._retry.failed()
            self._trouble("the spool cannot be written (%s): check the free flash" % e)
            made = errno(e) == _ENOSPC and self._segments and self._segments[0].size > 0
            if made:
                self._give_up()
            return bool(made)
        finally:
            source.hold(0)

    def _tried_twice(self, *what):
        # Where there is no later.
        return self._tried(*what) or self._tried(*what)

    def _look(self):
        # Find what earlier boots have left. True where that could be seen.
        left = Left(self._path, self._misses > _BLIND)
        try:
            left.find()
        except (OSError, MemoryError) as e:
            self._missed(e)
            return False
        self._misses = 0
        self._again.succeeded()
        self._number, self._passed = left.number, left.passed
        block, lost = self._block_bytes(), self.lost + left.unread
        self._segments, self._block, self.lost = left.segments, block, lost
        if left.unread:
            self._trouble("%d files of the spool cannot be read" % left.unread)
        while self._segments and not self._segments[0].count:
            self._give_up()
        return True

    # --- to flash

    def _move(self, source):
        # Move the oldest readings of `source` to flash, at most `batch_bytes`.
        if self._is_empty() and self._waiting():
            self._write_batch()  # it is older
            return
        room, most = self._room(), self._most
        count, at, size, parts = records.pack(source, min(most, room))
        if size > room or count < source.count and room < most // 2:
            if not self._fresh(0):
                return
            count, at, size, parts = records.pack(source, min(most, self._room()))
        self._ours = True
        self._end, self._saved = self._write(records.READINGS, count, size, parts)
        source.take(at, count, self)
        self._is_ready()

    def _write(self, kind, count=0, size=0, parts=()):
        # Add a record to the last file, and before it what is new of the time. Returns where the
        # file ends then, and what it knows of the time.
        last = self._segments[-1]
        sync, entries = records.latest_sync(self._live), []
        if sync is not self._saved and kind in (records.READINGS, records.SYNCS):
            text = records.syncs_text(self._live)
            entries.append((records.SYNCS, 0, len(text), (text,)))
        if kind != records.SYNCS:
            entries.append((kind, count, size, parts))
        last.extra = size + records.SPARE  # until it is there
        return last.size + records.append(self._name(last), self._who, entries), sync

    def _write_sync(self):
        if self._room() or self._fresh(0):
            end, sync = self._write(records.SYNCS)
            last = self._segments[-1]
            last.size, last.extra, self._saved = end, 0, sync

    def _write_batch(self):
        # As the oldest there is, where flash is empty; else, at close(), behind what is there.
        parts = records.batch_parts(self._uplink.batch)
        count, size = self._waiting(), len(parts[0]) + len(parts[1])
        oldest = self._is_empty()
        if self._room() < size and not self._fresh(size + records.HEAD):
            return
        end, _ = self._write(records.TEXT, count, size, parts)
        last = self._segments[-1]
        if oldest:
            last.size, last.after, self._loaded = end, end, count
        else:
            last.size, self._texted = end, True
        last.extra = 0

    def _is_empty(self):
        return not (self._segments and (self._segments[0].size or self._segments[0].count))

    def _waiting(self):
        # How many readings are in the batch.
        return self._uplink.left

    def _holds_batch(self):
        # Whether they are in flash, too.
        return bool(self._segments and self._segments[0].after > 0) or self._texted

    def _write_passed(self):
        first = self._segments[0]
        number, at, skip = first.number, first.at, 0
        if first.after > 0:
            skip = self._loaded - self.store.count - self._waiting()
        elif (number, at) == self._passed[:2]:
            return
        if skip >= self._loaded and first.after > 0:
            at, skip = first.after, 0
        passed = number, at, skip
        if (at or skip) and passed != self._passed and (self._room() or self._fresh(0)):
            end, _ = self._write(records.PASSED, 0, 12, (struct.pack("<III", *passed),))
            last = self._segments[-1]
            last.size, last.extra, self._passed = end, 0, passed
