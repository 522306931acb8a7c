"""Imitates a file system in trouble, for the spool alone: a card that is not there, a chip that
cannot be read for a moment (EIO), too little memory or handles to open a file (ENOMEM, EMFILE), no
room (ENOSPC). Over the real files, while `with Storage() as storage:` lasts."""

import os

import islog.left
import islog.records
import islog.replay
import islog.segments

_MODULES = islog.left, islog.records, islog.replay


class Storage:
    def __init__(self):
        self.errors = []  # to be raised by the next attempts to read
        self.absent = self.full = False
        self.opened = 0

    def __enter__(self):
        for module in _MODULES:
            module.open = self._open
        islog.left.os = islog.segments.os = self
        return self

    def __exit__(self, *_):
        for module in _MODULES:
            del module.open
        islog.left.os = islog.segments.os = os

    def _open(self, path, mode):
        self.opened += 1
        if self.absent:
            raise OSError(2)
        if mode == "rb" and self.errors:
            raise self.errors.pop(0)
        f = open(path, mode)
        return _Full(f) if self.full and mode == "ab" else f

    def __getattr__(self, name):
        if self.absent:
            raise OSError(19)  # ENODEV
        return getattr(os, name)


class _Full:
    def __init__(self, f):
        self._f = f

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._f.close()

    def write(self, data):
        raise OSError(28)
