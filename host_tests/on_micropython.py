"""`python -m host_tests.on_micropython [test_x ...]`: the unit tests on a real MicroPython.

Same files, same fakes as under pytest; the interpreter is tools/micropython's.
"""

import os
import re
import subprocess
import sys

from host_tests.on_cpython import FAKES, FIRMWARE, ROOT, STAND_INS


def main(names):
    unit = ROOT / "host_tests" / "unit"
    names = names or sorted(path.stem for path in unit.glob("test_*.py"))
    folders = [FAKES, STAND_INS, FIRMWARE, unit]
    path = ":".join([*map(str, folders), ".frozen"])
    command = [
        str(ROOT / "tools" / "micropython"),
        "-X",
        "heapsize=8M",  # what the fake server holds is there, too
        str(ROOT / "host_tests" / "run_micropython.py"),
    ]
    environment = {**os.environ, "MICROPYPATH": path}
    if len(names) < 2:
        return subprocess.call([*command, *names], env=environment)
    # Two at a time; the last line has the sum of both.
    halves = [
        subprocess.Popen(
            [*command, *names[i::2]], env=environment, stdout=subprocess.PIPE, text=True
        )
        for i in range(2)
    ]
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
