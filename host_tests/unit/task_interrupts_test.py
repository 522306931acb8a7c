"""Ctrl-C at any line of what runs under asyncio, and a lack of memory at any line that may
want some: nothing is left open, and run() goes on, at once or when it is called again.

For CPython only, whose sys.settrace() tells of each line.
"""

import internet
import pytest
import virtual_board
from at_line import AtLine, some
from islog import connection, dns, names, sntp_steps
from islog import task as under_asyncio
from networks import home
from virtual_board import Board

asyncio = under_asyncio.asyncio
FILES = (under_asyncio.__file__,)
OF_LOOK_UPS = tuple([module.__file__ for module in (connection, dns, names, sntp_steps)])
# Of what is thrown away unstarted, after a Ctrl-C, CPython would say so.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
WANTS_MEMORY = ("_poll", "_wait", "_until_readable", "_wake_readable")


async def program(board, seconds):
    runner = asyncio.create_task(board.logger.run())
    if not board.logged:
        board.log("t", 1)
    flushed = await board.logger.aflush(seconds)
    await asyncio.sleep_ms(seconds * 1000)
    runner.cancel()
    try:
        await runner
    except asyncio.CancelledError:
        pass
    return flushed


def a_board():
    virtual_board.reset()
    asyncio.new_event_loop()
    board = Board(transport="kept", flush_interval=0, timeout=2)
    board.run(3)
    board.server.pieces = lambda raw, keep: [(150, raw[:9]), (150, raw[9:])]
    return board


def is_interrupted(board, at):
    """Run the program with a Ctrl-C in it. Whether that came; the books hold in any case."""
    try:
        with at:
            asyncio.run(program(board, 3))
    except KeyboardInterrupt:
        pass
    board.check_books()
    asyncio.new_event_loop()  # as the documentation of asyncio has it, after a Ctrl-C
    return at.left < 0


def test_ctrl_c_at_any_line():
    for number in some(6):
        board, at = a_board(), AtLine(number, KeyboardInterrupt, FILES)
        reached = is_interrupted(board, at)
        assert asyncio.run(program(board, 3))
        assert set(board.values()) == {1} and board.logger.pending == 0
        assert internet.open_sockets == 0 and not board.logger._uplink.transport.outside_ms
        if not reached:
            break
    assert number > 200


def test_ctrl_c_at_any_line_of_a_look_up_and_a_connect():
    for number in some(16):
        virtual_board.reset()
        asyncio.new_event_loop()
        board = Board(home(), transport="kept", flush_interval=0, timeout=2)
        internet.dns.delay_ms = internet.trip_ms = 6
        at = AtLine(number, KeyboardInterrupt, OF_LOOK_UPS)
        reached = is_interrupted(board, at)
        asyncio.run(program(board, 10))
        assert set(board.values()) == {1} and board.logger.pending == 0
        asyncio.run(board.logger.aclose())
        assert internet.open_sockets == 0 and not board.logger._uplink.transport.outside_ms
        if not reached:
            break
    assert number > 200


def test_without_memory_at_any_line_that_may_want_some():
    for number in some(6):
        board, at = a_board(), AtLine(number, MemoryError, FILES, WANTS_MEMORY)
        with at:
            assert asyncio.run(program(board, 3))
        reached = at.left < 0
        board.check_books()
        assert board.values() == [1] and board.logger.pending == 0
        assert internet.open_sockets == 0
        if not reached:
            break
    assert number > 150
