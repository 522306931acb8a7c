"""Keeps the clock set: asks NTP when it is due, takes the server's Date where that is silent.

SNTP client mode after RFC 4330, section 5, with the care of RFC 5905: a random originate timestamp
has to come back, and an answer is refused where its mode is not 4, its leap indicator 3 (the
server has no time), its stratum 0 (a kiss of death: that address is left alone for an hour) or
over 15, or its time one that cannot be (Clock.can_be). The socket is connected: only the host
asked is heard.

Each question is taken for one in vain before it is asked: whatever leaves it in the middle, the
pause to the next one stands. Only an answer takes that back.
"""

import os
import socket
import struct
import time

from micropython import const

from .clock import STEP_MS, Clock
from .errors import call_unloading
from .retry import Retry, jitter

# NTP's seconds start again in 2036: with this bit turned they count on from 1968 to 2104, of which
# this many are before 1970 (RFC 4330, section 3).
_HALF = const(0x80000000)
_TO_UNIX = const(61505152)
_SAMPLES = const(3)
_OLD_MS = const(20000)  # an answer that is older is not compared with a new one
_GOOD_MS = const(20)  # a round trip that no second answer has to improve
_TIMEOUT_S = const(2)
_SLOWER = const(10)  # than other retries: a question to a silent host blocks for its time-out
_LEAST_MS = const(2000)  # the shortest pause
_NEAR_MS = const(600000)  # who answered so lately is taken to be there still
_BAN_MS = const(3600000)
_BANS = const(4)  # so many addresses are remembered: a pool has many
_DATE_MS = const(1000)  # a Date header's seconds are cut off, and the answer has travelled


class Sntp:
    """Asks `hosts`, "host" or "host:port", in turn: one question for each call, the best of a few
    answers (where a program calls so rarely that the first is 20 s old, that one alone). Each
    question waits at most `timeout_s` (and at most 2) seconds, the name look-up apart.

    Where `done`, `best` is (unix_s, ms, periods, ticks, error_ms): the time was `ms` after
    `unix_s` at the uptime (`periods`, `ticks`), right to `error_ms`, half the round trip.
    """

    def __init__(self, hosts, timeout_s):
        self.hosts = hosts
        self._timeout_s = min(timeout_s, _TIMEOUT_S)
        self._turn = self._samples = 0
        self._banned = ()  # type: tuple[tuple, ...] # (address, periods, ticks): since that uptime
        self._socket = None
        self.done = False
        self.best = None

    def ask(self, clock):
        """One question. None where an answer came, else a sentence; either may have made it
        `done`. `clock` is stamped by its `tick()`."""
        if self.done:
            self.done, self._samples = False, 0
        if self._samples and clock.age_ms(self.best[2], self.best[3]) > _OLD_MS:
            self.done = True
            return None
        host = self.hosts[self._turn % len(self.hosts)]
        try:
            self.close()  # where a question was interrupted even in its `finally`
            wrong = self._question(host, clock)
        except (OSError, MemoryError) as e:
            wrong = "no time from %s (%s)" % (host, e.args[0] if e.args else "no answer")
        finally:
            self.close()
        if wrong:
            self._turn += 1
            self.done = self._samples > 0
        return None if self.done else wrong

    def close(self):
        try:
            if self._socket:
                self._socket.close()
        except OSError:
            pass  # it was broken already
        self._socket = None

    def _question(self, host, clock):
        name, _, port = host.partition(":")
        found = socket.getaddrinfo(name, int(port or 123), 0, socket.SOCK_DGRAM)
        banned = [
            at for at, periods, ticks in self._banned if clock.age_ms(periods, ticks) < _BAN_MS
        ]
        found = [where for where in found if where[-1] not in banned]
        if not found:
            raise OSError("no address")
        where = found[self._turn // len(self.hosts) % len(found)]
        self._socket = s = socket.socket(where[0], socket.SOCK_DGRAM)
        s.settimeout(self._timeout_s)
        s.connect(where[-1])
        return self._exchange(s, clock, host, where[-1])

    def _exchange(self, s, clock, host, address):
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
            self._banned = ((address, clock.periods, clock.ticks),) + self._banned[: _BANS - 1]
            return "%s asks to be left alone for a while" % host
        received_s, received, _, unix_s, transmitted, _ = struct.unpack(">I2HI2H", answer[32:48])
        if kind != 4 or answer[0] >> 6 == 3 or answer[1] > 15 or not unix_s | transmitted:
            return "%s does not know the time" % host
        # Of the round trip, what the host kept the question is no travel.
        unix_s ^= _HALF
        host_ms = (unix_s - (received_s ^ _HALF)) * 1000 + ((transmitted - received) * 1000 >> 16)
        trip_ms = max(0, trip_ms - max(0, host_ms))
        unix_s -= _TO_UNIX
        if not clock.can_be(unix_s):
            return "a time from %s that cannot be" % host
        error_ms = trip_ms // 2 + 1
        if not self._samples or error_ms < self.best[4]:
            ms = (transmitted * 1000 >> 16) + trip_ms // 2
            self.best = unix_s, ms, clock.periods, clock.ticks, error_ms
        self._samples += 1
        self.done = self._samples >= _SAMPLES or self.best[4] * 2 <= _GOOD_MS
        return None


class Timekeeper:
    """Sets `clock` as the checked `settings` say; `on_trouble(sentence)` hears why it could not.

    When NTP is asked is decided here alone: when the clock is due, and the pause after a
    question in vain is over. Those grow, as NTP may be blocked for good."""

    def __init__(self, settings, on_trouble):
        self.clock = clock = Clock(settings["set_rtc"])
        self._sntp = Sntp(settings["ntp_hosts"], settings["timeout"])
        self._retry = Retry(settings["backoff_max"] * _SLOWER, clock)
        self._interval_ms = settings["sync_interval"] * 1000
        self._on_trouble = on_trouble
        self._heard = clock.periods, clock.ticks  # the uptime of the server's last answer
        self.just_asked = False  # NTP has had its turn: a program that polls rarely finds it due
        # again at each poll, and would never send
        self._unheard = False  # NTP was asked in vain, and the server was not heard for long

    def close(self):
        """Leave nothing open, whatever has left a question in the middle."""
        self._sntp.close()

    @property
    def synced(self):
        return self.clock.source != "none"

    def _overdue(self):
        return self._sntp.hosts and self.clock.due(self._interval_ms)

    def due(self):
        """Whether ask() should be called."""
        return self._overdue() and not self._retry.wait_ms()

    def stale(self):
        """Whether readings should wait for their time: neither NTP nor the server was heard for
        long. Once the network is back, NTP may put the clock right first."""
        return self._unheard and self._overdue()

    def wait_ms(self):
        """Milliseconds until ask() may be called again after it has failed."""
        return self._retry.wait_ms()

    def ask(self):
        """One question to an NTP host; it blocks for at most its time-out, the look-up apart.
        Returns whether there was an answer."""
        clock = self.clock
        clock.tick()
        unheard = clock.age_ms(*self._heard) > _NEAR_MS
        most_ms = self._retry.failed() // 2
        self._unheard, self.just_asked = unheard, True
        wrong = self._sntp.ask(clock)
        if wrong:  # from now on, for the question has taken its time; half of it is certain
            self._retry.pause(_LEAST_MS + most_ms + jitter(most_ms))
            self._on_trouble(wrong)
            return False
        if self._sntp.done:
            self._set("ntp", *self._sntp.best)
            self._retry.succeeded()
        else:
            self._retry.pause(0)  # to a second answer
            self.just_asked = False
        return True

    def take_date(self, date, late_ms=0):
        """The server has answered, with the Date header `date` (bytes), or None, which may have
        come up to `late_ms` before it was read; below 0: nobody knows how long before."""
        clock = self.clock
        clock.tick()
        self._heard = clock.periods, clock.ticks
        if self._unheard:  # the network is there: before readings get their time, NTP is asked
            self._retry.pause(0)
            self._unheard = False
        error_ms = clock.error_ms(clock.periods, clock.ticks)
        if date and late_ms >= 0 and (error_ms is None or error_ms > 2 * (_DATE_MS + late_ms)):
            unix_s = call_unloading("dates", "http_date", date)
            ms = _DATE_MS // 2 + late_ms
            self._set("http", unix_s, ms, clock.periods, clock.ticks, _DATE_MS + late_ms)

    def _set(self, source, unix_s, ms, periods, ticks, error_ms):
        clock = self.clock
        if clock.sync(source, unix_s, ms, periods, ticks, error_ms) and clock.back_ms > STEP_MS:
            self._on_trouble("the clock was set back by %d s" % (clock.back_ms // 1000))

    def error_ms(self, ring):
        """The estimated error of the time now, or of the oldest in `ring` where that is larger."""
        clock = self.clock
        clock.tick()
        error_ms = clock.error_ms(clock.periods, clock.ticks)
        if error_ms is not None and ring.count:
            oldest_ms = clock.error_ms(ring.oldest_periods(), ring.oldest_ticks())
            error_ms = max(error_ms, oldest_ms)
        return error_ms
