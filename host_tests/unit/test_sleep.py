"""log.sleep(): the board sleeps between its readings and its uploads. In virtual time."""

import machine
import network
import virtual_board
from batteries import DAY_S, HOME, HOUR_S, Battery
from virtual_board import time


class Sleeps:
    """machine.lightsleep() for a while: `asked` are the milliseconds of its calls, `early` the
    share of each after which an interrupt ends it; the radio must be off."""

    def __init__(self, board, early=None):
        self.asked, self.slept_ms = [], 0
        self._board, self._early = board, early

    def __enter__(self):
        self._real = machine.lightsleep
        machine.lightsleep = self._sleep
        return self

    def __exit__(self, *_):
        machine.lightsleep = self._real

    def _sleep(self, ms):
        assert not self._board.is_on()
        self.asked.append(ms)
        ms = ms if self._early is None else self._early(ms)
        self.slept_ms += ms
        self._real(ms)


def test_a_day_of_sleep_sends_all_with_true_times_and_sleeps_nearly_all_of_it():
    for style in ("esp32", "rp2"):
        virtual_board.reset()
        board = Battery(style)
        with Sleeps(board) as sleeps:
            for _ in range(DAY_S // 300):
                board.measure()
                board.logger.sleep(300)
                board.check_books()
        assert sleeps.slept_ms > (DAY_S - 60) * 1000 and max(sleeps.asked) <= 300000
        assert len(sleeps.asked) < DAY_S // 300 + 60
        board.check_all_there(100, but=14)
        assert not board.is_on()


def test_it_sleeps_for_as_long_as_it_was_told_whatever_wakes_it():
    for early in (None, lambda ms: 64, lambda ms: ms // 2, lambda ms: 0):
        virtual_board.reset()
        board = Battery("rp2")
        board.live(60)
        board.measure()
        with Sleeps(board, early):
            for seconds in (1, 7, 60):
                before = time.up_ms()
                board.logger.sleep(seconds)
                assert 0 <= time.up_ms() - before - seconds * 1000 < 100


def test_a_sleep_longer_than_the_port_can_and_than_the_interval():
    board = Battery("rp2", upload_interval=5 * HOUR_S)
    board.live(60)
    board.measure()
    before = time.up_ms()
    with Sleeps(board) as sleeps:
        board.logger.sleep(12 * HOUR_S)
    assert abs(time.up_ms() - before - 12 * HOUR_S * 1000) < 100
    assert max(sleeps.asked) <= HOUR_S * 1000
    board.check_all_there(100)


def test_a_reading_that_an_interrupt_has_logged_is_uploaded_when_that_is_due():
    board = Battery()
    board.live(60)
    board.live(2 * HOUR_S, every_s=3 * HOUR_S)  # its last upload is long ago

    def press(ms):
        if len(board.true_ms) < 3:
            board.measure()
        return ms // 3

    with Sleeps(board, press):
        board.logger.sleep(600)
    assert len(board.values("n")) >= 2 and not board.is_on()


def test_a_watchdog_is_fed_while_the_board_sleeps():
    for style in ("esp32", "rp2"):
        virtual_board.reset()
        board = Battery(style, watchdog=5)
        with Sleeps(board) as sleeps:
            for _ in range(30):
                board.measure()
                board.logger.sleep(300)
        assert not machine.bitten() and max(sleeps.asked) <= 2500
        board.check_all_there(100, but=14)


def test_a_closed_log_sleeps_too():
    board = Battery()
    board.live(60)
    board.logger.close()
    before = time.up_ms()
    board.logger.sleep(60)
    assert abs(time.up_ms() - before - 60000) < 100


def test_the_processor_is_as_fast_after_a_sleep_as_it_was_before():
    board = Battery("rp2")
    board.live(60)
    machine.freq(48000000)
    board.logger.sleep(10)
    assert machine.freq() == 48000000


def test_times_are_right_to_50_ms_by_a_crystal_that_drifts_also_after_a_day_without_a_router():
    for ppm in (40, -40):
        virtual_board.reset()
        spool = {"spool_file": virtual_board.flash(), "spool_bytes": 65536}
        board = Battery("rp2", upload_interval=2 * HOUR_S, **spool)
        time.ppm = ppm
        for hour in range(36):
            if hour == 6:
                network.air.clear()
            if hour == 30:
                network.air["home"] = HOME["password"]
            for _ in range(3):
                board.measure()
                board.logger.sleep(1200)
        board.check_all_there(50, but=7)
