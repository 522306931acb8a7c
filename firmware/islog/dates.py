"""Where the time is a date: in an HTTP header, and in the board's own clock. Loaded for a moment
(errors.once): the one is needed where NTP is silent, the other once.
"""

import time


def http_date(text):
    """Unix seconds of a Date header (RFC 9110, 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT" in bytes;
    0 if it is none."""
    try:
        _, day, month, year, clock, _ = str(text, "utf-8").split()
        hour, minute, second = [int(part) for part in clock.split(":")]
        month = "MarAprMayJunJulAugSepOctNovDecJanFeb".index(month) // 3  # years are counted
        year = int(year) - month // 10  # from March
    except ValueError:
        return 0
    days = 365 * year + year // 4 - year // 100 + year // 400  # the Gregorian calendar
    days += (153 * month + 2) // 5 + int(day) - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def set_board_clock(unix_s, ms):
    """Set the RTC: time.time() is right for the rest of the user's program; the
    port's epoch is 1970 or 2000."""
    try:
        from machine import RTC
    except ImportError:
        return  # a port without one, such as a PC's
    epoch = 0 if time.gmtime(0)[0] == 1970 else 946684800
    now = time.gmtime(unix_s + ms // 1000 - epoch)
    RTC().datetime(now[:3] + (now[6],) + now[3:6] + (ms % 1000 * 1000,))
