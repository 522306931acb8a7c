"""Imitates a board's file system (littlefs) as the spool writes to it, and what can go wrong."""

import os
import random

import lossy
from islog import spool_records, spool_recovery, spool_replay


class PowerCut(BaseException):
    """The board is gone in the middle of something."""


class FaultyFlash:
    """In `folder`, a real one and empty: a write ends in a power cut (where `cut`) or in an error
    (`errors`, in hundredths) at any byte, and to open a file for reading in an error that passes
    (`flaky`, in hundredths). rot() is what flash itself may do."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder + "/spool"
        self.cut = self.rotten = False
        self.errors = random.choice((0, 0, 0, 20))
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)
        self.flaky = random.choice((0, 0, 0, 20))
        spool_records.open = spool_recovery.open = spool_replay.open = self.open

    def open(self, path, mode):
        if mode == "rb" and random.randrange(100) < self.flaky:
            raise random.choice((OSError(5), OSError(12), OSError(24), MemoryError("no memory")))
        return _Written(path, self) if mode == "ab" else open(path, mode)

    def rot(self):
        """Change something in the files; returns what."""
        names = [name for name in os.listdir(self.folder)]
        self.rotten = True
        what = random.randrange(5)
        if what == 0 or not names:
            name = "spool." + random.choice(("7", "999999", "x", "-1", "1x", ""))
            data = lossy.noise(random.randrange(200))
            if random.randrange(2):
                data = b"RBCS"[random.randrange(4) :][:1] + b"\x01" + data
        else:
            name = random.choice(names)
            with open(self.folder + "/" + name, "rb") as f:
                data = bytearray(f.read())
            at = random.randrange(len(data) + 1)
            if what == 1:
                data = data[:at]
            elif what == 2 and at < len(data):
                data[at] ^= 1 << random.randrange(8)
            elif what == 3:
                data = data[:at] + lossy.noise(random.randrange(40)) + data[at:]
            else:
                name = "spool.%d" % random.randrange(40)
        with open(self.folder + "/" + name, "wb") as f:
            f.write(data)
        return what, name


class _Written:
    # A file that is written to.
    def __init__(self, path, flash):
        self._flash = flash
        self._f = open(path, "ab")

    def close(self):
        self._f.close()

    def write(self, data):
        fails = random.randrange(100) < self._flash.errors
        if not fails and not (self._flash.cut and random.randrange(2)):
            return self._f.write(data)
        self._f.write(bytes(data)[: random.randrange(len(bytes(data)) + 1)])
        if fails:
            raise OSError(random.choice((5, 28)))
        raise PowerCut
