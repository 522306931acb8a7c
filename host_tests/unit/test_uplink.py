"""What each answer means for the batch, and for what is counted."""

import virtual_board
from spools import outage
from virtual_board import Board


def test_too_fast_waits_as_long_as_the_server_says():
    for said in (b"7", b"07 "):
        board = Board(flush_interval=0)
        board.run(2)
        board.server.answers = [(429, {"Retry-After": str(said, "utf-8")}, b"")]
        board.log("t", 1)
        board.run(6)
        assert board.values() == []
        board.run(3)
        assert board.values() == [1]


def test_a_poisoned_reading_is_found_by_halving_and_dropped_alone():
    board = Board(flush_interval=3600, buffer_bytes=4096)
    board.run(2)
    poison = '"v":5,'
    handle = board.server._batch
    board.server._batch = lambda h, body: 400 if poison in str(body, "utf-8") else handle(h, body)
    for i in range(12):
        board.log("t", i)
    before = len(board.server.posts)
    assert board.logger.flush(60)
    assert board.values() == [i for i in range(12) if i != 5]
    assert board.logger.rejected == 1 and "refused alone" in board.logger.last_error
    assert len(board.server.posts) - before <= 9
    board.check_books()


def test_a_server_that_refuses_everything_does_not_empty_the_ring():
    board = Board(flush_interval=0, slow_retry=60)
    board.run(2)
    board.server.always = (400, {}, b"")
    for i in range(50):
        board.log("t", i)
    board.run(600)
    log = board.logger
    assert log.rejected == 3 and log.pending == 47 and log.state == "refused"
    board.server.always = None
    board.run(120)
    assert board.values() == list(range(3, 50))


def test_broken_answers_running_are_asked_again_slowly():
    import requests

    requests.__version__ = "0.10.2"
    board = Board(flush_interval=0)
    board.run(2)
    board.server.always = (204, {"Transfer-Encoding": "chunked"}, b"")
    board.log("t", 1)
    board.run(170)
    assert len([path for path, _ in board.server.posts if path == "/batch_logs"]) == 3
    assert "perhaps accepted each time" in board.logger.last_error
    board.server.always = None
    board.run(200)
    assert board.logger.pending == 0


def rarely(board, hours):
    """As Board.run(), a poll a minute."""
    for _ in range(60 * hours):
        board.logger.poll()
        virtual_board.time.advance(60000)


def test_an_answer_that_was_another_one_meanwhile_is_not_the_same_for_a_day():
    board = Board(backoff_max=5, slow_retry=7200)
    board.run(3)
    board.log("t", 1)
    board.server.answers = [500, 403]
    board.run(60)
    board.server.always = 403
    rarely(board, 48)
    board.server.always = None
    board.server.answers = [500]
    rarely(board, 3)  # the 403 has made a pause of at most two and a half hours
    assert board.values() == [1]
    # The same for a day, though: then it is asked rarely.
    board.server.always = 500
    board.log("t", 2)
    rarely(board, 26)
    asked = len(board.server.posts)
    rarely(board, 20)
    assert 5 <= len(board.server.posts) - asked <= 20


def test_dropped_readings_show_in_the_data_unless_that_is_turned_off():
    board = Board(buffer_bytes=1024, flush_interval=0)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    log = board.logger
    assert log.dropped > 0 and board.values("islog.dropped") == [log.dropped]
    assert log.sent == 300 - log.dropped == len(board.values())
    board = Board(buffer_bytes=1024, flush_interval=0, report_dropped=False)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    assert board.logger.dropped > 0 and board.values("islog.dropped") == []
