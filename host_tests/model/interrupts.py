"""Runs on CPython: an exception at one line after another of what keeps readings in flash.

interrupts.py SEED COUNT FOLDER: in each of COUNT stories a board spools, learns the time, replays,
and is closed and started anew; at one line of those that run then, chosen by SEED, there is a
KeyboardInterrupt or a MemoryError, once, and the program goes on. Prints what was found; a story
that goes wrong ends in a traceback after its line.
"""

import gc
import os
import random
import sys
from pathlib import Path

import virtual_board
from virtual_board import NOW_MS, Board, time

FILES = {"spool.py"} | {
    "spool_%s.py" % name for name in "replay segments recovery records".split()
}
SETTINGS = {
    "buffer_bytes": 512,
    "batch_bytes": 512,
    "spool_bytes": 40000,
    "flush_interval": 0,
    "backoff_max": 1,
    "timeout": 1,
}


_NAMES = {}  # of files, by path: this is asked at each call


class Trap:
    """Counts the lines that are run in FILES; raises `error` at `where`, the `n`-th time."""

    def __init__(self, where=None, n=0, error=None):
        self.seen = {}
        self.sprung = False
        self._where, self._n, self._error = where, n, error

    def __enter__(self):
        if not self.sprung:
            sys.settrace(self._enter)

    def __exit__(self, *_):
        sys.settrace(None)

    def _enter(self, frame, event, _):
        path = frame.f_code.co_filename
        if path not in _NAMES:
            _NAMES[path] = Path(path).name
        if _NAMES[path] in FILES:
            return self._line

    def _line(self, frame, event, _):
        if event == "line" and not self.sprung:
            where = _NAMES[frame.f_code.co_filename], frame.f_lineno
            self.seen[where] = self.seen.get(where, 0) + 1
            if where == self._where and self.seen[where] == self._n:
                self.sprung = True
                raise self._error
        return self._line


class Story:
    def __init__(self, folder, trap):
        virtual_board.reset()
        for name in os.listdir(folder):
            os.remove(f"{folder}/{name}")
        self.trap = trap
        self.path = f"{folder}/spool"
        self.n = self.lost = self.dropped = self.recovered = 0
        self.cut = set()  # those that were in RAM at a power cut
        self.true_ms = {}  # when each was logged
        self.board = None
        self.settings = dict(SETTINGS, spool_file=self.path)

    def again(self, call, *args):
        # As somebody does at the REPL.
        while True:
            try:
                with self.trap:
                    return call(*args)
            except (KeyboardInterrupt, MemoryError):
                assert self.trap.sprung

    def start(self):
        if self.board is None:
            self.board = self.again(lambda: Board(**self.settings))
        else:
            log = self.board.logger
            self.lost += log.lost
            self.dropped += log.dropped
            self.again(self.board.reboot)
        self.first = self.n

    def run(self, seconds):
        board = self.board
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end:
            wait_ms = self.again(board.logger.poll)
            time.advance(max(1, min(wait_ms, end - time.up_ms())))
            board.check_books()

    def log(self, count):
        for _ in range(count):
            self.true_ms[self.n] = NOW_MS + time.up_ms()
            self.board.log("n%d" % (self.n % 3), self.n)
            self.n += 1
            self.run(1)

    def close(self):
        log = self.board.logger
        self.again(log.close)
        assert log.dropped == 0, log.status()

    def tell(self):
        self.start()
        board = self.board
        board.ntp.silent = True
        board.server.down = True
        self.log(60)
        board.ntp.silent = False
        self.log(60)
        board.server.down = False
        self.run(4)
        board.server.down = True
        self.log(40)
        self.close()
        self.start()
        board.server.down = False
        self.run(3)
        board.server.down = True
        self.log(50)
        self.close()
        self.start()
        self.log(60)
        log = board.logger
        held = log.sent + log._uplink.pending + log._spool.own
        self.cut.update(range(self.first + held, self.n))  # a power cut
        self.start()
        board.server.down = False
        for _ in range(900):
            self.run(1)
            if not log.pending and not board.logger.spooled:
                break
        self.check()

    def check(self):
        log = self.board.logger
        assert log.pending == log.spooled == 0, log.status()
        assert self.lost + log.lost + self.dropped + log.dropped == 0
        arrived = self.board.values()
        missing = set(range(self.n)) - set(arrived) - self.cut
        assert not missing, sorted(missing)
        firsts = list(dict.fromkeys(arrived))
        assert firsts == sorted(firsts), firsts
        for value, at_ms in zip(arrived, self.board.times_ms(), strict=True):
            assert abs(at_ms - self.true_ms[value]) <= 20
        self.repeated = len(arrived) - len(firsts)


def main(seed, count, folder):
    random.seed(seed)
    gc.freeze()  # islog collects now and then: what is there already needs no looking at
    trap = Trap()
    Story(folder, trap).tell()
    places = sorted(trap.seen)
    random.shuffle(places)
    sprung = repeated = 0
    for i in range(count):
        where = places[i % len(places)]
        n = random.choice((1, 2, random.randint(1, trap.seen[where])))
        error = random.choice((KeyboardInterrupt, MemoryError))
        one = Trap(where, n, error)
        story = Story(folder, one)
        try:
            story.tell()
        except BaseException:
            print("line", *where, "time", n, error.__name__)
            raise
        sprung += one.sprung
        repeated += story.repeated
    print("stories %d, sprung %d, places %d, repeated %d" % (count, sprung, len(places), repeated))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
