"""The board's own clock, its RTC. islog sets it once, at the first sync, and leaves it to the
program from then on. With ca_file keep() looks after it before each request, because TLS reads the
RTC: an RP2's stands still in lightsleep() (ports/rp2/modmachine.c), and `mpremote rtc --set` sets
it to the PC's local time. The module is loaded for one call, with ca_file for good.
"""

import time

from micropython import const

_OFF_S = const(60)


def _epoch_s():
    # What this port's time.time() counts from, as Unix seconds: 1970 or 2000.
    return 0 if time.gmtime(0)[0] == 1970 else 946684800


def keep(clock):
    """Set the RTC again where it differs by more than a minute from `clock`, which knows the
    time."""
    clock.locate(clock.periods, clock.ticks)
    ms = clock.ticks + clock.offset_ms
    unix_s = clock.unix_block * 100000 + ms // 1000
    if abs(time.time() + _epoch_s() - unix_s) > _OFF_S:
        set_board_clock(unix_s, ms % 1000)


def set_board_clock(unix_s, ms):
    """Set the RTC: time.time() is right for the rest of the user's program. An RP2 takes whole
    seconds (ports/rp2/machine_rtc.c): its RTC is then up to one behind. islog's own times never
    come from it."""
    now = time.gmtime(unix_s + ms // 1000 - _epoch_s())
    try:
        from machine import RTC

        RTC().datetime(now[:3] + (now[6],) + now[3:6] + (ms % 1000 * 1000,))
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError, TypeError):
        pass  # a port without one, such as a PC's; or it cannot be set, or not like this
