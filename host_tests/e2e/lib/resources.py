"""Imported by board programs: what the interpreter holds on to, seen from within."""

import gc
import os
import socket

import vfs

vfs.mount(vfs.VfsPosix("/dev/fd"), "/open")


def in_use(log):
    """A dict: `files` (open ones, sockets among them), `heap` (bytes in use once garbage is
    collected), `asked` (hosts that were looked for, where socket_needs_link.py is the board's
    socket.py), and the log's books."""
    files = len(os.listdir("/open"))
    names = "sent", "dropped", "rejected", "pending", "retries", "state"
    found = {name: getattr(log, name) for name in names}
    found["asked"] = list(getattr(socket, "asked", ()))
    gc.collect()
    found["heap"] = gc.mem_alloc()
    found["files"] = files
    return found
