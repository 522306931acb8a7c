"""A step that is left in the middle, by Ctrl-C, for want of memory, by whatever a driver raises:
the next call goes on, nothing is counted that did not happen, and nothing is lost uncounted."""

import internet
import world
from world import Board, raises

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
    end, caught = world.time.up_ms() + seconds * 1000, 0
    while world.time.up_ms() < end:
        try:
            world.time.advance(max(1, board.logger.poll()))
        except KeyboardInterrupt:
            caught += 1
        board.check_books()
    return caught


def test_ctrl_c_while_a_post_waits_leaves_a_logger_that_goes_on():
    for transport in TRANSPORTS:
        world.reset()
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
        world.reset()
        settings = {"spool_file": world.flash(), "spool_bytes": 50000, "timeout": 1}
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


def test_no_answer_of_an_earlier_post_is_taken_for_the_next_ones():
    for kind in (MemoryError, KeyboardInterrupt, RuntimeError):
        for transport in TRANSPORTS:
            world.reset()
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
        world.reset()
        board = Board(flush_interval=0)
        board.run(2)
        board.log("t", 1)
        fails_once(board.logger._uplink, "fill", kind)
        board.logger.poll()
        assert told in board.logger.last_error and board.logger.pending == 1
        board.run(5)
        assert board.values() == [1]


def test_the_newest_are_kept_though_a_batch_was_left_half_made():
    for kind in (MemoryError, KeyboardInterrupt):
        world.reset()
        board = Board(buffer_bytes=1024, flush_interval=5, backoff_max=600)
        board.log("t", -1)
        board.run(8)
        board.server.always = "drop"
        for i in range(10):
            board.log("t", i)
        board.log("note", 'a "quoted" text')
        fails_once(board.logger._uplink.batch, "other", kind)
        for i in range(10, 400):
            board.log("t", i)
            run(board, 1)
        board.server.always = None
        board.run(1300)
        values = board.values("t")
        assert values[-1] == 399 and values[1:] == list(range(values[1], 400))


def test_after_close_nothing_is_pending_and_flush_returns_at_once():
    for spool in (False, True):
        world.reset()
        settings = {"spool_file": world.flash(), "spool_bytes": 50000} if spool else {}
        board = Board(timeout=1, **settings)
        board.run(3)
        board.server.down = True
        for i in range(20):
            board.log("t", i)
        assert board.logger.close() is False
        before = world.time.up_ms()
        assert board.logger.pending == 0 and board.logger.flush(None) is True
        assert world.time.up_ms() == before
        assert board.logger.spooled == 20 * spool and board.logger.dropped == 20 - 20 * spool
        board.log("t", 20)
        assert board.logger.close() is True and board.logger.pending == 0


def test_a_signal_that_a_callback_brings_meanwhile_does_not_share_a_number():
    board = Board(flush_interval=0)
    batch = board.logger._uplink.batch
    name = batch.name

    def called(signal):
        batch.name = name
        board.logger.log("from a callback", 2)
        board.logged += 1
        return name(signal)

    batch.name = called
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
