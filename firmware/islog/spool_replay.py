"""Brings readings from flash back into memory, from which they are sent.

A record stays in flash until the server has answered for all of it; while it is loaded,
`Segment.at` and `Segment.after` are its two ends. Its readings are counted in their Segment up to
the one statement in which they begin to be counted in `store` or in the batch: an exception
before it changes nothing.
"""

from micropython import const

from . import ring
from . import spool_records as records
from .clock import Retry
from .packing import keep_given, unpack_batch, unpack_clock, unpack_readings
from .spool_segments import Segments, errno

_PATIENCE = const(5)  # newer readings wait for so many failures to read in a row, then they go
_ENOENT = const(2)
_HEAD = const(0)  # cells of a ring's `state` (steps.py)
_COUNT = const(3)
_LOST = "readings in flash are lost: %s"
_UNTIMED = "their time was never known"


class Replay(Segments):
    """Loads for the batch of `uplink`. `who` names this boot and its bucket (spool_records.py);
    `clock` is this boot's. The other arguments: see Spool."""

    def __init__(self, settings, who, clock, uplink, on_trouble):
        store = ring.Ring(settings["batch_bytes"], clock, None)
        Segments.__init__(self, settings["spool_file"], settings["spool_bytes"], store, on_trouble)
        self._who = who
        self._uplink = uplink
        self._own_clock = self.clock = clock
        self._passed = 0, 0, 0  # what the latest PASSED in flash says
        self._read_retry = Retry(60, clock)
        self._read_failures = 0  # failures to read in a row
        self._loaded = 0  # readings of the record that is loaded
        # This boot goes on after a deep sleep: its records of before that end here (file, byte).
        self._resumed = 0, 0
        # (boot, SYNCS): the latest that _fetch() has come past; and what is known of the time of
        # the boot whose record is loaded.
        self._syncs = self._known = None, None

    def _delete_oldest(self):
        if self._segments[0].after > 0:  # the batch was read from it, and goes with it
            self._uplink.drop()
        return super()._delete_oldest()

    def load(self):
        """Load the next record, unless there are readings in `store`. To be called while the batch
        is empty and the server has answered for all that was in it. Returns 0 where the oldest
        readings are in `store` now, or in the batch (a TEXT); None where flash has none to send
        now; else the milliseconds after which to call it again."""
        if not self._is_ready():
            return None
        self._uplink.begin_batch()
        if self.store.count:
            return 0
        if not self._block:
            return self._wait_ms()
        if not self._segments:
            return None
        first = self._segments[0]
        if first.after > 0:
            first.at, first.after = first.after, 0
        if self._read_retry.wait_ms():
            return self._wait_ms()
        try:
            with open(self._name(first), "rb") as f:
                found = self._fetch(first, f)
        except (OSError, MemoryError) as e:
            # Where the file alone is missing, its readings are gone. But at first the whole card
            # may be away for a while.
            if errno(e) == _ENOENT and self._read_failures > _PATIENCE:
                return int(self._delete_oldest())
            self._missed(e)
            return self._wait_ms()
        self._read_failures = 0
        self._read_retry.succeeded()
        return 0 if found else int(self._delete_oldest())  # 1 ms: again, with the next

    def skip_oldest(self):
        """Give up the oldest reading in `store`: no batch is large enough for it any more."""
        store = self.store
        at, n = store.oldest()[4], store.count - 1
        if self.earlier_boot:
            store.state[_HEAD], store.state[_COUNT], self.lost = at, n, self.lost + 1
        else:
            store.state[_HEAD], store.state[_COUNT], self.dropped = at, n, self.dropped + 1

    def _missed(self, e):
        self._read_failures += 1
        self._read_retry.failed()
        self._on_trouble("the spool cannot be read (%s): it is tried again" % e)

    def _wait_ms(self):
        # What load() returns after a failure to read: newer readings wait, but not for ever.
        return None if self._read_failures > _PATIENCE else max(1, self._read_retry.wait_ms())

    def _fetch(self, first, f):
        # Bring the next readings of the file `first` into `store` or the batch. On the way,
        # records that cannot be sent (`why`) are passed over, and their readings counted as lost
        # or dropped. False where the file has no more.
        for at, after, kind, count, size, who in records.chain(f, first.at, first.size):
            own, why = who == self._who, None
            if (first.number, at) == self._passed[:2]:
                skip = min(count, self._passed[2])
            else:
                skip = 0
            if kind == records.SYNCS:
                if not own and records.is_whole(f, at):
                    self._syncs = who, f.read(size)
            elif kind == records.PASSED:
                pass
            elif own and kind == records.TEXT and (first.number, at) >= self._resumed:
                pass  # (it is in the batch as well, and is sent from there)
            elif who[4:] != self._who[4:]:
                why = "they are for another bucket"
            elif not records.is_whole(f, at):
                why = "they are damaged"
            elif kind == records.TEXT:
                if self._take_text(first, f, after, count, size, skip, own):
                    return True
                why = "batch_bytes is too small for their batch"
            elif self._take_words(first, f, at, after, count, size, skip, who):
                return True
            else:
                why = _UNTIMED
            if not why:
                first.at = after
            elif own:
                gone = min(count - skip, first.own)
                first.own, self.dropped, first.at = first.own - gone, self.dropped + gone, after
            else:
                gone = min(count - skip, first.count)
                first.count, self.lost, first.at = first.count - gone, self.lost + gone, after
            if why:
                self._on_trouble(_LOST % why)
        return False

    def _take_text(self, first, f, after, count, size, skip, own):
        uplink, batch = self._uplink, self._uplink.batch
        found = unpack_batch(batch, f, size, count, skip)
        if found:
            entries, uplink.report_count = found
            uplink.earlier_boot, self._loaded = not own, count
            if own:
                remaining = max(0, first.own - count + skip)
                batch.filled, first.own, first.after = entries, remaining, after
            else:
                remaining = max(0, first.count - count + skip)
                batch.filled, first.count, first.after = entries, remaining, after
        return found

    def _take_words(self, first, f, at, after, count, size, skip, who):
        # False where none of the readings can be sent: their boot never knew the time, and their
        # caller gave none.
        own = who == self._who
        known = own or self._knows_time(first, f, at, who)
        store = self.store
        if size > 4 * store.size:  # batch_bytes was larger then
            store = self.store = ring.Ring(size + 15, self._own_clock, None)
        f.seek(at + records.HEAD)
        unpack_readings(f, size, store, skip)
        count -= skip
        kept = count if known else keep_given(store, count)
        # (`skip` in a later PASSED counts the kept ones alone then: too few, so that some may be
        # sent again, and none is passed over.)
        self._loaded = skip + kept
        # A new Clock for each record: where one is sent twice, its readings get the same times as
        # before, and not the `last_sent_ms` of the first time.
        clock = self._own_clock if own else unpack_clock(known and self._known[1])
        if not kept:
            return False
        self.earlier_boot, self.clock = not own, clock
        if own:
            first.own, store.state[_COUNT], first.after = first.own - count, count, after
            return True
        remaining, lost = max(0, first.count - count), count - kept
        lost_now = self.lost + lost
        first.count, store.state[_COUNT], self.lost, first.after = remaining, kept, lost_now, after
        if lost:
            self._on_trouble(_LOST % _UNTIMED)
        return True

    def _knows_time(self, first, f, at, who):
        # Put the latest SYNCS of the boot `who` into `_known`, from this file or a later one.
        # False where that boot never knew the time.
        if self._known[0] == who:
            return True
        text = self._syncs[1] if self._syncs[0] == who else None
        text = records.find_syncs(f, at, first.size, who, text)
        if first.syncs and first.syncs[0] == who:
            text = first.syncs[1]
        self._known = text and who, text
        return bool(text)
