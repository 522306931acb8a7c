"""Where the time comes from, and that it is right: after a month, across wraps, when drifting."""

from clocks import (
    DAY_MS,
    DAYS,
    HOUR_MS,
    LATE_MS,
    at,
    let_days_pass,
    make,
    now_ms,
    stamp,
    sync,
    true_ms,
)
from islog import clock
from virtual_board import NOW_MS, Board, time


def test_a_sync_holds_before_and_after_it_across_wraps():
    board_clock = make()
    stamps = []
    for day in range(0, 60, 5):
        if day == 30:
            sync(board_clock)
        stamps.append((stamp(board_clock), true_ms()))
        time.advance(5 * DAY_MS)
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 1


def test_what_settle_says_holds_until_it_says_so():
    board_clock = make()
    sync(board_clock)
    for _ in range(300):
        periods, ticks = stamp(board_clock)
        board_clock.locate(periods, ticks)
        unix_block, offset_ms, valid_until = (
            board_clock.unix_block,
            board_clock.offset_ms,
            board_clock.valid_until,
        )
        assert (
            0 < valid_until - ticks <= 20000
            and 0 <= ticks + offset_ms
            and valid_until + offset_ms <= 100000000
        )
        assert (
            at(board_clock, periods, valid_until - 1)
            == unix_block * 100000000 + valid_until - 1 + offset_ms
        )
        time.advance(617283)


def test_after_two_syncs_the_drift_is_taken_out():
    for ppm in (50, -50, 20):
        time.reset()
        time.ppm = ppm
        board_clock = make()
        sync(board_clock)
        time.advance(4 * HOUR_MS)
        sync(board_clock)
        time.advance(HOUR_MS)
        assert abs(now_ms(board_clock) - true_ms()) <= 20
        assert board_clock.error_ms(*stamp(board_clock)) <= 5 + 18


def test_two_syncs_too_close_to_tell_the_drift_do_not():
    board_clock = make()
    sync(board_clock)
    time.advance(60000)
    sync(board_clock, off_ms=4)  # within its error
    time.advance(4 * HOUR_MS)
    assert abs(now_ms(board_clock) - true_ms()) <= 6


def test_a_month_offline_between_two_syncs_is_interpolated():
    time.ppm = 20
    board_clock = make()
    sync(board_clock)
    stamps = []
    for _ in range(30 * 24):
        time.advance(HOUR_MS)
        stamps.append((stamp(board_clock), true_ms()))
    sync(board_clock)
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 100


def test_readings_between_older_syncs_are_still_interpolated_after_newer_ones():
    time.ppm = 40
    board_clock = make()
    stamps = []
    for _ in range(6):
        sync(board_clock)
        for _ in range(5):
            time.advance(5 * HOUR_MS)
            stamps.append((stamp(board_clock), true_ms()))
    sync(board_clock)
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 10


def test_without_a_sync_before_the_error_is_small_and_said():
    time.ppm = 20
    board_clock = make()
    first = stamp(board_clock)
    true = true_ms()
    for _ in range(30):
        time.advance(DAY_MS)
        board_clock.tick()
    sync(board_clock)
    wrong_ms = abs(at(board_clock, *first) - true)
    assert 40000 < wrong_ms < 60000
    assert wrong_ms <= board_clock.error_ms(*first) <= 150000


def test_a_worse_answer_does_not_replace_a_better_one_but_counts_as_asked():
    board_clock = make()
    sync(board_clock, error_ms=3)
    time.advance(60000)
    assert not sync(board_clock, error_ms=900, off_ms=700)
    assert abs(now_ms(board_clock) - true_ms()) <= 1
    time.advance(3000)
    board_clock.tick()
    assert not board_clock.due(4000) and board_clock.due(2000)


def test_http_sets_the_clock_until_ntp_does():
    board_clock = make()
    assert board_clock.due(10**9)
    assert sync(board_clock, 1000, 600, "http") and board_clock.source == "http"
    assert board_clock.due(10**9)
    time.advance(60000)
    assert not sync(board_clock, 1000, -900, "http")  # no better than what is known
    assert sync(board_clock, 20) and board_clock.source == "ntp"
    assert abs(now_ms(board_clock) - true_ms()) <= 1
    assert not sync(board_clock, 1000, -900, "http") and board_clock.source == "ntp"
    time.advance(5 * DAY_MS)  # NTP has been silent for so long
    assert sync(board_clock, 1000, 0, "http") and board_clock.source == "http"


def test_a_time_that_cannot_be_is_refused():
    board_clock = make()
    for unix_s in (0, 1600000000, 1767225599, 2**32):
        assert not board_clock.sync("ntp", unix_s, 0, 0, 0, 5)
    assert board_clock.source == "none" and board_clock.error_ms(0, 0) is None


def test_what_was_logged_between_a_wrong_time_and_the_right_one_has_the_right_one():
    for wrong_ms in (3600000, 26 * DAY_MS, -3600000, -200 * DAY_MS):
        time.reset()
        board_clock = make()
        sync(board_clock, off_ms=wrong_ms)
        time.advance(HOUR_MS // 2)
        between, true = stamp(board_clock), true_ms()
        time.advance(HOUR_MS // 2)
        sync(board_clock)
        assert abs(at(board_clock, *between) - true) <= 2
        assert abs(now_ms(board_clock) - true_ms()) <= 1


def test_what_was_sent_last_stays_a_small_number_whatever_the_clock_does():
    steps_ms = [0, 1, 1999, 2001, 99999999, 100000001, 26 * DAY_MS, 60 * DAY_MS, 9999 * DAY_MS]
    for step_ms in steps_ms + [-step for step in steps_ms]:
        time.reset(ticks=2**30 - 5000)
        board_clock = make()
        sync(board_clock)
        for off_ms in (0, step_ms, 0, 2 * step_ms):
            if not board_clock.can_be((true_ms() + off_ms) // 1000):
                continue
            sync(board_clock, error_ms=1, off_ms=off_ms)
            board_clock.locate(*stamp(board_clock))
            assert -(10**8) <= board_clock.last_sent_ms <= 10**8 + 2000
            ticks = board_clock.ticks
            ms = ticks + board_clock.offset_ms
            assert 0 <= ms < 10**8 and board_clock.last_sent_ms <= ms + 2000
            assert (
                -(2**30) <= board_clock.offset_ms < 2**30
                and board_clock.valid_until <= 2**30 + 20000
            )
            board_clock.last_sent_ms = max(board_clock.last_sent_ms, ms)  # it is sent
            time.advance(3000)


def test_a_long_life_without_a_reading_keeps_the_time():
    board = Board(flush_interval=0)
    board.run(2)
    for _ in range(40):
        time.advance(DAY_MS)
        board.run(5)
    board.log("t", 1)
    true = NOW_MS + time.up_ms()
    board.run(20)
    assert abs(board.times_ms()[0] - true) <= 2


def test_an_age_is_a_small_int_and_right_up_to_six_days():
    time.reset(ticks=2**30 - 5)
    board_clock = clock.Clock()
    begin = board_clock.periods, board_clock.ticks
    for _ in range(80 * 8):
        board_clock.tick()
        assert board_clock.age_ms(*begin) == min(time.up_ms(), 2**29)
        time.advance(LATE_MS)


# --- when a thing is tried again: pauses that grow up to a cap, and end in time


def test_a_pause_ends_in_time_whenever_it_is_looked_at():
    for ms in (1, 5000, 3600000, 5 * DAY_MS):
        for days in DAYS:
            time.reset(ticks=2**30 - 2000)
            board_clock = clock.Clock()
            pause = clock.Retry(60, board_clock)
            pause.pause(ms)
            assert pause.wait_ms() == ms
            let_days_pass(days, board_clock.tick)
            board_clock.tick()
            assert pause.wait_ms() == max(0, ms - days * DAY_MS)
            pause.pause(ms)
            time.advance(ms)
            board_clock.tick()
            assert pause.wait_ms() == 0


def test_pauses_grow_to_their_cap_and_start_again_after_a_success():
    board_clock = clock.Clock()
    pause = clock.Retry(60, board_clock)
    for failures in range(40):
        pause.failed()
        assert pause.most_ms() == min(60000, 1000 << min(failures, 12)) >= pause.wait_ms()
    pause.pause(0)
    assert pause.wait_ms() == 0
    pause.failed()
    assert pause.most_ms() == 60000
    pause.succeeded()
    assert pause.wait_ms() == 0
    pause.failed()
    assert pause.most_ms() == 1000


def test_pauses_are_spread_over_all_of_their_length():
    board_clock = clock.Clock()
    waits = []
    for _ in range(300):
        pause = clock.Retry(60, board_clock)
        pause.failed()
        assert pause.most_ms() == 1000
        waits.append(pause.wait_ms())
    assert 0 <= min(waits) < 200 and 800 < max(waits) <= 1000 and len(set(waits)) > 100


def test_a_random_time_is_a_small_int_up_to_its_most():
    for most_ms in (0, 1, 2, 1000, 16383, 16384, 60000, 3600000, 2**29):
        for _ in range(50):
            assert 0 <= clock.jitter(most_ms) <= most_ms
    assert {clock.jitter(1) for _ in range(9)} == {0}


def test_a_thing_that_never_failed_may_be_tried_at_once():
    board_clock = clock.Clock()
    pause = clock.Retry(60, board_clock)
    assert pause.wait_ms() == 0
    pause.pause(5000)  # as for a limit of the server's, which is no failure
    assert pause.wait_ms() == 5000
    pause.failed()
    assert pause.most_ms() == 1000
    none = clock.Retry(0, board_clock)
    none.failed()
    assert none.most_ms() == none.wait_ms() == 0
