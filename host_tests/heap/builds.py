"""Runs a program of device/ on either build; what it prints comes back as Python values.

A program is a module whose main(*args) is a generator: the collector runs between its steps.
"""

import json
from pathlib import Path

from host_tests.on_cpython import FAKES, STAND_INS
from tools import interpreter, wasm
from tools.interpreter import FIRMWARE, ROOT

ON_FAKES = (FAKES, STAND_INS, FIRMWARE)  # folders
DEVICE = Path(__file__).resolve().parent / "device"
NULL = ROOT / "tools/bench/device/null"
_LIMIT_S = 240


def on_unix(program, folders, *args):
    """The JSON values that the program prints on the unix port (64 bits)."""
    code = f"import gc, {program}\nfor _ in {program}.main(*{list(args)!r}): gc.collect()"
    done = interpreter.run("-c", code, path=folders, timeout=_LIMIT_S)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def on_wasm(program, folders, *args):
    """The same on the 32-bit build."""
    return [json.loads(line) for line in wasm.run(program, folders, *args).splitlines()]
