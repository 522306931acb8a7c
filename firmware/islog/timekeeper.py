"""Keeps the clock set: asks NTP when it is due, takes the server's Date where that is silent.

SNTP client mode after RFC 4330, section 5, with the care of RFC 5905: a random originate timestamp
has to come back, and an answer is refused where its mode is not 4, its leap indicator 3 (the
server has no time), its stratum 0 (a kiss of death: that host is never asked again) or over 15, or
its time one that cannot be (Clock.can_be). The socket is connected: only the host asked is heard.
"""

import os
import socket
import struct
import time

from micropython import const

from .clock import Clock
from .errors import once
from .retry import Retry

# NTP's seconds start again in 2036: with this bit turned they count on from 1968 to 2104, of which
# this many are before 1970 (RFC 4330, section 3).
_HALF = const(0x80000000)
_TO_UNIX = const(61505152)
_SAMPLES = const(3)
_GOOD_MS = const(20)  # a round trip that no second answer has to improve
_TIMEOUT_S = const(2)
_SLOWER = const(10)  # than other retries: a question to a silent host blocks for its time-out
_DATE_MS = const(1000)  # a Date header's seconds are cut off, and the answer has travelled


class Sntp:
    """Asks `hosts`, "host" or "host:port", in turn: one question for each call, the best of a few
    answers. Each question waits at most `timeout_s` (and at most 2) seconds, the name look-up
    apart.

    Where `done`, `best` is (unix_s, ms, hi, lo, error_ms): the time was `ms` after `unix_s` at the
    uptime (`hi`, `lo`), right to `error_ms`, half the round trip. `hosts` may still be asked.
    """

    def __init__(self, hosts, timeout_s):
        self.hosts = hosts
        self._timeout_s = min(timeout_s, _TIMEOUT_S)
        self._turn = self._samples = 0
        self.done = False
        self.best = None

    def ask(self, clock):
        """One question. None where an answer came, else a sentence; either may have made it
        `done`. `clock` is stamped by its `tick()`."""
        if self.done:
            self.done = False
            self._samples = 0
        host = self.hosts[self._turn % len(self.hosts)]
        s = None
        try:
            name, _, port = host.partition(":")
            found = socket.getaddrinfo(name, int(port or 123), 0, socket.SOCK_DGRAM)
            where = found[self._turn // len(self.hosts) % len(found)]
            s = socket.socket(where[0], socket.SOCK_DGRAM)
            s.settimeout(self._timeout_s)
            s.connect(where[-1])
            wrong = self._exchange(s, clock, host)
        except (OSError, MemoryError) as e:
            wrong = "no time from %s (%s)" % (host, e.args[0] if e.args else "no answer")
        finally:
            if s:
                s.close()
        if wrong:
            self._turn += 1
            self.done = self._samples > 0
        return None if self.done else wrong

    def _exchange(self, s, clock, host):
        question = bytearray(48)
        question[0] = 0x23  # version 4, client
        question[40:] = nonce = os.urandom(8)
        sent = time.ticks_ms()
        s.send(question)
        answer = s.recv(64)
        trip_ms = time.ticks_diff(time.ticks_ms(), sent)
        clock.tick()
        if len(answer) < 48 or answer[24:32] != nonce:
            return "an answer from %s that is not for this question" % host
        kind = answer[0] & 7
        if answer[1] == 0 and kind == 4:
            self.hosts = [other for other in self.hosts if other != host]
            self._turn -= 1  # the next host has its place now
            return "%s asks not to be asked again" % host
        came_s, came, _, unix_s, left, _ = struct.unpack(">I2HI2H", answer[32:48])
        if kind != 4 or answer[0] >> 6 == 3 or answer[1] > 15 or not unix_s | left:
            return "%s does not know the time" % host
        # Of the round trip, what the host kept the question is no travel.
        unix_s ^= _HALF
        kept_ms = (unix_s - (came_s ^ _HALF)) * 1000 + ((left - came) * 1000 >> 16)
        trip_ms = max(0, trip_ms - max(0, kept_ms))
        unix_s -= _TO_UNIX
        if not clock.can_be(unix_s):
            return "a time from %s that cannot be" % host
        error_ms = trip_ms // 2 + 1
        if not self._samples or error_ms < self.best[4]:
            ms = (left * 1000 >> 16) + trip_ms // 2
            self.best = unix_s, ms, clock.hi, clock.last, error_ms
        self._samples += 1
        self.done = self._samples >= _SAMPLES or self.best[4] * 2 <= _GOOD_MS
        return None


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
        return self._sntp.hosts and self.clock.due(self._interval_ms)

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
        Returns whether there was an answer."""
        wrong = self._sntp.ask(self.clock)
        if wrong:
            self._retry.failed()
            self._trouble(wrong)
            return False
        self._retry.succeeded()
        if self._sntp.done:
            self.clock.sync("ntp", *self._sntp.best)
        return True

    def hear(self, date):
        """Take the Date header (bytes) of an answer that came just now."""
        clock = self.clock
        clock.tick()
        error_ms = clock.error_ms(clock.hi, clock.last)
        if error_ms is None or error_ms > 2 * _DATE_MS:
            unix_s = once("dates", "http_date", date)
            clock.sync("http", unix_s, _DATE_MS // 2, clock.hi, clock.last, _DATE_MS)

    def error_ms(self, ring):
        """The estimated error of the time now, or of the oldest in `ring` where that is larger."""
        clock = self.clock
        clock.tick()
        error_ms = clock.error_ms(clock.hi, clock.last)
        if error_ms is not None and ring.count:
            at = ring.head
            error_ms = max(error_ms, clock.error_ms(ring.words[at + 1] & 0x3FF, ring.words[at]))
        return error_ms
