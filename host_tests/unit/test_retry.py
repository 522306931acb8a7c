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
        assert pause.failed() == min(60000, 1000 << min(failures, 12)) >= pause.wait_ms()
    pause.pause(0)
    assert pause.wait_ms() == 0
    assert pause.failed() == 60000
    pause.succeeded()
    assert pause.wait_ms() == 0
    assert pause.failed() == 1000
