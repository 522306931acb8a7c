"""The stand-ins for a board's modules do what the real ones do: its `time`, and its RTC."""

import machine
from virtual_board import raises, time

DATES = {  # Unix seconds: year, month, day, hour, minute, second, weekday
    0: (1970, 1, 1, 0, 0, 0, 3),
    946684799: (1999, 12, 31, 23, 59, 59, 4),
    951782400: (2000, 2, 29, 0, 0, 0, 1),
    951868800: (2000, 3, 1, 0, 0, 0, 2),
    1709251199: (2024, 2, 29, 23, 59, 59, 3),
    1798761600: (2027, 1, 1, 0, 0, 0, 4),
    4107542400: (2100, 3, 1, 0, 0, 0, 0),
}


def test_dates_and_seconds_are_the_same_on_a_port_of_either_epoch():
    for time.epoch_s in (0, 946684800):
        for unix_s, date in DATES.items():
            assert time.gmtime(unix_s - time.epoch_s)[:7] == date
            assert time.mktime(date + (0,)) == unix_s - time.epoch_s


def test_every_day_of_four_years_follows_the_one_before():
    day = (1999, 12, 31)
    for noon in range(43200, 1461 * 86400, 86400):
        year, month, date, hour, minute, second, _, _ = time.gmtime(946684800 + noon)
        assert (hour, minute, second) == (12, 0, 0)
        assert (year, month, date) > day and (date == day[2] + 1 or date == 1)
        assert time.mktime((year, month, date, 12, 0, 0, 0, 0)) == 946684800 + noon
        day = year, month, date
    assert day == (2003, 12, 31)


def test_the_boards_own_clock_is_what_time_tells_and_an_rp2s_has_whole_seconds():
    for machine.style, us in (("esp32", 654321), ("rp2", 0)):
        clock = machine.RTC()
        clock.datetime((2026, 2, 28, 0, 23, 59, 59, 654321))
        assert clock.datetime() == (2026, 2, 28, 5, 23, 59, 59, us)
        assert time.time() == 1772323199 and time.time_ns() == (1772323199000000 + us) * 1000
        time.advance(1000)
        assert clock.datetime() == (2026, 3, 1, 6, 0, 0, 0, us)


def test_a_fast_crystal_is_as_fast_in_many_small_steps_as_in_one():
    for step_ms in (1, 250, 50000):
        time.reset()
        time.ppm = 40
        for _ in range(50000 // step_ms):
            time.advance(step_ms)
        assert time.up_ms() == 50000 and time.ticks_us() == 50002000


def test_ticks_wrap_at_their_period_and_count_on_through_it():
    time.reset(ticks=2**30 - 5)
    before = time.ticks_ms()
    time.sleep_ms(10)
    assert time.ticks_ms() == 5 and time.ticks_diff(5, before) == 10
    assert time.ticks_add(before, 10) == 5
    assert raises(OverflowError, time.ticks_add, 0, 2**29)


def test_sleeps_and_leaps_take_as_long_as_they_say():
    time.sleep(1.5)
    time.sleep_ms(-3)
    time.sleep_us(250)
    time.skip(40)
    assert time.up_us() == 1540250
    time.go_to(20)
    assert time.up_us() == 20000 and time.ticks_us() == 20000
    time.restart_ticks()
    assert time.ticks_ms() == 0 and time.up_ms() == 20 and time.gmtime()[0] == 2021
