"""Keeps the clock set: asks NTP when it is due, takes the server's Date where that is silent."""

from micropython import const

from .clock import Clock, http_date
from .retry import Retry
from .sntp import Sntp

_SLOWER = const(10)  # than other retries: a question to a silent host blocks for its time-out
_DATE_MS = const(1000)  # a Date header's seconds are cut off, and the answer has travelled


class Timekeeper:
    """Sets `clock` as the checked `settings` say; `trouble(sentence)` hears why it could not."""

    def __init__(self, settings, trouble):
        self.clock = Clock(settings["set_rtc"])
        self._sntp = Sntp(settings["ntp_hosts"], settings["timeout"])
        self._retry = Retry(settings["backoff_max"] * _SLOWER)
        self._interval_ms = settings["sync_interval"] * 1000
        self._trouble = trouble

    @property
    def synced(self):
        return self.clock.source != "none"

    def _overdue(self):
        return bool(self._sntp.hosts) and self.clock.due(self._interval_ms)

    def due(self):
        """Whether ask() should be called."""
        return self._overdue() and not self._retry.wait_ms()

    def stale(self):
        """Whether NTP has set the clock, but too long ago."""
        return self.clock.source == "ntp" and self._overdue()

    def wait_ms(self):
        """Milliseconds until ask() may be called again after it has failed."""
        return self._retry.wait_ms()

    def ask(self):
        """One question to an NTP host; it blocks for at most its time-out, the look-up apart.
        Returns 0: something may be due at once."""
        sntp = self._sntp
        wrong = sntp.ask(self.clock)
        if wrong:
            self._retry.failed()
            self._trouble(wrong)
            return 0
        self._retry.succeeded()
        if sntp.done:
            self.clock.sync("ntp", sntp.unix_s, sntp.ms, sntp.hi, sntp.lo, sntp.error_ms)
        return 0

    def hear(self, date):
        """Take the Date header (bytes) of an answer that came just now."""
        clock = self.clock
        if clock.source != "ntp" or clock.error_ms(clock.hi, clock.last) > 2 * _DATE_MS:
            clock.tick()
            clock.sync("http", http_date(date), _DATE_MS // 2, clock.hi, clock.last, _DATE_MS)

    def error_ms(self, ring):
        """The estimated error of the time now, or of the oldest in `ring` where that is larger."""
        clock = self.clock
        clock.tick()
        error_ms = clock.error_ms(clock.hi, clock.last)
        if error_ms is not None and ring.count:
            at = ring.first()
            error_ms = max(error_ms, clock.error_ms(ring.words[at + 1] & 0x3FF, ring.words[at]))
        return error_ms
