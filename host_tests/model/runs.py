"""Starts what is random here, on CPython or on a real MicroPython, each in a process of its own.

Both have the fakes and a folder as flash. On MicroPython `requests` is the real one, over fake
sockets; on CPython it is its stand-in.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from host_tests.on_cpython import FAKES, FIRMWARE, ROOT, STAND_INS
from tools import interpreter

MODEL = Path(__file__).parent
STEPS = 12  # of a schedule


def schedules(on, first, count):
    """Start `count` schedules from seed `first` on; returns a Run."""
    return Run(on, "schedules", first, count, STEPS, limit_s=600 + count)


def fuzz(what, seed, count):
    """Start `count` inputs for one of WHAT in fuzz.py; returns a Run."""
    return Run("micropython", "fuzz", what, seed, count, limit_s=600 + count)


def injections(first, count):
    """Start `count` injections from seed `first` on; returns two Runs that share them."""
    limit_s = 600 + count // 5
    return [Run("cpython", "inject", first, count, part, 2, limit_s=limit_s) for part in range(2)]


def batteries(on, first, count):
    """Start `count` days on a battery, from seed `first` on; returns a Run."""
    return Run(on, "battery_day", first, count, limit_s=600 + 10 * count)


def shortages(first, count):
    """Start `count` days with too little heap, from seed `first` on; returns a Run."""
    return Run("micropython", "shortage", first, count, limit_s=600 + count, heap="2M")


class Run:
    """A process under way, for `limit_s` seconds at most; on: "cpython" or "micropython"."""

    def __init__(self, on, program, *arguments, limit_s, heap="8M"):
        self._limit_s = limit_s
        self._folder = tempfile.TemporaryDirectory(prefix="islog-")
        arguments = [*map(str, arguments), self._folder.name]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
        if on == "micropython":
            # Its own `requests` comes before the stand-in of that name.
            path = (interpreter.FROZEN, FAKES, STAND_INS, FIRMWARE, MODEL)
            self._process = interpreter.start(
                MODEL / f"{program}.py", *arguments, path=path, heap=heap, cwd=ROOT, **output
            )
        else:
            command = [sys.executable, "-m", "host_tests.model.on_fakes", program]
            self._process = subprocess.Popen([*command, *arguments], cwd=ROOT, **output)

    def result(self):
        """(exit status, output) once it is done; one that hangs is ended, and has failed."""
        try:
            output, _ = self._process.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output = f"{self._process.communicate()[0]}Not done after {self._limit_s} s."
        self._folder.cleanup()
        return self._process.returncode, output
