"""`python -m host_tests.on_micropython [--slowest=N] [test_x ...]`: the unit tests on a real
MicroPython.

`--slowest=N` names the tests that took most of the processor's time, N of each of two processes.
Same files, same fakes as under pytest; the interpreter is tools/micropython's.
"""

import re
import subprocess
import sys

from host_tests.on_cpython import FAKES, STAND_INS
from tools import interpreter
from tools.interpreter import FIRMWARE, ROOT


def main(names):
    options = [name for name in names if name.startswith("--")]
    names = names[len(options) :]
    unit = ROOT / "host_tests" / "unit"
    names = names or sorted(path.stem for path in unit.glob("test_*.py"))
    path = [FAKES, STAND_INS, FIRMWARE, unit]

    def start(names, **how):
        program = ROOT / "host_tests" / "run_micropython.py"
        heap = "16M"  # what the fake server holds is there, too, and in pieces
        return interpreter.start(program, *options, *names, path=path, heap=heap, **how)

    if len(names) < 2:
        return start(names).wait()
    # Two at a time; the last line has the sum of both.
    halves = [start(names[i::2], stdout=subprocess.PIPE) for i in range(2)]
    counts = [0, 0]
    for half in halves:
        *lines, last = half.communicate()[0].splitlines() or [""]
        print("\n".join([*lines, last] if half.returncode else lines), flush=True)
        found = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
        passed, failed = found.groups() if found else (0, 1)
        counts = [counts[0] + int(passed), counts[1] + int(failed)]
    print(f"{counts[0]} passed, {counts[1]} failed")
    return max(abs(half.returncode) for half in halves)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
