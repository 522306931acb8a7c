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
    assert said[-2][1] == "HTTP 503 for the readings; kept and sent again"
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


def test_a_reading_that_is_none_is_told_at_once_and_said_at_the_next_poll():
    board = Board()
    board.run(3)
    board.log("t", None)
    assert board.logger.last_error == "t: no number was there (None)"
    assert sentences(board) == ["the time is known"]
    board.logger.poll()
    assert sentences(board) == ["the time is known", "t: no number was there (None)"]


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


class Console:
    """What is printed while a `with` lasts; take() returns the lines since the last one."""

    def __init__(self):
        self._lines = []

    def __enter__(self):
        self._plain = builtins.print
        builtins.print = lambda *words: self._lines.append(" ".join(words))
        return self

    def __exit__(self, *what):
        builtins.print = self._plain

    def take(self):
        lines, self._lines = self._lines, []
        assert all(line.startswith("islog: ") for line in lines)
        return [line[7:] for line in lines]


def test_what_is_printed_is_the_same_and_once_where_it_is_repeated():
    with Console() as console:
        board = Board(quiet=False, flush_interval=0)
        for n in range(5):
            board.log("t", n)
            board.run(3)
        board.logger.close()
    assert console.take() == [
        "version 0.1.0, bucket room",
        "the time is known",
        "readings are accepted",
    ]
    assert sentences(board) == ["the time is known", "readings are accepted"]


def test_a_sensor_that_does_not_answer_is_said_once_and_again_when_it_failed_anew():
    with Console() as console:
        board = Board(quiet=False, flush_interval=0)
        board.log("good", 1)
        board.run(10)
        console.take()
        for _ in range(100):
            board.log("t", None)
            board.log("humidity", float("nan"))
            board.log("good", 1)
            board.run(60)
        assert console.take() == [
            "t: no number was there (None)",
            "humidity: no number was there (nan)",
        ]
        board.log("t", 21.5)
        board.run(60)
        board.log("t", None)
        board.log("humidity", None)
        board.run(60)
        assert console.take() == ["t: no number was there (None)"]
    assert board.values("t") == [21.5] and len(board.values("good")) == 101
    assert board.logger.rejected == 202


def test_a_program_that_logs_nothing_but_none_hears_of_it():
    with Console() as console:
        board = Board(quiet=False)
        for _ in range(100):
            board.log("t", None)
            board.run(10)
    assert console.take() == [
        "version 0.1.0, bucket room",
        "t: no number was there (None)",
        "the time is known",
    ]


def test_quiet_prints_nothing_of_all_that():
    with Console() as console:
        board = Board(quiet=True)
        board.log("t", None)
        board.run(10)
    assert console.take() == [] and "t: no number was there (None)" in sentences(board)


def test_a_sensor_that_fails_every_other_time_does_not_fill_the_console():
    with Console() as console:
        board = Board(quiet=False)
        for n in range(3600):
            board.log("t", None if n % 2 else n)
            board.run(1)
        lines = [line for line in console.take() if line.startswith("t: ")]
    assert 5 < len(lines) < 9, lines
    assert "t: no number was there (None) (300 times in 10 minutes)" in lines


def test_troubles_that_take_turns_are_each_said_once_and_counted_where_they_last():
    with Console() as console:
        board = Board(quiet=False)
        board.run(3)
        console.take()
        for _ in range(11 * 60):
            board.logger._on_trouble("one")
            board.logger._on_trouble("two")
            time.advance(1000)
            board.logger.poll()
        assert console.take() == [
            "one",
            "two",
            "one (599 times in 10 minutes)",
            "two (599 times in 10 minutes)",
        ]
    assert sentences(board)[-2:] == ["one", "two"]


def test_an_outage_is_said_once_however_many_readings_wait_and_again_when_it_is_a_new_one():
    with Console() as console:
        board = Board(quiet=False, flush_interval=5)
        board.log("t", 1)
        board.run(60)
        console.take()
        trouble = "HTTP 503 for the readings; kept and sent again"
        for _ in range(3):
            board.server.always = 503
            for n in range(60):
                board.log("t", n)
                board.run(5)
            board.server.always = None
            board.run(90)
            said, accepted = console.take()
            assert said.startswith(trouble) and accepted.startswith("readings are accepted")
        board.server.always = 503
        for n in range(360):
            board.log("t", n)
            board.run(10)
        lines = console.take()
    assert 5 <= len(lines) <= 8 and lines[0].startswith(trouble)
    assert all(line.startswith(trouble + " (") for line in lines[1:])
    assert all(line.endswith(" minutes)") for line in lines[1:])


def test_an_outage_in_which_the_wi_fi_comes_and_goes_does_not_fill_the_console():
    network.air["home"] = "a password"
    with Console() as console:
        wifi = WiFi([{"ssid": "home", "password": "a password"}])
        board = Board(wifi=wifi, quiet=False, flush_interval=5)
        board.log("t", 1)
        board.run(60)
        console.take()
        board.server.always = 503
        for n in range(3600 // 60):
            board.log("t", n)
            board.run(30)
            network.air.clear()
            network.drop()
            board.run(30)
            network.air["home"] = "a password"
        lines = console.take()
        assert len(lines) < 25, lines
        assert 1 < len([line for line in lines if line.startswith("Wi-Fi is up")]) < 8, lines
        board.server.always = None
        board.run(300)
        assert "readings are accepted" in console.take()


def test_a_server_that_takes_and_refuses_in_turn_does_not_fill_the_console():
    with Console() as console:
        board = Board(quiet=False, flush_interval=5)
        for n in range(6 * 3600 // 20):
            board.server.always = 503 if n % 2 else None
            board.log("t", n)
            board.run(20)
        lines = console.take()
    assert len(lines) < 150, lines  # 1,080 times one of two was said
    assert lines[:3] == [
        "version 0.1.0, bucket room",
        "the time is known",
        "readings are accepted",
    ]


def test_after_a_day_of_short_outages_the_last_line_tells_that_all_is_well():
    for length_s in range(60, 120, 7):
        virtual_board.reset()
        with Console() as console:
            board = Board(quiet=False, flush_interval=5)
            for n in range(2 * 3600 // length_s):
                board.server.always = 503 if n % 2 else None
                board.log("t", n)
                board.run(length_s)
            board.server.always = None
            board.log("t", 0)
            board.run(120)
            last = console.take()[-1]
        assert last.startswith("readings are accepted"), last
        assert sentences(board)[-1] == "readings are accepted"


def test_where_only_the_time_server_is_silent_the_readings_are_not_said_to_be_accepted_anew():
    with Console() as console:
        board = Board(quiet=False, flush_interval=5)
        board.log("t", 1)
        board.run(60)
        console.take()
        board.ntp.silent = True
        for n in range(24 * 60):
            board.log("t", n)
            board.run(60)
        lines = console.take()
    assert 10 < len(lines) < 144 and "readings are accepted" not in lines, lines
    assert all(line.startswith("no time from time.test") for line in lines)


def test_forty_sensors_on_a_bad_cable_do_not_fill_the_console():
    with Console() as console:
        board = Board(quiet=False, max_signals=50)
        for n in range(3600 // 5):
            for i in range(40):
                board.logger.log("sensor %d" % i, None if n % 2 else n)
            board.logger._on_trouble("trouble %d" % n)
            time.advance(5000)
            board.logger.poll()
        lines = console.take()
    assert 12 < len(lines) < 12 * 8, len(lines)


def test_no_more_than_a_few_sentences_are_remembered():
    board = Board()
    for n in range(1000):
        board.logger._on_trouble("trouble %d" % n)
    assert len(board.logger._said) <= 12 and len(sentences(board)) == 5
