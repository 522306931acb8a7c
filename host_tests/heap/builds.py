"""Runs a program of device/ on either build; what it prints comes back as Python values.

A program is a module whose main(*args) is a generator: the collector runs between its steps.
"""

import json
import os
import subprocess
from pathlib import Path

from tools import wasm

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
FAKES = ROOT / "host_tests/fakes"
DEVICE = Path(__file__).resolve().parent / "device"
NULL = ROOT / "tools/bench/device/null"
_LIMIT_S = 240


def on_unix(program, folders, *args):
    """The JSON values that the program prints on the unix port (64 bits)."""
    code = f"import gc, {program}\nfor _ in {program}.main(*{list(args)!r}): gc.collect()"
    path = ":".join([*map(str, folders), ".frozen"])
    done = subprocess.run(
        [ROOT / "tools/micropython", "-c", code],
        env={**os.environ, "MICROPYPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def on_wasm(program, folders, *args):
    """The same on the 32-bit build."""
    return [json.loads(line) for line in wasm.run(program, folders, *args).splitlines()]
