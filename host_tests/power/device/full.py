"""Runs on MicroPython: flash that has no room for the spool now and then, while the board runs on.

`full.py SEED CASES`: in each case something else fills the file system, a littlefs or FAT in turn,
at times during an outage. Prints what was found as JSON; what goes wrong ends in a traceback.
"""

import gc
import json
import os
import random
import sys

import contents
import nor
from littlefs import SECTORS, vfs

found = {"cases": 0, "sent": 0, "dropped": 0, "full": 0}


class Disk:
    """Imitates a block device as FAT wants it (extmod/vfs_blockdev.c): blocks of 512 bytes."""

    def __init__(self, blocks):
        self._image = bytearray(512 * blocks)

    def readblocks(self, block, buf):
        buf[:] = memoryview(self._image)[512 * block : 512 * block + len(buf)]

    def writeblocks(self, block, buf):
        self._image[512 * block : 512 * block + len(buf)] = buf

    def ioctl(self, what, _):
        return {4: len(self._image) // 512, 5: 512}.get(what, 0)


def fill():
    """Take all the room there is but, perhaps, a little."""
    size = 0
    try:
        with open("/flash/filler", "wb") as f:
            while True:
                size += f.write(bytes(500))
    except OSError:
        pass
    if random.getrandbits(1):
        os.remove("/flash/filler")
        with open("/flash/filler", "wb") as f:
            f.write(bytes(max(0, size - random.randint(500, 5000))))


def unfill():
    os.remove("/flash/filler")


def case():
    story = contents.Story({}, 0)
    board = story.board
    log = board.logger
    board.run(2)
    for _ in range(random.randint(1, 3)):
        story.outage(random.randint(10, 60))
        fill()
        story.outage(random.randint(30, 90))
        found["full"] += log.dropped > 0
        unfill()
        story.outage(random.randint(0, 90))
        board.server.down = False
        board.run(random.randint(0, 5))
    rebooted = random.getrandbits(1)
    ring = log._ring.count
    if rebooted:
        left = log.spooled
        board.reboot()
        log = board.logger
        assert log.spooled >= left
    for _ in range(600):
        board.run(1)
        if not log.pending and not log.spooled:
            break
    assert log.pending == log.spooled == 0, log.status()
    # What a write that failed has left is no loss where it was written again; else what the ring
    # had is lost, as far as it can be told.
    assert log.lost <= ring, log.status()
    values = [v if isinstance(v, int) else int(v.rstrip('"')) for v in board.values()]
    if not rebooted:
        assert values == sorted(set(values)), values
        assert len(values) == log.sent and log.sent + log.dropped == len(story.logged)
    found["cases"] += 1
    found["sent"] += log.sent + log.recovered
    found["dropped"] += log.dropped


def main(seed, cases):
    gc.threshold(300000)
    disk = Disk(200)
    vfs.VfsFat.mkfs(disk)
    flash = nor.Nor(SECTORS, 256)
    vfs.VfsLfs2.mkfs(flash, **flash.mount_args)
    systems = vfs.VfsLfs2(flash, **flash.mount_args), vfs.VfsFat(disk)
    for n in range(seed, seed + cases):
        random.seed(n)
        vfs.mount(systems[n % 2], "/flash")
        contents.wipe()
        try:
            case()
        except Exception:
            print("seed", n)
            raise
        vfs.umount("/flash")
    print(json.dumps(found))


main(int(sys.argv[1]), int(sys.argv[2]))
