"""Runs a program of device/ on a real MicroPython, with the fakes and islog on its path."""

import json
import os
import subprocess
from pathlib import Path

from host_tests.on_cpython import FAKES, FIRMWARE, ROOT, STAND_INS

DEVICE = Path(__file__).resolve().parent / "device"


def run(program, *args, heap="3M"):
    """What the program's last line says, a JSON object."""
    folders = [DEVICE, FAKES, STAND_INS, FIRMWARE]
    done = subprocess.run(
        [
            ROOT / "tools/micropython",
            "-X",
            f"heapsize={heap}",
            DEVICE / f"{program}.py",
            *map(str, args),
        ],
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, folders), ".frozen"])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, "\n".join([*lines[-5:], done.stderr])
    return json.loads(lines[-1])
