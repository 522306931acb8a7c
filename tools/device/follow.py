"""A board's console: read it, and see there whether readings arrive.

The firmware says so itself (Logger._say): "islog: readings are accepted" once the first batch was,
and what is wrong as it happens. Which sentences tell no trouble is read in its source
(sentences.py). Not every trouble lasts (a network out of range, the next one in its place), so it
is given some time; but what the server refuses lasts. Where none was accepted, the program is
stopped, its Logger asked for its status(), and the board started anew.
"""

import codecs
import json
import sys
import time

from . import DeviceError
from .board import Board
from .sentences import no_trouble

ACCEPTED = "readings are accepted"
REFUSED = "asked again in about"  # in minutes: there is nothing to wait for
PATIENCE_S = 30  # after the first trouble, and for as long as a reading may wait for others
_LONG, _SENTENCE = 1000, 300  # characters: without a newline; of what islog says, at most
_REBOOT = "MPY: soft reboot"
_TRACEBACK = "Traceback (most recent call last):"
_BANNER = "MicroPython v"  # of the prompt, once main.py has ended
# Among the names of the program, or of a module that it has imported.
_ASK_STATUS = """
def _status():
    import json, sys
    kind = sys.modules["islog"].Logger
    for names in [globals()] + [getattr(m, "__dict__", {}) for m in sys.modules.values()]:
        for value in names.values():
            if isinstance(value, kind):
                status = value.status()
                return json.dumps({name: status[name] for name in %r})
print(_status())
"""
_ASKED = ("state", "pending", "rejected", "last_error")


def follow(board, seconds, gather_s=0):
    """Show what the board prints until a batch was accepted. DeviceError: why none was.

    gather_s: so long a reading may wait on the board until it is sent."""
    print(
        "Its output, until readings are accepted, or for"
        f" {seconds + gather_s:.0f} s (Ctrl-C ends this, not the board):",
        flush=True,
    )
    if gather_s > PATIENCE_S:
        print(f"(They may wait for {gather_s} s: flush_interval in config.json.)", flush=True)
    harmless = no_trouble()
    text = codecs.getincrementaldecoder("utf-8")("replace")
    rest, last, failed, trouble = "", "", False, None
    until = time.monotonic() + seconds + gather_s
    while time.monotonic() < until:
        *lines, rest = (rest + text.decode(board.heard())).split("\n")
        if len(rest) > _LONG:  # a program that prints without newlines
            lines, rest = [*lines, rest[:-_SENTENCE]], rest[-_SENTENCE:]
        for line in filter(None, map(str.rstrip, lines)):
            if line.startswith(_BANNER):
                raise DeviceError("main.py has ended" + (f": {last}" if failed else "."))
            print(f"  {line}", flush=True)
            _, islog, sentence = line.rpartition("islog: ")  # the program's own text may be before
            last, failed = line, line == _TRACEBACK or (failed and line != _REBOOT)
            if islog and sentence.startswith(ACCEPTED):
                return
            if not islog or harmless.fullmatch(sentence):
                continue
            if REFUSED in sentence:
                until = 0
            elif trouble is None:
                until = min(until, time.monotonic() + PATIENCE_S + gather_s)
            trouble = sentence
    raise DeviceError(_why(trouble, _status(board)))


def _status(board):
    """What the program's Logger tells of itself; None where it cannot be asked. The board starts
    anew."""
    try:
        board.interrupt()
        said = board.run(_ASK_STATUS % (_ASKED,))
        status = json.loads(said.splitlines()[-1])
    except (DeviceError, ValueError, IndexError):
        status = None
    finally:
        board.leave_running()
    if not isinstance(status, dict) or status["state"] == "closed":
        return None  # by the program, as it was stopped
    return status


def _why(trouble, status):
    status = status or {}
    trouble = status.get("last_error") or trouble
    if not trouble:
        trouble = "it said nothing of it"
        if status.get("pending") != 0:
            trouble += " (does main.py call log.poll() again and again?)"
    said = f"islog is on the board, but no readings were accepted yet: {trouble}."
    if status:
        said += " log.status() says: state {state}, {pending} pending, {rejected} rejected".format(
            **status
        )
        if not status["pending"]:
            said += ", so there is nothing to send"
        said += "."
    return said + " docs/troubleshooting.md explains it; `make watch` shows what comes."


def watch(port, restart=False):
    """Show what the board prints, until it is unplugged. It is not interrupted, but with `restart`
    its program starts anew first, as by a reset button, which a Pico W does not have."""
    text = codecs.getincrementaldecoder("utf-8")("replace")
    with Board(port) as board:
        print(f"What the board at {port} prints (Ctrl-C ends this, not the board):", flush=True)
        if restart:
            board.interrupt()
            board.restart()
        else:
            print("(A board that does well says little. RESTART=1 shows its start.)", flush=True)
        while True:
            sys.stdout.write(text.decode(board.heard()).replace("\r\n", "\n"))
            sys.stdout.flush()
