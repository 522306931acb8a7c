"""Uptime, and what Unix time it was then.

Uptime is two small ints: `periods` of the ticks (each 2**30 ms, 12.4 days, on boards; counted
modulo 1024: 34 years), and `ticks`, milliseconds within one. Unix time is two small ints as well:
`unix_block`, in units of 100,000 s, and milliseconds within one. An int of 2**30 and above is a
heap object on a board, and no float ever carries a time: boards have 24 bits of mantissa.

A sync is a pair of the two: at this uptime it was that Unix time. Between two syncs the time is
interpolated; after the last one, and before the first, the drift that two syncs showed is taken
out. Where a sync sets the clock back by at most 2 s, readings get the time that was sent last
(`last_sent_ms`) until the true one has passed it; a larger step is taken at once.

    source   leaves when                      the time is
    none     an NTP or HTTP answer came       unknown: locate() must not be called
    http     an NTP answer came               right to about a second
    ntp      its error has grown to 2 s, and  right to half the round trip, and the drift since
             an HTTP answer came: http

Deadlines are counted on uptime as well (`age_ms`): it does not wrap in a device's life.
"""

from micropython import const

from .errors import call_unloading
from .ring import steps

_BLOCK_MS = const(100000000)
_LOCATED_MS = const(20000)  # so long one locate() is good for: 50 ppm of it are a millisecond
_SYNCS = const(8)  # so many are kept
_UNKNOWN_PPM = const(50)  # drift of a cheap crystal, by its tolerance
_MEASURED_PPM = const(5)  # by temperature alone, where two syncs have shown the rest
_SANE_PPM = const(500)  # no crystal drifts more
STEP_MS = const(2000)  # a larger step back is not bridged by equal times
_AGE_MAX_MS = const(0x20000000)  # six days: as far as ticks_diff() sees, and a small int
_BUILT = const(1767225600)  # 2026-01-01: no true time is before this release
_LAST = const(4294967295)  # 2106, where 32 bits of Unix seconds end


class Clock(steps.Ticks):
    """The uptime, and what syncs have told of the time. With `set_rtc`, the first sync also sets
    the board's own clock (its RTC)."""

    def __init__(self, set_rtc=True):
        steps.Ticks.__init__(self)
        self.source = "none"
        self.ntp_set = False  # NTP has set it once: from then on its date is good for certificates
        self.back_ms = 0  # by so much the last sync has set it back
        self._set_rtc = set_rtc
        self.syncs = []  # [periods, ticks, unix_block, ms, error_ms], oldest first
        self._checked = 0, 0  # uptime of NTP's last answer, used or not
        self._ppb = None  # the drift: by so much the ticks are slow, in parts per billion
        self.unix_block = self.offset_ms = self.valid_until = 0  # what locate() found
        self.last_sent_ms = 0  # milliseconds after `unix_block` that were sent last

    def _after(self, periods, ticks, than_periods, than_ticks):
        # Milliseconds of uptime from one to another; beyond a period they are a heap object.
        passed = (periods - than_periods + 512 & 0x3FF) - 512
        return ticks - than_ticks + passed * (self.mask + 1) if passed else ticks - than_ticks

    def age_ms(self, periods, ticks):
        """Milliseconds from the uptime (`periods`, `ticks`) to the last tick; 2**29 (six days)
        where it is more: always a small int."""
        passed = self.periods - periods & 0x3FF
        age = self.ticks - ticks
        if passed:
            age = age + self.mask + 1 if passed == 1 and age < 0 else self.mask
        return min(age, _AGE_MAX_MS)

    def uptime_s(self):
        """The uptime at the last tick, in seconds."""
        period = self.mask  # one more is a heap object
        return (
            self.periods * (period // 1000)
            + (self.periods * (period % 1000 + 1) + self.ticks) // 1000
        )

    def due(self, interval_ms):
        """Whether NTP should be asked: it never set the clock, or longer ago than that."""
        return self.source != "ntp" or self.age_ms(*self._checked) >= interval_ms

    def can_be(self, unix_s):
        """Whether a true clock can show this: not before this release, nor after 2106."""
        return _BUILT <= unix_s <= _LAST

    def locate(self, periods, ticks):
        """Find what Unix time it was at the uptime (`periods`, `ticks`): `unix_block` * 100,000 s
        and `ticks` + `offset_ms` milliseconds. That holds up to, not including, the uptime
        (`periods`, `valid_until`). `last_sent_ms` is counted from the new `unix_block`, and kept
        between -100,000,000 and 100,002,000: a word of machine code."""
        sync, ppb, _ = self._sync_at(periods, ticks)
        ms = self._after(periods, ticks, sync[0], sync[1])
        ms += sync[3] + ms // 1000 * ppb // 1000000  # in steps that stay small
        unix_block = sync[2] + ms // _BLOCK_MS
        ms %= _BLOCK_MS
        last_sent_ms = self.last_sent_ms + (self.unix_block - unix_block) * _BLOCK_MS
        if last_sent_ms > ms + STEP_MS:
            last_sent_ms = ms
        self.last_sent_ms, self.unix_block = max(last_sent_ms, -_BLOCK_MS), unix_block
        self.offset_ms, self.valid_until = ms - ticks, ticks + min(_LOCATED_MS, _BLOCK_MS - ms)

    def _sync_at(self, periods, ticks):
        # The sync to count from, the drift there (ppb), and the error there (ms).
        syncs = self.syncs
        i = len(syncs) - 1
        while i > 0 and self._after(periods, ticks, syncs[i][0], syncs[i][1]) < 0:
            i -= 1
        sync = syncs[i]
        ms = self._after(periods, ticks, sync[0], sync[1])
        if ms >= 0 and i + 1 < len(syncs):
            return sync, self._drift(sync, syncs[i + 1]), max(sync[4], syncs[i + 1][4])
        ppm = _UNKNOWN_PPM if self._ppb is None else _MEASURED_PPM
        return sync, self._ppb or 0, sync[4] + abs(ms) // 1000 * ppm // 1000

    def error_ms(self, periods, ticks):
        """How wrong the time at that uptime may be, in ms; None where there is none."""
        return None if self.source == "none" else self._sync_at(periods, ticks)[2]

    def _drift(self, old, new):
        # Parts per billion by which the ticks were slow between two syncs.
        up = self._after(new[0], new[1], old[0], old[1])
        true = (new[2] - old[2]) * _BLOCK_MS + new[3] - old[3]
        return (true - up) * 1000000000 // up if up > 0 else 0

    def sync(self, source, unix_s, ms, periods, ticks, error_ms):
        """It was `ms` after `unix_s` at the uptime (`periods`, `ticks`), right to `error_ms`;
        `source` is "ntp" or "http". False where what is known already is better; else `back_ms` is
        by how much that sets the clock back."""
        if not self.can_be(unix_s):
            return False
        known = self.error_ms(periods, ticks)
        syncs = self.syncs
        if source == "ntp":
            if self.source == "http":
                syncs = []
            elif known is not None and known < error_ms:
                self._checked = periods, ticks
                return False
        elif known is not None and known < 2 * error_ms:
            return False
        in_block = unix_s % 100000 * 1000 + ms
        new = [
            periods,
            ticks,
            unix_s // 100000 + in_block // _BLOCK_MS,
            in_block % _BLOCK_MS,
            error_ms,
        ]
        back_ms = 0
        if known is not None:
            old = self.syncs[-1]
            up = self._after(periods, ticks, old[0], old[1])
            back_ms = up + up // 1000 * (self._ppb or 0) // 1000000
            back_ms -= (new[2] - old[2]) * _BLOCK_MS + new[3] - old[3]
            # No crystal drifts so far: the old one was wrong, there is no line between the two.
            if abs(back_ms) > up // 8 + old[4] + error_ms:
                syncs = []
        syncs = syncs[1 - _SYNCS :] + [new]
        ppb = self._measured(syncs)
        if known is None and self._set_rtc:
            call_unloading("rtc", "set_board_clock", unix_s, ms)
        self.back_ms = back_ms
        self.ntp_set = self.ntp_set or source == "ntp"
        self.syncs, self.source, self._ppb = syncs, source, ppb
        if source == "ntp":
            self._checked = periods, ticks
        return True

    def restore(self, syncs):
        """Know what the clock of another boot did."""
        self.syncs, self.source, self._ppb = syncs, "ntp", self._measured(syncs)

    def _measured(self, syncs):
        # The drift since the latest earlier sync that is far enough for it to be right to 10 ppm.
        new = syncs[-1]
        for old in reversed(syncs[:-1]):
            if self._after(new[0], new[1], old[0], old[1]) // 1000 >= (new[4] + old[4]) * 100:
                ppb = self._drift(old, new)
                return ppb if abs(ppb) <= _SANE_PPM * 1000 else self._ppb
        return self._ppb
