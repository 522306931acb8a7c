"""Readings that outlast an outage and a power cut, in the board's flash."""

import os

import virtual_board
from spools import check_times, outage, spooling
from virtual_board import Board, files, time


def test_an_outage_longer_than_the_ring_loses_nothing():
    board = spooling()
    board.run(2)
    outage(board, 1000)
    assert board.logger.dropped == 0
    assert board.logger.spooled > 800 and board.logger.pending == 1000
    board.run(600)
    assert board.values() == list(range(1000))
    check_times(board)
    assert board.logger.sent == 1000 and board.logger.pending == board.logger.spooled == 0
    assert files(board.path) == []


def test_a_clean_end_saves_everything_and_nothing_is_sent_twice():
    board = spooling(timeout=1)
    board.run(2)
    outage(board, 300)
    board.server.down = True
    assert not board.logger.close()
    assert board.logger.pending == board.logger.dropped == 0
    board.check_books()
    assert board.logger.poll() == 1000 and not board.logger.log("t", 0)
    board.reboot()
    board.server.down = False
    board.run(1)
    half = len(board.values())
    assert 0 < half < 300
    board.server.down = True
    board.run(5)
    board.logger.close()
    board.server.down = False
    board.reboot()
    board.run(300)
    assert board.values() == list(range(300))
    assert board.logger.recovered == 300 - half and board.logger.lost == 0
    assert files(board.path) == []


def test_a_board_that_boots_into_a_dead_router_spools_and_finds_its_times_later():
    board = spooling()
    board.ntp.silent = True
    outage(board, 300)
    assert board.logger.state == "no time" and board.logger.spooled > 200
    board.ntp.silent = False
    board.run(900)
    assert board.values() == list(range(300))
    check_times(board)


def test_a_full_flash_collects_nothing_and_takes_readings_again_when_it_has_room():
    from storage import Storage

    board = spooling()
    board.run(2)
    with Storage() as storage:
        storage.full = True
        outage(board, 1000)
        assert len(files(board.path)) <= 1 and board.logger.dropped > 900
        storage.full = False
        outage(board, 1300, first=1000)  # the next try is at most 600 s away
        assert board.logger.spooled > 300
        most = 0
        while board.logger.pending:
            before = storage.opened
            time.advance(max(1, board.logger.poll()))
            most = max(most, storage.opened - before)
        assert most == 1
    board.check_books()
    assert board.values()[-1] == 2299 and files(board.path) == []


def test_flash_that_cannot_be_written_is_told_and_the_ring_goes_on():
    board = spooling(spool_file="/nowhere/at/all")
    board.run(2)
    outage(board, 300)
    log = board.logger
    assert log.dropped > 100 and log.spooled == 0
    board.run(60)
    assert board.values()[-1] == 299
    assert log.sent == 300 - log.dropped


def test_flash_is_not_written_while_readings_go_out():
    board = spooling()
    board.run(2)
    for i in range(500):
        board.log("t", i)
        board.run(1)
        assert files(board.path) == []
    assert board.logger.close() and files(board.path) == []
    assert board.values() == list(range(500))


def test_flash_is_written_once_for_each_batch_bytes():
    board = spooling()
    board.run(2)
    writes = 0
    sizes = []
    board.server.down = True
    for i in range(640):
        board.log("t", i)
        board.run(1)
        now = [os.stat(path)[6] for path in files(board.path)]
        writes += now != sizes
        sizes = now
    assert board.logger.spooled <= writes * 32
    assert writes <= 640 * 16 // 512 + 5


def test_after_close_nothing_is_pending_and_flush_returns_at_once():
    for spool in (False, True):
        virtual_board.reset()
        settings = {"spool_file": virtual_board.flash(), "spool_bytes": 50000} if spool else {}
        board = Board(timeout=1, **settings)
        board.run(3)
        board.server.down = True
        for i in range(20):
            board.log("t", i)
        assert board.logger.close() is False
        before = virtual_board.time.up_ms()
        assert board.logger.pending == 0 and board.logger.flush(None) is True
        assert virtual_board.time.up_ms() == before
        assert board.logger.spooled == 20 * spool and board.logger.dropped == 20 - 20 * spool
        board.log("t", 20)
        assert board.logger.close() is True and board.logger.pending == 0
