"""The bucket call and the batch: what is sent next, and what each answer means for it. Readings
stay in the batch until they are accepted (`sent`), or are refused each by itself (`rejected`).

    outcome        the batch is sent again             but
    ACCEPTED       what of it was not sent, at once
    BUSY           after back-off, and not before      after slow_retry, where the status has been
                   Retry-After is over                 the same for a day
    UNKNOWN        after back-off                      the same; after slow_retry as well from the
                                                       third broken answer in a row on
    FORBIDDEN      after about slow_retry
    WRONG          after about slow_retry
    BAD            the first half of it, at once       a single reading is rejected; the fourth in
                                                       a row, with nothing accepted in between, is
                                                       kept and sent after about slow_retry

The outcomes, and which status is which: transport.meaning(). `slow_retry`: a setting, minutes.
"""

import time

from micropython import const

from .clock import Retry, jitter
from .ring import STR
from .transport import ACCEPTED, BAD, BUSY, UNKNOWN

# What an exchange is for (`doing`):
BUCKET = const(1)  # create the bucket, or find that it is there
PROBE = const(2)  # the same request, to see whether the server answers, and for its Date
BATCH = const(3)
# What the last answer asks for (`condition`; 0: nothing):
FAILING = const(1)  # the request is made again after a back-off
PAUSED = const(2)  # it is made again after slow_retry
_TYPICAL_BYTES = const(120)  # of a reading in JSON: how many fill a batch, before the first one
_RETRY_AFTER_MAX_S = const(3600)
_DAY_MS = const(86400000)
# A Pico's lwIP keeps what nobody has acknowledged for 10 s after close() (extmod/modlwip.c), and a
# write for which there is no memory then waits: twice this, with heads, is what fits.
_HELD_MS = const(11000)
_HELD_BYTES = const(3000)
_LIMIT = const(3)  # broken answers in a row, or readings refused alone with nothing accepted since


class Uplink:
    """Sends readings to one bucket, as `service` (a service.Service) says. `settings` are checked
    ones; `on_trouble(sentence)` hears what went wrong; pauses are counted on `clock`."""

    def __init__(self, settings, service, clock, on_trouble):
        self._on_trouble = on_trouble
        self.transport = service.transport
        self._bucket_call, self._ingest = service.bucket_call, service.ingest
        self._batch_readings, self._gap_ms = service.batch_readings, service.gap_ms
        self.batch = service.batch(settings["batch_bytes"], service.fields)
        self._slow_ms = settings["slow_retry"] * 1000
        self._bucket_retry = Retry(settings["backoff_max"], clock)  # None: the bucket is there
        self._retry = Retry(settings["backoff_max"], clock)
        self.doing = None  # BUCKET, PROBE or BATCH while that exchange is under way
        self.sent = self.rejected = self.dropped = self.retries = 0
        # The batch is an earlier boot's: it is counted in these two, not in `sent` and `dropped`.
        self.earlier_boot = False
        self.recovered = self.lost = 0
        # The count that the latest islog.dropped has told the server; None: it is told none.
        self._reported = 0 if settings["report_dropped"] else None
        # (The first bucket call waits for a random time: boards are switched on together.)
        self._bucket_retry.pause(jitter(settings["flush_interval"] * 1000))
        self.bucket_untried = True  # no BUCKET was made yet: one is, before the first batch
        self.report_count = 0  # so many of islog's own began the batch, which are not counted
        self.answered = False  # whether the last exchange got an answer, good or not
        self.condition = 0  # FAILING, PAUSED, or 0: what the last answer asks for
        self._usual = settings["batch_bytes"] // _TYPICAL_BYTES  # so many readings fill a batch
        self._took_ms = 0  # so long the steps of the latest request have taken
        # One of the readings from Batch.first up to this number makes the server refuse a request
        # (BAD), and is searched for; at or below Batch.first: there is none.
        self._suspects = 0
        self._refusals = self._broken = 0  # what _LIMIT limits
        # The status of the latest answer, and a pause of a day that began when it was first seen
        # to fail a request, and is forgotten with another status.
        self._same_status = 0, None  # type: tuple[int, Retry | None]
        if self._gap_ms:
            self._gap = Retry(0, clock)  # the pause between the beginnings of two requests

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
        """Milliseconds until the bucket call is due; None: never, as the bucket is there."""
        return self._bucket_retry and self._bucket_retry.wait_ms()

    def wait_ms(self):
        """Milliseconds until the pause after the last batch or probe is over."""
        return self._retry.wait_ms()

    def send_now(self):
        """End the back-off: its reason is gone (the time is known now)."""
        self._retry.succeeded()

    def probe_due(self):
        """Whether PROBE is to be sent now, while the time is unknown. If so, the pause to the next
        one begins."""
        if self.bucket_wait_ms() or self._retry.wait_ms():
            return False
        self._retry.failed()
        return True

    def fills(self, count):
        """Whether `count` readings fill a batch."""
        return count >= min(self._batch_readings, self._usual)

    def start(self, what):
        """Begin the exchange BUCKET, PROBE, or BATCH (with the part of the batch that is due)."""
        call = self._bucket_call
        if what == BATCH:
            call = self._ingest + (self.batch.slice(self._part()),)
        if self._gap_ms:
            self._gap.pause(self._gap_ms)
        self._took_ms = 0
        self.transport.start(*call)
        self.doing = what
        self.bucket_untried = self.bucket_untried and what != BUCKET

    def _part(self):
        # How many readings of the batch go into the next request: half of the suspects, or all.
        suspects = self._suspects - self.batch.first
        if suspects > 0:
            return max(1, suspects // 2)
        return min(self.batch.count, self._batch_readings)

    def advance(self):
        """Do one step of the exchange that was started, and where that ends it, all that follows
        from the answer. Returns what it was (BUCKET, PROBE, BATCH), or 0: it is under way."""
        transport = self.transport
        began = time.ticks_ms()
        outcome = transport.step()
        self._took_ms += time.ticks_diff(time.ticks_ms(), began)
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
            self._back_off(self._retry, outcome, 0)
        return what

    def _bucket_answered(self, outcome):
        if outcome == ACCEPTED:
            self._bucket_retry = None
            if not self.batch.count:  # else a batch is what is in trouble
                self.condition = 0
        elif outcome in (UNKNOWN, BUSY):
            self._back_off(self._bucket_retry, outcome, 0)
        else:
            self._pause(self._bucket_retry, 0, "the bucket was")

    def _batch_answered(self, outcome):
        count = self._part()
        self.condition = FAILING if outcome != ACCEPTED else 0
        if outcome == ACCEPTED:
            self._answered_for(count)
            self._retry.succeeded()
            if self.transport.quota == b"0":  # the service allows no more in this second
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
                self._pause(self._retry, 1, "every reading was")
        elif outcome in (UNKNOWN, BUSY):
            self._back_off(self._retry, outcome, 1)
        else:
            self._pause(self._retry, 1, "the readings were")

    def give_up(self):
        """End the exchange that is under way, if any; its answer is never looked at. The batch
        stays as it is, and is sent again. A connection that is kept open is closed."""
        self.doing = None
        self.transport.close()

    def begin_batch(self):
        """Begin a new batch in the place of one that is empty."""
        self.batch.clear()
        self._suspects = self.report_count = 0

    def fill(self, store, clock, earlier_boot=False, gone=0):
        """Move the oldest readings of the ring `store` into the batch, which is empty, until it is
        full; `clock` finds their times. `gone` is how many readings were lost in all: where the
        server was told another number, the reading islog.dropped tells it this one, and goes
        first. Returns how many are in the batch; 0: the oldest is too large for it."""
        batch = self.batch
        self.begin_batch()
        self.earlier_boot = earlier_boot
        news = not earlier_boot and self._reported not in (None, gone)
        # What Clock.locate() has found holds for the ticks from `begin` on, below `end`, of the
        # period `located`.
        located = begin = end = 0
        store.pin(1)
        while store.count > 0:
            periods, ticks = store.oldest_periods(), store.oldest_ticks()
            if not begin <= ticks < end or periods != located:
                located, begin = periods, ticks
                clock.locate(periods, ticks)
                end = clock.valid_until
            # Where the clock was set back: equal times until it has caught up.
            ms = max(clock.last_sent_ms, ticks + clock.offset_ms)
            batch.set_time(clock.unix_block, ms)
            if news:
                news = False
                if batch.add(batch.signal_json("islog.dropped"), b"%d" % gone):
                    self.report_count = batch.filled = batch.filled + 1
                    self._reported = gone
            n = batch.filled
            full = batch.move(store, periods, clock)
            if batch.filled == n and not full:
                full = not self._move_other(store)
            if full:
                break
        store.pin(0)
        self._usual = batch.capacity()
        return batch.count

    def _move_other(self, store):
        # Move the oldest reading, which Batch.move() does not: a text with escapes, an int of 8
        # bytes, or one with a caller's time. False where the batch has no room for it.
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
        """Forget the batch, and count its readings as dropped, or lost. If it is on its way, that
        exchange is given up."""
        if self.doing == BATCH:
            self.give_up()
        batch = self.batch
        # If it began with an islog.dropped that was not accepted, the next batch has to tell it.
        if self.report_count and not batch.first and not self.earlier_boot and self._reported:
            self._reported = 0
        if self.earlier_boot:
            self.lost, batch.first = self.lost + self.in_batch, batch.filled
        else:
            self.dropped, batch.first = self.dropped + self.in_batch, batch.filled

    def _answered_for(self, count, rejected=False):
        # Forget the oldest `count` readings of the batch: they are accepted, or `rejected`.
        batch = self.batch
        end = batch.first + count
        n = max(end, self.report_count) - max(batch.first, self.report_count)
        if self.earlier_boot:
            if rejected:
                self.lost, batch.first = self.lost + n, end
            else:
                self.recovered, batch.first = self.recovered + n, end
        elif rejected:
            self.rejected, batch.first = self.rejected + n, end
        else:
            self.sent, batch.first = self.sent + n, end

    def _back_off(self, retry, outcome, which):
        # After BUSY or UNKNOWN: begin the pause of `retry`, and say why. `which`: 0 for the bucket
        # call, 1 for a batch. (How many readings that has is not said: as long as this lasts, it
        # is one sentence.)
        transport = self.transport
        self._broken = self._broken + 1 if transport.broken else 0
        if self._broken >= _LIMIT:
            self.condition = PAUSED
            retry.pause(self._slow_ms)
            self._on_trouble("%s again and again: perhaps accepted each time" % transport.why)
            return
        retry.failed()
        least_ms = self._took_ms  # the program gets at least as much time as this has taken
        if not self.answered and len(self.batch.buffer) > _HELD_BYTES:
            least_ms = max(least_ms, _HELD_MS)
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
        words = "%s for %s" % (transport.why, ("the bucket", "the readings")[which])
        self._on_trouble(transport.in_words(which, words) + "; kept and sent again")

    def _pause(self, retry, which, what):
        # After an answer that does not pass by itself: slow_retry, give or take a quarter.
        self.condition = PAUSED
        retry.pause(self._slow_ms * 3 // 4 + jitter(self._slow_ms // 2))
        transport = self.transport
        words = transport.why
        if not transport.unusable:
            words = transport.in_words(which, "%s refused (%s)" % (what, words))
        self._on_trouble(
            "%s; kept, and asked again in about %d s" % (words, self._slow_ms // 1000)
        )
