"""Imitates a ROMFS partition: rp2_flash_romfs_obj and mp_vfs_rom_ioctl() in ports/rp2/rp2_flash.c.
For what islog does with it those of ports/esp32/esp32_partition.c are the same.

Runs on MicroPython's unix port, whose VfsRom is the real one; loaded by power_up.py.
"""

import sys

import vfs

_BLOCK_BYTES = 4096


class Segment(bytearray):
    """It lies in memory, which VfsRom reads, and in a file. As on a flash chip, what is written
    clears bits, and only erasing a block sets them. (Not imitated: nothing but its methods can
    write to the real one's memory.)"""

    def keep(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115 (it stays open)
        self._file.readinto(self)

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK_BYTES + offset
        buf[:] = memoryview(self)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        at = block * _BLOCK_BYTES + (offset or 0)
        if at % 256 or len(buf) % 256 or at + len(buf) > len(self):
            raise OSError(22)  # there the real one writes somewhere else, or nothing, unseen
        if offset is None:
            self._set(at, b"\xff" * len(buf))
        old = memoryview(self)[at : at + len(buf)]
        self._set(at, bytes(old[i] & buf[i] for i in range(len(buf))))

    def ioctl(self, request, argument):
        if request in (4, 5):
            return len(self) // _BLOCK_BYTES if request == 4 else _BLOCK_BYTES
        if request == 6:
            self._set(argument * _BLOCK_BYTES, b"\xff" * _BLOCK_BYTES)
        return 0 if request in (1, 2, 3, 6) else None

    def _set(self, at, content):
        memoryview(self)[at : at + len(content)] = content
        self._file.seek(at)
        self._file.write(content)


class _Vfs:
    """`vfs` of a firmware that has a ROMFS partition: with rom_ioctl (extmod/modvfs.c), which does
    what rp2's and esp32's do."""

    def __init__(self, segment):
        self._segment = segment

    def __getattr__(self, name):
        return getattr(vfs, name)

    def rom_ioctl(self, request, argument=None, offset=None, buf=None):
        if request == 1:
            return 1
        return self._segment if request == 2 else -22


def mount(segment):
    """mp_vfs_mount_romfs_protected() in extmod/vfs.c, which mp_init() calls: so its folders come
    before the port's own /lib."""
    sys.modules["vfs"] = _Vfs(segment)
    try:
        vfs.mount(vfs.VfsRom(segment), "/rom")
    except OSError:
        return  # there is no ROMFS in it
    sys.path[2:2] = ["/rom", "/rom/lib"]
