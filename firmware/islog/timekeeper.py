"""Keeps the clock set: asks NTP when it is due, takes the server's Date where that is silent.

SNTP client mode after RFC 4330, section 5, with the care of RFC 5905: a random originate timestamp
has to come back, and an answer is refused where its mode is not 4, its leap indicator 3 (the
server has no time), its stratum 0 (a kiss of death: that address is left alone for an hour) or
over 15, or its time one that cannot be (Clock.can_be). The socket is connected: only the host
asked is heard.

Before a question is asked, it is counted as one in vain, and the pause to the next one is set: so
that pause is kept also where an exception leaves the question in the middle. An answer ends it.
"""

import errno
import os
import select
import socket
import struct
import time

from micropython import const

from .clock import STEP_MS, Clock, Retry, jitter
from .errors import call_unloading

# NTP's 32 bits of seconds count from 1900 and start again in 2036. With the highest bit flipped
# they count from 1968 to 2104 instead (RFC 4330, section 3); 1970 is _TO_UNIX seconds after that.
_HALF = const(0x80000000)
_TO_UNIX = const(61505152)
_SAMPLES = const(3)  # answers, of which the one with the shortest round trip is used
_OLD_MS = const(20000)  # an answer that is older is used alone, and not compared with a new one
_GOOD_MS = const(20)  # an answer with a round trip this short is used at once
_TIMEOUT_S = const(2)
_STEP_MS = const(90)  # with what it does besides, a step stays below 100
_SLOWER = const(10)  # times longer than `backoff_max`: a question to a silent host blocks poll()
_LEAST_MS = const(2000)  # the shortest pause after a question in vain
_NEAR_MS = const(600000)  # a server that answered within this time is taken to be reachable still
_BAN_MS = const(3600000)  # an address that asked to be left alone is not asked for this long
_BANS = const(4)  # so many of these addresses are remembered: a pool has many
_DATE_MS = const(1000)  # error of a Date header: whole seconds, and the answer's way to the board


class Sntp:
    """Asks `hosts`, "host" or "host:port", in turn: one question after the other, the best of few
    answers (where a program calls so rarely that the first is 20 s old, that one alone). Each
    question waits at most `timeout_s` (and at most 2) seconds, the name look-up apart.

    Where `done`, `best` is (unix_s, ms, periods, ticks, error_ms): the time was `ms` after
    `unix_s` at the uptime (`periods`, `ticks`), right to `error_ms`, half the round trip.
    """

    _rare = False  # the program calls so rarely that a step waits for all of the time
    _banned = ()  # type: tuple[tuple, ...] # (address, periods, ticks): since that uptime

    def __init__(self, hosts, timeout_s):
        self.hosts = hosts
        self._timeout_s = min(timeout_s, _TIMEOUT_S)
        self._turn = self._samples = 0  # whose turn it is, of the hosts; answers to compare so far
        self._socket = self._asked = None  # (ticks, nonce, address) of the question under way
        self.done = False
        self.best = None

    @property
    def asking(self):
        """Whether a question is under way."""
        return self._asked is not None

    def ask(self, clock, step_ms=_STEP_MS):
        """One step: ask a question, or look for the answer to the one that is under way; it waits
        for at most `step_ms`, the name look-up apart. Returns "" while an answer is waited for;
        None where one came, or one of before is to be used; else a sentence that says what went
        wrong. After the last two, look at `done`. This calls `clock.tick()`."""
        if self.done:
            self.done, self._samples = False, 0
        if self._samples and not self._asked:
            if clock.age_ms(self.best[2], self.best[3]) > _OLD_MS:
                self.done = True
                return None
        host = self.hosts[self._turn % len(self.hosts)]
        try:
            if not self._asked:
                self.close()  # where an exception left a question before it was asked
                self._send(host, clock, None)
            wrong = self._hear(host, clock, step_ms)
            if wrong == "":
                return wrong
        except (OSError, MemoryError) as e:
            wrong = "no time from %s (%s)" % (host, e.args[0] if e.args else "no answer")
        self.close()
        if wrong:
            self._turn += 1
            self.done = self._samples > 0
        return None if self.done else wrong

    def close(self):
        self._asked = None
        try:
            if self._socket:
                self._socket.close()
        except OSError:
            pass  # it was broken already
        self._socket = None

    def _send(self, host, clock, where):
        # `where`: what getaddrinfo() is to return for `host`; None: it is asked.
        name, _, port = host.partition(":")
        where = where or socket.getaddrinfo(name, int(port or 123), 0, socket.SOCK_DGRAM)
        banned = [
            at for at, periods, ticks in self._banned if clock.age_ms(periods, ticks) < _BAN_MS
        ]
        where = [found for found in where if found[-1] not in banned]
        if not where:
            raise OSError("no address")
        where = where[self._turn // len(self.hosts) % len(where)]
        self._socket = s = socket.socket(where[0], socket.SOCK_DGRAM)
        s.connect(where[-1])
        question = bytearray(48)
        question[0] = 0x23  # version 4, client
        question[40:] = nonce = os.urandom(8)
        sent = time.ticks_ms()
        s.send(question)
        self._asked = sent, nonce, where[-1]

    def _hear(self, host, clock, step_ms):
        sent, nonce, address = self._asked
        waited_ms = time.ticks_diff(time.ticks_ms(), sent)
        remaining_ms = self._timeout_s * 1000 - waited_ms
        if not 0 <= waited_ms <= self._timeout_s * 1000 + _STEP_MS:
            # Nobody has looked meanwhile: when it came is not known. The next one is waited for.
            self._rare = True
            raise OSError(errno.ETIMEDOUT)
        if self._rare and step_ms:  # (0: whoever calls waits outside, and not rarely)
            step_ms = remaining_ms
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        if not waiting.poll(max(0, min(step_ms, remaining_ms))):
            if remaining_ms > step_ms:
                return ""
            raise OSError(errno.ETIMEDOUT)
        self._socket.setblocking(False)
        answer = self._socket.recv(64)
        if self._rare:
            self._rare = False
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
        # The time that the host took to answer is no part of the round trip.
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
    """Sets `clock` as the checked `settings` say, with the `ntp` of `service` (a service.Service);
    `on_trouble(sentence)` hears why it could not.

    When NTP is asked is decided here alone: where the clock is due for it (Clock.due), and the
    pause after a question in vain is over. These pauses grow, as NTP may be blocked for good."""

    waits = True  # within a step, for an answer; under asyncio the task does (task.py)

    def __init__(self, settings, service, on_trouble):
        self.clock = clock = Clock(settings["set_rtc"])
        self._sntp = service.ntp
        self._retry = Retry(settings["backoff_max"] * _SLOWER, clock)
        self._interval_ms = settings["sync_interval"] * 1000
        self._on_trouble = on_trouble
        self._heard = clock.periods, clock.ticks  # the uptime at the server's last answer
        # NTP had the poll before: this one is for sending. (A program that polls rarely may find
        # NTP due at each poll, and would send nothing.)
        self._just_asked = False
        # When NTP was last asked, the server had not answered for 10 minutes: the network may be
        # down, and NTP is to be asked as soon as it is back.
        self._unheard = False

    def close(self):
        """Leave nothing open, whatever has left a question in the middle."""
        self._sntp.close()

    @property
    def synced(self):
        return self.clock.source != "none"

    def _overdue(self):
        return self._sntp.hosts and self.clock.due(self._interval_ms)

    @property
    def asking(self):
        """Whether an answer of NTP's is waited for."""
        return self._sntp.asking

    def is_turn(self):
        """Whether ask() is to be called in this poll: NTP is due, and did not have the poll
        before."""
        just_asked, self._just_asked = self._just_asked, False
        if self._sntp.asking:
            return True
        return not just_asked and self._overdue() and not self._retry.wait_ms()

    def stale(self):
        """Whether readings should wait before they get their time: neither NTP nor the server has
        answered for long. Once the network is back, NTP can set the clock first."""
        return self._unheard and self._overdue()

    def wait_ms(self):
        """Milliseconds until ask() may be called again after it has failed."""
        return self._retry.wait_ms()

    def ask(self):
        """A step of a question to an NTP host: 100 ms at most, the look-up apart. Returns None
        while the answer is waited for; else whether there was one."""
        clock = self.clock
        clock.tick()
        if not self._sntp.asking:
            self._unheard = clock.age_ms(*self._heard) > _NEAR_MS
            self._retry.failed()
        wrong = self._sntp.ask(clock, _STEP_MS if self.waits else 0)
        if wrong == "":
            return None
        self._just_asked = True
        if wrong:  # the pause begins now, after the time-out; half of it is fixed, half random
            most_ms = self._retry.most_ms() // 2
            self._retry.pause(_LEAST_MS + most_ms + jitter(most_ms))
            self._on_trouble(wrong)
            return False
        if self._sntp.done:
            self._set("ntp", *self._sntp.best)
            self._retry.succeeded()
        else:
            self._retry.pause(0)  # go on with the next question, whose answer is compared
            self._just_asked = False
        return True

    def take_date(self, date, late_ms=0):
        """The server has answered, with the Date header `date` (bytes) or None. It may have lain
        unread for up to `late_ms`; below 0: nobody knows for how long, and it is not used."""
        clock = self.clock
        clock.tick()
        self._heard = clock.periods, clock.ticks
        if self._unheard:  # the network is back: NTP is asked before readings get their time
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
