"""Runs on MicroPython: a board that finds anything at all in its flash where its spool should be.

`contents.py SEED CASES`: some boots leave a spool as it should be; then each case damages it in a
few ways (see DAMAGE), starts a board on that and runs it until nothing is left. The last line
printed is a dict of what was found, as JSON; a case that goes wrong ends in a traceback after its
seed and the damage done.
"""

import gc
import json
import os
import random
import struct
import sys
from array import array

import littlefs
import nor
import virtual_board
from islog import ring
from islog import spool_records as records
from virtual_board import NOW_MS, Board, time

SETTINGS = dict(littlefs.SETTINGS, buffer_bytes=512, backoff_max=2, timeout=1)
HEAD = 12
HUGE = (0, 1, 7, 8, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
found = {"cases": 0, "logged": 0, "recovered": 0, "lost": 0}


def flip(files, name):
    data = files[name]
    for _ in range(random.randint(1, 3)):
        if data:
            data[random.randrange(len(data))] ^= 1 << random.getrandbits(3)


def cut(files, name):
    files[name] = files[name][: random.randint(0, len(files[name]))]


def grow(files, name):
    files[name] += os.urandom(random.randint(1, 40))


def noise(files, name):
    files[name] = bytearray(os.urandom(random.randint(1, 600)))


def zeros(files, name):
    at = random.randint(0, len(files[name]))
    fill = bytes(len(files[name]) - at)
    files[name][at:] = fill if random.getrandbits(1) else b"\xff" * len(fill)


def swap(files, name):
    other = random.choice(sorted(files))
    files[name], files[other] = files[other], files[name]


def double(files, name):
    files[f"spool.{random.randint(1, 12)}"] = files[name][:]


def gone(files, name):
    if len(files) > 1:
        del files[name]


def renamed(files, name):
    names = "spool.", "spool.x", "spool.007", "spool.99999999999999999999", "spool.-1", "spool"
    files[random.choice(names)] = files.pop(name)


def folder(files, name):
    files[name] = None


def again(files, name):
    # A record is there twice.
    starts = starts_of(files[name])
    if starts:
        start, end = random.choice(starts)
        files[name][end:end] = files[name][start:end]


def huge(files, name):
    # A number in a head is another one.
    starts = starts_of(files[name])
    if starts:
        at = random.choice(starts)[0] + 2
        if random.getrandbits(1):
            struct.pack_into("<H", files[name], at, random.choice(HUGE) & 0xFFFF)
        else:
            struct.pack_into("<I", files[name], at + 2, random.choice(HUGE))


IN_PLACE = "flip", "cut", "grow", "noise", "zeros", "again", "huge", "gone", "folder"
DAMAGE = flip, cut, grow, noise, zeros, swap, double, gone, renamed, folder, again, huge


def starts_of(data):
    """(start, end) of the records in a file that is as it should be."""
    found = []
    at = 0
    while at + HEAD <= len(data):
        end = at + HEAD + struct.unpack_from("<I", data, at + 4)[0]
        if end > len(data):
            break
        found.append((at, end))
        at = end
    return found


def numbers_in(data):
    """The whole numbers among the readings in a file that is as it should be."""
    numbers = []
    for start, end in starts_of(data):
        if data[start] != records.READINGS:
            continue
        at = start + HEAD + 1
        for _ in range(data[at - 1]):
            at += 3 + struct.unpack_from("<H", data, at + 1)[0]
        words = array("i", bytes(data[at:end]))
        at = 0
        while at < len(words):
            if words[at + 1] & ring.STR == ring.INT:
                numbers.append(words[at + 2])
            at += ring.words_of(words[at + 1])
    return numbers


def reading(n):
    """The n-th one: its signal and value."""
    return (f"n{n % 3}", n) if n % 9 else ("text", f'{n}"')


class Story:
    """A board, `up_ms` after virtual time 0; `logged` before: n and when, in ms."""

    def __init__(self, logged, up_ms):
        virtual_board.reset()
        time.advance(up_ms)
        time.restart_ticks()
        self.logged = dict(logged)
        self.board = Board(**SETTINGS)

    def outage(self, count):
        board = self.board
        board.server.down = True
        for _ in range(count):
            n = len(self.logged)
            self.logged[n] = NOW_MS + time.up_ms()
            board.log(*reading(n))
            board.run(1)

    def leave(self, closed):
        """Four boots: cut off; closed; half-way through what they left, and closed; the last of
        them `closed`, or not."""
        board = self.board
        board.server.latency_ms = 200
        board.run(2)
        self.outage(200)
        board.reboot()
        board.server.down = False
        board.run(1)
        self.outage(150)
        board.logger.close()
        board.reboot()
        board.server.down = False
        board.run(random.randint(3, 7))
        board.server.down = True
        board.run(3)
        board.logger.close()
        board.reboot()
        self.outage(100)
        if closed:
            board.logger.close()


def write(files):
    for name in files:
        path = "/flash/" + name
        if files[name] is None:
            os.mkdir(path)
            continue
        with open(path, "wb") as f:
            f.write(files[name])


def read():
    files = {}
    for name in os.listdir("/flash"):
        with open("/flash/" + name, "rb") as f:
            files[name] = bytearray(f.read())
    return files


def wipe():
    for name in os.listdir("/flash"):
        try:
            os.remove("/flash/" + name)
        except OSError:
            os.rmdir("/flash/" + name)


def case(times, before, logged, up_ms, pending):
    """A board starts on flash that was damaged so many `times`; `logged` are the readings that
    were ever in it, `pending` those that arrive where it was not damaged. Returns those that do
    arrive."""
    files = {name: before[name][:] for name in before}
    done = []
    for _ in range(times):
        damage = random.choice(DAMAGE)
        files_only = [name for name in sorted(files) if files[name] is not None]
        if not files_only:
            break
        name = random.choice(files_only)
        damage(files, name)
        done.append((damage.__name__, name))
    print(" ".join([f"{damage} {name}" for damage, name in done]))
    wipe()
    write(files)
    story = Story(logged, up_ms)
    board = story.board
    log = board.logger
    at_start, lost = log.spooled, log.lost
    could_be = sum([len(files[name]) for name in files if files[name]]) // 8 + 3 * len(files)
    assert at_start + lost <= could_be, (at_start, lost, could_be)
    board.run(2)
    story.outage(random.randint(0, 80))
    board.server.down = False
    for _ in range(600):
        board.run(1)
        if not log.pending and not log.spooled:
            break
    assert log.pending == log.spooled == 0, log.status()
    assert log.recovered + log.lost == at_start + lost, (at_start, lost, log.status())
    assert log.sent + log.dropped == len(story.logged) - len(logged)
    arrived = set()
    newest = old = own = 0
    for signal, value, e in board.server.readings:
        if signal.startswith("islog."):
            continue
        n = int(value.rstrip('"')) if signal == "text" else value
        assert (signal, value) == reading(n)
        seconds, _, ms = e.partition(".")
        at_ms = int(seconds) * 1000 + int((ms + "000")[:3])
        assert abs(at_ms - story.logged[n]) <= 2, (n, e, story.logged[n])
        if n in logged:
            arrived.add(n)
            old += 1
        else:
            own += 1
            assert n > newest, f"{n} came after {newest}"
            newest = n
    assert old == log.recovered and own == log.sent
    assert times or old == len(arrived), "undamaged, and some came twice"
    if all([damage in IN_PLACE for damage, _ in done]):
        # What is in other files is not touched by it, and no loss that shows is silent.
        for name in files:
            if files[name] == before[name]:
                missing = [
                    n for n in numbers_in(before[name]) if n in pending and n not in arrived
                ]
                assert not missing, (name, missing)
        hidden = any([damage in ("cut", "gone", "again") for damage, _ in done])
        assert hidden or log.lost or pending <= arrived, pending - arrived
    found["cases"] += 1
    found["logged"] += len(story.logged) - len(logged)
    found["recovered"] += log.recovered
    found["lost"] += log.lost
    return arrived


def main(seed, cases):
    gc.threshold(300000)  # else the fakes' garbage leaves no large piece of the heap
    littlefs.make(nor.Nor(littlefs.SECTORS, 256))
    random.seed(seed)
    left = []
    for n in range(4):
        wipe()
        story = Story({}, 0)
        story.leave(n % 2)
        before = read(), story.logged, time.up_ms()
        left.append(before + (case(0, *before, set()),))
    for n in range(cases):
        random.seed(seed + n)
        try:
            case(random.randint(1, 3), *random.choice(left))
        except Exception:
            print("seed", seed + n)
            raise
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
