"""Imitates a board's flash as a block device (ports/rp2/rp2_flash.c, ports/esp32/esp32_partition.c
in MicroPython; the chips: W25Q16JV's data sheet, 8.2.12 and 8.2.16), for a littlefs on a PC.

What is kept: sectors of 4096 bytes; an erased bit is 1; programming can only clear bits, in whole
units of `prog_bytes`; what would have to set a bit is refused. A power cut comes in the midst of
the write it is set for (`cut_after`): a part of it is done, one byte half so, and from then on
nothing answers. What was in flash then is what a new `Nor` begins with.
"""

import random

SECTOR = 4096
_EIO = -5


class Nor:
    """`sectors` of them, all erased, or holding `image`. Mount it by `mount_args`."""

    def __init__(self, sectors, prog_bytes, image=None):
        self.image = bytearray(image or b"\xff" * (sectors * SECTOR))
        self.mount_args = {"progsize": prog_bytes}
        self.cut_after = None  # writes that are still done whole
        self.on_cut = None  # called when the power goes
        self.dead = False
        self.refused = None  # what was programmed in a way that a chip cannot
        self.programs = self.programmed_bytes = 0
        self.erases = [0] * sectors
        self.prog_bytes = prog_bytes

    def readblocks(self, sector, buf, offset=0):
        if self.dead:
            return _EIO
        at = sector * SECTOR + offset
        buf[:] = memoryview(self.image)[at : at + len(buf)]
        return 0

    def writeblocks(self, sector, buf, offset=None):
        if offset is None:
            self._refuse("a write without an offset: littlefs erases by itself")
        at = sector * SECTOR + offset
        size = len(buf)
        if offset % self.prog_bytes or size % self.prog_bytes or offset + size > SECTOR:
            self._refuse(f"{size} bytes at {at} are not whole units")
        old = self.image[at : at + size]
        new = bytes(buf)
        if int.from_bytes(old, "little") & int.from_bytes(new, "little") != int.from_bytes(
            new, "little"
        ):
            self._refuse(f"{size} bytes at {at} are not erased")
        if self._cut():
            return self._stop(at, new)
        self.image[at : at + size] = new
        self.programs += 1
        self.programmed_bytes += size
        return 0

    def ioctl(self, what, sector):
        if what == 4:
            return len(self.erases)
        if what == 5:
            return SECTOR
        if what == 6:
            at = sector * SECTOR
            if self._cut():
                return self._stop(at, b"\xff" * SECTOR)
            self.image[at : at + SECTOR] = b"\xff" * SECTOR
            self.erases[sector] += 1
        return 0

    def _refuse(self, why):
        self.refused = why
        raise AssertionError(why)

    def _cut(self):
        if self.dead:
            return True
        if self.cut_after is None:
            return False
        self.cut_after -= 1
        return self.cut_after < 0

    def _stop(self, at, new):
        # The power goes while `new` is written.
        if not self.dead:
            self.dead = True
            done = random.randint(0, len(new))
            self.image[at : at + done] = new[:done]
            if done < len(new):
                mixed = self.image[at + done] ^ new[done]
                self.image[at + done] ^= mixed & random.getrandbits(8)
            if self.on_cut:
                self.on_cut()
        return _EIO
