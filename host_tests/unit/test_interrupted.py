"""A step that is left in the middle, by Ctrl-C, for want of memory, by whatever a driver raises:
the next call goes on, nothing is counted that did not happen, and nothing is lost uncounted."""

import internet
import virtual_board
from virtual_board import Board, raises

TRANSPORTS = ("requests", "kept")


def once(kind):
    """A callback that raises the first time that it is called."""
    raised = []

    def call(*_):
        if not raised:
            raised.append(1)
            raise kind

    return call


def fails_once(thing, name, kind):
    """The first call of a method of `thing` raises."""
    method, fail = getattr(thing, name), once(kind)

    def call(*args):
        fail()
        return method(*args)

    setattr(thing, name, call)


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
    from islog import keepalive

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
    assert requests.socket is not keepalive.socket and internet.open_sockets == 1
    board = Board(timeout=1)
    assert requests.socket is keepalive.socket and internet.open_sockets == 0
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

    for wrong in (MemoryError(), RuntimeError("not now"), OSError(5), AttributeError("driver")):
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


def test_log_object_counts_each_entry_that_there_was_no_memory_for():
    board = Board(flush_interval=0)
    board.run(3)
    fails_once(board.logger._ring, "packed", MemoryError)
    assert board.logger.log_object({"a": "x", "b": 2.5, "c": 3}) is False
    board.logged += 3
    board.check_books()
    board.run(5)
    assert board.logger.dropped == 1 and len(board.values()) == 2


def test_the_answer_to_a_batch_that_flash_had_to_give_up_meanwhile_changes_nothing():
    settings = {"spool_file": virtual_board.flash(), "spool_bytes": 8192, "buffer_bytes": 1024}
    settings.update(batch_bytes=512, flush_interval=0, timeout=60, transport="kept")
    board = Board(**settings)
    board.run(3)
    board.server.always = 503
    for i in range(200):
        board.log("t", i)
        board.run(1)
    board.server.always = 400
    board.server.pieces = lambda raw, keep: [(20000, raw)]
    board.run(120)  # the answer takes so long
    for i in range(100):
        for _ in range(12):  # what is in flash is pushed out
            board.log("u", i)
        board.logger.poll()
        board.check_books()
    board.run(60)
    board.server.always = None
    board.server.pieces = lambda raw, keep: [(0, raw)]
    board.log("last", 1)
    board.run(900)
    assert board.values("last") == [1] and board.logger.pending == 0


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
