"""When a thing is tried again: pauses that grow up to a cap, and end in time."""

from clocks import DAY_MS, DAYS, let_days_pass
from islog import clock, retry
from virtual_board import time


def test_a_pause_ends_in_time_whenever_it_is_looked_at():
    for ms in (1, 5000, 3600000, 5 * DAY_MS):
        for days in DAYS:
            time.reset(ticks=2**30 - 2000)
            board_clock = clock.Clock()
            pause = retry.Retry(60, board_clock)
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
    pause = retry.Retry(60, board_clock)
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
        pause = retry.Retry(60, board_clock)
        pause.failed()
        assert pause.most_ms() == 1000
        waits.append(pause.wait_ms())
    assert 0 <= min(waits) < 200 and 800 < max(waits) <= 1000 and len(set(waits)) > 100


def test_a_random_time_is_a_small_int_up_to_its_most():
    for most_ms in (0, 1, 2, 1000, 16383, 16384, 60000, 3600000, 2**29):
        for _ in range(50):
            assert 0 <= retry.jitter(most_ms) <= most_ms
    assert {retry.jitter(1) for _ in range(9)} == {0}


def test_a_thing_that_never_failed_may_be_tried_at_once():
    board_clock = clock.Clock()
    pause = retry.Retry(60, board_clock)
    assert pause.wait_ms() == 0
    pause.pause(5000)  # as for a limit of the server's, which is no failure
    assert pause.wait_ms() == 5000
    pause.failed()
    assert pause.most_ms() == 1000
    none = retry.Retry(0, board_clock)
    none.failed()
    assert none.most_ms() == none.wait_ms() == 0
