"""Imitates a file system in trouble, for the spool alone: a card that is not there, a chip that
cannot be read for a moment (EIO), too little memory or handles to open a file (ENOMEM, EMFILE), no
room (ENOSPC). Over the real files, while `with Storage() as storage:` lasts.

What is written is there once its file is closed, as littlefs does it (extmod/vfs_lfsx_file.c).
Ctrl-C, or another exception, can leave a write with a part done, or a close(): the file is then
open, and whoever closes it last writes what it had, over what others have written meanwhile."""

import os

import islog.spool_records
import islog.spool_recovery
import islog.spool_replay
import islog.spool_segments

_MODULES = islog.spool_recovery, islog.spool_records, islog.spool_replay


class Storage:
    def __init__(self):
        self.errors = []  # to be raised by the next attempts to read
        self.absent = self.full = False
        self.opened = 0
        self.write_ends = []  # (bytes, exception): the next writes do so much, and end in that
        self.close_ends = []  # exceptions that the next attempts to close() end in
        self.left = []  # files that are open

    def __enter__(self):
        for module in _MODULES:
            module.open = self._open
        islog.spool_recovery.os = islog.spool_segments.os = self
        return self

    def __exit__(self, *_):
        for module in _MODULES:
            del module.open
        islog.spool_recovery.os = islog.spool_segments.os = os

    def _open(self, path, mode):
        self.opened += 1
        if self.absent:
            raise OSError(2)
        if mode == "rb" and self.errors:
            raise self.errors.pop(0)
        return _Written(path, self) if mode == "ab" else open(path, mode)

    def collect(self):
        """The collector closes what nobody has any more."""
        for f in self.left[:]:
            f.close()

    def __getattr__(self, name):
        if self.absent:
            raise OSError(19)  # ENODEV
        return getattr(os, name)


class _Written:
    def __init__(self, path, storage):
        self._path, self._storage = path, storage
        try:
            with open(path, "rb") as f:
                self._data = f.read()
        except OSError:
            self._data = b""
            open(path, "ab").close()
        self._changed = False
        storage.left.append(self)

    def write(self, data):
        storage = self._storage
        if storage.full:
            raise OSError(28)
        self._changed = True
        data = bytes(data)
        if storage.write_ends:
            size, error = storage.write_ends[0]
            if size < len(data):
                del storage.write_ends[0]
                self._data += data[:size]
                raise error
            storage.write_ends[0] = size - len(data), error
        self._data += data

    def close(self):
        if self in self._storage.left:
            if self._storage.close_ends:
                raise self._storage.close_ends.pop(0)
            self._storage.left.remove(self)
            if self._changed:
                with open(self._path, "wb") as f:
                    f.write(self._data)
