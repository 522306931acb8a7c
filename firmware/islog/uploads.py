"""The radio is off unless it is needed (`upload_interval`): readings gather, and go out together.
Loaded only where that is set. An Uploads stands in the place of methods of its Logger, as a Guard
does (guard.py).

    doing      does                                 and goes to
    RESTING    writes to flash what is due for it   UPLOADING, where an upload is due, or flush()
                                                    wants one
    UPLOADING  joins; then the Logger's own step,   ENDING, when it is done, or nothing came of it
               as if flushing, again and again      for a minute
    ENDING     closes the connection, switches the  RESTING, when both is done (after an exception
               radio off                            the next step does both again)

An upload is due at the first step, so that the time is known soon. Then it is after each interval;
before that where the ring is three quarters full, and where a second Logger with the same WiFi has
the radio on. It needs readings; the very first ones are sent at once. (Boards may have been
switched on together: so the second upload is later than that by up to an eighth.)

It is done when what was there as it began is sent, and NTP was asked if that was due. The minute
begins anew with whatever the server accepts; of the time between two steps 4 s are counted at
most, so that a program that polls rarely gets through. An exchange under way is not cut. After an
upload in vain the next one is an interval later, however full the ring is: what it cannot hold
goes to the spool, or is dropped.

`Logger.state` stays what an upload has left. A radio that no WiFi looks after (`wifi` is None, an
interface of the program's, or has reset=False) is left alone, and its link is waited for.
"""

from micropython import const

from .clock import Retry, jitter
from .errors import call_unloading
from .leaps import Leaps

RESTING = const(0)
UPLOADING = const(1)
ENDING = const(2)
_WIFI_UP = const(3)  # wifi.UP, as in logger.py
_IDLE_MS = const(1000)  # the longest time that poll() returns
_JOIN_MS = const(100)
_PATIENCE_MS = const(60000)
_COUNTED_MS = const(4000)


class Uploads:
    """For `log`, a Logger that is complete, as its checked `settings` say. That gets an attribute
    more, which status() shows, too: `uploading`, whether an upload is under way; and sleep()."""

    def __init__(self, log, settings):
        self.doing = RESTING
        self._log, self._clock = log, log._time.clock
        self._interval_ms = settings["upload_interval"] * 1000
        self.spread_ms = jitter(self._interval_ms >> 3)
        self._next = Retry(0, self._clock)  # the pause until an upload is due
        self.failed = False  # the last one was in vain
        self._left_ms = 0  # of the minute, at the uptime _at
        self._began = self._at = 0, 0
        self._accepted = 0  # a number that grows with each success
        self._sharing = []  # the Uploads that are under way with this WiFi
        self.radio = wifi = log._wifi if getattr(log._wifi, "_reset", False) else None
        if wifi:
            if not hasattr(wifi, "_sharing"):
                wifi._sharing = []
            self._sharing = wifi._sharing
        log.uploading, log._leaps = False, Leaps(self._clock)
        log._counted += " uploading"
        self._flush, log.flush, log.aflush = log.flush, self.flush, self.aflush
        self._close, log.close, log.sleep = log.close, self.close, self.sleep
        self._step, log._step = log._step, self.step

    # What rtc_memory.py keeps through a deep sleep, besides the above: what the last upload has
    # left (the network that let the board in, its channel; the server's address, with its name's
    # checksum, and when it was looked up).
    network = channel = host = address_high = address_low = 0
    looked_up = None  # type: tuple[int, int] | None
    kept = None  # a Kept of rtc_memory.py, where the board has woken from a deep sleep
    rtc = None  # type: tuple[int, int] | None # islog's part of the RTC memory
    who = None  # type: bytes | None # the boot and the bucket (spool.py)

    def pause(self, ms):
        """The next upload is due after `ms` milliseconds."""
        self._next.pause(ms)

    def answered(self):
        """So many readings the server has answered for."""
        uplink = self._log._uplink
        return uplink.sent + uplink.rejected + uplink.recovered + uplink.lost

    def due_ms(self):
        """Milliseconds until the next upload is due by the clock; 0: as soon as there is a
        reading."""
        return self._next.wait_ms()

    def quiet(self):
        """Give up an upload that is under way: its radio is off then."""
        if self.doing and not self._log._busy:
            self.failed, self.doing = True, ENDING
            self._log._poll(False)

    def sleep(self, seconds, deep=False):
        from .sleep import sleep

        sleep(self._log, self, seconds, deep)

    # --- in the place of the Logger's own

    def flush(self, timeout=30):
        done = self._flush(timeout)
        if not done:
            self.quiet()  # nobody may poll for the next hour
        return done

    async def aflush(self, timeout=30):
        from .late import get

        done = await get(self._log, "aflush")(timeout)
        if not done:
            self.quiet()
        return done

    def close(self):
        done = self._close()
        self.quiet()
        return done

    def step(self, flushing):
        leaps = self._log._leaps
        leaps.look()
        try:
            wait_ms = self._advance(flushing)
        finally:
            is_set = leaps.look(False)
        if self.kept:
            self.kept.look(is_set)
        return wait_ms

    def _advance(self, flushing):
        log = self._log
        self._clock.tick()
        if log.state == "closed":
            if not self.doing:
                return self._step(flushing)
            self.doing = ENDING
        elif not self.doing:
            if not (flushing or self._is_due()):
                return self._rest()
            self._begin()
        wait_ms = 0
        if self.doing == UPLOADING:
            wait_ms = self._upload(flushing)
        if self.doing == ENDING:
            self._leave()
            return min(_IDLE_MS, self._next.wait_ms() or _IDLE_MS)
        return wait_ms

    # ---

    def _is_due(self):
        log, ring = self._log, self._log._ring
        wait_ms = self._next.wait_ms()
        if wait_ms and not (self._sharing and wait_ms < self._interval_ms // 2):
            if self.failed or ring.used() * 4 <= ring.size * 3:
                return False
        return log.pending or log.spooled or not log.synced

    def _rest(self):
        log = self._log
        if log._ring.pinned:  # as in Logger._step
            log._ring.pin(0)
        if self.radio and self.radio.state and not self._sharing:
            self.radio = None
            log._on_trouble("the radio stays on: something else in the program polls its WiFi")
        if log._spool and log._spool.write_due(log._ring, self.failed):
            return 0
        return min(_IDLE_MS, self._next.wait_ms() or _IDLE_MS)

    def _begin(self):
        self._began = self._at = self._clock.periods, self._clock.ticks
        self._left_ms, self._accepted = _PATIENCE_MS, -1
        if self not in self._sharing:
            self._sharing.append(self)
        self.doing, self._log.uploading = UPLOADING, True

    def _upload(self, flushing):
        log, uplink, ring, clock = self._log, self._log._uplink, self._log._ring, self._clock
        age_ms, self._at = clock.age_ms(*self._at), (clock.periods, clock.ticks)
        accepted = self.answered() + log.synced + (uplink.bucket_wait_ms() is None)
        if accepted != self._accepted or not self.radio and log.state == "offline":
            self._left_ms, self._accepted = _PATIENCE_MS, accepted
        else:
            self._left_ms = max(0, self._left_ms - min(age_ms, _COUNTED_MS))
        if not uplink.doing:
            if not flushing and uplink.wait_ms() >= self._left_ms:
                self.failed, self.doing = True, ENDING
                return 0
            if self.radio and not log._is_linked():
                full = ring.used() * 8 > ring.size * 7
                if log._spool and log._spool.write_due(ring, full or log.state != "online"):
                    return 0
                return _JOIN_MS
        wait_ms = self._step(True)
        if self._is_done(flushing):
            self.failed, self.doing = False, ENDING
        return wait_ms

    def _is_done(self, flushing):
        log, ring, timekeeper = self._log, self._log._ring, self._log._time
        uplink = log._uplink
        if uplink.doing:
            return False
        if flushing:
            return not log.pending
        if timekeeper.asking or uplink.in_batch or log.spooled:
            return False
        if ring.count:
            age_ms = self._clock.age_ms(ring.oldest_periods(), ring.oldest_ticks())
            if uplink.bucket_untried or age_ms >= self._clock.age_ms(*self._began):
                return False
        return log.synced and (not timekeeper._overdue() or timekeeper.wait_ms() > 0)

    def _leave(self):
        log, sharing, radio = self._log, self._sharing, self.radio
        if self.kept:
            self.kept.remember()
        log._uplink.give_up()
        log._time.close()
        if radio and radio._ready and radio.state != _WIFI_UP and log.state != "closed":
            log.state = "offline"  # it was on, and did not join
        if self in sharing:
            sharing.remove(self)
        if radio and not sharing:
            call_unloading("wifi_radio", "rest", radio)
        wait_ms = self._interval_ms
        if not self.failed:
            wait_ms = max(0, wait_ms + self.spread_ms - self._clock.age_ms(*self._began))
            if log._uplink.bucket_untried:
                wait_ms = 0
            else:
                self.spread_ms = 0
        self._next.pause(wait_ms)
        log.uploading, self.doing = False, RESTING
        if self.failed and log.state != "closed":
            words = "the upload was given up: the next one is in %d s" % (wait_ms // 1000)
            log._say(words)  # `last_error` says why
