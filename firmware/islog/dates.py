"""The Date header of an answer: the time comes from it where NTP is silent. Loaded for one
call."""

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
    # Days before this month in a year that begins with March; 719468 are before 1970-01-01.
    days += (153 * month + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
