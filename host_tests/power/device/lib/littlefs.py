"""A littlefs at /flash on a nor.Nor, or what answers as one, and a board that spools there."""

try:
    import vfs
except ImportError:  # before MicroPython 1.23
    import os as vfs

SECTORS = 24
SETTINGS = {  # of a Logger that writes to flash and reads from it often
    "buffer_bytes": 1024,
    "batch_bytes": 384,
    "spool_bytes": 40000,
    "spool_file": "/flash/spool",
    "flush_interval": 0,
    "backoff_max": 4,
}
_NOTE = b"what else is in this flash stays as it is\n" * 20


def make(chip):
    """Make an empty file system, and mount it."""
    vfs.VfsLfs2.mkfs(chip, **chip.mount_args)
    mount(chip)


def mount(chip):
    vfs.mount(vfs.VfsLfs2(chip, **chip.mount_args), "/flash")


def umount():
    vfs.umount("/flash")


def write_note():
    """A file that is not islog's."""
    with open("/flash/note", "wb") as f:
        f.write(_NOTE)


def note_is_whole():
    with open("/flash/note", "rb") as f:
        return f.read() == _NOTE
