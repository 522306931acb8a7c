"""Uptime, and what Unix time it was then.

Uptime is two small ints: `periods` of the ticks (each 2**30 ms, 12.4 days, on boards; counted
modulo 1024: 34 years), and `ticks`, milliseconds within one. Unix time is two small ints as well:
`unix_block`, in units of 100,000 s, and milliseconds within one. An int of 2**30 and above is a
heap object on a board, and no float ever carries a time: boards have 24 bits of mantissa.

A sync is a pair of the two: at this uptime it was that Unix time. Between two syncs the time is
interpolated; after the last one, and before the first, it is counted from that one by the ticks,
corrected by the drift that two syncs have shown. A sync may show that the clock was ahead. By at
most 2 s: readings get the time that was sent last (`last_sent_ms`) until the true one has passed
it. By more: the next readings have the true time, which is earlier than what was sent.

    source   the time is                            changes when
    none     unknown: locate() must not be called   NTP or the server answers: ntp, http
    http     right to about a second                NTP answers: ntp
    ntp      right to half the round trip, and      its error has grown to 2 s and NTP is silent,
             the drift since then                   but the server answers: http

Deadlines are counted on uptime as well (`age_ms`): it does not wrap in a device's life. So are the
pauses of a Retry: exponential back-off with jitter, so that a fleet does not return as a herd
after an outage (AWS Architecture Blog, "Exponential Backoff And Jitter"). They are over in time
also where the program did not call `poll()` for weeks.
"""

import random

from micropython import const

from .errors import call_unloading
from .steps import Ticks

_BLOCK_MS = const(100000000)  # the unit of `unix_block`: 100,000 s
_LOCATED_MS = const(20000)  # locate() holds for so long: a drift of 50 ppm is a millisecond then
_SYNCS = const(8)  # so many of the latest are kept
_UNKNOWN_PPM = const(50)  # the drift that is assumed before it was measured: a cheap crystal's
_MEASURED_PPM = const(5)  # how far off a measured drift is assumed to be: temperature changes it
_SANE_PPM = const(500)  # no crystal drifts more: a measurement beyond this is not believed
STEP_MS = const(2000)  # where the clock was ahead by more, it is set back: no equal times
_AGE_MAX_MS = const(0x20000000)  # six days: as far as ticks_diff() sees, and a small int
_BUILT = const(1767225600)  # 2026-01-01, before this release: every true time is later
_BASE_MS = const(1000)
_LAST = const(4294967295)  # 2106, where 32 bits of Unix seconds end


class Clock(Ticks):
    """The uptime, and what the syncs have told of Unix time. With `set_rtc`, the first sync also
    sets the board's own clock (its RTC)."""

    def __init__(self, set_rtc=True):
        Ticks.__init__(self)
        self.source = "none"
        self.ntp_set = False  # NTP has set it once: from then on certificates can be checked by it
        self.back_ms = 0  # how far the last sync set it back; below 0: forward
        self._set_rtc = set_rtc
        self.syncs = []  # [periods, ticks, unix_block, ms, error_ms], oldest first
        self._checked = 0, 0  # the uptime at which NTP last answered, whether that was used or not
        self.ppb = None  # drift: the ticks lose so many parts per billion; None: not measured
        self.unix_block = self.offset_ms = self.valid_until = 0  # set by locate(), described there
        self.last_sent_ms = 0  # the latest time given to a reading, in ms after `unix_block`

    def _after(self, periods, ticks, than_periods, than_ticks):
        # Milliseconds from the second uptime to the first; below 0 where the first is earlier.
        # Within one period that is a small int, beyond it a heap object.
        passed = (periods - than_periods + 512 & 0x3FF) - 512
        return ticks - than_ticks + passed * (self.mask + 1) if passed else ticks - than_ticks

    def age_ms(self, periods, ticks):
        """Milliseconds from the uptime (`periods`, `ticks`) to the last tick(), at most 2**29 (six
        days): always a small int."""
        passed = self.periods - periods & 0x3FF
        age = self.ticks - ticks
        if passed:
            age = age + self.mask + 1 if passed == 1 and age < 0 else self.mask
        return min(age, _AGE_MAX_MS)

    def uptime_s(self):
        """The uptime at the last tick(), in seconds."""
        period = self.mask  # the length of a period less 1: the length is a heap object
        return (
            self.periods * (period // 1000)
            + (self.periods * (period % 1000 + 1) + self.ticks) // 1000
        )

    def due(self, interval_ms):
        """Whether NTP should be asked: the time is not NTP's, or it has not answered for
        `interval_ms`."""
        return self.source != "ntp" or self.age_ms(*self._checked) >= interval_ms

    def can_be(self, unix_s):
        """Whether a true clock can show this: not before this release, nor after 2106."""
        return _BUILT <= unix_s <= _LAST

    def locate(self, periods, ticks):
        """Find what Unix time it was at the uptime (`periods`, `ticks`), and set four fields:
        it was `unix_block` * 100,000 s and `ticks` + `offset_ms` milliseconds. The same sum is
        right for later `ticks` of that period, as long as they are below `valid_until`.
        `last_sent_ms` is counted anew from this `unix_block`, and kept between -100,000,000 and
        100,002,000, which fits into a word of machine code. (The caller gives no reading a time
        before it: Uplink.fill, PlainBatch.move.)"""
        sync, ppb, _ = self._sync_at(periods, ticks)
        ms = self._after(periods, ticks, sync[0], sync[1])
        ms += sync[3] + ms // 1000 * ppb // 1000000  # divided early, so that it stays small
        unix_block = sync[2] + ms // _BLOCK_MS
        ms %= _BLOCK_MS
        last_sent_ms = self.last_sent_ms + (self.unix_block - unix_block) * _BLOCK_MS
        if last_sent_ms > ms + STEP_MS:  # too far ahead to wait for: times go back here
            last_sent_ms = ms
        self.last_sent_ms, self.unix_block = max(last_sent_ms, -_BLOCK_MS), unix_block
        self.offset_ms, self.valid_until = ms - ticks, ticks + min(_LOCATED_MS, _BLOCK_MS - ms)

    def _sync_at(self, periods, ticks):
        # For that uptime: the sync to count from, the drift (ppb), and the likely error (ms).
        syncs = self.syncs
        i = len(syncs) - 1
        while i > 0 and self._after(periods, ticks, syncs[i][0], syncs[i][1]) < 0:
            i -= 1
        sync = syncs[i]
        ms = self._after(periods, ticks, sync[0], sync[1])
        if ms >= 0 and i + 1 < len(syncs):
            return sync, self._drift(sync, syncs[i + 1]), max(sync[4], syncs[i + 1][4])
        ppm = _UNKNOWN_PPM if self.ppb is None else _MEASURED_PPM
        return sync, self.ppb or 0, sync[4] + abs(ms) // 1000 * ppm // 1000

    def error_ms(self, periods, ticks):
        """How wrong the Unix time found for that uptime may be, in ms; None: none is known."""
        return None if self.source == "none" else self._sync_at(periods, ticks)[2]

    def _drift(self, old, new):
        # Parts per billion by which the ticks were slow between two syncs.
        up = self._after(new[0], new[1], old[0], old[1])
        true = (new[2] - old[2]) * _BLOCK_MS + new[3] - old[3]
        return (true - up) * 1000000000 // up if up > 0 else 0

    def sync(self, source, unix_s, ms, periods, ticks, error_ms):
        """Take it that it was `ms` after `unix_s` at the uptime (`periods`, `ticks`), right to
        `error_ms`; `source` is "ntp" or "http". False, and no change, where what is known already
        is better, or the time cannot be; else `back_ms` says how far that set the clock back."""
        if not self.can_be(unix_s):
            return False
        known = self.error_ms(periods, ticks)
        syncs = self.syncs
        if source == "ntp":
            if self.source == "http":
                syncs = []  # a Date is too rough to draw a line from it to NTP's time
            elif known is not None and known < error_ms:
                self._checked = periods, ticks
                return False
        elif known is not None and known < 2 * error_ms:  # a Date: only where all else is worse
            return False
        in_block = unix_s % 100000 * 1000 + ms
        new = [
            periods,
            ticks,
            unix_s // 100000 + in_block // _BLOCK_MS,
            in_block % _BLOCK_MS,
            error_ms,
        ]
        back_ms = 0  # what the clock would show now, by its last sync, less what it is
        if known is not None:
            old = self.syncs[-1]
            up = self._after(periods, ticks, old[0], old[1])
            back_ms = up + up // 1000 * (self.ppb or 0) // 1000000
            back_ms -= (new[2] - old[2]) * _BLOCK_MS + new[3] - old[3]
            # No crystal drifts so far: the last sync was wrong. The older ones are forgotten, as
            # times must not be interpolated between a wrong one and this one.
            if abs(back_ms) > up // 8 + old[4] + error_ms:
                syncs = []
        syncs = syncs[1 - _SYNCS :] + [new]
        ppb = self.measured(syncs)
        if known is None and self._set_rtc:
            call_unloading("rtc", "set_board_clock", unix_s, ms)
        self.back_ms = back_ms
        self.ntp_set = self.ntp_set or source == "ntp"
        self.syncs, self.source, self.ppb = syncs, source, ppb
        if source == "ntp":
            self._checked = periods, ticks
        return True

    def measured(self, syncs):
        """The drift between the last of the `syncs` and the latest earlier one that is so far from
        it that their errors make at most 10 ppm; without such a one, what was measured before."""
        new = syncs[-1]
        for old in reversed(syncs[:-1]):
            if self._after(new[0], new[1], old[0], old[1]) // 1000 >= (new[4] + old[4]) * 100:
                ppb = self._drift(old, new)
                return ppb if abs(ppb) <= _SANE_PPM * 1000 else self.ppb
        return self.ppb


class Retry:
    """When something may be tried next: at once, or after a pause. After a failure the pause is a
    random time up to min(`cap_s`, 1 s * 2**(failures before)): what AWS names full jitter.
    `wait_ms()` takes the uptime of the clock's last tick(), with which each `poll()` begins."""

    def __init__(self, cap_s, clock):
        self._cap_ms = cap_s * 1000
        self.clock = clock
        self._failures = 0
        # A pause of `_ms` milliseconds (0: none) that began at the uptime (_periods, _ticks).
        self._ms = self._periods = self._ticks = 0

    def wait_ms(self):
        """Milliseconds until it may be tried; 0: now."""
        if not self._ms:
            return 0
        return max(0, self._ms - self.clock.age_ms(self._periods, self._ticks))

    def succeeded(self):
        self._failures = self._ms = 0

    def pause(self, ms):
        """Begin a pause of `ms` (at most 2**29) in the place of any other; 0: end it."""
        periods, ticks = self.clock.stamp()
        self._periods, self._ticks, self._ms = periods, ticks, ms

    def failed(self):
        """Count one more failure, and begin the pause after it."""
        self._failures += 1
        self.pause(jitter(self.most_ms()))

    def most_ms(self):
        """How long the pause after the latest failure could have been at most."""
        return min(self._cap_ms, _BASE_MS << min(self._failures - 1, 12))


def jitter(most_ms):
    """A random time below `most_ms`, computed in two parts so that both stay small ints."""
    part = random.getrandbits(14)
    return (most_ms >> 14) * part + ((most_ms & 0x3FFF) * part >> 14)
