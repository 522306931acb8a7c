"""What the tests of the time share: a clock, the true time, a sync that tells it, and days that
pass."""

from islog import clock
from virtual_board import NOW_MS, time

DAY_MS = 86400000
HOUR_MS = 3600000
DAYS = (1, 4, 6, 7, 9, 12, 13, 19, 25, 38, 60)  # ticks_diff() sees 6.2, ticks wrap after 12.4
LATE_MS = 3 * HOUR_MS


def make():
    return clock.Clock()


def true_ms():
    return NOW_MS + time.up_ms()


def sync(board_clock, error_ms=5, off_ms=0, source="ntp"):
    """Tell the clock the true time, or one that is off."""
    board_clock.tick()
    unix_s, ms = divmod(true_ms() + off_ms, 1000)
    return board_clock.sync(source, unix_s, ms, board_clock.periods, board_clock.ticks, error_ms)


def stamp(board_clock):
    board_clock.tick()
    return board_clock.periods, board_clock.ticks


def at(board_clock, periods, ticks):
    board_clock.locate(periods, ticks)
    return board_clock.unix_block * 100000000 + ticks + board_clock.offset_ms


def now_ms(board_clock):
    return at(board_clock, *stamp(board_clock))


def date_of(unix_s):
    year, month, day, hour, minute, second = time.gmtime(unix_s - time.epoch_s)[:6]
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1]
    return "Mon, %02d %s %d %02d:%02d:%02d GMT" % (day, month, year, hour, minute, second)


def let_days_pass(days, call, *args):
    """`call(*args)` each three hours."""
    end = time.up_ms() + days * DAY_MS
    while time.up_ms() < end:
        call(*args)
        time.advance(LATE_MS)
