"""What a Logger has only where its settings ask for it. (What each part does is in their own
tests.)"""

import sys

import virtual_board
from guarded import KEPT, Notes
from virtual_board import Board, raises


def test_a_plain_logger_has_none_of_it_and_loads_nothing_for_it():
    names = "islog.spool", "islog.uploads", "islog.guard"
    modules = {name: sys.modules.pop(name, None) for name in names}
    try:
        board = Board()
        assert not [name for name in names if name in sys.modules]
    finally:
        sys.modules.update({name: module for name, module in modules.items() if module})
    status = board.logger.status()
    assert board.logger._spool is None
    assert "uploading" not in status and "restarts" not in status


def test_each_part_is_there_where_it_is_asked_for_and_all_together():
    flash = {"spool_file": virtual_board.flash(), "spool_bytes": 50000}
    with Notes():
        board = Board(upload_interval=600, watchdog=8, restart_after=300, **flash, **KEPT)
        board.log("n", 1)
        board.run(60)
    status = board.logger.status()
    assert board.logger._spool and status["uploading"] is False and status["restarts"] == 0
    assert board.values() == [1]


def test_files_that_another_logger_has_are_refused():
    import islog

    flash = {"spool_file": virtual_board.flash(), "spool_bytes": 50000}
    board = Board(**flash)
    sentence = str(raises(islog.ConfigError, Board, bucket_name="attic", **flash))
    assert sentence.startswith("spool_file")
    board.logger.close()
    Board(**flash)
