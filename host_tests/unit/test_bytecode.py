"""log() and move() in bytecode, for boards that have no machine code (test_native.py compares)."""

import batches
from islog.bytecode import PlainRing
from rings import make
from virtual_board import Board


def test_neither_way_stores_where_the_oldest_must_not_be_dropped():
    for store in (make(64), PlainRing(64, make(64)._clock, None)):
        store.add_signal("t", "t")
        while store.count < 4:
            assert store.log("t", 1)
        store.pin(1)
        assert store.log("t", 2.5) is store.log("t", True) is False and store.missed == 2
        store.pin(0)
        assert store.log("t", 2.5) and store.overflows == 1 and store.count == 4


def test_a_board_that_does_without_machine_code_sends_the_same():
    values = [21.5, -3, True, "door open", 2**40, 0.25]
    board = Board(native=False)
    for value in values:
        board.log("t", value)
    assert board.logger.flush() and board.values("t") == values
    assert type(board.logger._uplink.batch) is batches.PlainBatch
