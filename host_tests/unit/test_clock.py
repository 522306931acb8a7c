"""Where the time comes from, and that it is right."""

import internet
import machine
from islog import clock
from world import NOW_MS, Board, time


def make(*hosts):
    ntp = internet.Ntp(NOW_MS)
    internet.hosts["time.test:123"] = ntp
    return clock.Clock(hosts or ("time.test",), 5), ntp


def at(board_clock, hi, lo):
    board_clock.settle(hi, lo)
    return board_clock.mega * 100000000 + lo + board_clock.shift


def now_ms(board_clock):
    board_clock.tick()
    return at(board_clock, board_clock.hi, board_clock.last)


def test_an_answer_sets_the_clock_to_the_millisecond_and_half_the_round_trip():
    for delay_ms in (1, 40, 500):
        board_clock, ntp = make()
        ntp.delay_ms = delay_ms
        assert board_clock.ask() is None
        assert abs(now_ms(board_clock) - ntp.now_ms()) <= 1
        assert board_clock.error_ms <= delay_ms + 2
        time.advance(123456)
        assert abs(now_ms(board_clock) - ntp.now_ms()) <= 1


def test_answers_that_must_not_be_believed_are_refused():
    def kiss_of_death(reply):
        reply[1] = 0

    def unsynchronised(reply):
        reply[0] |= 0xC0

    def not_a_server(reply):
        reply[0] = 0x23

    def another_question(reply):
        reply[24] ^= 1

    def before_this_release(reply):
        reply[40:44] = (1600000000 + 2208988800).to_bytes(4, "big")

    for spoil in (
        kiss_of_death,
        unsynchronised,
        not_a_server,
        another_question,
        before_this_release,
    ):
        board_clock, ntp = make()
        ntp.change = spoil
        assert "time.test" in board_clock.ask()
        assert board_clock.source == "none"


def test_silence_costs_the_time_out_and_the_next_host_is_asked():
    board_clock, ntp = make("nowhere.test", "silent.test", "time.test:123")
    internet.names["silent.test"] = True
    internet.hosts["silent.test:123"] = silent = internet.Ntp(0)
    silent.silent = True
    assert "nowhere.test" in board_clock.ask()
    start = time.up_ms()
    assert "silent.test" in board_clock.ask()
    assert time.up_ms() - start == 5000
    assert board_clock.ask() is None
    assert internet.open_sockets == 0


def test_from_2036_on_the_seconds_start_again():
    board_clock, ntp = make()
    ntp.unix_ms = 2085978496000 + 86400000 - time.up_ms()  # a day after 2036-02-07
    assert board_clock.ask() is None
    assert abs(now_ms(board_clock) - ntp.now_ms()) <= 1


def test_times_before_and_after_the_sync_are_right_across_wraps():
    board_clock, ntp = make()
    stamps = []
    for _ in range(9):
        board_clock.tick()
        stamps.append((board_clock.hi & 1023, board_clock.last, ntp.now_ms()))
        time.advance(6 * 86400 * 1000)
    board_clock.ask()
    for hi, lo, true_ms in stamps:
        assert abs(at(board_clock, hi, lo) - true_ms) <= 1


def test_the_first_sync_sets_the_boards_own_clock_on_both_epochs():
    for style, epoch_s in (("esp32", 946684800), ("rp2", 0)):
        time.reset()
        machine.style = style
        time.epoch_s = epoch_s
        board_clock, ntp = make()
        board_clock.ask()
        assert abs(time.time() + epoch_s - ntp.now_ms() // 1000) <= 1


def test_a_date_header_is_read():
    assert clock.http_date(b"Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert clock.http_date(b"Tue, 29 Feb 2028 23:59:59 GMT") == 1835481599
    for text in (b"", b"now", b"Sun, 06 Foo 1994 08:49:37 GMT", b"1 2 3 4 5 6", b"\xff"):
        assert clock.http_date(text) == 0


def test_where_ntp_is_blocked_the_servers_own_date_is_taken():
    board = Board(flush_interval=0)
    board.ntp.silent = True
    board.server.date = "Mon, 23 Nov 2026 06:00:00 GMT"
    board.log("t", 1)
    board.run(30)
    status = board.logger.status()
    assert board.values() == [1] and status["clock"] == "http" and status["clock_error_ms"] == 1000
    assert abs(board.times_ms()[0] // 1000 - 1795413600) < 30
    board.ntp.silent = False
    board.run(120)
    assert board.logger.status()["clock"] == "ntp"


def test_a_long_life_without_a_reading_keeps_the_time():
    board = Board(flush_interval=0, sync_interval=604800)
    board.run(2)
    for _ in range(40):
        time.advance(86400 * 1000)
        board.logger.poll()
    board.log("t", 1)
    true_ms = board.ntp.now_ms()
    board.run(20)
    assert abs(board.times_ms()[0] - true_ms) <= 2
