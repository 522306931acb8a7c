"""log_object(): several readings at once, with one time, or none of them."""

from failures import fails_once
from virtual_board import Board, raises


def test_log_object_counts_each_entry_that_there_was_no_memory_for():
    board = Board(flush_interval=0)
    board.run(3)
    fails_once(board.logger._ring, "packed", MemoryError)
    assert board.logger.log_object({"a": "x", "b": 2.5, "c": 3}) is False
    board.logged += 3
    board.check_books()
    board.run(5)
    assert board.logger.dropped == 1 and len(board.values()) == 2


def test_a_list_is_logged_by_its_indexes_and_a_dict_by_its_names():
    board = Board(flush_interval=0)
    assert board.logger.log_object([1.5, True], "x") is True
    assert board.logger.log_object({"a": "two"}, "x.") is True
    assert board.logger.log_object((None, 7)) is False
    board.logged += 5
    board.run(3)
    sent = [(signal, value) for signal, value, _ in board.server.readings]
    assert sent == [("x0", 1.5), ("x1", True), ("x.a", "two"), ("1", 7)]
    assert board.logger.rejected == 1
    assert board.logger.log_object([]) is board.logger.log_object({}) is True
    board.check_books()


def test_a_time_that_was_given_is_that_of_all_entries():
    board = Board(flush_interval=0)
    assert board.logger.log_object({"a": 1, "b": "two", "c": 0.5}, "", (1796000000, 250))
    board.logged += 3
    board.run(3)
    assert [e for _, _, e in board.server.readings] == ["1796000000.000250"] * 3


def test_what_cannot_be_logged_stores_nothing_of_the_object():
    board = Board()
    log = board.logger.log_object
    for obj in ({"a": 1, "b": 2**63}, {"a": 1, 5: 2}, [1, (2,)], {"a": 1, "islog.b": 2}):
        raises((TypeError, ValueError), log, obj)
    raises(ValueError, log, {"a": 1}, "x" * 100)
    raises(ValueError, log, {"a": 1}, "islog.")
    raises(ValueError, log, {"a": 1}, "", 5)
    for thing in (5, "text", None, b"ab"):
        raises(TypeError, log, thing)
    assert board.logger.pending == board.logger.rejected == board.logger.dropped == 0
