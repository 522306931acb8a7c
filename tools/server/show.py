"""Readings on the terminal as they arrive: one line each, readable and bounded.

What boards send is not trusted: every character that is not printable (control and escape codes,
newlines, invisible and direction-changing ones) is shown as its escape, markup is not interpreted,
and a line never exceeds the terminal's width. A flood does not slow the server: lines wait in a
queue of fixed length and are at most _LINES_PER_S on average (nobody reads faster), and those
beyond are counted instead of shown.
"""

import contextlib
import queue
import sys
import threading
import time

from rich.console import Console
from rich.text import Text

_WAITING = 500
_LINES_PER_S = 25
_LINES_AT_ONCE = 100
_BUCKET_CELLS = 16
_SIGNAL_CELLS = 24


def visible(text):
    """The text with every character that is not printable written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def clock(epoch_f):
    """Local time of day with milliseconds; the bare number where no calendar has it."""
    try:
        seconds, ms = divmod(round(epoch_f * 1000), 1000)
        at = time.strftime("%H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{epoch_f:.6g}"
    return f"{at}.{ms:03d}"


def line(reading, width):
    """One reading (a dict as Store.readings gives it) as Text of at most `width` cells."""
    value = reading["value"]
    shown = visible(value[:width]) if isinstance(value, str) else reading["text"]
    style = "green" if isinstance(value, str) else "magenta" if isinstance(value, bool) else "cyan"
    text = Text.assemble(
        (clock(reading["epoch_f"]), "dim"),
        "  ",
        _column(reading["bucket_name"], _BUCKET_CELLS, "blue"),
        "  ",
        _column(reading["signal"], _SIGNAL_CELLS, "bold"),
        "  ",
        (shown, style),
    )
    if reading["repeat"]:
        text.append("  (again)", "yellow")
    text.truncate(width, overflow="ellipsis")
    return text


def _column(content, cells, style):
    text = Text(visible(content[: cells + 1]), style)
    text.truncate(cells, overflow="ellipsis", pad=True)
    return text


class Show:
    """A terminal to which readings and sentences may be sent from any thread, without waiting.

    Call it with a reading to show it; `say` prints a sentence; `close` prints what still waits."""

    def __init__(self, console=None):
        if console is None:
            sys.stdout.reconfigure(errors="backslashreplace")
            console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._console = console
        self._queue = queue.Queue(_WAITING)
        self._missed = 0
        self._told = 0.0
        self._allowed = _LINES_AT_ONCE
        self._at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="show", daemon=True)
        self._thread.start()

    def __call__(self, reading):
        now = time.monotonic()
        self._allowed = min(_LINES_AT_ONCE, self._allowed + (now - self._at) * _LINES_PER_S)
        self._at = now
        if self._allowed < 1:
            self._missed += 1
            return
        self._allowed -= 1
        self._put(reading)

    def say(self, sentence):
        """Print a sentence, after what waits already; it wraps where it is long."""
        self._put(sentence)

    def close(self, timeout_s=2):
        """Print what waits, for `timeout_s` at most (a terminal may be halted)."""
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _put(self, item):
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._missed += 1

    def _run(self):
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._queue.get(timeout=1)
                if item is None:
                    break
                self._print(item)
            if self._queue.empty() and time.monotonic() - self._told > 1:
                self._tell_missed()
        self._tell_missed()

    def _print(self, item):
        if isinstance(item, str):
            self._console.print(Text(visible(item)), soft_wrap=True)
        else:
            self._console.print(line(item, self._console.width), no_wrap=True, crop=False)

    def _tell_missed(self):
        self._told = time.monotonic()
        if self._missed:
            missed, self._missed = self._missed, 0
            self._console.print(Text(f"({missed} more arrived, too fast to show)", "yellow"))
