"""Put islog and its program on a board that runs MicroPython, with mpremote.

    python -m tools.flash PORT                 PORT: /dev/ttyACM0, /dev/cu.usbmodem1101 ...

The package goes to /lib/islog; boot.py, main.py, config.json and the root certificate that this
names as its ca_file go to /; then the board starts anew. mpremote leaves a file alone that is
there already with the same content.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

MAKE_FOLDERS = """
import os
for folder in ("/lib", "/lib/islog"):
    try:
        os.stat(folder)
    except OSError:
        os.mkdir(folder)
"""


def flash(port):
    """Copy everything to the board at `port`; returns None, or a sentence on what is wrong."""
    if not port:
        return "Say where the board is, as in: make flash PORT=/dev/ttyACM0"
    if not (ROOT / "config.json").is_file():
        return "There is no config.json: copy config.example.json to it and put in your values."
    try:
        root = json.loads((ROOT / "config.json").read_text("utf-8")).get("ca_file")
    except (ValueError, AttributeError):
        return "config.json is no JSON object: look for a missing quote or comma."
    if root and not (ROOT / root).is_file():
        return f"There is no {root}, which config.json names as ca_file: see make ca HOST=."
    modules = sorted(str(path) for path in (ROOT / "firmware/islog").glob("*.py"))
    programs = [str(ROOT / name) for name in ("boot.py", "main.py", "config.json")]
    programs += [str(ROOT / root)] if root else []
    command = [sys.executable, "-m", "mpremote", "connect", port, "exec", MAKE_FOLDERS]
    command += ["+", "fs", "cp", *modules, ":/lib/islog/"]
    command += ["+", "fs", "cp", *programs, ":/", "+", "reset"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["see above"]
        return (
            f"mpremote could not put islog on {port} ({said[0].removeprefix('mpremote: ')}): check"
            " the port, that no other program uses it, and that the board runs MicroPython."
        )
    return None


def main(arguments):
    problem = flash(arguments[0] if arguments else "")
    if problem:
        print(problem, file=sys.stderr)
        return 1
    print("islog is on the board, which has started anew.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
