"""The spool's files: how much room they have, and how one begins and ends.

An exception (Ctrl-C, no memory) may end a call at any line. So a file that is to be deleted is
marked (`after` = -1) before anything else of it changes, and its readings count as lost or dropped
from the line on in which it leaves the list.
"""

import os
import time

from micropython import const

from . import spool_records as records
from .errors import ConfigError

_PARTS = const(8)  # a file takes at most an eighth of spool_bytes: that much is deleted at once
_FILES = const(32)  # more than 8, as files that failed early are short; all are read at start-up
_BLOCK = const(4096)  # bytes of a block where the file system does not tell: littlefs on a board
_ENOENT = const(2)
_COUNT = const(3)  # a cell of a ring's `state` (steps.py)
_IN_USE_MS = const(2000)  # twice the second after which poll() wants to be called at the latest

_users = {}  # type: dict[str, list] # spool_file: [the ticks when its Logger last used it]


class Segment:
    """One file of the spool. Behind `size` there may be the torn end of a failed write. It may
    also get there later: Ctrl-C inside the file system leaves a file open, and the garbage
    collector closes it at some time, which writes what was buffered (extmod/vfs_lfsx_file.c). So
    after a failure a file is not appended to any more."""

    def __init__(self, number):
        self.number = number
        self.size = 0  # bytes of whole records
        self.extra = 0  # bytes behind them: torn, or being written now
        self.at = 0  # where the record begins that is being sent, or is the next to be sent
        # 0: that record is not loaded; above: it is, and ends here; -1: the file is to be deleted.
        self.after = 0
        self.count = 0  # earlier boots' readings in the records that are not loaded yet
        self.own = 0  # this boot's readings in these
        # (boot, SYNCS) where the boot that wrote the end of this file went on in a later one: the
        # latest that it wrote there.
        self.syncs = None


class Segments:
    """The files `path`.<n>, of at most `size_bytes` in whole blocks of the file system; and
    `store`, the Ring into which a record of the first file is loaded. `on_trouble(sentence)` hears
    of what goes wrong. ConfigError: another Logger, neither closed nor interrupted, has used the
    same files within two seconds. (It may be one that the program has thrown away: boards have no
    weak references that would tell.)"""

    def __init__(self, path, size_bytes, store, on_trouble):
        self._used = [time.ticks_ms()]  # type: list[int]
        used = _users.get(path)
        if used and 0 <= time.ticks_diff(self._used[0], used[0]) < _IN_USE_MS:
            raise ConfigError(
                "spool_file %s is in use: close() the other Logger"
                " (one that is not polled any more is forgotten after 2 s)" % path
            )
        self._path, self._bytes, self._on_trouble = path, size_bytes, on_trouble
        self._block = 0  # bytes; 0: the folder has not been seen yet, and nothing is written
        self._segments = []  # oldest first
        self._number = 0  # of the next file
        self._saved = None  # the latest sync of this boot's clock that is in the last file
        self.store = store
        self.earlier_boot = False  # whether `store` holds readings of an earlier boot
        # Readings that have left the ring, are in the record written last, and are not in its
        # Segment's `own` yet. (Ring.hand_over() sets it; _is_ready() moves it to `own`.)
        self.filled = 0
        self._end = 0  # where that record ends
        self.lost = 0  # readings given up, of earlier boots
        self.dropped = 0  # the same, of this one

    @property
    def count(self):
        """Readings that are in flash and in no batch."""
        count = self.filled + self.store.count
        for segment in self._segments:
            count += segment.count + segment.own
        return count

    @property
    def own(self):
        """Those that are this boot's."""
        count = self.filled if self.earlier_boot else self.filled + self.store.count
        for segment in self._segments:
            count += segment.own
        return count

    def claim(self):
        """Note that the files are this Logger's. The last step of a Logger's beginning: one that
        fails before keeps no files."""
        _users[self._path] = self._used

    def release(self):
        """Let another Logger have the files from now on, as if this one had not used them for two
        seconds: after Ctrl-C nobody knows whether the program uses it again. If it does, and no
        other has taken them, they are its own again."""
        self._used[0] = time.ticks_add(time.ticks_ms(), -_IN_USE_MS)

    def _is_ready(self):
        # load(), write_due() and close() begin with this. False where another Logger has the files
        # now. Else it notes that they are in use, and moves what is in `filled` to its file.
        if _users.get(self._path, self._used) is not self._used:
            self._on_trouble("another Logger uses %s" % self._path)
            return False
        self._used[0] = time.ticks_ms()
        if self.filled:
            last = self._segments[-1]
            last.size, last.own, self.filled = self._end, last.own + self.filled, 0
            last.extra = 0
        return True

    def _leave(self):
        _users.pop(self._path, None)

    def _begin_file(self, size):
        # Begin a file in which a record of `size` bytes has room (0: a file of the usual size).
        # False where the oldest file was deleted for it: then the file is begun by a later call.
        segments = self._segments
        if segments and not (segments[-1].size or segments[-1].count):  # nothing got into it
            _remove(self._name(segments[-1]))
            self._segments = segments = segments[:-1]
        most = max(2, self._bytes // self._block)
        used = sum([-(-(s.size + s.extra) // self._block) for s in segments])
        used += max(self._file_blocks(), -(-size // self._block))
        if segments and (used > most or len(segments) >= _FILES):
            self._delete_oldest()
            return False
        segment = Segment(self._number)
        self._number += 1
        self._segments, self._saved = segments + [segment], None
        return True

    def _block_bytes(self):
        try:
            return os.statvfs(self._path.rpartition("/")[0] + "/")[0] or _BLOCK
        except (OSError, AttributeError):
            return _BLOCK

    def _file_blocks(self):
        return max(1, self._bytes // self._block // _PARTS)

    def _room(self):
        # Bytes of the largest record that the last file may take; 0: none, it is full, or it has
        # something behind its last whole record.
        if not self._segments:
            return 0
        last = self._segments[-1]
        try:
            size = os.stat(self._name(last))[6]
        except OSError:
            size = 0
        if size != last.size or last.extra:
            last.extra = max(last.extra, size - last.size)
            return 0
        return max(0, self._file_blocks() * self._block - size - records.SPARE)

    def _delete_oldest(self):
        # Delete the oldest file, and count its readings that were not sent as lost or dropped.
        # Returns True: something was done.
        first, store = self._segments[0], self.store
        gone = store.count + first.count + first.own
        first.after = -1  # from here on it must go: write_due() sees to it after an exception
        if self.earlier_boot:
            self.lost, store.state[_COUNT] = self.lost + store.count, 0
        else:
            self.dropped, store.state[_COUNT] = self.dropped + store.count, 0
        error = _remove(self._name(first))
        lost, dropped, rest = self.lost + first.count, self.dropped + first.own, self._segments[1:]
        self.lost, self.dropped, self._segments = lost, dropped, rest
        if gone:
            self._on_trouble("readings in flash are lost: it is full, or damaged")
        if error and errno(error) != _ENOENT:
            self._on_trouble("the spool cannot be deleted (%s): check the flash" % error)
        return True

    def _name(self, segment):
        return "%s.%d" % (self._path, segment.number)


def errno(e):
    return e.args[0] if e.args else None


def _remove(path):
    # Returns what went wrong, or None.
    try:
        os.remove(path)
    except OSError as e:
        return e
