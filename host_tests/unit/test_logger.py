"""The Logger's own: what its calls return, from where they may be called, and what ends it."""

import internet
import virtual_board
from virtual_board import Board, raises, time


def test_flush_sends_at_once_and_says_whether_all_went():
    board = Board(flush_interval=3600)
    board.log("t", 1)
    board.logged = 1
    assert board.logger.flush(10) is True
    assert board.values() == [1]
    board.server.down = True
    board.log("t", 2)
    start = time.up_ms()
    assert board.logger.flush(10) is False
    assert 9000 < time.up_ms() - start < 11000
    board.check_books()


def test_close_counts_what_is_left_and_what_comes_later_as_dropped():
    board = Board()
    board.log("t", 1)
    assert board.logger.close() is True and board.values() == [1]
    assert board.log("t", 2) is False and board.log("new", 2) is False
    assert board.logger.dropped == 2 and board.logger.state == "closed"
    board = Board()
    board.server.down = True
    board.log("t", 1)
    assert board.logger.close() is False
    board.check_books()
    assert board.logger.dropped == 1 and board.logger.pending == 0


def test_polling_inside_a_callback_does_nothing():
    board = Board(flush_interval=0)
    board.run(2)
    board.log("t", 1)
    inner = []
    internet.during_post = lambda: inner.append(board.logger.poll())
    board.run(3)
    assert board.values() == [1] and inner


def test_a_wrong_setting_raises_before_anything_is_there():
    import islog

    error = raises(ValueError, Board, bucket_name="x" * 201)
    assert isinstance(error, islog.ConfigError) and "bucket_name" in str(error)
    raises(islog.ConfigError, Board, wifi=[{"ssid": "a", "password": "b"}])
    raises(islog.ConfigError, Board, batch_bytes=256, bucket_name="x" * 200)


def test_https_without_a_root_certificate_is_said_once_at_the_start():
    import builtins

    for url, count in (
        ("https://service.test/batch_logs", 1),
        ("http://service.test/batch_logs", 0),
    ):
        said = []
        builtins.print, kept = lambda *words, to=said: to.append(words), builtins.print
        try:
            Board(quiet=False, ingest_url=url)
        finally:
            builtins.print = kept
        assert len([words for words in said if "not verified" in words[1]]) == count


def test_a_step_for_which_there_is_no_memory_is_told_and_done_again():
    board = Board(flush_interval=0)
    board.run(2)
    log = board.logger
    fill = log._uplink.fill
    tried = []

    def without_memory(*args):
        tried.append(args)
        raise MemoryError

    log._uplink.fill = without_memory
    board.log("t", 1)
    board.run(5)
    assert tried and "memory" in log.last_error and log.pending == 1
    log._uplink.fill = fill
    board.run(5)
    assert board.values() == [1]


def test_flush_and_close_in_a_callback_while_poll_is_under_way_do_nothing():
    board = Board(flush_interval=0)
    board.run(3)
    done = []

    def callback():
        internet.during_post = None
        done.extend((board.logger.flush(None), board.logger.close(), board.logger.state))

    internet.during_post = callback
    board.log("t", 1)
    board.run(5)
    assert done == [False, False, "online"] and board.values() == [1]
    assert board.logger.close() is True


def test_a_limit_of_flush_that_is_longer_than_the_ticks_see_runs_out():
    virtual_board.time.period = 1 << 20  # of which half is 9 minutes
    board = Board(ntp_hosts=[])
    board.server.down = True
    board.log("t", 1)
    before = virtual_board.time.up_ms()
    assert board.logger.flush(700) is False
    assert 700000 <= virtual_board.time.up_ms() - before < 710000
