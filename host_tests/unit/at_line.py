"""What the tests that interrupt the firmware at each of its lines share: for CPython only, whose
sys.settrace() tells of each line."""

import random
import sys


def some(every):
    """Numbers of lines: each `every`-th, from a random one on. So a few runs meet them all, and
    one run stays short."""
    number = random.randrange(every)
    while True:
        yield number
        number += every


class AtLine:
    """In a `with`: `kind` is raised before the line `number` that is executed in `files`, of
    these functions only, if any are named. `left` is below 0 once it was."""

    def __init__(self, number, kind, files, functions=None):
        self.left = number
        self._kind = kind
        self._files = files
        self._functions = functions

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._enter)

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _enter(self, frame, event, arg):
        code = frame.f_code
        if code.co_filename not in self._files:
            return None
        return self._line if not self._functions or code.co_name in self._functions else None

    def _line(self, frame, event, arg):
        if event == "line":
            self.left -= 1
            if self.left == -1:
                raise self._kind
        return self._line
