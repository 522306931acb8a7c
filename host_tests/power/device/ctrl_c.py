"""Runs on MicroPython: Ctrl-C inside the file system's own reads and writes, on a real littlefs.

`ctrl_c.py SEED STORIES`: on a Pico W KeyboardInterrupt comes out of the flash driver as well
(ports/rp2/rp2_flash.c: mp_event_handle_nowait() at the end of each block that is read, erased or
written), through littlefs, which leaves a file open that nobody has any more, half written, until
the collector closes it. In each story a board spools and replays; now and then that happens within
one of islog's calls. Then the program goes on, or a new Logger is made in the same interpreter, as
at the REPL. The last line printed is a dict of what was found, as JSON.
"""

import gc
import json
import random
import sys

import littlefs
import nor
import virtual_board
from littlefs import SECTORS
from spooled import range_in_flash
from virtual_board import NOW_MS, Board, time

found = {"interrupts": 0, "went on": 0, "anew": 0, "reported": 0, "arrived": 0, "repeated": 0}


def in_finaliser():
    """Whether the collector runs. (What comes then leaves littlefs with a file whose memory is
    free: it crashes sooner or later, whoever the program is.)"""
    try:
        return not bytearray(1)
    except MemoryError:
        return True


class Flash:
    """As nor.Nor, without heap of its own: the collector, too, closes files. `left`: blocks that
    are still read, erased or written before Ctrl-C comes; None: it does not come. It comes only
    while islog is `busy`."""

    def __init__(self, prog_bytes):
        self.image = bytearray(b"\xff" * (SECTORS * nor.SECTOR))
        self.mount_args = {"progsize": prog_bytes}
        self.refused = 0  # bytes that would have to set a bit, or are no whole unit
        self.left = None
        self.busy = False
        self.prog_bytes = prog_bytes

    def readblocks(self, sector, buf, offset=0):
        image, at = self.image, sector * nor.SECTOR + offset
        for i in range(len(buf)):
            buf[i] = image[at + i]
        self._done()

    def writeblocks(self, sector, buf, offset):
        image, at = self.image, sector * nor.SECTOR + offset
        if (at | len(buf)) % self.prog_bytes or offset + len(buf) > nor.SECTOR:
            self.refused += 1
        for i in range(len(buf)):
            self.refused += image[at + i] & buf[i] != buf[i]
            image[at + i] = buf[i]
        self._done()

    def ioctl(self, what, sector):
        if what == 4:
            return SECTORS
        if what == 5:
            return nor.SECTOR
        if what == 6:
            image, at = self.image, sector * nor.SECTOR
            for i in range(nor.SECTOR):
                image[at + i] = 0xFF
            self._done()
        return 0

    def _done(self):
        if self.busy and self.left is not None:
            self.left -= 1
            if self.left < 0 and not in_finaliser():
                self.left = None
                raise KeyboardInterrupt


class Story:
    def __init__(self, seed):
        random.seed(seed)
        virtual_board.reset()
        self.flash = Flash(random.choice((32, 256)))
        littlefs.make(self.flash)
        littlefs.write_note()
        self.n = 0
        self.logged_ms = {}
        self.reported = set()
        self.board = Board(timeout=1, **littlefs.SETTINGS)
        self.begin()

    def begin(self):
        self.mine = []
        self.until = 0
        self.settled = False

    def call(self, call, chance):
        """Whether it came to its end."""
        flash = self.flash
        if flash.left is None and random.random() < chance:
            flash.left = random.choice((random.randrange(6), random.randrange(60)))
        flash.busy = True
        try:
            call()
            return True
        except KeyboardInterrupt:
            found["interrupts"] += 1
            return False
        finally:
            flash.busy = False

    def report(self):
        log = self.board.logger
        start, end = range_in_flash(log)
        if self.settled and end > start:
            self.reported.update(self.mine[max(start, self.until) : end])
            self.until = max(self.until, end)
        self.settled = log.synced

    def run(self, seconds, chance):
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end:
            if not self.call(self.board.logger.poll, chance):
                self.after()
            self.board.check_books()
            self.report()
            time.advance(50)

    def after(self):
        """What the user does who has pressed Ctrl-C."""
        if random.random() < 0.6:
            found["went on"] += 1
            return
        found["anew"] += 1
        if random.getrandbits(1):
            while not self.call(self.board.logger.close, 0.2):
                pass
        self.anew()

    def anew(self):
        import islog

        given = self.board._given
        self.board.logger = None
        if random.getrandbits(1):
            gc.collect()
        made = []
        while not made:
            self.call(lambda: made.append(islog.Logger(**given)), 0.2)
        self.board.logger, self.board.logged = made[0], 0
        self.begin()

    def log(self):
        self.logged_ms[self.n] = NOW_MS + time.up_ms()
        self.mine.append(self.n)
        self.board.log(f"n{self.n % 3}", self.n)
        self.n += 1

    def tell(self):
        board = self.board
        self.run(2, 0)
        for _ in range(3):
            board.server.down = True
            for _ in range(random.randint(20, 60)):
                for _ in range(random.randint(0, 5)):
                    self.log()
                    time.advance(random.randint(0, 60))
                self.run(1, 0.02)
            board.server.down = False
            self.run(random.randint(1, 30), 0.05)
        self.flash.left = None
        for _ in range(600):
            self.run(1, 0)
            if not board.logger.pending and not board.logger.spooled:
                break
        self.run(2, 0)
        self.check()

    def check(self):
        board, log = self.board, self.board.logger
        assert log.pending == log.spooled == 0, log.status()
        assert virtual_board.files("/flash/spool") == []
        assert littlefs.note_is_whole()
        came, times_ms = board.values(), board.times_ms()
        values, newest = [], -1
        for i in range(len(came)):
            value = came[i]
            assert abs(times_ms[i] - self.logged_ms[value]) <= 20, value
            if value not in values:
                assert value > newest, (value, newest)
                newest = value
                values.append(value)
            else:
                found["repeated"] += 1
        missing = sorted(self.reported - set(values))
        assert not missing, (len(missing), missing[:9])
        found["arrived"] += len(values)
        found["reported"] += len(self.reported)
        # Nothing of flash stays taken: what is there now is what a fresh mount sees.
        gc.collect()
        littlefs.umount()
        assert not self.flash.refused, self.flash.refused
        littlefs.mount(nor.Nor(SECTORS, self.flash.prog_bytes, self.flash.image))
        import os

        assert sorted(os.listdir("/flash")) == ["note"]
        room = os.statvfs("/flash")
        assert room[2] - room[3] <= 4, room
        littlefs.umount()


def main(seed, stories):
    gc.threshold(200000)
    for n in range(seed, seed + stories):
        try:
            Story(n).tell()
        except Exception:
            print("seed", n)
            raise
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
