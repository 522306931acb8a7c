"""Ctrl-C, and a lack of memory, at any line on the way to a restart, and at the first answer
after it: the board restarts all the same, and the next boot sends what was in flash.

For CPython only, whose sys.settrace() tells of each line.
"""

import machine
import virtual_board
from at_line import AtLine, some
from guarded import KEPT, Notes, note
from islog import guard, logger, spool, spool_records, spool_segments
from virtual_board import Board, time

FROM_MS = 328000  # shortly before the restart
GUARD = (guard.__file__,)
FILES = tuple(m.__file__ for m in (guard, logger, spool, spool_records, spool_segments))


class Lan:
    """The program's own interface."""

    is_up = True

    def isconnected(self):
        return self.is_up


def run(board, seconds, at=None, kind=None):
    """Poll for so long, the first polls with `at` and whatever it raises."""
    for n in range(seconds):
        try:
            if at and n < 4:
                with at:
                    board.logger.poll()
            else:
                board.logger.poll()
        except KeyboardInterrupt:
            assert kind is KeyboardInterrupt
            if machine.resets:  # on a board nothing runs any more, and nothing raises
                return
        time.advance(1000)


def restarts_with(at, kind):
    """A board that is about to restart, and does; True where `at` has raised."""
    virtual_board.reset()
    flash = {"spool_file": virtual_board.flash(), "spool_bytes": 50000}
    with Notes():
        lan = Lan()
        board = Board(wifi=lan, restart_after=300, watchdog=8, **flash, **KEPT)
        board.run(30)
        lan.is_up = False
        for i in range(10):
            board.log("n", i)
        while time.up_ms() < FROM_MS:
            board.logger.poll()
            time.advance(5000)
        try:
            run(board, 700, at, kind)
        except machine.Reset:
            pass
        assert machine.resets == ["reset"], at.left
        lan.is_up = True
        board.reboot(wifi=lan)
        assert board.logger.status()["restarts"] == 1
        board.run(30)
        assert board.values() == list(range(10)), at.left
    return at.left < 0


def test_ctrl_c_anywhere_on_the_way_to_a_restart_only_delays_it():
    for number in some(12):
        if not restarts_with(AtLine(number, KeyboardInterrupt, FILES), KeyboardInterrupt):
            break
    assert number > 100


def test_a_lack_of_memory_on_the_way_to_a_restart_only_delays_it():
    wants_memory = "_look", "_restart", "_write"
    for number in some(3):
        if not restarts_with(AtLine(number, MemoryError, GUARD, wants_memory), MemoryError):
            break
    assert number > 20


def test_ctrl_c_anywhere_before_and_after_the_first_answer():
    for number in some(6):
        virtual_board.reset()
        with Notes() as notes:
            notes.data = note(7, 2, "no answer for 600 s")
            board = Board(restart_after=300, watchdog=8, flush_interval=0, **KEPT)
            for i in range(3):
                board.log("n", i)
            at = AtLine(number, KeyboardInterrupt, GUARD)
            for _ in range(12):
                try:
                    with at:
                        time.advance(max(1, board.logger.poll()))
                except KeyboardInterrupt:
                    pass
                board.check_books()
            board.run(20)
            assert board.values() == [0, 1, 2] and 7 in board.values("islog.restarts"), number
            assert notes.data == note(7, 0, ""), number
            assert board.logger.status()["restarted"] == "no answer for 600 s"
        if at.left >= 0:
            break
    assert number > 100
