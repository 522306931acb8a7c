"""Sleep in which the ticks stand still: uptime leaps over it. In virtual time."""

import machine
from batteries import Battery
from islog.errors import ConfigError
from virtual_board import NOW_MS, Board, raises, reset, time


def stand_still(ms, rtc_goes_on=False):
    """What an RP2 does in machine.lightsleep() until a pin wakes it; with an RTC that goes on, as
    other chips have one, too."""
    ticks_us, clock_us = time.whole_ticks_us(), time.unix_us()
    time.advance(ms)
    time.put_ticks(ticks_us)
    time.set_unix_us(clock_us + ms * 1000 * rtc_goes_on)


def test_a_program_tells_how_long_it_has_slept():
    board = Board()
    board.run(30)
    true_ms = []
    for seconds in (0, 3, 40, 3600, 7 * 86400, 20 * 86400):
        stand_still(seconds * 1000)
        board.logger.slept(seconds * 1000)
        true_ms.append(NOW_MS + time.up_ms())
        board.log("press", seconds)
        board.logger.log("more", seconds)
        board.logged += 1
    board.run(30)
    assert board.values("press") == [0, 3, 40, 3600, 7 * 86400, 20 * 86400]
    for found, true in zip(board.times_ms()[::2], true_ms):
        assert abs(found - true) <= 100 + 60 * 86400
    assert board.logger.status()["uptime_s"] == time.up_ms() // 1000


def test_what_was_logged_before_a_sleep_keeps_its_time():
    board = Board(flush_interval=3600)
    board.run(30)
    board.log("before", 1)
    before_ms = NOW_MS + time.up_ms()
    stand_still(500000)
    board.logger.slept(500000)
    after_ms = NOW_MS + time.up_ms()
    board.log("after", 2)
    board.logger.flush()
    found = board.times_ms()
    assert abs(found[0] - before_ms) <= 50 and abs(found[1] - after_ms) <= 100


def test_no_time_can_be_slept_that_is_none():
    board = Board()
    for wrong in (-1, 1.5, None, "1"):
        assert "whole milliseconds" in str(raises(ValueError, board.logger.slept, wrong))
    assert not hasattr(board.logger, "sleeps")


def test_what_was_logged_just_before_and_after_a_leap_goes_by_the_sync_on_its_side():
    board = Battery("esp32")
    board.live(60)
    board.measure()
    stand_still(5000000)
    board.logger._leaps.unknown(0, 0)  # how long it was: not at all known
    time.advance(1000)
    board.live(600)
    board.live(3600)
    board.check_all_there(100, but=14)


def test_what_no_oscillator_can_be_off_is_not_taken_for_its_error():
    board = Battery("esp32", sync_interval=600)
    time.drift_rtc(30000)
    board.live(600)
    for nap_ms in (1, 900000, 1):  # which the program does not tell
        board.logger.sleep(60)
        machine.lightsleep(nap_ms)
        board.live(600)
    assert abs(board.logger._leaps.rtc_ppm) < 60000


def test_logging_takes_no_heap_after_a_leap():
    board = Board()
    board.log("t", 1)
    board.logger.slept(1000)
    before = board.logger.pending
    assert board.logger.log("t", 2.5) and board.logger.pending == before + 1


def test_ticks_that_stood_still_are_noticed_by_the_rtc():
    board = Battery("esp32")
    board.live(1800)
    for ms in (200000, 70000, 3600000):
        stand_still(ms, rtc_goes_on=True)
        board.live(900)
    board.live(7200)
    board.check_all_there(1100, but=13)  # an RTC tells whole seconds


def test_what_the_rtc_is_off_while_awake_is_no_sleep():
    for own in (True, False):
        reset()
        board = Battery("esp32")
        time.drift_rtc(40000)
        board.live(1200)
        if own:
            machine.lightsleep(1000)  # from here on the clock tells what its RTC has counted
        else:
            board.logger.sleep(1)
        board.live(600)
        assert board.logger.status()["clock"] == "ntp"
        board.live(7200)
        board.check_all_there(100, but=13)


def test_a_clock_that_the_program_sets_is_no_sleep():
    board = Battery("rp2")
    board.live(1800)
    for ahead_s in (40 * 86400, -500, -40 * 86400):
        time.set_unix_us(time.unix_us() + ahead_s * 1000000)
        board.live(900)
        assert board.logger.synced
    board.live(7200)
    board.check_all_there(50, but=13)


def test_readings_wait_for_the_time_where_it_may_be_too_wrong():
    board = Battery("esp32", max_clock_error=5, sync_interval=432000)
    board.live(4200)  # two uploads
    there = len(board.values("n"))
    board.ntp.silent = True
    board.server.date = None
    for _ in range(12):
        board.measure()
        board.logger.sleep(300)
    assert board.logger.status()["clock_error_ms"] > 5000
    board.logger.flush(20)
    assert len(board.values("n")) == there and board.logger.pending >= 12
    board.ntp.silent = False
    for _ in range(14):
        board.measure()
        board.logger.sleep(300)
    assert len(board.values("n")) >= there + 12


def test_what_no_sync_can_make_better_is_sent_after_the_next_one():
    board = Battery("esp32", max_clock_error=5)
    board.ntp.silent = True
    for _ in range(12):  # before the first sync: by a clock that may be off by minutes
        board.measure()
        board.logger.sleep(3600)
    assert not board.values("n")
    board.ntp.silent = False
    for _ in range(6):
        board.measure()
        board.logger.sleep(3600)
    assert len(board.values("n")) >= 16


def test_settings_of_sleep_are_checked():
    for wrong in ([0], [0, 100], [1800, 300], [0, 2049], "all", [0.0, 512], [-1, 512]):
        assert "rtc_memory" in str(raises(ConfigError, Board, rtc_memory=wrong))
    for wrong in (0, 1.5, 86401, "1"):
        assert "max_clock_error" in str(raises(ConfigError, Board, max_clock_error=wrong))
    assert Board(rtc_memory=[0, 2048], max_clock_error=1).log("t", 1)
