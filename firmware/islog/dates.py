"""Where the time is a date: in an HTTP header, and in the board's own clock. Loaded for a moment
(errors.once): the one is needed where NTP is silent, the other once.
"""

import time

_MONTHS = "MarAprMayJunJulAugSepOctNovDecJanFeb"  # years are counted from March


def http_date(text):
    """Unix seconds of a Date header (RFC 9110, 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT" in bytes;
    0 if it is none. A server, or whoever sits in between, may send anything."""
    try:
        _, day, month, year, clock, zone = str(text, "utf-8").split()
        at = _MONTHS.index(month)
        hour, minute, second = [int(part) for part in clock.split(":")]
        day, year = int(day), int(year)
    except ValueError:  # UnicodeError is one
        return 0
    if len(month) != 3 or at % 3 or zone not in ("GMT", "UTC") or not 1970 <= year <= 2106:
        return 0
    if not (0 < day <= 31 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60):
        return 0
    month = at // 3
    year -= month // 10
    days = 365 * year + year // 4 - year // 100 + year // 400  # the Gregorian calendar
    days += (153 * month + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def set_board_clock(unix_s, ms):
    """Set the RTC: time.time() is right for the rest of the user's program; the port's epoch is
    1970 or 2000. An RP2 takes whole seconds (ports/rp2/machine_rtc.c): its RTC is then up to one
    behind. islog's own times never come from it."""
    epoch = 0 if time.gmtime(0)[0] == 1970 else 946684800
    now = time.gmtime(unix_s + ms // 1000 - epoch)
    try:
        from machine import RTC

        RTC().datetime(now[:3] + (now[6],) + now[3:6] + (ms % 1000 * 1000,))
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError, TypeError):
        pass  # a port without one, such as a PC's; or it cannot be set, or not like this
