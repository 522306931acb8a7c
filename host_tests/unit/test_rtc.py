"""The board's own clock: set at the first sync, left alone afterwards, and kept right for TLS."""

import machine
from clocks import make, now_ms, stamp, sync, true_ms
from islog import clock
from virtual_board import Board, raises, reset, time


class BrokenRtc:
    """The board's own clock while setting it fails with `error`."""

    def __init__(self, error):
        self._error = error

    def __enter__(self):
        self._whole = machine.RTC.datetime
        machine.RTC.datetime = self._fail

    def __exit__(self, *_):
        machine.RTC.datetime = self._whole

    def _fail(self, *_):
        raise self._error


def test_a_sync_that_does_not_come_to_its_end_changes_nothing():
    for error in (MemoryError(), KeyboardInterrupt()):
        board_clock = make()
        with BrokenRtc(error):
            raises(type(error), sync, board_clock)
        assert board_clock.error_ms(*stamp(board_clock)) is None and board_clock.source == "none"
        assert sync(board_clock) and abs(now_ms(board_clock) - true_ms()) <= 1


def test_a_board_without_memory_for_its_first_sync_is_set_by_a_later_one():
    board = Board(flush_interval=0)
    board.log("t", 1)
    true = true_ms()
    with BrokenRtc(MemoryError()):
        board.run(600)
    assert board.logger.status()["clock_error_ms"] is None and board.ntp.asked < 25
    board.run(600)
    assert board.values() == [1] and abs(board.times_ms()[0] - true) <= 2


def test_a_board_clock_that_cannot_be_set_is_left_as_it_is():
    wrong = OSError(5), AttributeError("datetime"), ValueError(), TypeError(), RuntimeError("busy")
    for error in wrong:  # a port may have no datetime(), or another one
        board = Board(flush_interval=0)
        board.log("t", 1)
        with BrokenRtc(error):
            board.run(5)
        assert board.values() == [1]


def test_the_first_sync_sets_the_boards_own_clock_on_both_epochs():
    for style, epoch_s in (("esp32", 946684800), ("rp2", 0)):
        time.reset()
        machine.style = style
        time.epoch_s = epoch_s
        before = time.time()
        sync(clock.Clock(set_rtc=False))
        assert time.time() == before
        sync(clock.Clock(set_rtc=True))
        assert abs(time.time() + epoch_s - true_ms() // 1000) <= 1


def off_s():
    """By how much the board's own clock is ahead of the truth."""
    return time.unix_us() // 1000000 - true_ms() // 1000


def test_before_tls_reads_the_boards_clock_that_is_right_again_whoever_has_moved_it():
    for style in ("rp2", "esp32"):
        reset()
        machine.style = style
        board = Board(transport="kept", flush_interval=5)
        board.logger._uplink.transport.verifies = True  # as with ca_file
        seen = []
        board.server.early = lambda headers, seen=seen: seen.append(off_s())
        board.log("t", 0)
        board.run(30)
        for n in range(1, 5):
            machine.lightsleep(3600000)
            board.log("t", n)
            board.run(30)
        # As `mpremote rtc --set` does: local time, seven hours behind.
        time.set_unix_us(time.unix_us() - 7 * 3600000000)
        time.advance(60000)
        board.log("t", 5)
        board.run(30)
        assert board.values() == [0, 1, 2, 3, 4, 5] and len(seen) >= 6
        assert all(-1 <= off <= 1 for off in seen)  # a certificate asks for no more


def test_without_tls_the_boards_clock_is_the_programs_after_the_first_sync():
    board = Board(flush_interval=5)
    board.log("t", 0)
    board.run(30)
    assert off_s() == 0
    time.set_unix_us(time.unix_us() + 2 * 3600000000)
    for n in range(1, 5):
        time.advance(3600000)
        board.log("t", n)
        board.run(30)
    assert off_s() == 7200 and board.values() == [0, 1, 2, 3, 4]
