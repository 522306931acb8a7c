"""Readings in flash: what the ring cannot hold while nothing can be sent, across power cuts.

`<spool_file>.<n>`, n counting up, are segments: one boot's each, written to their end and then
left alone, the oldest deleted first. A segment begins with a BOOT record and SYNCS; each later
sync of that boot adds SYNCS, so that times are found when readings are sent, also for a boot that
had no time when it wrote them. READINGS are words of the ring and the names of their signals. A
clean end adds CLOSED: where to go on, and the batch that had left the ring and was not accepted.

Readings go ring -> flash -> `store` -> batch. What is in `store` is the oldest of flash, and
`clock` its boot's; both are what Uplink.fill() takes. Its record stays in flash until load() is
called with all of it settled. Readings of earlier boots (`foreign`) are `lost` where their boot
had no time or their bucket was another: left.py looks for them at start-up.

Flash is written once per `batch_bytes`: when a ring that cannot be sent is three quarters full,
after a sync (see above), and at close(). Nothing raises for what flash does.
"""

import hashlib
import os
import struct

from micropython import const

from . import records, ring
from .left import Left, Segment, batch_from, batch_parts, clock_from, syncs_text
from .retry import Retry

_SEGMENTS = const(8)
_SLACK = const(256)  # bytes for what goes before a record


class Spool:
    """For one bucket. `clock` is this boot's; `trouble(sentence)` hears what is wrong."""

    def __init__(self, settings, bucket_id, clock, trouble):
        key = settings["api"], bucket_id, settings["bucket_name"]
        key = hashlib.sha256("\0".join(key).encode()).digest()[:8]
        self._path, self._bytes = settings["spool_file"], settings["spool_bytes"]
        self._most = settings["batch_bytes"]
        self._trouble = trouble
        self._boot = os.urandom(4) + key
        self._live = self.clock = clock
        self._saved = None  # the latest sync of the live clock that is in the last segment
        self._open = self._again = False  # the last segment is this boot's, and sound; was not
        self._retry = Retry(600, clock)
        self.store = ring.Ring(self._most, clock, None)
        self.foreign = False  # what is in `store` is an earlier boot's
        self._loaded = self._after = 0  # readings that it has, and where the next begins
        left = Left(self._path, key)
        try:
            left.find()
        except (OSError, MemoryError) as e:
            trouble("the spool cannot be read (%s): check spool_file" % e)
        self._segments = left.segments
        self._at, self._skip = left.at, left.skip  # its next record in the first; readings to skip
        self._syncs = left.syncs  # by boot: the latest of an earlier boot's SYNCS
        self._number = left.number
        self._closed = left.closed
        self.lost = left.lost  # readings given up, of earlier boots
        self.dropped = 0  # the same, of this one
        if self.lost:
            trouble("%d readings of an earlier start are lost: %s" % (self.lost, left.why))

    @property
    def count(self):
        """Readings that are in flash and in no batch."""
        return sum([s.filled for s in self._segments]) + self.store.count

    @property
    def own(self):
        """Those that are this boot's."""
        count = sum([s.filled for s in self._segments if not s.boot])
        return count if self.foreign else count + self.store.count

    def tend(self, source, stuck):
        """Write what is due, once at most: a new sync, or readings of a ring `source` that is
        nearly full and `stuck`. True where something was."""
        if self._retry.wait_ms():
            return False
        syncs = self._live._syncs
        if self._open and syncs and syncs[-1] is not self._saved:
            return self._tried(source, self._write, None, 0, 0, ())
        if (stuck or self._segments) and source.used() * 4 > source.size * 3:
            return self._tried(source, self._save, source)
        return False

    def _tried(self, source, call, *args):
        source.hold(1)
        try:
            call(*args)
            self._retry.succeeded()
            return True
        except (OSError, MemoryError) as e:
            self._open, self._again = False, True  # its end may be torn
            self._retry.failed()
            self._trouble("the spool cannot be written (%s): check the free flash" % e)
        finally:
            source.hold(0)
        return False

    def _save(self, source):
        # Move the oldest readings of `source` to flash, at most `batch_bytes`.
        words = source.words
        view = memoryview(words)
        names = bytearray(1)
        known = set()
        left = self._most - 1
        n, at = 0, source.head
        begin, end = at, None  # the first piece; a second one begins at 0
        while n < source.count:
            bits = words[at + 1]
            size = ring.words_of(bits)
            i = bits >> 10 & 0x7F
            name = b"" if i in known else source.signals[i]
            left -= 4 * size + (len(name) + 3 if name else 0)
            if left < 0:
                break
            if name:
                known.add(i)
                names.extend(struct.pack("<BH", i, len(name)))
                names.extend(name)
            n += 1
            at += size
            if at >= source.size:
                # A number's value lies behind the end, where its header is in the last cell.
                is_over = bits & ring.STR != ring.STR and at - size == source.size - 2
                restart = 2 if is_over else 0
                end = source.size + restart
                at -= source.size
        names[0] = len(known)
        if end is None:
            end, restart, stop = at, 0, 0
        else:
            stop = at
        parts = names, view[begin:end], view[restart:stop]
        size = len(names) + 4 * (len(parts[1]) + len(parts[2]))
        self._write(records.READINGS, n, size, parts)
        source.take(at, n, self._segments[-1])

    def _write(self, kind, count, size, parts):
        # Add a record behind what has to go before it: the start of a segment, or a new sync.
        entries = []
        total = sum([s.size for s in self._segments])
        if self._open and self._segments[-1].size + size > self._bytes // _SEGMENTS:
            self._open = False
        while self._segments and total + size + _SLACK > self._bytes:
            total -= self._segments[0].size
            self._give_up()
        if not self._open:
            self._segments.append(Segment(self._number, None))
            self._number += 1
            self._open, self._saved = True, None
            entries.append((records.BOOT, int(self._again), len(self._boot), (self._boot,)))
        syncs = self._live._syncs
        if syncs and syncs[-1] is not self._saved:
            text = syncs_text(syncs)
            entries.append((records.SYNCS, 0, len(text), (text,)))
        if kind == records.CLOSED:
            skip = self._skip + self._loaded - self.store.count
            parts = (struct.pack("<III", self._segments[0].number, self._at, skip),) + parts
            size += 12
        if kind:
            entries.append((kind, count, size, parts))
        segment = self._segments[-1]
        segment.size += records.append(self._name(segment), entries)
        self._saved, self._again = syncs[-1] if syncs else None, False

    def restore(self, batch):
        """Put the batch that an earlier boot left into `batch`; False where there is none."""
        closed, self._closed = self._closed, None
        if closed and not batch_from(batch, *closed):
            self.lost += closed[0]
        return closed is not None

    def load(self):
        """Have the oldest in `store`; all taken from it is settled. False: there are none."""
        while not self.store.count:
            if self._loaded:
                self._at = self._after
                self._loaded = 0
            if not self._segments:
                return False
            try:
                found = self._fetch(self._segments[0])
            except (OSError, MemoryError) as e:
                self._trouble("the spool cannot be read (%s): check the flash" % e)
                found = False
            if not found:
                self._give_up()
        return True

    def _fetch(self, segment):
        # Bring its next readings into `store`; False where there are no more.
        with open(self._name(segment), "rb") as f:
            while True:
                found = self._at < segment.size and records.head(f, self._at)
                if not found or not records.is_whole(f, self._at):
                    return False
                kind, count, size = found
                self._after = self._at + records.HEAD + size
                if kind == records.READINGS:
                    break
                self._at = self._after
            store = self.store
            if size > 4 * store.size:  # batch_bytes was larger then
                store = self.store = ring.Ring(size, self._live, None)
            store.signals = [None] * 128
            for _ in range(f.read(1)[0]):
                i, length = struct.unpack("<BH", f.read(3))
                store.signals[i] = f.read(length)
                size -= 3 + length
            f.readinto(memoryview(store.words)[: size // 4])
        self.foreign = bool(segment.boot)
        self.clock = clock_from(self._syncs[segment.boot]) if segment.boot else self._live
        segment.filled -= count - self._skip
        self._loaded = count
        store.state[ring.HEAD], store.state[ring.COUNT] = 0, count
        for _ in range(min(self._skip, count)):
            at, n = store.look()[4], store.count - 1
            store.state[ring.HEAD], store.state[ring.COUNT] = at, n
        self._skip = 0
        return True

    def _give_up(self):
        # Delete the oldest segment, and count what of it was not sent.
        segment = self._segments.pop(0)
        gone = segment.filled + self.store.count
        self.store.state[ring.COUNT] = 0
        self._at = self._skip = self._loaded = 0
        self.lost += gone if segment.boot else 0
        self.dropped += 0 if segment.boot else gone
        if gone:
            self._trouble("%d readings in flash are lost: the spool is full, or damaged" % gone)
        self._open = self._open and bool(self._segments)
        try:
            os.remove(self._name(segment))
        except OSError as e:
            self._trouble("the spool cannot be deleted (%s): check the flash" % e)

    def close(self, source, batch):
        """Save the ring `source` and the text of `batch`; False where the latter did not work."""
        while source.count and self._tried(source, self._save, source):
            pass
        if batch.count or self.count:
            parts = batch_parts(batch)
            size = len(parts[0]) + len(parts[1])
            return self._tried(source, self._write, records.CLOSED, batch.count, size, parts)
        while self._segments:
            self._give_up()
        return True

    def _name(self, segment):
        return "%s.%d" % (self._path, segment.number)
