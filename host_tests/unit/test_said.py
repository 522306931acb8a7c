"""What was said is kept: who comes a day later with a cable sees what happened, and when."""

import builtins

import network
import virtual_board
from islog.wifi import WiFi
from virtual_board import Board, time


def sentences(board):
    return [sentence for _, sentence in board.logger.status()["said"]]


def test_a_night_s_troubles_are_there_in_the_morning_with_their_times():
    network.air["home"] = "a password"
    board = Board(wifi=WiFi([{"ssid": "home", "password": "a password"}]), flush_interval=5)
    assert board.logger.status()["said"] == []
    board.log("t", 1)
    board.run(3600)
    assert sentences(board) == ["Wi-Fi is up", "the time is known", "readings are accepted"]
    board.server.always = 503
    board.log("t", 2)
    board.run(600)
    board.server.always = None
    for _ in range(8 * 360):  # the program has other things to do
        board.logger.poll()
        time.advance(10000)
    said = board.logger.status()["said"]
    assert [sentence for _, sentence in said[:2]] == ["Wi-Fi is up", "the time is known"]
    assert said[-2][1] == "HTTP 503 for a reading; kept and sent again"
    assert said[-1][1] == "readings are accepted" and len(said) == 4
    assert said[0][0] <= said[1][0] < 30  # the board's uptime, in seconds
    assert 3600 < said[2][0] <= 4200 <= said[3][0] < 4400  # a request may end with the outage
    assert board.logger.status()["uptime_s"] == 3600 + 600 + 8 * 3600


def test_the_last_five_different_ones_stay_each_once_by_its_latest_time():
    board = Board()
    for n in range(9):
        board.logger._on_trouble("trouble %d" % (n % 7))
        time.advance(1000)
        board.logger.poll()
    said = board.logger.status()["said"]
    assert [sentence for _, sentence in said][-3:] == ["trouble 6", "trouble 0", "trouble 1"]
    assert len(said) == 5 and len(set(said)) == 5
    assert [at for at, _ in said] == sorted([at for at, _ in said])
    said.clear()  # it is the caller's own
    assert len(board.logger.status()["said"]) == 5


def test_what_the_ticks_do_in_weeks_and_years_does_not_show():
    virtual_board.reset()
    time.reset(ticks=(1 << 30) - 5000)
    board = Board(ntp_hosts=[])
    for _ in range(3 * 400):  # a bit more than a year
        time.advance(100000000)
        for _ in range(4):  # a clock has to see each quarter of its period
            time.advance(50000000)
            board.logger.poll()
    board.logger._on_trouble("a trouble")
    at = board.logger.status()["said"][-1][0]
    assert at == ((1 << 30) - 5000 + time.up_ms()) // 1000


def test_readings_that_are_none_are_counted_and_leave_what_was_said():
    board = Board()
    board.run(3)
    board.log("t", None)
    assert board.logger.last_error == "t: no number was there (None)"
    assert sentences(board) == ["the time is known"]


def test_without_memory_a_sentence_is_told_and_nothing_else_changes():
    board = Board()
    board.run(3)
    clock = board.logger._time.clock
    uptime_s = clock.uptime_s

    def full():
        raise MemoryError

    clock.uptime_s = full
    board.logger._on_trouble("a trouble")
    clock.uptime_s = uptime_s
    assert board.logger.last_error == "a trouble" and sentences(board) == ["the time is known"]
    board.logger._on_trouble("a trouble")
    assert sentences(board) == ["the time is known", "a trouble"]


def test_what_is_printed_is_the_same_and_once_where_it_is_repeated():
    printed = []
    plain = builtins.print
    builtins.print = lambda *words: printed.append(" ".join(words))
    try:
        board = Board(quiet=False, flush_interval=0)
        for n in range(5):
            board.log("t", n)
            board.run(3)
        board.logger.close()
    finally:
        builtins.print = plain
    assert printed == [
        "islog: version 0.1.0, bucket room",
        "islog: the time is known",
        "islog: readings are accepted",
    ]
    assert sentences(board) == ["the time is known", "readings are accepted"]
