"""The board's own clock, kept right for TLS, which reads it: loaded only with ca_file.

It is set once, at the first sync, and is the program's then. But an RP2's stands still in
lightsleep() (ports/rp2/modmachine.c), and `mpremote rtc --set` sets it to the PC's local time.
"""

import time

from micropython import const

from .errors import once

_OFF_S = const(60)


def keep(clock):
    """Set it again where it is off by more than a minute by `clock`, which knows the time."""
    clock.settle(clock.hi, clock.last)
    ms = clock.last + clock.shift
    unix_s = clock.mega * 100000 + ms // 1000
    epoch = 0 if time.gmtime(0)[0] == 1970 else 946684800
    if abs(time.time() + epoch - unix_s) > _OFF_S:
        once("dates", "set_board_clock", unix_s, ms % 1000)
