"""Make .venv with the packages that tools/requirements.txt pins; tools/setup_env starts this.

Always from nothing: what an older set of pins or an interrupted run has left is removed.
`.venv/pins.txt`, a copy of the pins, is written last and says that all of them are there.
One run at a time (a lock, which lives as long as any child does).
"""

import fcntl
import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PINS = ROOT / "tools/requirements.txt"


class SetupError(Exception):
    """Why there is no .venv, as a sentence for the user."""


def is_made():
    made_from = VENV / "pins.txt"
    return made_from.is_file() and made_from.read_bytes() == PINS.read_bytes()


def make(lock_fd):
    """Make .venv, or raise SetupError; of all that pip says, only its progress is shown."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(
            "This Python has no venv: install it (on Debian and Ubuntu: apt install python3-venv)."
        )
    pins = PINS.relative_to(ROOT)
    print(
        f"Making .venv with Python {platform.python_version()} and the packages of {pins}", end=""
    )
    print(" (once; under a minute on a fast line) ...", flush=True)
    python = str(VENV / "bin/python")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, pass_fds=(lock_fd,)).returncode:
        raise SetupError("Python could not make .venv here (see above).")
    pip = subprocess.Popen(
        [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "-r", PINS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock_fd,),
    )
    for line in pip.stdout:
        if line.startswith(("Collecting ", "ERROR")):
            print("  " + line, end="", flush=True)
        elif line.startswith("Installing "):
            print("  Installing them ...", flush=True)
    if pip.wait():
        raise SetupError(
            f"pip could not install {pins} (see above): check the network, try again."
        )
    (VENV / "pins.txt").write_bytes(PINS.read_bytes())


def main():
    (ROOT / ".cache").mkdir(exist_ok=True)
    with open(ROOT / ".cache/make_env.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another process is making .venv; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if is_made():
                return
        make(lock.fileno())


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f".venv could not be made: {error}.")
    except KeyboardInterrupt:
        sys.exit("Stopped; run it again to go on.")
