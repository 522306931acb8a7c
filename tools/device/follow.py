"""A board's console: read it, and see there whether readings arrive.

The firmware says so itself (Logger._say): "islog: readings are accepted" once the first batch was,
and what is wrong as it happens. Not every trouble lasts (a network out of range, the next one in
its place), so it is given some time; but what the server refuses lasts.
"""

import codecs
import sys
import time

from . import DeviceError
from .board import Board

ACCEPTED = "readings are accepted"
# The sentences of a board that is on its way.
ON_ITS_WAY = (
    "Wi-Fi is up",
    "the time is known",
    "the server is not verified (no ca_file): others may read the key",
)
GREETING = "version "  # and more: what each start says first
REFUSED = "asked again in about"  # in minutes: there is nothing to wait for
PATIENCE_S = 30  # after the first trouble
_REBOOT = "MPY: soft reboot"
_BANNER = "MicroPython v"  # of the prompt, once main.py has ended


def follow(board, seconds):
    """Show what the board prints until a batch was accepted. DeviceError: why none was."""
    print("Its output, until readings are accepted (Ctrl-C ends this, not the board):", flush=True)
    text = codecs.getincrementaldecoder("utf-8")("replace")
    rest, last, trouble = "", "", None
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        *lines, rest = (rest + text.decode(board.heard())).split("\n")
        for line in filter(None, map(str.rstrip, lines)):
            if line.startswith(_BANNER):
                raise DeviceError("main.py has ended" + (f": {last}" if last else "."))
            print(f"  {line}", flush=True)
            sentence = line.removeprefix("islog: ")
            last = line if line != _REBOOT else ""
            if sentence == line or sentence in ON_ITS_WAY or sentence.startswith(GREETING):
                continue
            if sentence == ACCEPTED:
                return
            if REFUSED in sentence:
                until = 0
            elif trouble is None:
                until = min(until, time.monotonic() + PATIENCE_S)
            trouble = sentence
    if trouble is None:
        trouble = "it said nothing of it; `make watch` shows what comes"
    raise DeviceError(f"islog is on the board, but no readings were accepted yet: {trouble}")


def watch(port):
    """Show what the board prints, until it is unplugged; it is not interrupted."""
    text = codecs.getincrementaldecoder("utf-8")("replace")
    with Board(port) as board:
        print(f"What the board at {port} prints (Ctrl-C ends this, not the board):", flush=True)
        while True:
            sys.stdout.write(text.decode(board.heard()).replace("\r\n", "\n"))
            sys.stdout.flush()
