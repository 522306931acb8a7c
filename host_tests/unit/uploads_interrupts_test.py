"""Ctrl-C, and a lack of memory, at any line of an upload and of what ends it: the next steps go
on, all arrives once the network is there, and the radio is off.

For CPython only, whose sys.settrace() tells of each line.
"""

import network
import pytest
import virtual_board
from at_line import AtLine, some
from batteries import HOME, Battery
from islog import uploads, wifi_radio
from virtual_board import time

FILES = (uploads.__file__, wifi_radio.__file__)
KINDS = (KeyboardInterrupt, MemoryError)
WANTS_MEMORY = "step", "_is_due", "_begin", "_rest", "_upload", "_is_done", "_leave", "rest"


def polls(board, at, seconds):
    end = time.up_ms() + seconds * 1000
    while time.up_ms() < end:
        wait_ms = 1
        try:
            with at:
                wait_ms = board.logger.poll()
        except KeyboardInterrupt:
            pass
        board.sleep(max(1, wait_ms))


def an_upload(board, at):
    polls(board, at, 5)


def an_upload_in_vain(board, at):
    network.air.clear()
    board.run(1)
    while board.logger._step.__self__._left_ms > 200:
        board.run(1)
    polls(board, at, 2)


def a_flush(board, at):
    try:
        with at:
            board.logger.flush()
    except KeyboardInterrupt:
        pass


def a_flush_in_vain(board, at):
    network.air.clear()
    try:
        with at:
            board.logger.flush(1)
    except KeyboardInterrupt:
        pass


def survives(story, style, number, kind):
    """Whether that line was there. The board goes through it with `kind` raised before the line,
    and then sends all that it has."""
    virtual_board.reset()
    board = Battery(style, upload_interval=100)
    board.live(8)
    board.sleep(200000)
    assert board.values("n") == [0] and not board.is_on()
    board.measure()
    at = AtLine(number, kind, FILES, WANTS_MEMORY if kind is MemoryError else None)
    story(board, at)
    board.check_books()
    network.air["home"] = HOME["password"]
    board.run(130)
    assert board.values("n") == [0, 1] and not board.is_on(), number
    assert board.wifi._sharing == [], number
    return at.left < 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("story", [an_upload, an_upload_in_vain, a_flush, a_flush_in_vain])
def test_at_any_line(story, kind):
    style = "esp32" if kind is MemoryError else "rp2"
    for number in some(12):
        if not survives(story, style, number, kind):
            break
    assert number > 30
