"""islog in a board's ROMFS: a part of its flash whose files are read where they lie.

MicroPython mounts it at each start as /rom, and looks for modules in /rom/lib before /lib
(mp_vfs_mount_romfs_protected() in extmod/vfs.c, and each port's main.c). Bytecode stays there;
machine code is copied to RAM. The format is in extmod/vfs_rom.c, and mpremote makes the image.
A ROMFS is one image, which is replaced as a whole: so one that holds anything but islog is left
as it is. Its first block is erased first and written last, for without that block there is no
ROMFS: an image is never seen in part.
"""

import base64

from mpremote.romfs import VfsRomWriter

from . import DeviceError, image
from .board import HERE

PLACE = "/rom/lib/islog/"
_FOLDER = PLACE.removeprefix("/rom")


def build(package):
    """The image, bytes, of {name: content} of the package's files."""
    writer = VfsRomWriter()
    for folder in _FOLDER.strip("/").split("/"):
        writer.opendir(folder)
    for name in sorted(package):
        writer.mkfile(name, package[name])
    for _ in _FOLDER.strip("/").split("/"):
        writer.closedir()
    return writer.finalise()


class Romfs:
    """A board's ROMFS partition. `board` has been stopped, and is not stopped again meanwhile."""

    def __init__(self, board):
        self._board = board
        board.load(HERE / "on_board_romfs.py")
        about = board.ask("rom_about")
        self._bytes, self._block_bytes, holds = (
            about[key] for key in ("bytes", "block_bytes", "holds")
        )
        self.has_islog = any(path.startswith(_FOLDER) for path in holds)
        self.others = sorted(path for path in holds if not path.startswith(_FOLDER))

    def check(self, content):
        """DeviceError: why the image `content` is not written to it."""
        if not self._block_bytes:
            raise DeviceError(
                "This port writes its ROMFS in another way than an ESP32 or a Pico does, which"
                " islog does not know: flash without ROMFS=1."
            )
        if self.others:
            raise DeviceError(
                f"The board's ROMFS holds what is not islog's ({self.listed()}), and it can"
                " only be replaced as a whole: flash without ROMFS=1, or, where that may go, write"
                " an empty folder there first with `.venv/bin/mpremote romfs deploy`."
            )
        if len(content) > self._bytes:
            raise DeviceError(
                f"The board's ROMFS has {self._bytes // 1024} KB, and islog needs"
                f" {-(-len(content) // 1024)} KB there: flash without ROMFS=1."
            )

    def put(self, content):
        """Whether the image had to be written."""
        digest = image.sha256(content)
        there = f"islog, {-(-len(content) // 1024)} KB, verified by SHA-256"
        if self.has_islog and self._board.ask("rom_digest", len(content)) == digest:
            print(f"The ROMFS has it already: {there}.", flush=True)
            return False
        size = self._block_bytes
        blocks = [content[at : at + size] for at in range(0, len(content), size)]
        self._board.ask("rom_erase", len(blocks))
        for n, i in enumerate((*range(1, len(blocks)), 0), 1):
            print(f"{n:3}/{len(blocks)}  block {i} of the ROMFS", flush=True)
            block = blocks[i].ljust(size, b"\xff")
            self._board.ask("rom_write", i, base64.b64encode(block).decode())
        if self._board.ask("rom_digest", len(content)) != digest:
            self._board.ask("rom_erase", 1)
            raise DeviceError(
                "The ROMFS is not what was written: do it again, or flash without ROMFS=1."
            )
        print(f"Written to the ROMFS: {there}.", flush=True)
        return True

    def check_removable(self):
        """DeviceError: the islog in it is found before /lib, and cannot be taken off."""
        if self.has_islog and not self._removable():
            beside = f", beside what is not islog's ({self.listed()})" if self.others else ""
            raise DeviceError(
                f"The board's ROMFS has an islog, which is found before /lib{beside}: write it"
                " anew without islog, with `.venv/bin/mpremote romfs deploy`."
            )

    def remove(self):
        """Whether there was an islog that could be taken off, and it is gone."""
        if not self.has_islog or not self._removable():
            return False
        self._board.ask("rom_erase", 1)
        return True

    def _removable(self):
        return self._block_bytes and not self.others

    def why_left(self):
        if self.others:
            return f"the ROMFS holds {self.listed()} as well, and is one image"
        return "this port writes its ROMFS in another way; see `.venv/bin/mpremote romfs deploy`"

    def listed(self):
        """Some of what it holds beside islog."""
        more = f" and {len(self.others) - 3} more" if len(self.others) > 3 else ""
        return ", ".join("/rom" + path for path in self.others[:3]) + more
