"""Runs on MicroPython: days (day.py) on which there is no heap, at random moments.

    shortage.py FIRST COUNT FOLDER      one day for each seed from FIRST on

Before some calls of islog all of the heap is taken, but for a few blocks, and given back after
them; before others of log() it is locked, as in a hard interrupt's handler. What is not the board
(the server) has its memory meanwhile. Prints figures, or what is wrong with a day.
"""

import gc
import random
import sys

import day
import internet
import micropython

TRANSPORTS = ("requests", "kept")
MOST_BLOCKS = 60


class Shortage:
    """The watch of one Day."""

    def __init__(self, often):
        self.often = often  # hundredths of the calls
        self.taken = None
        self.locked = False
        self.filled = self.locks = 0

    def attach(self, one):
        self.day = one
        one.watch = self
        one.only_memory = True
        handle, answer = one.server.handle, one.ntp.answer

        def served(*request):
            self.give_back()
            return handle(*request)

        def told(question):
            self.give_back()
            return answer(question)

        one.server.handle, one.ntp.answer = served, told

    def __call__(self, name):
        if self.locked:
            micropython.heap_unlock()
            self.locked = False
        self.give_back()
        if name and name != "Logger" and random.randrange(100) < self.often:
            self.day.injected += 1
            if name == "log" and random.randrange(2):
                self.locks += 1
                self.locked = True
                micropython.heap_lock()
            else:
                self.filled += 1
                self.take(random.choice((0, 1, 3, random.randrange(MOST_BLOCKS))))

    def take(self, leave):
        """All of the heap, but for so many blocks, and those that are left anyway."""
        gc.collect()
        chain = None
        for size in (16384, 1024, 128):
            try:
                while True:
                    chain = (chain, bytearray(size))
            except MemoryError:
                pass
        try:
            while True:
                chain = (chain, None)
        except MemoryError:
            pass
        while chain and leave:
            chain = chain[0]
            leave -= 1
        self.taken = chain
        chain = None
        gc.collect()

    def give_back(self):
        if self.taken:
            self.taken = None
            gc.collect()


def main(first, count, folder):
    filled = locks = logged = failed = 0
    for seed in range(first, first + count):
        variant = TRANSPORTS[seed % 2], seed // 2 % 2 == 1, ("batch_logs", "events")[seed // 4 % 2]
        one = day.Day(variant, seed, "%s/%d" % (folder, seed))
        shortage = Shortage(random.choice((2, 5, 20)))
        shortage.attach(one)
        gc.collect()
        try:
            one.whole()
        except day.Failure as e:
            shortage(None)
            failed += 1
            print("Seed %d, %s: %s [%s]" % (seed, variant, e, one.happened[-1]))
        internet.reset()
        filled += shortage.filled
        locks += shortage.locks
        logged += len(one.readings)
        one = shortage = None
    print(
        "days %d, logged %d, full %d, locked %d, failed %d"
        % (count, logged, filled, locks, failed)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
