"""Run the unit tests on a board: they need no network, for they bring their own, in virtual time.

Nothing is written to the board's flash: it reads the files from this machine (mpremote's mount).
Each file of tests has the board for itself, after a soft reset.
"""

import re
import shutil
import tempfile
from pathlib import Path

from tools.settings import ROOT

from . import DeviceError, stand_ins
from .board import Board

UNIT = ROOT / "host_tests/unit"
FAKES = ROOT / "host_tests/fakes"
STAND_INS = ROOT / "tools/simulator/stand_ins"  # the simulated board's, of which they use these:
SHARED = ("time", "machine", "network_station", "network_cyw43", "network_wlan", "network")
OF_CPYTHON = ("micropython", "uctypes")  # fakes that stand in for these there only
# Which others import.
FIRST = ("time", "network_station", "network_cyw43", "network_wlan", "network", "internet")
FIRST += ("select", "socket")
LEFT_OUT = ("test_deadlines", "test_interrupted", "test_spool")  # write to a file system
RUN = """
import gc
gc.threshold(8192)  # what stays is not scattered all over the heap
{load}
import world
def run(module):
    passed = failed = large = 0
    for name in sorted(dir(module)):
        if name[:5] != "test_":
            continue
        world.reset()
        gc.collect()
        try:
            getattr(module, name)()
            passed += 1
        except MemoryError:
            large += 1
            print("TOO LARGE {test}." + name)
        except Exception as e:
            failed += 1
            print("FAILED {test}." + name)
            sys.print_exception(e)
    print("%d passed, %d failed, %d too large" % (passed, failed, large))
run(__import__({test!r}))
"""


def test_board(port, names=()):
    """Returns how many passed, failed, and were too large for the board's heap."""
    tests = list(names) or [path.stem for path in sorted(UNIT.glob("test_*.py"))]
    tests = tests if names else [test for test in tests if test not in LEFT_OUT]
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        fakes = _lay_out(Path(folder))
        for test in tests:
            print(f"{test} ...", flush=True)
            for i, count in enumerate(_run(port, Path(folder), fakes, test)):
                total[i] += count
    return total


def _lay_out(folder):
    shutil.copytree(ROOT / "firmware/islog", folder / "islog")
    for path in UNIT.glob("test_*.py"):
        shutil.copy(path, folder)
    fakes = [path.stem for path in FAKES.glob("*.py") if path.stem not in (*OF_CPYTHON, "world")]
    stand_ins.put([FAKES / f"{name}.py" for name in fakes], folder)
    stand_ins.put([STAND_INS / f"{name}.py" for name in SHARED], folder)
    fakes += SHARED
    shutil.copy(FAKES / "world.py", folder)
    return [name for name in FIRST if name in fakes] + sorted(set(fakes) - set(FIRST))


def _run(port, folder, fakes, test):
    if not (folder / f"{test}.py").is_file():
        raise DeviceError(f"There are no tests {test} in {UNIT.relative_to(ROOT)}.")
    said = bytearray()
    with Board(port) as board:
        board.stop()
        board.mount(folder)
        try:
            board.run(RUN.format(load=stand_ins.load(fakes), test=test), said.extend)
        except DeviceError as e:
            print(e)
        else:
            board.unmount()
        text = said.replace(b"\x04", b"").decode(errors="replace")
        print(text, end="", flush=True)
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) too large$", text, re.MULTILINE)
    return map(int, found[-1]) if found else (0, 1, 0)
