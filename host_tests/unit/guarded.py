"""What the tests of a board that nobody looks after share: the file of its restarts, in memory,
and its program, started anew after each of them.

Power that is cut while the note is written is in Notes: littlefs has the old file or the new one
then, FAT also a part of it.
"""

import binascii

import islog.guard
import machine
from virtual_board import time

HOUR_S = 3600
DAY_S = 86400
KEPT = {"transport": "kept", "timeout": 5}


class Notes:
    """The file in which a restart is noted, as a board's flash keeps it, over restarts. `error`:
    what the next writes raise; `cut`: so many bytes of the next one are kept, the power is cut."""

    def __init__(self):
        self.data = None
        self.writes = 0
        self.error = self.cut = None

    def __enter__(self):
        islog.guard.open = self._open
        return self

    def __exit__(self, *_):
        del islog.guard.open

    def _open(self, path, mode):
        assert path == "islog.restart"
        if mode == "rb" and self.data is None:
            raise OSError(2)
        if mode == "wb" and self.error:
            raise self.error
        return _Note(self)


class _Note:
    def __init__(self, notes):
        self._notes = notes

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, size):
        return self._notes.data[:size]

    def write(self, data):
        self._notes.writes += 1
        if self._notes.cut is not None:
            self._notes.data = data[: self._notes.cut]
            raise machine.Reset("power")
        self._notes.data = data


def restarts(board, seconds, step_s=60):
    """Run a board's program for so long, started anew after each restart; a list of the uptimes,
    in seconds, at which it restarted."""
    end, found = time.up_ms() + seconds * 1000, []
    while time.up_ms() < end:
        try:
            board.logger.poll()
            time.advance(step_s * 1000)
        except machine.Reset:
            found.append(time.ticks_ms() // 1000)
            board.reboot()
    return found


def note(restarts, streak, reason):
    """A note as an earlier boot has written it."""
    text = b"%d %d %s" % (restarts, streak, reason.encode())
    return b"%08x " % binascii.crc32(text) + text


def polls(board, seconds):
    """Poll for so long, whatever becomes of the books: the board may be on its way out."""
    end = time.up_ms() + seconds * 1000
    while time.up_ms() < end:
        time.advance(max(1, min(1000, board.logger.poll())))
