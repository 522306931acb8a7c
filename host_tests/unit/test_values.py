"""What log() takes, refuses and rejects, and that the books balance after each."""

from virtual_board import Board, raises


def accepted(value, signal="t", **settings):
    """What the server holds after one reading."""
    board = Board(flush_interval=0, **settings)
    assert board.log(signal, value) is True
    board.run(3)
    assert board.logger.pending == 0
    return board.values()[0]


def test_numbers_bools_and_texts_arrive_as_logged():
    for value in (0, -1, 2**30, 2**31, 2**63 - 1, -(2**63), -273.15, 0.1, 1e30, True, False):
        got = accepted(value)
        assert type(got) is type(value) and str(got) == str(value)
    for text in ("", "°C", 'a "quote" \\ \n \t \0 😀', "é" * 500):
        assert accepted(text) == text


def test_a_hundred_characters_name_a_signal():
    board = Board()
    for signal in ("s" * 100, "°" * 100, '"' * 100):
        assert board.log(signal, 1)
    board.run(12)
    assert [name for name, _, _ in board.server.readings] == ["s" * 100, "°" * 100, '"' * 100]


def test_a_sensor_that_did_not_answer_is_rejected_and_counted():
    board = Board()
    for value in (None, float("nan"), float("inf"), -float("inf")):
        for _ in range(2):  # under a new signal, and under a known one
            assert board.log("t", value) is False
        board.log("t", 1)
    assert board.logger.rejected == 8 and board.logger.pending == 4
    assert "t: no number was there" in board.logger.last_error


def test_what_can_never_be_a_reading_raises_and_changes_nothing():
    board = Board()
    log = board.logger.log
    for value in (2**63, -(2**63) - 1, "x" * 1001, "é" * 501):
        raises(ValueError, log, "t", value)
    for value in ([], {}, (1,), b"bytes", object()):
        raises(TypeError, log, "t", value)
    for signal in ("", "s" * 101, "islog.mine"):
        raises(ValueError, log, signal, 1)
    for signal in (1, None, b"t", [], 1.5):
        raises(TypeError, log, signal, 1)
    board.log("t", 1)
    for value in (2**63, -(2**63) - 1, "x" * 1001):
        raises(ValueError, log, "t", value)
    assert board.logger.pending == 1
    board.check_books()


def test_a_text_too_long_for_the_body_is_rejected_with_a_reason():
    board = Board(batch_bytes=512)
    assert board.log("t", '"' * 1000) is False
    assert board.logger.rejected == 1
    assert board.logger.last_error == "t: too long for batch_bytes"
    assert board.log("t", '"' * 100) is True
    board.run(12)
    assert board.values() == ['"' * 100]


def test_one_signal_too_many_is_rejected_and_the_known_ones_go_on():
    board = Board()
    for i in range(64):
        assert board.log("s%d" % i, i)
    assert board.log("s64", 64) is False
    assert board.logger.last_error == "s64: one signal more than max_signals"
    assert board.log("s0", 1) is True
    assert Board(max_signals=1).log("a", 1)


def test_a_given_time_is_sent_as_it_was_given():
    board = Board(flush_interval=0)
    for epoch in (1416262288, (1416262288, 913554), (978307200, 0), 4294967295):
        assert board.log("t", 1, epoch)
    board.run(3)
    assert [e for _, _, e in board.server.readings] == [
        "1416262288",
        "1416262288.913554",
        "978307200.000000",
        "4294967295",
    ]


def test_a_time_that_cannot_be_is_refused():
    log = Board().logger.log
    for epoch in (-1, 978307199, 4294967296, (1500000000, -1), (1500000000, 1000000), (0, 0)):
        raises(ValueError, log, "t", 1, epoch)
    for epoch in ("now", (1,), [1, 2], (1, 2.0), (1.0, 2), True):
        raises(TypeError, log, "t", 1, epoch)


def test_a_time_of_a_clock_that_counts_from_2000_is_refused_with_what_to_do():
    board = Board()
    seconds_of_an_esp32 = 1796000000 - 946684800  # as Unix time, that is in 1996
    for epoch in (seconds_of_an_esp32, (seconds_of_an_esp32, 5)):
        assert "add 946684800" in str(raises(ValueError, board.logger.log, "t", 1, epoch))
    assert board.logger.pending == 0
    assert board.log("t", 1, seconds_of_an_esp32 + 946684800)


def test_a_float_time_is_taken_where_floats_can_hold_it():
    board = Board(flush_interval=0)
    raises(ValueError, board.logger.log, "t", 1, float("nan"))
    raises(ValueError, board.logger.log, "t", 1, float("inf"))
    raises(ValueError, board.logger.log, "t", 1, 849315200.5)  # in 1996
    if 1416262288.913554 == 1416262289.0:  # a board's, which are right to 128 s there
        raises(ValueError, board.logger.log, "t", 1, 1416262288.913554)
        return
    assert board.log("t", 1, 1416262288.913554)
    board.run(3)
    assert board.server.readings[0][2] == "1416262288.913554"


def test_an_object_is_logged_whole_with_one_time_or_not_at_all():
    board = Board(flush_interval=0)
    log = board.logger
    assert log.log_object({"a": 1, "b": "two"}, "room.") is True
    assert log.log_object([1.5, True], prefix="pin") is True
    board.logged += 4
    for bad in ({"a": 1, "b": []}, {"a": 1, 2: 3}, [1, {}], {"a": 1, "": 2}, 5):
        raises((TypeError, ValueError), log.log_object, bad)
    assert log.log_object({"a": 1, "b": None}) is False
    board.logged += 2
    board.check_books()
    board.run(3)
    got = {name: value for name, value, _ in board.server.readings}
    assert got == {"room.a": 1, "room.b": "two", "pin0": 1.5, "pin1": True, "a": 1}
    times = {name: e for name, _, e in board.server.readings}
    assert times["room.a"] == times["room.b"]
