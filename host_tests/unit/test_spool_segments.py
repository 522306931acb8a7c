"""The files of the spool: how much flash they take, what goes first, and who may use them."""

import os

import virtual_board
from spools import outage, spooling
from virtual_board import Board, files, raises, time


def test_a_board_that_wakes_logs_and_sleeps_takes_no_more_flash_than_it_may():
    board = spooling(spool_bytes=22000, timeout=1)
    board.server.down = True
    n = 0
    for _ in range(108):
        for _ in range(10):
            board.log("t", n)
            n += 1
        board.run(1)
        board.logger.close()
        board.reboot()
    blocks = [-(-os.stat(path)[6] // 4096) for path in files(board.path)]
    assert 4 <= sum(blocks) <= 5
    board.server.down = False
    board.run(600)
    got = board.values()
    assert got == list(range(got[0], n)) and len(got) > 400
    assert board.logger.recovered == len(got) and files(board.path) == []


def test_two_loggers_with_one_spool_are_refused_at_the_second():
    import islog

    board = spooling()
    board.run(2)
    outage(board, 200)
    before = files(board.path)
    given = dict(board._given)
    error = raises(islog.ConfigError, islog.Logger, **given)
    assert "spool_file" in str(error) and "close()" in str(error)
    assert files(board.path) == before
    board.run(300)
    assert board.values() == list(range(200))
    board.logger.close()
    islog.Logger(**given).close()
    # One that was thrown away without a close() has not been used for a while.
    islog.Logger(**given)
    time.advance(61000)
    islog.Logger(**given)


def test_where_the_spool_is_full_the_oldest_go_and_are_counted():
    board = spooling(spool_bytes=22000)
    board.run(2)
    outage(board, 2000)
    # A file takes whole blocks of 4096 bytes, and five of them are fewer than 22,000.
    blocks = [-(-os.stat(path)[6] // 4096) for path in files(board.path)]
    assert 4 <= sum(blocks) <= 5
    log = board.logger
    assert log.dropped > 700
    board.run(300)
    got = board.values()
    assert got[-1] == 1999 and len(got) == 2000 - log.dropped == log.sent
    # One gap, behind what had left the ring before the outage was noticed.
    steps = [b - a for a, b in zip(got, got[1:])]
    assert all(step > 0 for step in steps) and len([step for step in steps if step > 1]) <= 1
    assert board.values("islog.dropped")[-1] == log.dropped


def test_where_flash_becomes_full_the_oldest_in_it_make_room():
    from storage import Storage

    board = spooling()
    board.run(2)
    outage(board, 700)
    held = board.logger.spooled
    board.server.down = True
    with Storage() as storage:
        storage.full = True
        for i in range(700, 760):
            board.log("t", i)
            board.run(1)
    assert board.logger.spooled < held
    outage(board, 100, first=760)
    board.run(300)
    got = board.values()
    assert got[-1] == 859 and len(got) + board.logger.dropped == 860


def test_the_files_are_refused_while_the_other_logger_is_in_use_and_close_gives_them():
    import islog

    board = Board(spool_file=virtual_board.flash(), spool_bytes=50000, timeout=1)
    board.run(3)
    error = raises(islog.ConfigError, islog.Logger, **board._given)
    assert "close() the other Logger" in str(error)
    board.logger.close()
    board.logger, board.logged = islog.Logger(**board._given), 0
    # Ctrl-C in the program's own sleep: nobody polls any more.
    virtual_board.time.advance(2000)
    board.logger = islog.Logger(**board._given)
    board.log("t", 1)
    board.run(30)
    assert board.values() == [1]


def test_a_closed_logger_leaves_the_files_to_the_one_that_was_made_after_it():
    import islog

    board = Board(spool_file=virtual_board.flash(), spool_bytes=65536, timeout=1)
    first = board.logger
    board.run(3)
    board.server.down = True
    for i in range(20):
        board.log("t", i)
    first.close()
    second = islog.Logger(**board._given)
    second.log("t", 20)
    assert first.close() is True and (first.spooled, first.dropped) == (20, 0)
    second.close()
    assert first.close() is True
    board.server.down = False
    board.reboot()
    board.run(60)
    assert board.values() == list(range(21))
