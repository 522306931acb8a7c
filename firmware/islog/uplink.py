"""The bucket call and the batch: what is sent next, and what each answer means for it. Readings
stay in the batch until they are accepted (`sent`) or, alone and still refused, `rejected`.

    after          the batch is sent again             and
    ACCEPTED       (what is left) at once              back-off ends
    BUSY           after back-off, or Retry-After
    UNKNOWN        after back-off                      the third broken answer running, or the
                                                       same answer for a day: minutes
    FORBIDDEN      after minutes
    WRONG          after minutes
    BAD            halved, at once                     a single one is dropped; after three with no
                                                       success between, kept: minutes
"""

from micropython import const

from . import payload, ring, transport
from .retry import Retry, jitter

BUCKET = const(1)  # create the bucket, or confirm it
REACH = const(2)  # the same call, to see whether the server answers at all
BATCH = const(3)
FAILING = const(1)  # sent again after a back-off
REFUSED = const(2)  # after minutes
_RETRY_AFTER_MAX_S = const(3600)
_DAY_MS = const(86400000)
_LIMIT = const(3)  # broken answers, or single readings refused, without a success between


class Uplink:
    """Sends for one bucket. `settings` are checked ones; `plan`: service.plan() from its
    second on; `say(sentence)` hears of trouble; pauses are counted on `clock`."""

    def __init__(self, settings, plan, say, clock):
        self._say = say
        self.answer, self._bucket, self._batches, fields, self._most, self._gap_ms = plan
        self.batch = payload.Batch(settings["batch_bytes"], fields)
        self._slow_ms = settings["slow_retry"] * 1000
        self.flush_ms = settings["flush_interval"] * 1000
        self.bucket_retry = Retry(settings["backoff_max"], clock)  # None: the bucket is confirmed
        self.retry = Retry(settings["backoff_max"], clock)
        self.doing = None  # BUCKET, REACH or BATCH while that is under way
        self.sent = self.rejected = self.dropped = self.retries = 0
        self.foreign = False  # the batch is an earlier boot's: counted in these instead
        self.recovered = self.lost = 0
        self._reported = 0 if settings["report_dropped"] else None  # by the latest islog.dropped
        self.bucket_retry.pause(jitter(self.flush_ms))
        self.fresh = True  # the bucket call was not made yet: where a batch is due, it comes first
        self.marker = 0  # 1: the batch began with islog.dropped, which counts as nothing
        self.answered = False  # whether the last exchange got an answer, good or not
        self.trouble = 0  # or FAILING, REFUSED: what the last answer asks for
        self.per_batch = settings["batch_bytes"] // 120  # then what the last batch was like
        self._suspects = 0  # up to here, counted as `filled`, one of the batch was refused
        self._refused_alone = self._broken = 0
        # The status of the latest answers, and a pause that is over when it is the same for a day.
        self._same = 0, None  # type: tuple[int, Retry | None]
        if self._gap_ms:
            self._pace = Retry(0, clock)  # over where the next request may begin

    @property
    def pending(self):
        """Readings of this boot that are in the batch."""
        return 0 if self.foreign else self.left

    @property
    def left(self):
        """Readings that are in the batch, whoever's they are."""
        return self.batch.filled - max(self.batch.first, self.marker)

    def unproven(self):
        """Whether TLS leads to nobody knows whom."""
        return self._batches[0].startswith("https:") and not self.answer.verifies

    def gap_ms(self):
        """Milliseconds until the next request may begin."""
        return self._gap_ms and self._pace.wait_ms()

    def bucket_wait_ms(self):
        """Milliseconds until the bucket call is due, or None: it is confirmed."""
        return self.bucket_retry and self.bucket_retry.wait_ms()

    def due(self, count):
        """Whether `count` readings fill a batch."""
        return count >= min(self._most, self.per_batch)

    def start(self, what):
        """Begin BUCKET, REACH, or BATCH (that part of it which is due)."""
        call = self._bucket
        if what == BATCH:
            call = self._batches + (self.batch.slice(self._part()),)
        if self._gap_ms:
            self._pace.pause(self._gap_ms)
        self.answer.start(*call)
        self.doing = what
        self.fresh = self.fresh and what != BUCKET

    def _part(self):
        # How many readings of the batch go into one request.
        suspects = self._suspects - self.batch.first
        if suspects > 0:
            return max(1, suspects // 2)
        return min(self.batch.count, self._most)

    def advance(self):
        """Go on with what was started; returns what that was, or 0 while it is under way."""
        answer = self.answer
        outcome = answer.step()
        if outcome is None:
            return 0
        what, self.doing = self.doing, None
        if answer.status != self._same[0]:
            self._same = answer.status, None
        self.answered = answer.status > 0 or answer.broken
        if what == BATCH:
            self._batch_answered(outcome)
        elif what == BUCKET:
            self._bucket_answered(outcome)
        elif not self.answered:
            self.trouble = max(self.trouble, FAILING)
            self._back_off(self.retry, outcome, 0, "the bucket")
        return what

    def _bucket_answered(self, outcome):
        if outcome == transport.ACCEPTED:
            self.bucket_retry = None
        elif outcome in (transport.UNKNOWN, transport.BUSY):
            self._back_off(self.bucket_retry, outcome, 0, "the bucket")
        else:
            self._slow(self.bucket_retry, 0, "the bucket")

    def _batch_answered(self, outcome):
        count = self._part()
        self.trouble = FAILING if outcome != transport.ACCEPTED else 0
        if outcome == transport.ACCEPTED:
            self._count_sent(count)
            self.retry.succeeded()
            if self.answer.remaining == b"0":
                self.retry.pause(1000)
            self._refused_alone = self._broken = 0
            return
        self.retries += 1
        if outcome == transport.BAD:
            if count > 1:
                self._suspects = self.batch.first + count
            elif self._refused_alone < _LIMIT:
                self._refused_alone += 1
                name = self.batch.signal()
                sentence = "a reading of %s was refused alone (%s) and dropped"
                sentence = sentence % (name, self.answer.why)
                self._count_rejected()
                self._say(sentence)
            else:
                self._slow(self.retry, 1, "every reading")
        elif outcome in (transport.UNKNOWN, transport.BUSY):
            self._back_off(self.retry, outcome, 1, _readings(count))
        else:
            self._slow(self.retry, 1, _readings(count))

    def give_up(self):
        """End what is under way, whatever has left it; its answer is never heard. The batch stays
        as it is. A connection that is kept open is closed."""
        self.doing = None
        self.answer.close()

    def renew(self):
        """Begin a new batch in the place of one that is empty."""
        self.batch.clear()
        self._suspects = self.marker = 0

    def fill(self, store, clock, foreign=False, gone=0):
        """Move the oldest readings of the ring `store` into the batch, which is empty, until it is
        full; their times are settled by `clock`. Where `gone`, a count, is news, islog.dropped
        goes first."""
        batch, words = self.batch, store.words
        self.renew()
        self.foreign = foreign
        news = not foreign and self._reported not in (None, gone)
        hi = lo = until = 0  # the uptimes (hi, lo) to (hi, until) are settled
        store.hold(1)
        while store.count > 0:
            at = store.head
            bits = words[at + 1]
            if not lo <= words[at] < until or bits & 0x3FF != hi:
                hi = bits & 0x3FF
                lo = words[at]
                clock.settle(hi, lo)
                until = clock.until
            # A sync may have stepped back: equal times until the true one is there.
            ms = max(clock.floor, words[at] + clock.shift)
            batch.set_time(clock.mega, ms)
            if news:
                news = False
                if batch.other(batch.name("islog.dropped"), b"%d" % gone):
                    self.marker, batch.filled = 1, 1
                    self._reported = gone
            n = batch.filled
            full = batch.readings(store, hi, clock)
            if batch.filled == n and not full:
                full = not self._fill_other(store)
            if full:
                if batch.filled:
                    break
                # It was in flash, when batch_bytes was larger.
                at, n = store.look()[4], store.count - 1
                if foreign:
                    store.head, store.count, self.lost = at, n, self.lost + 1
                else:
                    store.head, store.count, self.dropped = at, n, self.dropped + 1
        store.hold(0)
        self.per_batch = batch.capacity()
        return batch.count

    def _fill_other(self, store):
        # A text, an int wider than a word, or a reading with a caller's time.
        name, kind, value, when, after = store.look()
        if when is not None:
            from .given import as_text  # only for programs that give one

            when = as_text(when).encode()
        if kind != ring.STR:
            value = str(value).lower().encode()
        done = self.batch.other(name, value, when, kind == ring.STR)
        if done:
            store.take(after, 1, self.batch)
        return done

    def drop(self):
        """Forget the batch, and count that. One that is on its way is given up."""
        if self.doing == BATCH:
            self.give_up()
        batch = self.batch
        if self.marker and not batch.first and not self.foreign and self._reported:
            self._reported = 0
        if self.foreign:
            self.lost, batch.first = self.lost + self.left, batch.filled
        else:
            self.dropped, batch.first = self.dropped + self.left, batch.filled

    def _count_sent(self, count):
        batch = self.batch
        end = batch.first + count
        n = end - max(batch.first, self.marker)
        if self.foreign:
            self.recovered, batch.first = self.recovered + n, end
        else:
            self.sent, batch.first = self.sent + n, end

    def _count_rejected(self):
        batch = self.batch
        end = batch.first + 1
        n = end - max(batch.first, self.marker)
        if self.foreign:
            self.lost, batch.first = self.lost + n, end
        else:
            self.rejected, batch.first = self.rejected + n, end

    def _back_off(self, retry, outcome, which, what):
        answer = self.answer
        self._broken = self._broken + 1 if answer.broken else 0
        if self._broken >= _LIMIT:
            self.trouble = REFUSED
            retry.pause(self._slow_ms)
            self._say("%s again and again for %s: perhaps accepted each time" % (answer.why, what))
            return
        retry.failed()
        least_ms = 0
        status, day = self._same
        if status and not day:
            day = Retry(0, retry.clock)
            day.pause(_DAY_MS)
            self._same = status, day
        elif status and not day.wait_ms():
            least_ms = self._slow_ms
        if outcome == transport.BUSY and answer.retry_after and answer.retry_after.isdigit():
            after_s = min(int(answer.retry_after), _RETRY_AFTER_MAX_S)
            least_ms = max(least_ms, after_s * 1000)
        retry.pause(max(least_ms, retry.wait_ms()))
        self._say(answer.hint(which, "%s for %s" % (answer.why, what)) + "; kept and sent again")

    def _slow(self, retry, which, what):
        self.trouble = REFUSED
        retry.pause(self._slow_ms * 3 // 4 + jitter(self._slow_ms // 2))
        answer = self.answer
        why = answer.why
        if not answer.untrusted:
            why = answer.hint(which, "%s was refused (%s)" % (what, why))
        self._say("%s; kept, and asked again in about %d s" % (why, self._slow_ms // 1000))


def _readings(count):
    return "%d readings" % count if count > 1 else "a reading"
