"""log_object(): several readings at once, with one time, or none of them."""

from failures import fails_once
from virtual_board import Board


def test_log_object_counts_each_entry_that_there_was_no_memory_for():
    board = Board(flush_interval=0)
    board.run(3)
    fails_once(board.logger._ring, "packed", MemoryError)
    assert board.logger.log_object({"a": "x", "b": 2.5, "c": 3}) is False
    board.logged += 3
    board.check_books()
    board.run(5)
    assert board.logger.dropped == 1 and len(board.values()) == 2
