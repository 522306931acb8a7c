"""Uptime goes on through sleep: where the port's ticks stood still, or began anew, the uptime
leaps. Loaded with `upload_interval` or `max_clock_error`, and by Logger.slept().

A leap is put on all ticks that the rest of islog reads. How long it was is known

    exactly     by the program: Logger.slept()
    roughly     by the board's RTC, after a deep sleep: an ESP32's goes by an oscillator that may
                be off by 5 %. How much it was off between two of NTP's answers is taken out of
                later leaps
    not at all  where somebody may have set the RTC meanwhile: then the times before the leap go by
                the syncs before it, those after it by the syncs after it, which are waited for

An ESP32's ticks go on in light sleep, but by that oscillator, too: nap() counts these times, for
`error_ms` to tell the truth.
"""

import time

import machine
from micropython import const

from .uplink import PROBE

_OFF_PPM = const(60000)  # how far off the RTC is assumed to be before that was measured ...
_CHANGE_PPM = const(1000)  # ... and at least afterwards: temperature changes it
_ASK_MS = const(50)  # a crystal needs a quarter of an hour for it, before it was measured
_VAIN_MS = const(60000)
_WAIT_MS = const(100)
_BLOCK_MS = const(100000000)  # as in clock.py
_SYNCS = const(8)
_GAP_S = const(2)
_LONGEST_S = const(2592000)  # 30 days. A longer leap of the RTC: somebody has set it
_AHEAD = const(3)  # the cell of Ticks.uptime that is added to the port's ticks (steps.py)


def has_rtc_memory():
    """Whether this is an ESP32: its RTC counts on through sleep, by an oscillator, and has a
    memory."""
    return hasattr(getattr(machine, "RTC", int)(), "memory")


def _sync(uptime, block, ms, error_ms):
    # An entry of Clock.syncs.
    return [uptime[0], uptime[1], block + ms // _BLOCK_MS, ms % _BLOCK_MS, error_ms]


def shift(clock, ms):
    """Let the uptime of `clock` be `ms` more from now on."""
    cells, mask = clock.uptime, clock.mask
    while ms > 0:
        part = min(ms, mask >> 3)  # a tick() may miss a longer one
        ms -= part
        clock.tick()
        cells[_AHEAD] = (cells[_AHEAD] + part & mask) - mask - 1
        clock.tick()


def slept(log, ms):
    """Logger.slept()."""
    if not isinstance(ms, int) or ms < 0:
        raise ValueError("slept() takes whole milliseconds, 0 or more")
    leaps = getattr(log, "_leaps", None)
    if leaps:
        leaps.exactly(ms)
    else:
        shift(log._time.clock, ms)


def hold(log, most_ms):
    """Let readings of `log` wait while their time may be wrong by more than `most_ms`
    (`max_clock_error`)."""
    clock = log._time.clock
    if not hasattr(log, "_leaps"):
        log._leaps = Leaps(clock)
    log._leaps.ask_ms = min(log._leaps.ask_ms, most_ms)
    deliver = log._deliver

    def held(flushing):
        # (What was logged before the last sync is not known any better by the next one.)
        if log._uplink.batch.count or clock.error_ms(clock.periods, clock.ticks) <= most_ms:
            return deliver(flushing)
        # A probe's answer has a Date, and shows whether anything answers.
        return log._start(PROBE) if log._uplink.probe_due() else _WAIT_MS

    log._deliver = held


class Leaps:
    """Stands in the place of four methods of `clock`, a Clock."""

    def __init__(self, clock):
        self.clock = clock
        self.rtc_ppm = 0  # the RTC loses so many parts per million against true time
        self.off_ppm = _OFF_PPM  # how wrong that may be
        self.slept_ms = 0  # by the RTC since the last sync; so much of it ...
        self.napped_ms = 0  # ... in light sleep, where `rtc_ppm` is not taken out
        self.early_ms = 0  # how wrong the times before the first sync may be
        self.woke = None  # the uptime after a leap of unknown length; None: NTP was heard since
        self.ask_ms = _ASK_MS  # NTP is asked where the error may have grown by more
        self._vain = None  # the uptime at which NTP had nothing better to say
        self._sync_at, clock._sync_at = clock._sync_at, self.sync_at
        self._sync, clock.sync = clock.sync, self.sync
        self._due, clock.due = clock.due, self.due
        self._locate, clock.locate = clock.locate, self.locate
        self.mark()

    # --- what has leapt

    def exactly(self, ms):
        """It slept for `ms` while the ticks stood still."""
        shift(self.clock, ms)
        self.mark()

    def by_rtc(self, ms):
        """The same, for `ms` by its RTC."""
        shift(self.clock, ms + ms * self.rtc_ppm // 1000000)
        self.slept_ms += ms

    def nap(self, ms):
        """It slept for `ms` while its ticks went by the RTC."""
        self.slept_ms += ms
        self.napped_ms += ms

    def unknown(self, ms, doubt_ms, began=None):
        """It slept, perhaps for `ms`, which may be wrong by `doubt_ms`: the time is not known
        until the next sync. `began`: the uptime at which the ticks stood still; None: now, and
        `ms` are to be added to the uptime."""
        clock = self.clock
        last = began or clock.stamp()
        if not began:
            ms = max(1, ms)  # what was logged in this very millisecond was before it
            shift(clock, ms)
        self.woke = began or clock.stamp()
        if clock.syncs:
            # One sync more for what was before, and one, for the time being, for what comes.
            error_ms = clock._sync_at(*last)[2]
            clock.locate(*last)
            block, at_ms = clock.unix_block, last[1] + clock.offset_ms
            first = _sync(self.woke, block, at_ms + ms, error_ms + doubt_ms)
            last = _sync(last, block, at_ms, error_ms)
            clock.syncs, clock.source = clock.syncs[2 - _SYNCS :] + [last, first], "none"
        else:
            self.early_ms += doubt_ms + self.slept_ms * _OFF_PPM // 1000000
        self.slept_ms = self.napped_ms = 0

    # --- whether the ticks stood still while the RTC went on

    def mark(self):
        """The RTC and the uptime are compared from now on."""
        self._rtc_s = time.time()
        self._marked = self._looked = self.clock.stamp()
        self._gap_s = 0

    def look(self, leap=True):
        """Compare them. With `leap` False, what is found was done by a step of islog's own, which
        sets the RTC: True where it has."""
        clock = self.clock
        clock.tick()
        passed_s = clock.age_ms(*self._marked) // 1000
        gap_s = time.time() - self._rtc_s - passed_s
        if leap:
            self._gap_s = gap_s
            if not -_GAP_S < gap_s < _GAP_S:
                # An ESP32's clock goes by its RTC after a light sleep, for the time awake as well
                # (ESP-IDF, esp_set_time_from_rtc): no leap is what that may be off.
                least_s = passed_s >> 4 if has_rtc_memory() else 0
                if least_s < gap_s < _LONGEST_S:  # and it woke before what was logged meanwhile
                    self.unknown(gap_s * 1000, gap_s * 1000, self._looked)
                self.mark()
        self._looked = clock.periods, clock.ticks
        is_set = not (leap or -_GAP_S < gap_s - self._gap_s < _GAP_S)
        if is_set:
            self.mark()
        return is_set

    # --- in the place of the Clock's own

    def sync_at(self, periods, ticks):
        clock = self.clock
        sync, ppb, error_ms = self._sync_at(periods, ticks)
        ms = clock._after(periods, ticks, sync[0], sync[1])
        if ms < 0:
            error_ms += min(-ms, self.early_ms)
        elif sync is clock.syncs[-1]:
            error_ms += self._doubt_ms(min(ms, self.slept_ms), min(ms, self.napped_ms))
        return sync, ppb, error_ms

    def _doubt_ms(self, slept_ms, napped_ms):
        return (slept_ms * self.off_ppm + napped_ms * abs(self.rtc_ppm)) // 1000000

    def locate(self, periods, ticks):
        clock = self.clock
        self._locate(periods, ticks)
        for sync in clock.syncs:  # what was found holds up to the next one, where a leap may be
            if sync[0] == periods and ticks < sync[1] < clock.valid_until:
                clock.valid_until = sync[1]

    def due(self, interval_ms):
        clock = self.clock
        if self._due(interval_ms):
            return True
        if self._vain and clock.age_ms(*self._vain) < _VAIN_MS:
            return False
        grown_ms = clock.error_ms(clock.periods, clock.ticks) - clock.syncs[-1][4]
        return grown_ms > self.ask_ms

    def sync(self, source, unix_s, ms, periods, ticks, error_ms):
        clock = self.clock
        before, ppb = clock.source, clock.ppb
        slept_ms, napped_ms = self.slept_ms, self.napped_ms
        if not self._sync(source, unix_s, ms, periods, ticks, error_ms):
            self._vain = periods, ticks
            return False
        new = clock.syncs[-1]
        if self.woke:
            ms = new[3] - clock._after(new[0], new[1], *self.woke)
            if len(clock.syncs) > 1:
                error_ms = new[4] + self._doubt_ms(slept_ms, napped_ms)
                clock.syncs = clock.syncs[:-2] + [_sync(self.woke, new[2], ms, error_ms), new]
            clock.ppb, self.woke = ppb, None
        elif slept_ms and before != "none":
            clock.ppb = ppb  # the crystal's: what sleep has added says nothing of that
            if before == source and len(clock.syncs) > 1:
                self._measure(clock.syncs[-2], new, slept_ms, napped_ms)
        elif slept_ms:
            self.early_ms += slept_ms * _OFF_PPM // 1000000
        self.slept_ms = self.napped_ms = 0
        return True

    def _measure(self, old, new, slept_ms, napped_ms):
        # What the RTC has lost, of that time asleep between two syncs.
        clock = self.clock
        least_ppm = (old[4] + new[4]) * 1000000 // slept_ms
        most_ms = clock._after(new[0], new[1], old[0], old[1])
        if least_ppm > _CHANGE_PPM or slept_ms < most_ms >> 4:
            return
        ppm = -clock.back_ms * 1000000 // slept_ms
        ppm += self.rtc_ppm * (slept_ms - napped_ms) // slept_ms - self.rtc_ppm
        if abs(self.rtc_ppm + ppm) > _OFF_PPM:  # something else has slept, or somebody has set it
            return
        self.rtc_ppm += ppm
        self.off_ppm = min(_OFF_PPM, max(_CHANGE_PPM, 2 * abs(ppm)))
