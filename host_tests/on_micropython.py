"""`python -m host_tests.on_micropython [test_x ...]`: the unit tests on a real MicroPython.

Same files, same fakes as under pytest; the interpreter is tools/micropython's.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(names):
    unit = ROOT / "host_tests" / "unit"
    names = names or sorted(path.stem for path in unit.glob("test_*.py"))
    folders = [ROOT / "host_tests" / "fakes", ROOT / "firmware", unit]
    path = ":".join([*map(str, folders), ".frozen"])
    command = [
        str(ROOT / "tools" / "micropython"),
        "-X",
        "heapsize=8M",  # what the fake server holds is there, too
        str(ROOT / "host_tests" / "run_micropython.py"),
    ]
    return subprocess.call([*command, *names], env={**os.environ, "MICROPYPATH": path})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
