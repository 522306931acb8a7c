"""The bucket call and the batch: what is sent next, and what each answer means for it.

What an answer means is api.md's table; its outcomes are `transport`'s. Readings are in the batch
until they are settled: accepted (`sent`) or, alone and still refused, `rejected`.

    after          the batch is sent again             and
    ACCEPTED       (what is left) at once              back-off ends
    BUSY           after Retry-After, or back-off
    UNKNOWN        after back-off                      the third broken answer running: minutes
    REFUSED, WRONG after minutes
    BAD            halved, at once                     a single one is dropped; after three with no
                                                       success between, kept: minutes
"""

import hashlib

from micropython import const

from . import payload, ring, transport
from .clock import board_id
from .retry import Retry, jitter

_RETRY_AFTER_MAX_S = const(3600)
_LIMIT = const(3)  # broken answers, or single readings refused, without a success between
_KEY_HEADER = {"batch_logs": "X-IS-ClientKey"}
_HINTS = {
    401: "the client key or the address is refused (HTTP 401): check client_key and bucket_url",
    402: "the account is over its limit (HTTP 402): look at it on the server",
    403: "the client key is refused (HTTP 403): check client_key",
    404: "nothing is at this address (HTTP 404): check %s",
    300: "a redirect was answered, which is never followed: check %s, or log in to this network",
    200: "what answered is not the API (HTTP 200, no JSON): check %s, or log in to this network",
}


class Uplink:
    """Sends for one bucket. `settings` are checked ones; `say(sentence)` hears of trouble."""

    def __init__(self, settings, bucket_id, say):
        self._say = say
        self._urls = settings["bucket_url"], settings["ingest_url"]
        self._key = settings["client_key"]
        self._key_header = _KEY_HEADER[settings["api"]]
        self._slow_ms = settings["slow_retry"] * 1000
        name = payload.quote(settings["bucket_name"])
        guid = payload.quote(bucket_id)
        key = payload.quote(self._key)
        self._confirmed = False
        self._bucket = b'{"bucketId":%s,"bucketName":%s,"clientKey":%s}' % (guid, name, key)
        fields = payload.FIELDS[settings["api"]]
        self.batch = payload.Batch(settings["batch_bytes"], fields, (name.decode(), guid.decode()))
        self._transport = transport.Requests(settings["timeout"])
        self.bucket_retry = Retry(settings["backoff_max"])
        self.retry = Retry(settings["backoff_max"])
        self.sent = self.rejected = self.retries = 0
        self.unanswered = 0  # POSTs running that got no answer at all
        self.refused = False  # the last answer asks for a slow retry
        self.failing = False  # the last POST of a batch was not accepted
        self.date = None  # the Date header of the last answer
        self.per_batch = (
            settings["batch_bytes"] // 120
        )  # readings; then what the last batch was like
        self._suspects = 0  # that many of the batch's first readings hold one that was refused
        self._refused_alone = 0
        self._broken = 0

    def bucket_wait_ms(self):
        """Milliseconds until the bucket call is due, or None: it is confirmed."""
        return None if self._confirmed else self.bucket_retry.wait_ms()

    def create_bucket(self):
        """One attempt to create the bucket (or to confirm it)."""
        outcome = self._post(0, self._bucket)
        if outcome == transport.ACCEPTED:
            self._confirmed = True
        elif outcome in (transport.UNKNOWN, transport.BUSY):
            self._back_off(self.bucket_retry, outcome, "the bucket")
        else:
            self._slow(self.bucket_retry, "bucket_url", "the bucket")
            self.refused = self.refused or not self.sent

    def reach(self):
        """Whether the server answers at all: the bucket is confirmed once more. Else: back-off."""
        outcome = self._post(0, self._bucket)
        if self._transport.status or self._transport.broken:
            return True
        self.failing = True
        self._back_off(self.retry, outcome, "the bucket")
        return False

    def send(self):
        """One attempt to send the batch, or that part of it which is due."""
        count = self.batch.count
        if self._suspects:
            count = max(1, self._suspects // 2)
        outcome = self._post(1, self.batch.slice(count), self._key_header, self._key)
        self.failing = outcome != transport.ACCEPTED
        self.refused = False
        if outcome == transport.ACCEPTED:
            self._settle(count)
            self.sent += count
            self.retry.succeeded()
            self._refused_alone = self._broken = 0
            return
        self.retries += 1
        if outcome == transport.BAD:
            if count > 1:
                self._suspects = count
            elif self._refused_alone < _LIMIT:
                self._refused_alone += 1
                self.rejected += 1
                self._settle(1)
                self._say("one reading was refused alone (%s) and dropped" % self._transport.why)
            else:
                self._slow(self.retry, "ingest_url", "every reading")
        elif outcome in (transport.UNKNOWN, transport.BUSY):
            self._back_off(self.retry, outcome, "%d readings" % count)
        else:
            self._slow(self.retry, "ingest_url", "%d readings" % count)

    def fill(self, store, clock):
        """Move the oldest readings of the ring `store` into the batch, until it is full; their
        times are settled by `clock`."""
        batch, words, signals = self.batch, store.words, store.signals
        hi = until = lo = 0  # the uptimes (hi, lo) to (hi, until) are settled
        while store.count:
            store.reading = True
            at = store.first()
            bits = words[at + 1]
            if until <= words[at] or words[at] < lo or bits & 0x3FF != hi:
                hi = bits & 0x3FF
                lo = words[at]
                clock.settle(hi, lo)
                until = clock.until
                batch.set_mega(clock.mega)
            kind = bits >> 17
            if kind == 0:
                value = str(store.floats[at + 2 >> 1])
            elif kind == 1:
                value = str(words[at + 2])
            elif kind == 2:
                value = "true" if words[at + 2] else "false"
            else:
                if not self._fill_other(store, clock):
                    break
                store.release()
                continue
            ms = words[at] + clock.shift
            if ms < clock.floor:
                ms = clock.floor  # a sync stepped back: equal times until the true one is there
            clock.floor = ms
            if not batch.number(signals[bits >> 10 & 0x7F], value, ms):
                break
            store.release()
        store.reading = store.overflowed = False
        self.per_batch = batch.capacity()

    def _fill_other(self, store, clock):
        # A text, an int wider than a word, or a reading with a caller's time.
        store.look()
        given = store.given
        if given is None:
            clock.floor = ms = max(clock.floor, store.lo + clock.shift)
            text = "%05d%05d.%03d" % (clock.mega, ms // 1000, ms % 1000)
        elif given < 0:
            text = str(-1 - given)
        else:
            text = "%d.%06d" % (given // 1000000, given % 1000000)
        when = text.encode()
        if store.kind == ring.STR:
            return self.batch.string(store.signal, store.bytes, store.start, store.size, when)
        value = store.value()
        value = str(value).lower() if store.kind == ring.BOOL else str(value)
        return self.batch.other(store.signal, value.encode(), when)

    def drop(self):
        """Forget the batch; returns how many readings that were."""
        count = self.batch.count
        self.batch.clear()
        self._suspects = 0
        return count

    def _settle(self, count):
        self.batch.settle(count)
        self._suspects = max(0, self._suspects - count)

    def _post(self, which, body, key_header=None, key=None):
        answer = self._transport
        outcome = answer.post(self._urls[which], body, key_header, key)
        self.unanswered = 0 if answer.status or answer.broken else self.unanswered + 1
        self.date = answer.date
        return outcome

    def _back_off(self, retry, outcome, what):
        answer = self._transport
        self._broken = self._broken + 1 if answer.broken else 0
        if self._broken >= _LIMIT:
            self.refused = True
            retry.pause(self._slow_ms)
            self._say("%s again and again for %s: perhaps accepted each time" % (answer.why, what))
            return
        retry.failed()
        if outcome == transport.BUSY and answer.retry_after and answer.retry_after.isdigit():
            retry.pause(min(int(answer.retry_after), _RETRY_AFTER_MAX_S) * 1000)
        hint = _HINTS.get(answer.status, "%s for %s, kept and sent again" % (answer.why, what))
        self._say(hint % "ingest_url" if "%s" in hint else hint)

    def _slow(self, retry, setting, what):
        self.refused = True
        retry.pause(self._slow_ms * 3 // 4 + jitter(self._slow_ms // 2))
        why = self._transport.why
        hint = _HINTS.get(self._transport.status, "%s was refused (%s)" % (what, why))
        hint = hint % setting if "%s" in hint else hint
        self._say("%s; kept, and asked again in about %d s" % (hint, self._slow_ms // 1000))


def guid(bucket_name):
    """The bucket id that this board has for a bucket name: the same after a reboot or a re-flash,
    so that the readings go on in the same bucket."""
    digest = hashlib.sha256(board_id() + b"\0" + bucket_name.encode()).digest().hex()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
