"""Make .venv with the packages that tools/requirements.txt pins; tools/setup_env starts this.

    python tools/make_env.py [tests]

With `tests`, the packages of tools/requirements-tests.txt are added. `.venv/pins.txt` and
`.venv/pins-tests.txt` are copies of the two lists, written once all of their packages are there:
a copy that is missing, or is not the list, says that there is work to do.

- Where a user's packages are not there as pinned, .venv is made from nothing.
- The tests' packages are downloaded before .venv is touched, so that without a network it goes on
  serving the user. While they are installed both copies are away: should that be cut short, .venv
  is made from nothing at the next run.

One run at a time (a lock, which lives as long as any child does).
"""

import fcntl
import importlib.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
CACHE = ROOT / ".cache"
# (the list, its copy)
USERS = (ROOT / "tools/requirements.txt", VENV / "pins.txt")
TESTS = (ROOT / "tools/requirements-tests.txt", VENV / "pins-tests.txt")


class SetupError(Exception):
    """Why .venv is not as it should be, as a sentence for the user."""


def is_made(pins, copy):
    if not copy.is_file() or copy.read_bytes() != pins.read_bytes():
        return False
    try:
        return subprocess.run([PYTHON, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:  # the Python that it was made with is gone
        return False


def make(lock_fd):
    """Make .venv from nothing, with a user's packages."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(
            "This Python has no venv: install it (on Debian and Ubuntu: apt install python3-venv)."
        )
    print(f"Making .venv with Python {platform.python_version()} and", end=" ")
    print("the packages of tools/requirements.txt (once; 12 MB to download) ...", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, pass_fds=(lock_fd,)).returncode:
        raise SetupError("Python could not make .venv here (see above).")
    pip(["install", "--no-compile"], USERS[0], lock_fd)
    note(*USERS)


def add_tests(lock_fd):
    """Add the tests' packages to .venv, which has a user's."""
    print("Adding the packages of tools/requirements-tests.txt", end=" ")
    print("(once; 155 MB to download) ...", flush=True)
    wheels = CACHE / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    try:
        pip(["download", "--dest", wheels], TESTS[0], lock_fd)
        for _, copy in (USERS, TESTS):
            copy.unlink(missing_ok=True)
        local = ["install", "--no-compile", "--no-index", "--find-links", wheels]
        pip(local, TESTS[0], lock_fd)
    finally:
        shutil.rmtree(wheels, ignore_errors=True)
    note(*TESTS)
    note(*USERS)


def note(pins, copy):
    copy.write_bytes(pins.read_bytes())


def pip(command, pins, lock_fd):
    """Run pip on a list; of all that it says, progress is shown and what went wrong."""
    options = ["--no-input", "--disable-pip-version-check", "-r", pins, "-c", USERS[0]]
    run = subprocess.Popen(
        [PYTHON, "-m", "pip", *command, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock_fd,),
    )
    for line in run.stdout:
        what = line.partition(" (from ")[0].rstrip()
        if line.startswith("ERROR") or line.startswith("Collecting ") and "==" in what:
            print(f"  {what}", flush=True)
        elif line.startswith("Installing "):
            print("  Installing them ...", flush=True)
    if run.wait():
        raise SetupError(
            f"pip could not {command[0]} the packages of {pins.relative_to(ROOT)}"
            " (see above): check the network and the room on the disk, and try again."
        )


def main(arguments):
    if arguments not in ([], ["tests"]):
        print("Usage: python tools/make_env.py [tests]", file=sys.stderr)
        return 2
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "make_env.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another process is making .venv; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made(*USERS):
            make(lock.fileno())
        if arguments and not is_made(*TESTS):
            add_tests(lock.fileno())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f".venv could not be made: {error}.")
    except KeyboardInterrupt:
        sys.exit("Stopped; run it again to go on.")
