"""A step that is left in the middle, by Ctrl-C, for want of memory, by whatever a driver raises:
the next call goes on, nothing is counted that did not happen, and nothing is lost uncounted."""

import internet
import virtual_board
from failures import fails_once, once
from samples import spread
from virtual_board import Board, flash, raises

TRANSPORTS = ("requests", "kept")


def run(board, seconds):
    """As Board.run(), by a program that goes on after Ctrl-C; how often that came."""
    end, caught = virtual_board.time.up_ms() + seconds * 1000, 0
    while virtual_board.time.up_ms() < end:
        try:
            virtual_board.time.advance(max(1, board.logger.poll()))
        except KeyboardInterrupt:
            caught += 1
        board.check_books()
    return caught


def test_ctrl_c_while_a_post_waits_leaves_a_logger_that_goes_on():
    for transport in TRANSPORTS:
        virtual_board.reset()
        board = Board(transport=transport)
        board.run(3)
        for i in range(5):
            board.log("t", i)
        internet.during_post = once(KeyboardInterrupt)
        assert run(board, 60) == 1
        assert sorted(set(board.values())) == [0, 1, 2, 3, 4] and board.logger.sent == 5
        assert board.logger.close() is True
        assert internet.open_sockets == 0


def test_close_after_ctrl_c_saves_to_flash_what_was_on_its_way():
    for transport in TRANSPORTS:
        virtual_board.reset()
        settings = {"spool_file": virtual_board.flash(), "spool_bytes": 50000, "timeout": 1}
        board = Board(transport=transport, **settings)
        board.run(3)
        for i in range(30):
            board.log("t", i)
        board.server.always = "drop"
        internet.during_post = once(KeyboardInterrupt)
        assert run(board, 20) == 1
        board.logger.close()
        assert (board.logger.spooled, board.logger.dropped) == (30, 0)
        board.server.always = None
        board.reboot()
        board.run(30)
        assert board.values() == list(range(30)) and board.logger.recovered == 30


def test_ctrl_c_in_close_and_close_once_more():
    board = Board(timeout=1)
    board.run(3)
    board.log("t", 1)
    internet.during_post = once(KeyboardInterrupt)
    raises(KeyboardInterrupt, board.logger.close)
    board.check_books()
    assert board.logger.close() is True
    assert board.values() == [1] and board.logger.state == "closed"
    assert internet.open_sockets == 0


def abandoned(how, transport):
    """A board whose program was ended by Ctrl-C while a POST waited, and its console's next
    program, which has a Logger of its own, in the same interpreter."""
    import islog

    settings = {"spool_file": virtual_board.flash(), "spool_bytes": 50000, "timeout": 1}
    settings.update(buffer_bytes=1024, batch_bytes=512, flush_interval=0)
    board = Board(transport=transport, **settings)
    board.run(3)
    board.server.always = "drop"
    for i in range(110):
        board.log("t", i)
        board.run(1)
    board.server.always = None
    internet.during_post = once(KeyboardInterrupt)
    raises(KeyboardInterrupt, board.run, 100)
    spooled, old = board.logger.spooled, board.logger
    assert spooled > 60
    if how == "closed":
        old.close()
    elif how == "thrown away":
        board.logger = old = None
    board.logger, board.logged = islog.Logger(**board._given), 0
    return board, spooled, old


def test_a_new_logger_after_ctrl_c_has_the_files_at_once_and_delivers_what_is_there():
    for transport in TRANSPORTS:
        for how in ("closed", "thrown away", "still there"):
            virtual_board.reset()
            board, spooled, old = abandoned(how, transport)
            board.log("t", 200)
            board.run(60)
            log = board.logger
            assert log.pending == log.spooled == log.lost == 0
            values = sorted(set(board.values()))
            assert values == list(range(len(values) - 1)) + [200]
            assert len(values) == 111 if how == "closed" else log.recovered > spooled - 60
            if how == "still there":  # it may be asked, and closed, and leaves the files alone
                old.log("u", 1)
                old.poll()
                assert "another Logger uses" in old.last_error
                old.close()
                assert old.pending == 0
            assert log.close() is True and internet.open_sockets == 0


def test_ctrl_c_while_flush_waits_gives_the_files_as_well():
    import islog

    board = Board(spool_file=virtual_board.flash(), spool_bytes=50000)
    board.run(3)
    board.server.down = True
    board.log("t", 1)
    calls = [None] * 5 + [KeyboardInterrupt()]
    slept = virtual_board.time.sleep_ms

    def sleep_ms(ms):
        what = calls.pop(0)
        if what:
            virtual_board.time.sleep_ms = slept
            raise what
        slept(ms)

    virtual_board.time.sleep_ms = sleep_ms
    raises(KeyboardInterrupt, board.logger.flush)
    islog.Logger(**board._given)


def test_what_two_ctrl_c_at_once_have_left_in_requests_is_mended_by_the_next_logger():
    import requests
    from islog import connection

    board = Board(timeout=1)
    board.run(3)
    board.log("t", 1)
    answer = board.logger._uplink.transport

    def again():
        answer.close = again
        raise KeyboardInterrupt

    internet.during_post = again
    try:
        board.run(30)
    except KeyboardInterrupt:
        internet.during_post = None
    assert requests.socket is not connection.socket and internet.open_sockets == 1
    board = Board(timeout=1)
    assert requests.socket is connection.socket and internet.open_sockets == 0
    board.log("t", 2)
    board.run(30)
    assert board.values() == [2] and internet.open_sockets == 0


def test_no_answer_of_an_earlier_post_is_taken_for_the_next_ones():
    for kind in (MemoryError, KeyboardInterrupt, RuntimeError):
        for transport in TRANSPORTS:
            virtual_board.reset()
            board = Board(transport=transport, flush_interval=2)
            board.run(3)
            board.log("t", 0)
            board.run(5)
            assert board.logger.sent == 1  # its 204 is the last answer that came
            for i in range(1, 6):
                board.log("t", i)
            fails_once(board.logger._uplink.batch, "slice", kind)
            assert run(board, 60) == (kind is KeyboardInterrupt)
            assert board.values() == [0, 1, 2, 3, 4, 5] and board.logger.sent == 6


def test_whatever_a_step_raises_is_told_and_the_step_is_done_again():
    for kind, told in (
        (MemoryError, "memory"),
        (RuntimeError, "RuntimeError"),
        (OSError, "OSError"),
    ):
        virtual_board.reset()
        board = Board(flush_interval=0)
        board.run(2)
        board.log("t", 1)
        fails_once(board.logger._uplink, "fill", kind)
        board.logger.poll()
        assert told in board.logger.last_error and board.logger.pending == 1
        board.run(5)
        assert board.values() == [1]


def test_what_no_step_can_send_for_long_goes_to_flash():
    class Line:
        wrong = None

        def isconnected(self):
            if self.wrong:
                raise self.wrong
            return True

    wrongs = MemoryError(), RuntimeError("not now"), OSError(5), AttributeError("driver")
    for wrong in spread(wrongs, 2):
        virtual_board.reset()
        line = Line()
        board = Board(
            wifi=line,
            flush_interval=0,
            buffer_bytes=2048,
            spool_file=virtual_board.flash(),
            spool_bytes=50000,
        )
        board.log("t", 0)
        board.run(20)
        assert board.logger.state == "online" and board.logger.sent == 1
        line.wrong = wrong
        for i in range(1, 400):
            board.log("t", i)
            board.run(0.5)
        assert board.logger.state == "waiting" and board.logger.spooled > 200
        line.wrong = None
        board.run(60)
        assert board.values() == list(range(400)) and board.logger.state == "online"


def test_the_newest_are_kept_though_a_batch_was_left_half_made():
    for kind in (MemoryError, KeyboardInterrupt):
        virtual_board.reset()
        board = Board(buffer_bytes=1024, flush_interval=5, backoff_max=600)
        board.log("t", -1)
        board.run(8)
        board.server.always = "drop"
        for i in range(10):
            board.log("t", i)
        board.log("note", 'a "quoted" text')
        fails_once(board.logger._uplink.batch, "add", kind)
        for i in range(10, 400):
            board.log("t", i)
            run(board, 1)
        board.server.always = None
        board.run(1300)
        values = board.values("t")
        assert values[-1] == 399 and values[1:] == list(range(values[1], 400))


def ctrl_c():
    internet.during_post = None
    raise KeyboardInterrupt


def test_a_program_that_ctrl_c_ends_in_a_post_still_sends_all_as_it_closes():
    for name in ("requests", "kept"):
        board = Board(transport=name, flush_interval=0)
        board.run(2)
        for value in range(5):
            board.log("t", value)
        internet.during_post = ctrl_c
        raises(KeyboardInterrupt, board.run, 60)
        board.check_books()
        assert board.logger.close() is True
        board.check_books()
        assert board.values() == [0, 1, 2, 3, 4] and internet.open_sockets == 0


def test_a_program_that_ctrl_c_ends_in_a_post_keeps_in_flash_what_the_server_does_not_take():
    for name in ("requests", "kept"):
        board = Board(transport=name, flush_interval=0, spool_file=flash(), spool_bytes=50000)
        board.run(2)
        for value in range(5):
            board.log("t", value)
        internet.during_post = ctrl_c
        raises(KeyboardInterrupt, board.run, 60)
        board.server.down = True
        board.logger.close()
        board.check_books()
        board.server.down = False
        board.reboot()
        board.run(60)
        # What the interrupted POST had brought is perhaps there twice.
        assert board.values()[-5:] == [0, 1, 2, 3, 4]
