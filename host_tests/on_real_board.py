"""`python -m host_tests.on_real_board [--port PORT] [test_x ...]`: the unit tests on a board.

They need no network, for they bring their own, in virtual time.
Nothing is written to the board's flash: it reads the files from this machine (mpremote's mount).
Each file of tests has the board for itself, after a soft reset.
"""

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

from host_tests.on_cpython import FAKES, ROOT, STAND_INS
from tools.device import DeviceError, stand_ins
from tools.device.board import Board, find_port

UNIT = ROOT / "host_tests/unit"
# In place of what a board has (a simulated one has all of them), each behind what it imports.
BUILT_IN = ("time", "network_station", "network_cyw43", "network_wlan", "network")
BUILT_IN += ("machine_sleep", "machine", "select", "socket", "requests")
OF_CPYTHON = ("micropython", "uctypes")  # fakes that stand in for these there only
# Write to a file system.
LEFT_OUT = ("test_deadlines", "test_interrupted", "test_spool", "test_spool_records")
LEFT_OUT += ("test_spool_recovery", "test_spool_replay", "test_spool_segments")
RUN = """
import gc
gc.threshold(8192)  # what stays is not scattered all over the heap
{load}
import virtual_board
def run(module):
    passed = failed = large = 0
    for name in sorted(dir(module)):
        if name[:5] != "test_":
            continue
        virtual_board.reset()
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
        _lay_out(Path(folder))
        for test in tests:
            print(f"{test} ...", flush=True)
            for i, count in enumerate(_run(port, Path(folder), test)):
                total[i] += count
    return total


def _lay_out(folder):
    shutil.copytree(ROOT / "firmware/islog", folder / "islog")
    built_in = []
    for path in (*UNIT.glob("*.py"), *STAND_INS.glob("*.py"), *FAKES.glob("*.py")):
        if path.stem in BUILT_IN:
            built_in.append(path)
        elif path.stem not in OF_CPYTHON:
            shutil.copy(path, folder)
    stand_ins.put(built_in, folder)


def _run(port, folder, test):
    if not (folder / f"{test}.py").is_file():
        raise DeviceError(f"There are no tests {test} in {UNIT.relative_to(ROOT)}.")
    said = bytearray()
    with Board(port) as board:
        board.stop()
        board.mount(folder)
        try:
            board.run(RUN.format(load=stand_ins.load(BUILT_IN), test=test), said.extend)
        except DeviceError as e:
            print(e)
        else:
            board.unmount()
        text = said.replace(b"\x04", b"").decode(errors="replace")
        print(text, end="", flush=True)
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) too large$", text, re.MULTILINE)
    return map(int, found[-1]) if found else (0, 1, 0)


def main():
    parser = argparse.ArgumentParser("python -m host_tests.on_real_board")
    parser.add_argument("--port", default="", help="default: the only board plugged in")
    parser.add_argument("tests", nargs="*", help="files of host_tests/unit; default: all")
    given = parser.parse_args()
    try:
        passed, failed, large = test_board(find_port(given.port), given.tests)
    except DeviceError as e:
        print(e, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    if large:
        print(f"Too large for this board's heap: {large}, named above.")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
