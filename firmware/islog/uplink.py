"""The bucket call and the batch: what is sent next, and what each answer means for it. Readings
stay in the batch until they are accepted (`sent`) or, alone and still refused, `rejected`.

    after          the batch is sent again             and
    ACCEPTED       (its other readings) at once        back-off ends
    BUSY           after back-off, or Retry-After
    UNKNOWN        after back-off                      the third broken answer running, or the
                                                       same answer for a day: minutes
    FORBIDDEN      after minutes
    WRONG          after minutes
    BAD            halved, at once                     a single one is dropped; after three with no
                                                       success between, kept: minutes
"""

from micropython import const

from .batch import Batch
from .retry import Retry, jitter
from .ring import STR
from .transport import ACCEPTED, BAD, BUSY, UNKNOWN

BUCKET = const(1)  # create the bucket, or confirm it
PROBE = const(2)  # the same call, to see whether the server answers at all
BATCH = const(3)
FAILING = const(1)  # the last request is made again after a back-off
PAUSED = const(2)  # after minutes
_TYPICAL_BYTES = const(120)  # of a reading in JSON
_RETRY_AFTER_MAX_S = const(3600)
_DAY_MS = const(86400000)
_LIMIT = const(3)  # broken answers, or single readings refused, without a success between


class Uplink:
    """Sends for one bucket, over `service` (a service.Service). `settings` are checked ones;
    `on_trouble(sentence)` hears of trouble; pauses are counted on `clock`."""

    def __init__(self, settings, service, clock, on_trouble):
        self._on_trouble = on_trouble
        self.transport = service.transport
        self._bucket_call, self._ingest = service.bucket_call, service.ingest
        self._batch_readings, self._gap_ms = service.batch_readings, service.gap_ms
        self.batch = Batch(settings["batch_bytes"], service.fields)
        self._slow_ms = settings["slow_retry"] * 1000
        self._bucket_retry = Retry(settings["backoff_max"], clock)  # None: it is confirmed
        self._retry = Retry(settings["backoff_max"], clock)
        self.doing = None  # BUCKET, PROBE or BATCH while that is under way
        self.sent = self.rejected = self.dropped = self.retries = 0
        self.earlier_boot = False  # the batch is an earlier boot's: counted in these instead
        self.recovered = self.lost = 0
        self._reported = 0 if settings["report_dropped"] else None  # by the latest islog.dropped
        self._bucket_retry.pause(jitter(settings["flush_interval"] * 1000))
        self.bucket_untried = (
            True  # no bucket call was made yet: it is made before the first batch
        )
        self.report_count = 0  # 1: the batch began with islog.dropped, which is not counted
        self.answered = False  # whether the last exchange got an answer, good or not
        self.condition = 0  # or FAILING, PAUSED: what the last answer asks for
        self._usual = settings["batch_bytes"] // _TYPICAL_BYTES  # readings that fill a batch
        self._began = 0, 0  # the uptime at which the latest request was begun
        self._suspects = 0  # up to here, counted as `filled`, one of the batch was refused
        self._refusals = self._broken = 0
        # The status of the latest answers, and a pause that is over when it is the same for a day.
        self._same_status = 0, None  # type: tuple[int, Retry | None]
        if self._gap_ms:
            self._gap = Retry(0, clock)  # over where the next request may begin

    @property
    def pending(self):
        """Readings of this boot that are in the batch."""
        return 0 if self.earlier_boot else self.in_batch

    @property
    def in_batch(self):
        """Readings that are in the batch, whichever boot they are from."""
        return self.batch.filled - max(self.batch.first, self.report_count)

    def gap_ms(self):
        """Milliseconds until the next request may begin."""
        return self._gap_ms and self._gap.wait_ms()

    def bucket_wait_ms(self):
        """Milliseconds until the bucket call is due, or None: it is confirmed."""
        return self._bucket_retry and self._bucket_retry.wait_ms()

    def wait_ms(self):
        """Milliseconds that the back-off after the last request still takes."""
        return self._retry.wait_ms()

    def send_now(self):
        """Send at once: what the back-off was for is over."""
        self._retry.succeeded()

    def probe_due(self):
        """Whether PROBE is to be sent while the time is unknown: if so, the one after that is due
        after a back-off."""
        if self.bucket_wait_ms() or self._retry.wait_ms():
            return False
        self._retry.failed()
        return True

    def fills(self, count):
        """Whether `count` readings fill a batch."""
        return count >= min(self._batch_readings, self._usual)

    def start(self, what):
        """Begin BUCKET, PROBE, or BATCH (that part of it which is due)."""
        call = self._bucket_call
        if what == BATCH:
            call = self._ingest + (self.batch.slice(self._part()),)
        if self._gap_ms:
            self._gap.pause(self._gap_ms)
        self._began = self._retry.clock.stamp()
        self.transport.start(*call)
        self.doing = what
        self.bucket_untried = self.bucket_untried and what != BUCKET

    def _part(self):
        # How many readings of the batch go into one request.
        suspects = self._suspects - self.batch.first
        if suspects > 0:
            return max(1, suspects // 2)
        return min(self.batch.count, self._batch_readings)

    def advance(self):
        """Go on with what was started; returns what that was, or 0 while it is under way."""
        transport = self.transport
        outcome = transport.step()
        if outcome is None:
            return 0
        what, self.doing = self.doing, None
        if transport.status != self._same_status[0]:
            self._same_status = transport.status, None
        self.answered = transport.status > 0 or transport.broken
        if what == BATCH:
            self._batch_answered(outcome)
        elif what == BUCKET:
            self._bucket_answered(outcome)
        elif not self.answered:
            self.condition = max(self.condition, FAILING)
            self._back_off(self._retry, outcome, 0, "the bucket")
        return what

    def _bucket_answered(self, outcome):
        if outcome == ACCEPTED:
            self._bucket_retry = None
        elif outcome in (UNKNOWN, BUSY):
            self._back_off(self._bucket_retry, outcome, 0, "the bucket")
        else:
            self._pause(self._bucket_retry, 0, "the bucket")

    def _batch_answered(self, outcome):
        count = self._part()
        self.condition = FAILING if outcome != ACCEPTED else 0
        if outcome == ACCEPTED:
            self._answered_for(count)
            self._retry.succeeded()
            if self.transport.quota == b"0":
                self._retry.pause(1000)
            self._refusals = self._broken = 0
            return
        self.retries += 1
        if outcome == BAD:
            if count > 1:
                self._suspects = self.batch.first + count
            elif self._refusals < _LIMIT:
                self._refusals += 1
                name = self.batch.oldest_signal()
                sentence = "a reading of %s was refused alone (%s) and dropped"
                sentence = sentence % (name, self.transport.why)
                self._answered_for(1, True)
                self._on_trouble(sentence)
            else:
                self._pause(self._retry, 1, "every reading")
        elif outcome in (UNKNOWN, BUSY):
            self._back_off(self._retry, outcome, 1, _readings(count))
        else:
            self._pause(self._retry, 1, _readings(count))

    def give_up(self):
        """End what is under way, whatever has left it; its answer is never heard. The batch stays
        as it is. A connection that is kept open is closed."""
        self.doing = None
        self.transport.close()

    def begin_batch(self):
        """Begin a new batch in the place of one that is empty."""
        self.batch.clear()
        self._suspects = self.report_count = 0

    def fill(self, store, clock, earlier_boot=False, gone=0):
        """Move the oldest readings of the ring `store` into the batch, which is empty, until it is
        full; `clock` finds their times. Where `gone`, a count, is news, islog.dropped goes
        first. Returns how many are in it; 0: the oldest is too large for it."""
        batch = self.batch
        self.begin_batch()
        self.earlier_boot = earlier_boot
        news = not earlier_boot and self._reported not in (None, gone)
        located = begin = end = 0  # the uptimes (located, begin) to (located, end) are located
        store.set_reading(1)
        while store.count > 0:
            periods, ticks = store.oldest_periods(), store.oldest_ticks()
            if not begin <= ticks < end or periods != located:
                located, begin = periods, ticks
                clock.locate(periods, ticks)
                end = clock.valid_until
            # A sync may have stepped back: equal times until the true one is there.
            ms = max(clock.last_sent_ms, ticks + clock.offset_ms)
            batch.set_time(clock.unix_block, ms)
            if news:
                news = False
                if batch.add(batch.signal_json("islog.dropped"), b"%d" % gone):
                    self.report_count, batch.filled = 1, 1
                    self._reported = gone
            n = batch.filled
            full = batch.move(store, periods, clock)
            if batch.filled == n and not full:
                full = not self._move_other(store)
            if full:
                break
        store.set_reading(0)
        self._usual = batch.capacity()
        return batch.count

    def _move_other(self, store):
        # A text, an int wider than a word, or a reading with a caller's time.
        signal, kind, value, epoch, after = store.oldest()
        if epoch is not None:
            from .epoch import as_text  # only for programs that give one

            epoch = as_text(epoch).encode()
        if kind != STR:
            value = str(value).lower().encode()
        done = self.batch.add(signal, value, epoch, kind == STR)
        if done:
            store.hand_over(after, 1, self.batch)
        return done

    def drop(self):
        """Forget the batch, and count that. One that is on its way is given up."""
        if self.doing == BATCH:
            self.give_up()
        batch = self.batch
        if self.report_count and not batch.first and not self.earlier_boot and self._reported:
            self._reported = 0
        if self.earlier_boot:
            self.lost, batch.first = self.lost + self.in_batch, batch.filled
        else:
            self.dropped, batch.first = self.dropped + self.in_batch, batch.filled

    def _answered_for(self, count, rejected=False):
        # The oldest `count` readings of the batch are accepted, or rejected, and forgotten.
        batch = self.batch
        end = batch.first + count
        n = end - max(batch.first, self.report_count)
        if self.earlier_boot:
            if rejected:
                self.lost, batch.first = self.lost + n, end
            else:
                self.recovered, batch.first = self.recovered + n, end
        elif rejected:
            self.rejected, batch.first = self.rejected + n, end
        else:
            self.sent, batch.first = self.sent + n, end

    def _back_off(self, retry, outcome, which, what):
        transport = self.transport
        self._broken = self._broken + 1 if transport.broken else 0
        if self._broken >= _LIMIT:
            self.condition = PAUSED
            retry.pause(self._slow_ms)
            self._on_trouble(
                "%s again and again for %s: perhaps accepted each time" % (transport.why, what)
            )
            return
        retry.failed()
        least_ms = retry.clock.age_ms(*self._began)  # no shorter than what failed has taken
        status, day = self._same_status
        if status and not day:
            day = Retry(0, retry.clock)
            day.pause(_DAY_MS)
            self._same_status = status, day
        elif status and not day.wait_ms():
            least_ms = max(least_ms, self._slow_ms)
        if outcome == BUSY and transport.retry_after and transport.retry_after.isdigit():
            after_s = min(int(transport.retry_after), _RETRY_AFTER_MAX_S)
            least_ms = max(least_ms, after_s * 1000)
        retry.pause(max(least_ms, retry.wait_ms()))
        words = transport.in_words(which, "%s for %s" % (transport.why, what))
        self._on_trouble(words + "; kept and sent again")

    def _pause(self, retry, which, what):
        self.condition = PAUSED
        retry.pause(self._slow_ms * 3 // 4 + jitter(self._slow_ms // 2))
        transport = self.transport
        words = transport.why
        if not transport.unusable:
            words = transport.in_words(which, "%s was refused (%s)" % (what, words))
        self._on_trouble(
            "%s; kept, and asked again in about %d s" % (words, self._slow_ms // 1000)
        )


def _readings(count):
    return "%d readings" % count if count > 1 else "a reading"
