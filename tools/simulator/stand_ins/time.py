"""Imitates a board's `time`: extmod/modtime.c, ports/esp32/modtime.c, ports/rp2/modtime.c.

What a PC's MicroPython does otherwise: there the clock is right from the start, counts from 1970
and knows a time zone, and ticks wrap at 2^62. Here:
- the clock is unset at power-up: 2000-01-01 on an esp32, 2021-01-01 on an rp2, until machine.RTC
  sets it;
- time() counts from `epoch_s`: 2000 on an esp32, 1970 on an rp2; gmtime(0) tells. No time zone;
- ticks_ms(), ticks_us(), ticks_cpu() start at 0 and wrap at `period`: 2^30 on boards
  (MICROPY_PY_TIME_TICKS_PERIOD).
- the crystal is fast by `ppm` parts per million (negative: slow): ticks and clock are, not the
  length of a sleep. To be set where the ticks start.
- an ESP32 has a second clock, its RTC: an RC oscillator, fast by `rtc_ppm` (see drift_rtc), which
  counts on through every sleep and every reset (ESP-IDF, esp_time_impl.c: the board's clock is a
  boot time, kept in the RTC, and an offset, and the ticks). follow_rtc() and match_rtc() are that
  file's esp_set_time_from_rtc() and esp_sync_timekeeping_timers(); machine.py says when.

The true time is virtual: it passes only where advance(), a sleep or a stand-in's delay says so.
That is how tests on any interpreter have it, from reset() on. After boot(), on the simulated
board, the PC's time (pc_time.py) passes beside that.
Invariant: between two jumps of the interpreter no callback runs, and the real functions are in C,
so what tells a time has no jump in it: no `if`, no `or`.
"""

_UNSET_S = {"esp32": 946684800, "rp2": 1609459200}

period = 1 << 30
epoch_s = 0
ppm = 0
rtc_ppm = 0
skipped_ms = 0
_ppb = 0  # what the crystal is fast beyond `ppm`, in parts per billion
_pc = None  # the module pc_time, after boot()
_pc_us = int  # its us(); before boot() that is int(): 0
_advanced_us = 0
_since_us = 0  # the true time at which the ticks started ...
_first_us = 0  # ... with this
_unix_us = _UNSET_S["rp2"] * 1000000  # what the board's clock showed when the ticks were 0
_ns_behind_us = 0  # by so much time_ns() is behind it
_rtc_unix_us = _unix_us  # what it shows, by the RTC, when that has counted to 0
_rtc_since_us = 0  # the true time at which the RTC began to be as fast as now ...
_rtc_first_us = 0  # ... with this
_kept = None  # a file that has what is kept through a restart of the simulated board
_powered_us = 0  # the PC's time when its power came on
_pc_base_us = 0  # the true time when its present process started


def reset(ticks=0, unset_at_s=_UNSET_S["rp2"]):
    """Power-up at true time 0: the ticks start at `ticks` ms, the board's clock at unset_at_s."""
    global period, epoch_s, ppm, rtc_ppm, _ppb, _advanced_us
    period = 1 << 30
    epoch_s = ppm = rtc_ppm = _ppb = 0
    _advanced_us = 0
    _power_up(ticks * 1000, unset_at_s)


def power_up(board):
    """Power comes back to an "esp32" or "rp2": the ticks start at 0, its clock is unset."""
    global epoch_s
    epoch_s = _UNSET_S["esp32"] if board == "esp32" else 0
    _power_up(0, _UNSET_S[board])


def restart_ticks():
    """A reboot: the ticks start at 0, and the board's clock where power-up leaves it."""
    _power_up(0, _UNSET_S["rp2"])


def restart_by_rtc():
    """A reset of an ESP32, whatever it was: the ticks start at 0, the clock is where its RTC has
    come to."""
    global _since_us, _first_us
    _since_us = up_us()
    _first_us = 0
    follow_rtc()


def boot(board, fast_ppb=0, wrap_bits=30, rtc_fast_ppm=0, kept=None):
    """Power-up of an "esp32" or "rp2" in the PC's time. Its crystal is fast by `fast_ppb` parts
    per billion, its RTC by `rtc_fast_ppm` per million; its ticks wrap at 2**wrap_bits ms, but
    asyncio's own do not. `kept` is a file: where that has something, this is a restart, and an
    ESP32's clock goes on by its RTC."""
    global period, ppm, rtc_ppm, _ppb, _pc, _pc_us, _kept
    import pc_time

    _pc = pc_time
    _pc_us = pc_time.us
    period = 1 << wrap_bits
    ppm, _ppb = divmod(fast_ppb, 1000)
    rtc_ppm = rtc_fast_ppm
    if kept is None:
        power_up(board)
        return
    _kept = open(kept, "r+")  # noqa: SIM115 (it stays open)
    _start_again(board, _kept.readline().split())


def _start_again(board, kept):
    global _advanced_us, _pc_base_us, _powered_us, _rtc_since_us, _rtc_unix_us
    rtc_unix_us, ahead_us, _powered_us = [int(n) for n in kept or (0, 0, _pc.started_us)]
    _pc_base_us = _pc.started_us - _powered_us
    _advanced_us = _pc_base_us + ahead_us
    power_up(board)
    _rtc_since_us = 0
    if kept and board == "esp32":
        _rtc_unix_us = rtc_unix_us
        follow_rtc()
    match_rtc()


def _keep():
    if _kept:
        ahead_us = _advanced_us - _pc_base_us
        # (MicroPython has no buffer of its own, and its flush() waits for the PC's disk.)
        _kept.seek(0)
        _kept.write("%30d %30d %30d\n" % (_rtc_unix_us, ahead_us, _powered_us))


def _power_up(first_us, unset_at_s):
    global _since_us, _first_us, _unix_us, _ns_behind_us
    global _rtc_unix_us, _rtc_since_us, _rtc_first_us
    _since_us = _rtc_since_us = up_us()
    _first_us = first_us
    _unix_us = _rtc_unix_us = unset_at_s * 1000000
    _ns_behind_us = _rtc_first_us = 0


# --- the true time


def up_us():
    """Microseconds of true time since the first power-up, which do not wrap."""
    return _advanced_us + _pc_us()


def up_ms():
    return up_us() // 1000


def advance(ms):
    """Let `ms` milliseconds pass."""
    _advance_us(int(ms * 1000))


def _advance_us(us):
    global _advanced_us
    _advanced_us += us


def go_to(ms):
    """Be at `ms` after power-up, which may be in the past: where boards take turns."""
    _advance_us(ms * 1000 - up_us())


def skip(ms):
    """A sleep that nobody has to sit through: all of the board's time jumps, `skipped_ms` in all.
    What its sockets wait for takes as long as ever."""
    global skipped_ms
    sleep_ms(0)  # a Ctrl-C interrupts it
    advance(ms)
    skipped_ms += ms
    _keep()


def sleep_us(us):
    if _pc:
        _pc.sleep_us(us)
    else:
        _advance_us(us)


def nap_us(us):
    """As sleep_us(), but a Ctrl-C interrupts it."""
    sleep_ms(us // 1000)
    sleep_us(us % 1000)


def sleep_ms(ms):
    if _pc:
        _pc.sleep_ms(max(0, ms))
    else:
        advance(max(0, ms))


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


# --- what the board makes of it


def _ticks():
    """The ticks in microseconds, before they wrap."""
    us = _advanced_us + _pc_us() - _since_us
    return _first_us + us + us * (1000 * ppm + _ppb) // 1000000000


def ticks_us():
    return _ticks() & (period - 1)


ticks_cpu = ticks_us


def ticks_ms():  # _ticks(), without a call of it: it is what programs call most
    us = _advanced_us + _pc_us() - _since_us
    return (_first_us + us + us * (1000 * ppm + _ppb) // 1000000000) // 1000 & (period - 1)


def ticks_add(ticks, delta):
    if not -period // 2 < delta < period // 2:
        raise OverflowError("ticks interval overflow")
    return ticks + delta & (period - 1)


def ticks_diff(end, start):
    return (end - start + period // 2 & (period - 1)) - period // 2


def unix_us():
    """What the board's clock shows, as microseconds since 1970."""
    return _unix_us + _ticks()


def set_unix_us(us):
    """Set the board's clock; machine.RTC does. (What its RTC counts is not changed by that:
    esp_time_impl_set_boot_time.)"""
    global _unix_us, _rtc_unix_us, _ns_behind_us
    by_us = us - unix_us()
    _unix_us += by_us
    _rtc_unix_us += by_us
    _ns_behind_us = 0
    _keep()


def time():
    return unix_us() // 1000000 - epoch_s


def time_ns():
    return (unix_us() - _ns_behind_us) * 1000 - epoch_s * 1000000000


# --- its RTC, and what sleep does


def rtc_us():
    """What an ESP32's RTC has counted since its power came on."""
    us = up_us() - _rtc_since_us
    return _rtc_first_us + us + us * rtc_ppm // 1000000


def drift_rtc(rtc_fast_ppm):
    """From now on the RTC is fast by that: 30000 are 3 %, as its oscillator may be; negative:
    slow."""
    global rtc_ppm, _rtc_first_us, _rtc_since_us
    counted_us = rtc_us()
    _rtc_since_us = up_us()
    _rtc_first_us = counted_us
    rtc_ppm = rtc_fast_ppm


def follow_rtc():
    """The board's clock is what the RTC has counted, the time that it was awake included."""
    global _unix_us
    _unix_us = _rtc_unix_us + rtc_us() - _ticks()


def match_rtc():
    """The RTC is to go on from what the board's clock shows now."""
    global _rtc_unix_us
    _rtc_unix_us = unix_us() - rtc_us()
    _keep()


def by_rtc_us(us):
    """How long it takes until the RTC has counted `us`."""
    return us * 1000000 // (1000000 + rtc_ppm)


def put_ticks(us):
    """The ticks, and the board's clock with them, are what they would be `us` after they
    started."""
    global _since_us, _first_us
    _since_us = up_us()
    _first_us = us


def put_clock(us, loses_fraction=False):
    """The board's clock is there, its RTC not told. loses_fraction: time_ns() goes on from its
    whole second."""
    global _unix_us, _ns_behind_us
    _unix_us = us - _ticks()
    _ns_behind_us = us % 1000000 if loses_fraction else 0


def whole_ticks_us():
    """The ticks, before they wrap, for put_ticks()."""
    return _ticks()


# Days are counted from 0000-03-01, so that the leap day comes last in its year.
_DAYS_TO_1970 = 719468


def gmtime(seconds=None):
    days, rest = divmod((time() if seconds is None else int(seconds)) + epoch_s, 86400)
    n = days + _DAYS_TO_1970
    year = _year(n)
    day_of_year = n - _days(year)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += month <= 2
    return (year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7, 0)


localtime = gmtime


def mktime(fields):
    year, month, day, hour, minute, second = fields[:6]
    days = _days(year + (month - 3) // 12) + (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    seconds = (days - _DAYS_TO_1970) * 86400 + hour * 3600 + minute * 60 + second
    return seconds - epoch_s


def _days(year):
    return 365 * year + year // 4 - year // 100 + year // 400


def _year(n):
    year = n // 365
    while _days(year) > n:
        year -= 1
    return year
