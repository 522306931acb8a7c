"""Imitates a board's `time`: extmod/modtime.c, ports/esp32/modtime.c, ports/rp2/modtime.c.

What a PC's MicroPython does otherwise: there the clock is right from the start, counts from 1970
and knows a time zone, and ticks wrap at 2^62. Here, in real time:
- the clock is unset at boot(): 2000-01-01 on an esp32, 2021-01-01 on an rp2, until machine.RTC
  sets it;
- time() counts from 2000 on an esp32, from 1970 on an rp2; gmtime(0) tells which. No time zone;
- ticks_ms(), ticks_us(), ticks_cpu() start at 0 and wrap at 2^30 (MICROPY_PY_TIME_TICKS_PERIOD),
  or earlier where boot() is told so.
- the crystal is off by as much as boot() is told: ticks and clock, not the length of a sleep.
- a Ctrl-C on the console (standard input, as a board's serial line) interrupts a sleep. It does
  not interrupt anything else, so a program is stopped where it waits and not half-way through a
  step; the end of standard input counts as one.
- skip() is a sleep that nobody has to sit through: all of the board's time jumps, `skipped_ms` in
  all. What its sockets wait for takes as long as ever.
The built-in module stays importable as `utime`: so a test's program reads the PC's true time.
"""

import select
import sys

import utime
from utime import sleep_us  # noqa: F401

# asyncio's core mixes ticks of its own, in C, with those of `time`: it keeps the built-in module.
_this = sys.modules["time"]
sys.modules["time"] = utime
__import__("asyncio.core")
sys.modules["time"] = _this

_SECONDS_1970_TO_2000 = 946684800
_UNSET_S = {"esp32": 946684800, "rp2": 1609459200}

_console = select.poll()
_console.register(sys.stdin, select.POLLIN)
_period = 1 << 30
_drift_ppb = 0
_epoch_s = 0
_booted_us = utime.ticks_us()
_boot_unix_us = 0
skipped_ms = 0


def boot(board, drift_ppb=0, wrap_bits=30):
    """Power-up of an "esp32" or "rp2": ticks at 0, the clock unset, the epoch of that port.

    drift_ppb: the board's second is too short by so many billionths: its time runs fast (a
    negative one: slow). wrap_bits: the ticks wrap at 2**wrap_bits; asyncio's own do not.
    """
    global _period, _drift_ppb, _epoch_s, _booted_us
    _period = 1 << wrap_bits
    _drift_ppb = drift_ppb
    _epoch_s = _SECONDS_1970_TO_2000 if board == "esp32" else 0
    _booted_us = utime.ticks_us()
    set_unix_us(_UNSET_S[board] * 1000000)


def _up_us():
    us = utime.ticks_diff(utime.ticks_us(), _booted_us)
    return us + us * _drift_ppb // 1000000000


def unix_us():
    """What the board's clock shows, as microseconds since 1970."""
    return _boot_unix_us + _up_us()


def set_unix_us(us):
    """Set the board's clock; machine.RTC does."""
    global _boot_unix_us
    _boot_unix_us = us - _up_us()


def sleep_ms(ms):
    for _ in _console.ipoll(max(0, ms)):
        sys.stdin.read(1)
        raise KeyboardInterrupt


def skip(ms):
    global _booted_us, skipped_ms
    sleep_ms(0)
    _booted_us = utime.ticks_add(_booted_us, -1000 * ms)
    skipped_ms += ms


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def ticks_us():
    return _up_us() & (_period - 1)


ticks_cpu = ticks_us


def ticks_ms():
    return _up_us() // 1000 & (_period - 1)


def ticks_add(ticks, delta):
    if not -_period // 2 < delta < _period // 2:
        raise OverflowError("ticks interval overflow")
    return ticks + delta & (_period - 1)


def ticks_diff(end, start):
    return (end - start + _period // 2 & (_period - 1)) - _period // 2


def time():
    return unix_us() // 1000000 - _epoch_s


def time_ns():
    return unix_us() * 1000 - _epoch_s * 1000000000


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    return utime.gmtime(int(seconds) + _epoch_s)[:8]


localtime = gmtime


def mktime(fields):
    year, month, day, hour, minute, second = fields[:6]
    # Years are counted from March, so that the leap day comes last.
    year += (month - 3) // 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month - 3) % 12) + 2) // 5
    return (days + day - 719469) * 86400 + hour * 3600 + minute * 60 + second - _epoch_s
