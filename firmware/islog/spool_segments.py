"""The spool's files: how much room they have, and how one begins and ends.

An exception may leave any line: a file that is given up is marked before anything else of it
changes, and its readings count as lost or dropped from the line on in which it leaves the list.
"""

import os
import time

from micropython import const

from . import spool_records as records
from .errors import ConfigError

_PARTS = const(8)  # a file has at most this part of the spool,
_FILES = const(32)  # and there are no more than these, whatever fails
_BLOCK = const(4096)  # bytes, where the file system does not tell
_ENOENT = const(2)
_IN_USE_MS = const(2000)  # poll() wants to be called within a second

_users = {}  # type: dict[str, list] # by path: [when its Segments were last used, in ticks]


class Segment:
    """One file of the spool. Behind `size` there may be the torn end of a failed write, now or
    later: Ctrl-C inside the file system leaves a file open, and the garbage collector closes, and
    so writes, it later (extmod/vfs_lfsx_file.c). So a file is not appended to after a failure."""

    def __init__(self, number):
        self.number = number
        self.size = 0  # bytes of whole records
        self.extra = 0  # bytes behind them: torn, or being written now
        self.at = 0  # where the record begins that is sent now, or next
        self.after = 0  # where that record ends, once it is loaded; -1: the file is to be deleted
        self.count = 0  # earlier boots' readings behind that record
        self.own = 0  # this boot's readings behind it
        self.syncs = None  # (who, text): the latest SYNCS, in a later file, of the boot at its end


class Segments:
    """At most `size_bytes` of flash, in whole blocks of the file system, and `store`, a Ring for
    what was read of the first. `on_trouble(sentence)` hears of what goes wrong. ConfigError:
    another Logger, neither closed nor interrupted, has used the same files within two seconds.
    (What was thrown away cannot be told from that at once: boards have no weak references.)"""

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
        self._number = 0  # the next one's
        self._saved = None  # the latest sync of this boot's clock that is in the last one
        self.store = store
        self.earlier_boot = False  # whether `store` holds readings of an earlier boot
        self.filled = 0  # readings of the latest record, from when they leave the ring until
        self._end = 0  # its file counts them; and where that record ends
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
        """From now on the files are this Logger's. The last step of Logger.__init__()."""
        _users[self._path] = self._used

    def release(self):
        """Let another Logger have the files, unless this one is used again: after Ctrl-C nobody
        knows whether it will be."""
        self._used[0] = time.ticks_add(time.ticks_ms(), -_IN_USE_MS)

    def _is_ready(self):
        # To be asked first. False where another Logger has the files now.
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
        # Begin a file for a record of `size`, or the usual, bytes. False where the oldest had to
        # go for it, which is enough for one step.
        segments = self._segments
        if segments and not (segments[-1].size or segments[-1].count):  # it was begun in vain
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
        # Bytes of the largest record that the last file may take; 0: it takes none.
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
        # Delete the oldest file, and count what of it was not sent. Always True.
        first, store = self._segments[0], self.store
        gone = store.count + first.count + first.own
        first.after = -1  # in any case
        if self.earlier_boot:
            self.lost, store.count = self.lost + store.count, 0
        else:
            self.dropped, store.count = self.dropped + store.count, 0
        error = _remove(self._name(first))
        lost, dropped, rest = self.lost + first.count, self.dropped + first.own, self._segments[1:]
        self.lost, self.dropped, self._segments = lost, dropped, rest
        if gone:
            self._on_trouble("%d readings in flash are lost: it is full, or damaged" % gone)
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
