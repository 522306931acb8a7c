"""Runs a program of device/ on a real MicroPython, with the fakes and islog on its path."""

import json
from pathlib import Path

from host_tests.on_cpython import FAKES, FIRMWARE, STAND_INS
from tools import interpreter

DEVICE = Path(__file__).resolve().parent / "device"


def run(program, *args, heap="3M"):
    """What the program's last line says, a JSON object."""
    path = [DEVICE, DEVICE / "lib", FAKES, STAND_INS, FIRMWARE]
    done = interpreter.run(DEVICE / f"{program}.py", *args, path=path, heap=heap, timeout=600)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, "\n".join([*lines[-5:], done.stderr])
    return json.loads(lines[-1])
