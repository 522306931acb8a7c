"""Imitates a board's `time` (extmod/modtime.c) in virtual time, which passes only where a test,
a sleep or a fake's delay says so.

`period` is where the ticks wrap (2**30 on boards), `epoch_s` what gmtime(0) is (1970 or 2000, as
Unix seconds), `ppm` by how many parts per million the board's crystal is fast. The board's own
clock is `unix_us()`; machine.RTC moves it by `set_unix_us()`.
"""

period = 1 << 30
epoch_s = 0
ppm = 0
_up_us = 0
_ticks_us = 0
_offset_us = 0


def reset(ticks=0, unset_at_s=1609459200):
    """Power-up: the ticks start at `ticks`, the board's clock at `unset_at_s` (2021-01-01)."""
    global _up_us, _ticks_us, _offset_us, period, epoch_s, ppm
    period = 1 << 30
    epoch_s = ppm = 0
    _up_us = 0
    _ticks_us = ticks * 1000
    _offset_us = unset_at_s * 1000000


def restart_ticks():
    """A reboot: the ticks start at 0, and the board's clock where power-up leaves it."""
    global _ticks_us, _offset_us
    _ticks_us = 0
    _offset_us = 1609459200 * 1000000


def advance(ms):
    """Let `ms` milliseconds pass."""
    global _up_us, _ticks_us
    _up_us += int(ms * 1000)
    _ticks_us += int(ms * 1000) + int(ms * ppm) // 1000


def go_to(ms):
    """Be at `ms` after power-up, which may be in the past: where boards take turns."""
    global _up_us, _ticks_us
    by_us = ms * 1000 - _up_us
    _up_us += by_us
    _ticks_us += by_us


def up_ms():
    """Milliseconds of true time since power-up, which do not wrap."""
    return _up_us // 1000


def unix_us():
    return _ticks_us + _offset_us


def set_unix_us(us):
    global _offset_us
    _offset_us = us - _ticks_us


def ticks_ms():
    return _ticks_us // 1000 & (period - 1)


def ticks_us():
    return _ticks_us & (period - 1)


def ticks_add(ticks, delta):
    if not -period // 2 < delta < period // 2:
        raise OverflowError("ticks interval overflow")
    return ticks + delta & (period - 1)


def ticks_diff(end, start):
    return (end - start + period // 2 & (period - 1)) - period // 2


def sleep_ms(ms):
    advance(max(0, ms))


def sleep(seconds):
    advance(seconds * 1000)


def time():
    return unix_us() // 1000000 - epoch_s


def gmtime(seconds=None):
    days, rest = divmod((time() if seconds is None else seconds) + epoch_s, 86400)
    n = days + 719468  # from 0000-03-01: years are counted from March
    year = _year(n)
    day_of_year = n - (365 * year + year // 4 - year // 100 + year // 400)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += month <= 2
    return (year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7, 0)


def _year(n):
    year = n // 365
    while 365 * year + year // 4 - year // 100 + year // 400 > n:
        year -= 1
    return year
