"""The time from an NTP host: one question for each call, the best of a few answers.

SNTP client mode after RFC 4330, section 5, with the care of RFC 5905: a random originate timestamp
has to come back, and an answer is refused where its mode is not 4, its leap indicator 3 (the
server has no time), its stratum 0 (a kiss of death: that host is never asked again) or over 15, or
its time one that cannot be (Clock.can_be). The socket is connected: only the host asked is heard.
"""

import os
import socket
import time

_TO_UNIX = 2208988800  # seconds from 1900 to 1970
_SAMPLES = 3
_GOOD_MS = 20  # a round trip that no second answer has to improve
_TIMEOUT_S = 2


class Sntp:
    """Asks `hosts`, "host" or "host:port", in turn; each question waits at most `timeout_s` (and
    at most 2) seconds, the name look-up apart.

    Where `done`, the best answer is: the time was `ms` after `unix_s` at the uptime (`hi`, `lo`),
    right to `error_ms`, half the round trip.
    """

    def __init__(self, hosts, timeout_s):
        self._hosts = list(hosts)
        self._timeout_s = min(timeout_s, _TIMEOUT_S)
        self._turn = 0
        self._samples = 0
        self.done = False
        self.unix_s = self.ms = self.hi = self.lo = self.error_ms = 0

    @property
    def hosts(self):
        """The hosts that may still be asked."""
        return self._hosts

    def ask(self, clock):
        """One question. None where an answer came, else a sentence; either may have made it
        `done`. `clock` is stamped by its `tick()`."""
        if self.done:
            self.done = False
            self._samples = 0
        host = self._hosts[self._turn % len(self._hosts)]
        s = None
        try:
            name, _, port = host.partition(":")
            found = socket.getaddrinfo(name, int(port or 123), 0, socket.SOCK_DGRAM)
            where = found[self._turn // len(self._hosts) % len(found)]
            s = socket.socket(where[0], socket.SOCK_DGRAM)
            s.settimeout(self._timeout_s)
            s.connect(where[-1])
            wrong = self._exchange(s, clock, host)
        except OSError as e:
            wrong = "no time from %s (%s)" % (host, e.args[0] if e.args else "no answer")
        finally:
            if s:
                s.close()
        if wrong:
            self._turn += 1
            self.done = self._samples > 0
            return None if self.done else wrong
        self._samples += 1
        self.done = self._samples >= _SAMPLES or self.error_ms * 2 <= _GOOD_MS
        return None

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
        if answer[1] == 0 and answer[0] & 7 == 4:
            self._hosts.remove(host)
            self._turn -= 1  # the next host has its place now
            return "%s asks not to be asked again" % host
        if answer[0] & 7 != 4 or answer[0] >> 6 == 3 or answer[1] > 15:
            return "%s does not know the time" % host
        left_s, left_ms = _timestamp(answer, 40)
        came_s, came_ms = _timestamp(answer, 32)
        if not any(answer[40:48]) or not clock.can_be(left_s):
            return "a time from %s that cannot be" % host
        # Of the round trip, what the host kept the question is no travel.
        trip_ms = max(0, trip_ms - max(0, (left_s - came_s) * 1000 + left_ms - came_ms))
        error_ms = trip_ms // 2 + 1
        if not self._samples or error_ms < self.error_ms:
            self.error_ms = error_ms
            self.unix_s = left_s
            self.ms = left_ms + trip_ms // 2
            self.hi = clock.hi
            self.lo = clock.last
        return None


def _timestamp(packet, at):
    # Unix seconds and milliseconds; NTP's seconds start again in 2036 (RFC 4330, section 3).
    seconds = int.from_bytes(packet[at : at + 4], "big")
    if seconds < 0x80000000:
        seconds += 0x100000000
    return seconds - _TO_UNIX, (packet[at + 4] << 8 | packet[at + 5]) * 1000 >> 16
