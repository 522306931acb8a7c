"""What only one server at a time may use is held by a lock on a file beside it.

The system takes the lock from a process that ends, however it ends; the file stays, with that
process's number in it. (The database itself cannot be locked so: closing any handle of it would
take SQLite's own locks away.)
"""

import fcntl
import os


class InUse(Exception):
    """Another process holds it; the text says which."""


def hold(path):
    """A handle that holds `path` until os.close(), or the end of this process.

    Raises InUse, and OSError where the file cannot be had."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpid())
    except BlockingIOError:
        number = os.read(handle, 20).decode(errors="replace").strip()
        os.close(handle)
        raise InUse(f"another server (process {number})") from None
    except BaseException:
        os.close(handle)
        raise
    return handle
