"""No float may enter a time computation: boards have 24 bits of mantissa, a PC's 53 hide it.

Two looks, for the modules that compute times. `in_source()` finds what makes a float in the text:
a true division, a float literal, float() and round(). `Watch` looks on while they run (CPython's
sys.settrace): no local variable, argument, attribute of `self` or returned value is a float at any
line, the values of readings apart. Where a Logger is polled very often it looks from the first
polls on, and later after one of a few, at random: while it looks, all else is slow, too.
"""

import ast
import random
import sys
from pathlib import Path

from islog import logger

FOLDER = Path(__file__).parents[1] / "firmware" / "islog"
MODULES = ("clock.py", "timekeeper.py", "uplink.py", "batch.py")
READING = ("value", "values")  # names under which a reading's own value, no time, goes
FIRST = 200  # polls, and what comes between them: it always looks
RARELY = 10  # then after one of so many


def in_source(text):
    """The lines of a module's text where a float would be made: (number, what)."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append((node.lineno, "a true division"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append((node.lineno, f"the float {node.value}"))
        elif isinstance(node, ast.Name) and node.id in ("float", "round"):
            found.append((node.lineno, f"{node.id}()"))
    return sorted(found)


class Watch:
    """A context in which `found` fills with the floats seen in `files` (paths of modules)."""

    def __init__(self, files=None):
        self._files = set(files or (str(FOLDER / name) for name in MODULES))
        self.found = []
        self._at_a_line = self._look
        self._polls = 0
        self._random = random.Random()  # (tests seed the common one)

    def __enter__(self):
        files, at_a_line = self._files, self._at_a_line

        def enter(frame, event, arg):  # for each call, whoever makes it
            return at_a_line if frame.f_code.co_filename in files else None

        self._before, self._poll = sys.gettrace(), logger.Logger._poll
        logger.Logger._poll = self._seldom(self._poll, enter)
        sys.settrace(enter)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)
        logger.Logger._poll = self._poll

    def _seldom(self, poll, enter):
        """Logger._poll() that says, once it was called often, whether this looks until the next
        one."""

        def _poll(log, flushing):
            self._polls += 1
            if self._polls > FIRST and sys.gettrace() in (None, enter):
                sys.settrace(None if self._random.randrange(RARELY) else enter)
            return poll(log, flushing)

        return _poll

    def _look(self, frame, event, arg):
        names = frame.f_locals
        own = getattr(names.get("self"), "__dict__", {})
        # This is called for each line: the interpreter's own loops look first.
        if float in map(type, names.values()) or float in map(type, own.values()):
            self._tell(frame, {**names, **own})
        if event == "return" and type(arg) is float and frame.f_code.co_name not in READING:
            self._tell(frame, {"the answer": arg})
        return self._at_a_line

    def _tell(self, frame, names):
        for name, value in names.items():
            if type(value) is float and name not in READING:
                self.found.append(f"{frame.f_code.co_name}, line {frame.f_lineno}: {name}")
