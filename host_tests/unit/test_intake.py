"""From a call to the ring: what is stored, and what is refused, rejected or dropped."""

import virtual_board
from virtual_board import Board


def test_a_signal_that_a_callback_brings_meanwhile_does_not_share_a_number():
    board = Board(flush_interval=0)
    batch = board.logger._uplink.batch
    name = batch.signal_json

    def called(signal):
        batch.signal_json = name
        board.logger.log("from a callback", 2)
        board.logged += 1
        return name(signal)

    batch.signal_json = called
    board.log("from the program", 1)
    board.run(10)
    readings = [(signal, value) for signal, value, _ in board.server.readings]
    assert sorted(readings) == [("from a callback", 2), ("from the program", 1)]


def test_a_number_is_taken_only_where_the_longest_one_would_fit_a_request():
    for size in range(288, 340):
        virtual_board.reset()
        try:
            board = Board(batch_bytes=size, flush_interval=0)
        except ValueError:
            continue
        board.log("é" * 100, 1.5)
        board.log("é" * 100, -1.25e-100)
        board.run(30)
        assert board.logger.lost == 0 and board.logger.pending == 0
        assert len(board.values()) + board.logger.rejected == 2
