"""Uptime, and what Unix time it was then.

Uptime is two small ints: `hi` periods of the ticks (2**30 ms, 12.4 days, on boards; counted
modulo 1024: 34 years) and `last` milliseconds within one. Unix time is two as well: `mega`, units
of 100,000 s, and milliseconds within one. 2**30 and above is a heap object on a board, and no
float ever carries a time: boards have 24 bits of mantissa.

Between two syncs the time is interpolated; after the last one, and before the first, the drift
that two syncs showed is taken out. `floor` is what was sent last: where a sync steps back by at
most 2 s, equal times are sent until the true one is there; a larger step is taken at once.

    source   leaves when                      the time is
    none     an NTP or HTTP answer came       unknown: settle() must not be called
    http     an NTP answer came               right to about a second
    ntp      its error has grown to 2 s, and  right to half the round trip, and the drift since
             an HTTP answer came: http

Deadlines are counted on uptime as well (`age_ms`): it does not wrap in a device's life.
"""

from micropython import const

from .errors import once
from .ring import steps

_MEGA_MS = const(100000000)
_SETTLED_MS = const(20000)  # at 50 ppm of drift that is a millisecond
_SYNCS = const(8)
_UNKNOWN_PPM = const(50)  # a cheap crystal's tolerance
_MEASURED_PPM = const(5)  # what is left of it, for temperature, once two syncs have shown it
_SANE_PPM = const(500)
STEP_MS = const(2000)  # a larger step back is not bridged by equal times
_AGE_MAX_MS = const(0x20000000)  # six days: as far as ticks_diff() sees, and a small int
_BUILT = const(1767225600)  # 2026-01-01: no true time is before this release
_LAST = const(4294967295)  # 2106, where 32 bits of Unix seconds end


class Clock(steps.Ticks):
    """The board's own clock is set on the first sync where `set_rtc`."""

    def __init__(self, set_rtc=True):
        steps.Ticks.__init__(self)
        self.source = "none"
        self.proven = False  # NTP has set it once: right enough for certificates from then on
        self.back_ms = 0  # by so much the last sync has set it back
        self._set_rtc = set_rtc
        self._syncs = []  # [hi, lo, mega, ms, error_ms], oldest first
        self._checked = 0, 0  # uptime of NTP's last answer, used or not
        self._ppb = None  # the drift: by so much the ticks are slow, in parts per billion
        self.mega = self.shift = self.until = 0  # what settle() found
        self.floor = 0  # milliseconds after `mega` that were sent last

    def _after(self, hi, lo, than_hi, than_lo):
        # Milliseconds of uptime from one to another; beyond a period they are a heap object.
        periods = (hi - than_hi + 512 & 0x3FF) - 512
        return lo - than_lo + periods * (self.mask + 1) if periods else lo - than_lo

    def age_ms(self, hi, lo):
        """Milliseconds from the uptime (`hi`, `lo`) to the last tick, at most 2**29 (six days):
        a small int, whatever happened meanwhile."""
        periods = self.hi - hi & 0x3FF
        age = self.last - lo
        if periods:
            age = age + self.mask + 1 if periods == 1 and age < 0 else self.mask
        return min(age, _AGE_MAX_MS)

    def uptime_s(self):
        """The uptime at the last tick, in seconds."""
        period = self.mask  # one more is a heap object
        return self.hi * (period // 1000) + (self.hi * (period % 1000 + 1) + self.last) // 1000

    def due(self, interval_ms):
        """Whether NTP should be asked: it never set the clock, or longer ago than that."""
        return self.source != "ntp" or self.age_ms(*self._checked) >= interval_ms

    def can_be(self, unix_s):
        """Whether a true clock can show this: not before this release, nor after 2106."""
        return _BUILT <= unix_s <= _LAST

    def settle(self, hi, lo):
        """Find what Unix time it was at the uptime (`hi`, `lo`): `mega` * 100,000 s, and `lo` +
        `shift` ms. The same holds up to, not including, the uptime (`hi`, `until`). `floor` goes
        with `mega`, and stays between -100,000,000 and 100,002,000, for machine code."""
        sync, ppb, _ = self._segment(hi, lo)
        ms = self._after(hi, lo, sync[0], sync[1])
        ms += sync[3] + ms // 1000 * ppb // 1000000  # in steps that stay small
        mega = sync[2] + ms // _MEGA_MS
        ms %= _MEGA_MS
        floor = self.floor + (self.mega - mega) * _MEGA_MS
        if floor > ms + STEP_MS:
            floor = ms
        self.floor, self.mega = max(floor, -_MEGA_MS), mega
        self.shift, self.until = ms - lo, lo + min(_SETTLED_MS, _MEGA_MS - ms)

    def _segment(self, hi, lo):
        # The sync to count from, the drift there (ppb), and the error there (ms).
        syncs = self._syncs
        i = len(syncs) - 1
        while i > 0 and self._after(hi, lo, syncs[i][0], syncs[i][1]) < 0:
            i -= 1
        sync = syncs[i]
        ms = self._after(hi, lo, sync[0], sync[1])
        if ms >= 0 and i + 1 < len(syncs):
            return sync, self._drift(sync, syncs[i + 1]), max(sync[4], syncs[i + 1][4])
        ppm = _UNKNOWN_PPM if self._ppb is None else _MEASURED_PPM
        return sync, self._ppb or 0, sync[4] + abs(ms) // 1000 * ppm // 1000

    def error_ms(self, hi, lo):
        """How wrong the time at that uptime may be, in ms; None where there is none."""
        return None if self.source == "none" else self._segment(hi, lo)[2]

    def _drift(self, old, new):
        # Parts per billion by which the ticks were slow between two syncs.
        up = self._after(new[0], new[1], old[0], old[1])
        true = (new[2] - old[2]) * _MEGA_MS + new[3] - old[3]
        return (true - up) * 1000000000 // up if up > 0 else 0

    def sync(self, source, unix_s, ms, hi, lo, error_ms):
        """It was `ms` after `unix_s` at the uptime (`hi`, `lo`), right to `error_ms`; `source` is
        "ntp" or "http". False where what is known already is better; else `back_ms` is by how much
        that sets the clock back."""
        if not self.can_be(unix_s):
            return False
        known = self.error_ms(hi, lo)
        syncs = self._syncs
        if source == "ntp":
            if self.source == "http":
                syncs = []
            elif known is not None and known < error_ms:
                self._checked = hi, lo
                return False
        elif known is not None and known < 2 * error_ms:
            return False
        in_mega = unix_s % 100000 * 1000 + ms
        new = [hi, lo, unix_s // 100000 + in_mega // _MEGA_MS, in_mega % _MEGA_MS, error_ms]
        back_ms = 0
        if known is not None:
            old = self._syncs[-1]
            up = self._after(hi, lo, old[0], old[1])
            back_ms = up + up // 1000 * (self._ppb or 0) // 1000000
            back_ms -= (new[2] - old[2]) * _MEGA_MS + new[3] - old[3]
            # No crystal drifts so far: the old one was wrong, there is no line between the two.
            if abs(back_ms) > up // 8 + old[4] + error_ms:
                syncs = []
        syncs = syncs[1 - _SYNCS :] + [new]
        ppb = self._measured(syncs)
        if known is None and self._set_rtc:
            once("dates", "set_board_clock", unix_s, ms)
        self.back_ms = back_ms
        self.proven = self.proven or source == "ntp"
        self._syncs, self.source, self._ppb = syncs, source, ppb
        if source == "ntp":
            self._checked = hi, lo
        return True

    def restore(self, syncs):
        """Know what the clock of another boot did."""
        self._syncs, self.source, self._ppb = syncs, "ntp", self._measured(syncs)

    def _measured(self, syncs):
        # The drift since the latest earlier sync that is far enough for it to be right to 10 ppm.
        new = syncs[-1]
        for old in reversed(syncs[:-1]):
            if self._after(new[0], new[1], old[0], old[1]) // 1000 >= (new[4] + old[4]) * 100:
                ppb = self._drift(old, new)
                return ppb if abs(ppb) <= _SANE_PPM * 1000 else self._ppb
        return self._ppb
