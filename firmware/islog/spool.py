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

from . import records, ring
from .left import Left
from .retry import Retry
from .segments import Segments, errno

_PATIENCE = const(5)  # failures to read for which what is newer waits
_BLIND = const(20)  # after which a file that cannot be read is left alone by this boot
_ENOENT = const(2)
_ENOSPC = const(28)


class Spool(Segments):
    """For one bucket, sent by `uplink`. `clock` is this boot's; `trouble(sentence)` hears what is
    wrong. ConfigError: another Logger, not closed, has used the same files within a minute."""

    def __init__(self, settings, bucket_id, clock, uplink, trouble):
        self._most = settings["batch_bytes"]
        store = ring.Ring(self._most, clock, None)
        Segments.__init__(self, settings["spool_file"], settings["spool_bytes"], store, trouble)
        key = settings["api"], bucket_id, settings["bucket_name"]
        key = struct.pack("<I", binascii.crc32("\0".join(key).encode()))
        self._who = os.urandom(4) + key
        self._uplink = uplink
        self._live = self.clock = clock
        self._passed = 0, 0, 0  # what PASSED would say, where it need not be written
        self._ours = False  # this boot has had readings in flash
        self._retry, self._again = Retry(600, clock), Retry(60, clock)  # to write; to read
        self._misses = 0  # failures to read, one after another
        self._loaded = 0  # readings of the record that is loaded
        self._texted = False  # at close(), the batch was written behind what is in flash
        self._syncs = self._known = None, None  # (who, SYNCS): passed over; the latest
        self._look()
        self._enter()

    def tend(self, source, stuck):
        """Write what is due, once at most: a new sync, or readings of a ring `source` that is
        nearly full and `stuck`. True where something was done."""
        if not self._is_ready() or self._retry.wait_ms():
            return False
        if not self._block:
            return not self._again.wait_ms() and self._look()
        if self._segments and self._segments[0].after < 0:
            return self._give_up()
        if self._segments and self._ours and self._saved is not records.latest_sync(self._live):
            return self._tried(source, self._write_sync)
        if (stuck or self._segments) and source.used() * 4 > source.size * 3:
            return self._tried(source, self._move, source)
        return False

    def load(self):
        """To be called with an empty batch, all taken from `store` being settled. 0: the oldest
        is in `store`, or in the batch; None: there is none to be sent now; else the milliseconds
        after which to ask again."""
        if not self._is_ready():
            return None
        self._uplink.batch.clear()  # of what an exception has left there
        self._uplink.marker = 0
        if self.store.count:
            return 0
        if not self._block:
            return self._wait_ms()
        if not self._segments:
            return None
        first = self._segments[0]
        if first.after > 0:
            first.at, first.after = first.after, 0
        if self._again.wait_ms():
            return self._wait_ms()
        try:
            with open(self._name(first), "rb") as f:
                found = self._fetch(first, f)
        except (OSError, MemoryError) as e:
            # A file that is not there is gone, unless all of the card is, for a while.
            if errno(e) == _ENOENT and self._misses > _PATIENCE:
                return int(self._give_up())
            self._missed(e)
            return self._wait_ms()
        self._misses = 0
        self._again.succeeded()
        return 0 if found else int(self._give_up())

    def close(self, source):
        """Save the ring `source` and the batch; False where the latter is not in flash."""
        if not self._is_ready():
            return False
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

    def _missed(self, e):
        self._misses += 1
        self._again.failed()
        self._trouble("the spool cannot be read (%s): it is tried again" % e)

    def _wait_ms(self):
        # What is newer waits for the oldest, but not for ever.
        return None if self._misses > _PATIENCE else max(1, self._again.wait_ms())

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
        return last.size + records.append(self._name(last), self._who, entries), sync

    def _write_sync(self):
        if self._room() or self._fresh(0):
            end, sync = self._write(records.SYNCS)
            self._segments[-1].size, self._saved = end, sync

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
            self._segments[-1].size, self._passed = end, passed

    # --- from flash

    def _fetch(self, first, f):
        # Bring its next readings into `store` or the batch; False where there are no more.
        for at, after, kind, count, size, who in records.chain(f, first.at, first.size):
            own, why = who == self._who, None
            if (first.number, at) == self._passed[:2]:
                skip = min(count, self._passed[2])
            else:
                skip = 0
            if kind == records.SYNCS:
                if not own and records.is_whole(f, at):
                    self._syncs = who, f.read(size)
            elif kind == records.PASSED or own and kind == records.TEXT:
                pass
            elif who[4:] != self._who[4:]:
                why = "they are for another bucket"
            elif not records.is_whole(f, at):
                why = "they are damaged"
            elif kind == records.TEXT:
                if self._take_text(first, f, after, count, size, skip):
                    return True
                why = "batch_bytes is too small for their batch"
            elif own or self._knows_time(first, f, at, who):
                self._take_words(first, f, at, after, count, size, skip, own)
                return True
            else:
                why = "their time was never known"
            if not why:
                first.at = after
            elif own:
                gone = min(count, first.own)
                first.own, self.dropped, first.at = first.own - gone, self.dropped + gone, after
            else:
                gone = min(count - skip, first.count)
                first.count, self.lost, first.at = first.count - gone, self.lost + gone, after
            if why:
                self._trouble("%d readings in flash are lost: %s" % (gone, why))
        return False

    def _take_text(self, first, f, after, count, size, skip):
        uplink, batch = self._uplink, self._uplink.batch
        found = records.batch_from(batch, f, size, count, skip)
        if found:
            entries, uplink.marker = found
            uplink.foreign, self._loaded = True, count
            left = max(0, first.count - count + skip)
            batch.filled, first.count, first.after = entries, left, after
        return found

    def _take_words(self, first, f, at, after, count, size, skip, own):
        store = self.store
        if size > 4 * store.size:  # batch_bytes was larger then
            store = self.store = ring.Ring(size + 15, self._live, None)
        f.seek(at + records.HEAD)
        records.unpack(f, size, store, skip)
        self._loaded = count
        # A new one each time: what comes twice has its own times twice, without a floor.
        clock = self._live if own else records.clock_from(self._known[1])
        self.foreign, self.clock = not own, clock
        count -= skip
        state = store.state
        if own:
            first.own, state[ring.COUNT], first.after = first.own - count, count, after
        else:
            left = max(0, first.count - count)
            first.count, state[ring.COUNT], first.after = left, count, after

    def _knows_time(self, first, f, at, who):
        # Have the latest SYNCS of the boot `who` in `_known`; False where it never knew the time.
        if self._known[0] == who:
            return True
        text = self._syncs[1] if self._syncs[0] == who else None
        text = records.find_syncs(f, at, first.size, who, text)
        if first.syncs and first.syncs[0] == who:
            text = first.syncs[1]
        self._known = text and who, text
        return bool(text)
