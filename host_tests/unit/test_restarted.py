"""What is told of a restart afterwards, the file in which it is noted, and what may come between.
In virtual time."""

import internet
import machine
import virtual_board
from guarded import DAY_S, KEPT, Notes, note, polls, restarts
from samples import spread
from virtual_board import Board, raises, time


def test_a_restart_is_told_in_words_in_the_status_and_in_the_data():
    with Notes():
        board = Board(restart_after=300, idle_close=5, **KEPT)
        board.run(60)
        assert board.logger.status()["restarted"] is None
        internet.dead.add("service.test:80")
        board.log("n", 1)
        assert len(restarts(board, 600, 1)) == 1
        status = board.logger.status()
        assert status["restarted"].startswith("no answer for 3") and status["restarts"] == 1
        assert status["reset_cause"] == machine.reset_cause() != machine.PWRON_RESET
        words = "the board was restarted: no answer for 3"
        assert status["said"][-1][1].startswith(words) or words in str(status["said"])
        assert "(restart 1 since the last answer)" in str(status["said"])
        internet.dead.clear()
        for i in range(50):
            board.log("n", i)
            board.run(10)
        board.logger.flush()
        assert board.values() == list(range(50)) and board.values("islog.restarts") == [1]
        assert board.logger.sent == 50
        board.reboot()
        board.log("n", 50)
        board.run(60)
        assert board.values("islog.restarts") == [1]


def test_the_restarts_come_with_what_was_dropped_and_are_told_again_where_they_were_lost():
    for answers, times in ((["drop"], 1), (["lost"], 2), ([(400, {}, b"no")], 1)):
        virtual_board.reset()
        with Notes() as notes:
            notes.data = note(7, 2, "no answer for 600 s")
            board = Board(restart_after=300, buffer_bytes=512, batch_bytes=1024, **KEPT)
            assert board.logger.status()["restarts"] == 7
            for i in range(60):
                board.log("n", i)
            board.server.answers = answers
            board.run(120)
            own = [name for name, _, _ in board.server.readings if name.startswith("islog.")]
            assert board.values("islog.restarts") == [7] * times
            assert own[:2] == ["islog.restarts", "islog.dropped"]
            dropped = board.values("islog.dropped")[0]
            assert dropped == board.logger.dropped and board.logger.rejected == 0
            assert board.logger.sent + dropped == 60


def test_the_books_balance_where_what_islog_tells_is_sent_one_by_one():
    for refusals in range(1, 8):
        virtual_board.reset()
        with Notes() as notes:
            notes.data = note(7, 2, "no answer for 600 s")
            board = Board(restart_after=300, buffer_bytes=512, batch_bytes=1024, **KEPT)
            for i in range(60):
                board.log("n", i)
            board.server.answers = [(400, {}, b"no")] * refusals
            board.run(300)
            log = board.logger
            assert log.pending == 0 and log.sent == len(board.values("n")), refusals


def test_a_program_that_wants_no_reports_gets_none():
    with Notes() as notes:
        notes.data = note(7, 2, "no answer for 600 s")
        board = Board(restart_after=300, report_dropped=False, **KEPT)
        board.log("n", 1)
        board.run(60)
        assert board.values() == [1] and board.values("islog.restarts") == []
        assert board.logger.status()["restarted"] == "no answer for 600 s"


def test_a_note_is_written_twice_for_each_restart_and_never_else():
    with Notes() as notes:
        board = Board(restart_after=300, **KEPT)
        board.run(DAY_S // 24)
        assert notes.writes == 0
        for n in range(1, 4):
            internet.link_up = False
            board.log("n", 1)
            assert len(restarts(board, 400, 1)) == 1
            internet.link_up = True
            for i in range(30):
                board.log("n", i)
                board.run(30)
            assert notes.writes == 2 * n
            assert notes.data == note(n, 0, "")


def test_power_that_is_cut_while_the_note_is_written_leaves_none_or_a_whole_one():
    whole = note(3, 1, "no answer for 300 s")
    for cut in spread(range(len(whole) - 1), 3) + [len(whole) - 1, len(whole)]:
        virtual_board.reset()
        with Notes() as notes:
            board = Board(restart_after=300, **KEPT)
            internet.dead.add("service.test:80")
            board.log("n", 1)
            notes.data, notes.cut = note(2, 0, ""), cut
            raises(machine.Reset, board.run, 400)
            notes.cut = None
            board.reboot()
            status = board.logger.status()
            assert status["restarts"] == (cut >= len(whole))
            assert len(restarts(board, 800, 1)) == 1


def test_damaged_notes_are_none():
    whole = note(3, 1, "no answer for 300 s")
    assert whole.endswith(b" 3 1 no answer for 300 s")
    broken = [b"", b"\xff" * 200, whole[:-1], whole + b"x", b"x" + whole, b"3 1 no answer"]
    broken += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(9, len(whole))]
    for data in broken:
        with Notes() as notes:
            notes.data = data
            status = Board(restart_after=300, **KEPT).logger.status()
            assert (status["restarted"], status["restarts"]) == (None, 0), data


def test_where_no_note_can_be_written_a_board_restarts_once_a_day_at_most():
    with Notes() as notes:
        notes.error = OSError(28)
        board = Board(restart_after=300, **KEPT)
        internet.dead.add("service.test:80")
        board.log("n", 1)
        time.advance(1000)
        board.run(1000)
        assert "islog.restart cannot be written" in str(board.logger.status()["said"])
        found = restarts(board, 5 * DAY_S)
        assert len(found) in (4, 5) and all(DAY_S <= at < DAY_S + 1800 for at in found)


def test_ctrl_c_in_a_write_or_at_the_reset_itself_only_delays_it():
    reset = machine.reset

    ctrl_c = [KeyboardInterrupt()]

    def fails():
        if ctrl_c:
            raise ctrl_c.pop()
        reset()

    for name in ("write", "reset"):
        virtual_board.reset()
        flash = {"spool_file": virtual_board.flash(), "spool_bytes": 50000}
        with Notes() as notes:
            machine.reset = fails if name == "reset" else reset
            board = Board(restart_after=300, watchdog=8, **flash, **KEPT)
            machine.reset = reset
            board.run(30)
            if name == "write":
                notes.error = KeyboardInterrupt()
            internet.link_up = False
            for i in range(10):
                board.log("n", i)
            caught = raises(KeyboardInterrupt, polls, board, 400)
            assert isinstance(caught, KeyboardInterrupt) and machine.resets == []
            notes.error = None
            raises(machine.Reset, polls, board, 400)
            assert machine.resets == ["reset"] and notes.data
            internet.link_up = True
            board.reboot()
            assert board.logger.status()["restarts"] == 1
            board.run(60)
            assert board.values() == list(range(10))
