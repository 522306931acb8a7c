"""Uptime, and what Unix time it was then.

Uptime is two small ints: `hi` periods of the ticks (2**30 ms, 12.4 days, on
boards; counted modulo 1024: 34 years) and `last`
milliseconds within one. Unix time is two small ints as well: `mega` units of 100,000 s, and
milliseconds within one: 2**30 and above is a heap object on a board, and no float ever carries a
time. Sources: RFC 4330 and RFC 5905 (SNTP client), RFC 9110 section 5.6.7 (the Date header).

    source   leaves when                      settle() is
    none     an NTP or HTTP answer came       refused
    http     an NTP answer came               right to about a second
    ntp      never                            right to half the round trip
"""

import os
import socket
import time

from micropython import const

_MEGA_MS = const(100000000)
_SETTLED_MS = const(20000)
_NTP_TO_UNIX = 2208988800  # seconds from 1900 to 1970
_BUILT = 1767225600  # 2026-01-01: no true time is before this release
_LAST = 4294967295  # 2106, the end of 32 bits


class Clock:
    """`hosts`: NTP servers as "host" or "host:port", asked in turn for at most `timeout_s`."""

    def __init__(self, hosts, timeout_s):
        self.mask = min(time.ticks_add(0, -1), 0x3FFFFFFF)
        self.hi = 0
        self.last = time.ticks_ms() & self.mask
        self.source = "none"
        self.error_ms = None  # half the round trip, or a second, of the last sync
        self._hosts = hosts
        self._next = 0
        self._timeout_s = timeout_s
        self._at_hi = self._at_lo = self._mega = self._ms = 0
        self.mega = self.shift = self.until = 0  # what settle() found

    def tick(self):
        """Keep uptime right: to be called, as `log()` does, at least once in a period."""
        now = time.ticks_ms() & self.mask
        self.hi = self.hi + (now < self.last) & 0x3FF
        self.last = now

    def due(self, interval_ms):
        """Whether NTP is to be asked: never set by it, or longer ago than `interval_ms`."""
        age_ms = (self.hi - self._at_hi & 0x3FF) * (self.mask + 1) + self.last - self._at_lo
        return bool(self._hosts) and (self.source != "ntp" or age_ms >= interval_ms)

    def settle(self, hi, lo):
        """Find what Unix time it was at the uptime (`hi`, `lo`): `mega` * 100,000 s, and `lo` +
        `shift` ms. The same holds up to, not including, the uptime (`hi`, `until`)."""
        ms = lo - self._at_lo
        periods = (hi - self._at_hi + 512 & 0x3FF) - 512
        if periods:
            ms += periods * (self.mask + 1)
        ms += self._ms
        self.mega = self._mega + ms // _MEGA_MS
        ms %= _MEGA_MS
        self.shift = ms - lo
        self.until = lo + min(_SETTLED_MS, _MEGA_MS - ms)

    def _set(self, unix_s, ms, source, error_ms):
        # It is `ms` milliseconds after `unix_s` at the uptime that tick() saw last.
        first = self.source == "none"
        self._at_hi = self.hi
        self._at_lo = self.last
        ms += unix_s % 100000 * 1000
        self._mega = unix_s // 100000 + ms // _MEGA_MS
        self._ms = ms % _MEGA_MS
        self.source = source
        self.error_ms = error_ms
        if first:
            _set_board_clock(unix_s)

    def set_from_http(self, unix_s):
        """Take the time of an HTTP Date header, unless an NTP answer is there already."""
        if self.source == "ntp" or not _BUILT <= unix_s <= _LAST:
            return False
        self.tick()
        self._set(unix_s, 500, "http", 1000)
        return True

    def ask(self):
        """One question to the next NTP host. None where its answer set the clock, else a sentence.

        Blocks for the name look-up, and then for at most the time-out.
        """
        host = self._hosts[self._next % len(self._hosts)]
        self._next += 1
        name, _, port = host.partition(":")
        s = None
        try:
            where = socket.getaddrinfo(name, int(port or 123), 0, socket.SOCK_DGRAM)[0]
            s = socket.socket(where[0], socket.SOCK_DGRAM)
            s.settimeout(self._timeout_s)
            s.connect(where[-1])  # so that only this host's answer is received
            return self._exchange(s, host)
        except OSError as e:
            return "no time from %s (%s)" % (host, e.args[0] if e.args else "no answer")
        finally:
            if s:
                s.close()

    def _exchange(self, s, host):
        question = bytearray(48)
        question[0] = 0x23  # version 4, client
        question[40:] = nonce = os.urandom(8)
        sent = time.ticks_ms()
        s.send(question)
        answer = s.recv(64)
        round_trip = time.ticks_diff(time.ticks_ms(), sent)
        self.tick()
        if len(answer) < 48 or answer[24:32] != nonce:
            return "an answer from %s that is not for this question" % host
        if answer[0] & 7 != 4 or answer[0] >> 6 == 3 or not 0 < answer[1] < 16:
            return "%s does not know the time" % host
        seconds = int.from_bytes(answer[40:44], "big")
        if seconds < 0x80000000:
            seconds += 0x100000000  # from 2036 on
        seconds -= _NTP_TO_UNIX
        if not _BUILT <= seconds <= _LAST:
            return "a time from %s that cannot be" % host
        ms = _fraction_ms(answer[44:48])
        kept = int.from_bytes(answer[40:44], "big") - int.from_bytes(answer[32:36], "big")
        kept = kept * 1000 + ms - _fraction_ms(answer[36:40])  # by the server, of the round trip
        round_trip -= min(round_trip, max(0, kept))
        ms += round_trip // 2
        self._set(seconds, ms, "ntp", round_trip // 2 + 1)


def _fraction_ms(fraction):
    return (fraction[0] << 8 | fraction[1]) * 1000 >> 16


def http_date(text):
    """Unix seconds of a Date header's "Sun, 06 Nov 1994 08:49:37 GMT" (bytes); 0 if it is none."""
    try:
        _, day, month, year, clock, _ = str(text, "utf-8").split()
        hour, minute, second = (int(part) for part in clock.split(":"))
        month = "JanFebMarAprMayJunJulAugSepOctNovDec".index(month) // 3
        return _unix(int(year), month + 1, int(day), hour, minute, second)
    except ValueError:
        return 0


def _unix(year, month, day, hour, minute, second):
    # Days from 1970 in the proleptic Gregorian calendar, counting years from March.
    year -= month < 3
    days = 365 * year + year // 4 - year // 100 + year // 400
    days += (153 * (month + (9 if month < 3 else -3)) + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _set_board_clock(unix_s):
    # time.time() is right for the rest of the user's program; the port's epoch is 1970 or 2000.
    try:
        from machine import RTC
    except ImportError:
        return  # a port without one, such as a PC's
    epoch = _unix(time.gmtime(0)[0], 1, 1, 0, 0, 0)
    year, month, day, hour, minute, second, weekday = time.gmtime(unix_s - epoch)[:7]
    RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def board_id():
    """Bytes that name this board and no other: the port's unique id, else random ones."""
    try:
        from machine import unique_id
    except ImportError:
        return os.urandom(8)
    return unique_id()
