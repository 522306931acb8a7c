"""Runs on MicroPython: a board whose power is cut again and again while it spools and replays.

`cuts.py SEED STORIES`: each story is one board with a littlefs on flash of its own (nor.py), and
four power cuts, each in the midst of a write to flash chosen at random, during an outage, a
replay, or a start. After the last one the board runs until nothing is left. The last line printed
is a dict of what was found, as JSON; a story that goes wrong ends in a traceback after its seed.
"""

import json
import os
import random
import sys

import littlefs
import nor
import virtual_board
from littlefs import SECTORS, SETTINGS
from spooled import range_in_flash
from virtual_board import NOW_MS, Board, time

CUTS = 4
# When the power goes: after so many writes at most, with this probability.
WRITES = {"start": (2, 0.3), "outage": (60, 0.3), "replay": (12, 0.9)}
found = {"cuts": 0, "outage": 0, "replay": 0, "start": 0}
found.update({"logged": 0, "reported": 0, "arrived": 0, "repeated": 0, "untimed": 0})
found["off_ms"] = 0


def value_of(n):
    """The n-th reading: (signal, value, time), each kind in turn."""
    kind = n % 7
    if kind == 1:
        return "float", n + 0.25, None
    if kind == 2:
        return "text", f'{n} "°C"\n' + "x" * (n % 40), None
    if kind == 3:
        return "wide", n - (1 << 61), None
    if kind == 4:
        return "given", n, (1796000000, n)
    return f"int{kind % 2}", -n, None


class Story:
    """One board and its flash. `kept` is all that was ever reported as spooled: it must arrive."""

    def __init__(self, seed):
        random.seed(seed)
        virtual_board.reset()
        self.flash = nor.Nor(SECTORS, random.choice((32, 256)))
        littlefs.make(self.flash)
        littlefs.write_note()
        self.logged = {}  # (signal, value as sent): (n, e as sent or ms)
        self.kept = set()  # n of readings that were once reported as spooled
        self.own = set()
        self.mine = []
        self.timed = True
        self.hopeless = 0  # how many were logged by boots without a time
        self.n = self.held = 0
        self.board = None

    def tell(self):
        for _ in range(CUTS):
            self.flash.on_cut = self._power_off
            self._begin("start")
            self._boot()
            while not self.flash.dead:
                self._outage()
                self._replay()
            found["cuts"] += 1
            found[self.during] += 1
            self._power_on()
        self._boot()
        self._settle()

    def _begin(self, what):
        # A new part of the boot: perhaps the one in which the power will go.
        self.during = what
        most, chance = WRITES[what]
        if self.flash.cut_after is None and random.random() < chance:
            self.flash.cut_after = random.randint(0, most)

    def _power_off(self):
        # Nothing runs any longer: what the program still does until it is thrown away must not
        # reach the server.
        self.board.server.down = True

    def _power_on(self):
        self._check_repeats()
        littlefs.umount()
        assert not self.flash.refused, self.flash.refused
        # A finaliser of the old mount's files may still write: to the old chip.
        self.flash = nor.Nor(SECTORS, self.flash.prog_bytes, self.flash.image)
        littlefs.mount(self.flash)
        assert littlefs.note_is_whole()
        os.listdir("/flash")

    def _boot(self):
        if not self.board:
            self.board = Board(**SETTINGS)
        else:
            self.board.reboot()
        if self.flash.dead:
            return
        log = self.board.logger
        self._forget_untimed()
        self.own = set()  # n of this boot's, those once reported as spooled
        self.mine = []  # n of all this boot's readings
        self.until = 0  # how many of them were
        self.timed = False  # whether its time is in flash
        assert log.lost == 0
        self.earlier = log.spooled
        self.board.ntp.silent = random.random() < 0.3
        self.board.server.down = True

    def _forget_untimed(self):
        # What a boot without any time had reported as spooled will be counted as lost.
        if not self.timed:
            self.kept -= self.own
            self.hopeless += len(self.mine)
            found["untimed"] += len(self.own)

    def _log(self):
        n = self.n
        self.n += 1
        signal, value, given = value_of(n)
        e = f"{given[0]}.{given[1]:06d}" if given else NOW_MS + time.up_ms()
        self.logged[signal, value] = n, e
        self.mine.append(n)
        self.board.log(signal, value, given)

    def _run(self, seconds):
        # As Board.run(), up to the cut, and what is reported as spooled is written down.
        board = self.board
        log = board.logger
        until_ms = time.up_ms() + seconds * 1000
        synced = log.synced
        while time.up_ms() < until_ms:
            wait_ms = log.poll()
            if self.flash.dead:
                return
            board.check_books()
            time.advance(max(1, min(wait_ms, until_ms - time.up_ms())))
            # A time that is known after one poll is in flash after the next.
            self.timed = synced
            synced = log.synced
            start, end = range_in_flash(log)
            assert log.dropped == log.rejected == 0
            assert log.recovered + log.lost + log.spooled - (end - start) == self.earlier
            if end > self.until and end > start:
                fresh = self.mine[max(start, self.until) : end]
                self.kept.update(fresh)
                self.own.update(fresh)
                self.until = end

    def _outage(self):
        self._begin("outage")
        self.board.server.down = True
        for _ in range(random.randint(5, 60)):
            if self.flash.dead:
                return
            for _ in range(random.randint(0, 5)):
                self._log()
                time.advance(random.randint(0, 60))
            self._run(1)

    def _replay(self):
        if self.flash.dead:
            return
        self._begin("replay")
        self.board.ntp.silent = random.random() < 0.1
        self.board.server.down = False
        quiet = random.random() < 0.5
        for _ in range(random.randint(1, 120)):
            if self.flash.dead:
                return
            if not quiet:
                self._log()
            self._run(1)

    def _settle(self):
        board = self.board
        log = board.logger
        board.ntp.silent = board.server.down = False
        spooled = log.spooled
        for _ in range(3):
            self._log()
        for _ in range(2000):
            self._run(1)
            if not log.pending and not log.spooled:
                break
        assert log.pending == log.spooled == 0, log.status()
        assert log.recovered + log.lost == spooled and log.lost <= self.hopeless
        assert log.sent == 3 and virtual_board.files("/flash/spool") == []
        self._check_repeats()
        self._check()
        littlefs.umount()

    def _check_repeats(self):
        # A power cut makes the board send things again; within one boot nothing is sent twice.
        came = [reading[:2] for reading in self.board.server.readings[self.held :]]
        assert len(set(came)) == len(came)
        self.held += len(came)

    def _check(self):
        arrived = {}
        newest = -1
        for signal, value, e in self.board.server.readings:
            if signal.startswith("islog."):
                continue
            n, at = self.logged[signal, value]  # a KeyError: nobody has logged that
            if isinstance(at, int):
                seconds, _, ms = e.partition(".")
                at_ms = int(seconds) * 1000 + int((ms + "000")[:3])
                found["off_ms"] = max(found["off_ms"], abs(at_ms - at))
            else:
                assert e == at, (n, e, at)
            if n in arrived:
                assert arrived[n] == e, (n, e)
                found["repeated"] += 1
            else:
                assert n > newest, f"{n} came after {newest}"
                newest = n
            arrived[n] = e
        missing = [n for n in sorted(self.kept) if n not in arrived]
        assert not missing, f"reported as spooled, never arrived: {missing}"
        found["logged"] += self.n
        found["reported"] += len(self.kept)
        found["arrived"] += len(arrived)


def main(seed, stories):
    for story in range(stories):
        try:
            Story(seed + story).tell()
        except Exception:
            print("seed", seed + story)
            raise
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
