"""Check what the device code asks of a board's modules, against that board's stubs.

    python -m tools.check_types esp32|rp2

mypy reads firmware/islog, main.py, boot.py and examples/ as they are (they carry no annotations)
with the stubs of micropython-*-stubs in place of CPython's modules: a method that `network.WLAN`
lacks, an argument too many for `time.ticks_diff`, a CPython function that MicroPython has not, are
errors. A program is checked against islog's own stub, firmware/islog/__init__.pyi; what that one
tells a user is seen by host_tests/types/user.py, whose mistakes have to be found (a `type: ignore`
that nothing calls for is an error).

The stubs' versions stand in tools/requirements-tests.txt; each board's are installed into a folder
of their own under .cache/stubs, anew when the pins or the corrections below change.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ("esp32", "rp2")
CHECKED = ("firmware/islog", "main.py", "boot.py", "examples", "host_tests/types/user.py")
ONLY = {"examples/battery.py": "esp32"}  # programs for one of the boards
FOUND_IN = ("firmware", "examples/lib")  # what the programs import

# Where the stubs say less than the modules allow: (boards, file, what it says, what holds).
CORRECTIONS = (
    # A callable, too: micropython-lib, python-ecosys/requests/requests/__init__.py.
    (BOARDS, "requests/__init__.pyi", "parse_headers: bool = True", "parse_headers=True"),
    # Ticks are small ints (extmod/modtime.c), and islog stores and masks them as such.
    (BOARDS, "_mpy_shed/time_mp.pyi", "class _TicksMs:", "class _TicksMs(int):"),
    (
        BOARDS,
        "_mpy_shed/time_mp.pyi",
        '_Ticks = TypeVar("_Ticks", _TicksMs, _TicksUs, _TicksCPU)',
        "_Ticks: TypeAlias = int",
    ),
    # An attribute that can be set: ssl_context_attr() in extmod/modtls_mbedtls.c.
    (BOARDS, "tls.pyi", "class SSLContext:", "class SSLContext:\n    verify_mode: int"),
    # Every ESP32 but the first has it: ports/esp32/modesp32.c.
    (
        ("esp32",),
        "esp32.pyi",
        "def raw_temperature(",
        "def mcu_temperature() -> int: ...\ndef raw_temperature(",
    ),
)


class StubsError(Exception):
    """Why there are no stubs to check against, as a sentence."""


def pins(board):
    """The requirements that tools/requirements-tests.txt has for the board's stubs."""
    lines = (ROOT / "tools/requirements-tests.txt").read_text().splitlines()
    wanted = f'extra == "stubs-{board}"'
    return [line.partition(";")[0].strip() for line in lines if wanted in line]


def stubs(board):
    """The folder of the board's stubs, brought in where it is not there yet."""
    folder = ROOT / ".cache/stubs" / board
    stamp = folder / "made-from.txt"
    made_from = repr((pins(board), CORRECTIONS))
    if stamp.is_file() and stamp.read_text() == made_from:
        return folder
    print(f"Bringing in the {board} stubs: {', '.join(pins(board))} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-compile", "--target", str(folder)]
    if subprocess.run([*pip, *options, *pins(board)], stdin=subprocess.DEVNULL).returncode:
        raise StubsError(f"pip could not bring in the {board} stubs: check the network.")
    for boards, name, says, holds in CORRECTIONS:
        if board not in boards:
            continue
        text = (folder / name).read_text()
        if says not in text:
            raise StubsError(f"The {board} stubs have changed: correct what is said of {name}.")
        (folder / name).write_text(text.replace(says, holds))
    stamp.write_text(made_from)
    return folder


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in BOARDS:
        print(f"Usage: python -m tools.check_types {'|'.join(BOARDS)}", file=sys.stderr)
        return 2
    board = arguments[0]
    try:
        folder = stubs(board)
    except StubsError as error:
        print(error, file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "mypy", "--cache-dir", f".cache/mypy/{board}"]
    command += ["--strict-equality", "--warn-unused-ignores"]
    others = "|".join(re.escape(name) for name in ONLY if ONLY[name] != board)
    command += ["--exclude", rf"^({others})$"] if others else []
    command += ["--custom-typeshed-dir", str(folder), *CHECKED]
    places = [folder, *(ROOT / place for place in FOUND_IN)]
    environment = dict(os.environ, MYPYPATH=os.pathsep.join(map(str, places)))
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
