"""A Chromium to test the page with: the machine's own, or Debian's package.

$CHROMIUM names one; else what is on PATH is taken; else, on Debian, the package and the libraries
that the machine lacks for it are unpacked into .cache, without root and leaving the machine as it
is (see tools/fetch_micropython.py). Where none of it works, one sentence says what to install.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from tools import fetch_micropython as apt

_FOLDER = Path(__file__).resolve().parents[2] / ".cache/chromium"
# The last is a mere pointer to a snap on Ubuntu.
_NAMES = ("chromium", "google-chrome-stable", "google-chrome", "chromium-browser")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_HINT = "install Chromium or Chrome (on Debian: apt install chromium), or name one in $CHROMIUM"

# Nothing of the browser's own goes to the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NoChromium(Exception):
    """There is none and none can be had; the text says what to install."""


def path():
    """The path of a Chromium, brought first where there is none; raises NoChromium."""
    found = _find()
    if not found:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        with open(_FOLDER / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
            found = _find() or _bring(lock.fileno())
    return found


def _find():
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    on_path = next(filter(None, map(shutil.which, _NAMES)), None)
    own = [p for p in (_MAC, str(_FOLDER / "launch")) if os.access(p, os.X_OK)]
    return on_path or next(iter(own), None)


def _bring(lock_fd):
    if not shutil.which("apt-get"):
        raise NoChromium(f"The page's tests need a browser: {_HINT}.")
    print("No Chromium on this machine; bringing Debian's package (once) ...", file=sys.stderr)
    _unpack(apt.Machine(str(_FOLDER), lock_fd))
    found = _find()
    if not found:
        raise NoChromium(f"apt brought no Chromium: {_HINT}.")
    return found


def _unpack(machine):
    """The package and what the machine lacks for it, in .cache/chromium/root."""
    folder, root = machine.folder, machine.folder + "/root"
    archives = folder + "/cache/archives"
    for path_ in (archives + "/partial", folder + "/state/lists/partial", folder + "/sources.d"):
        os.makedirs(path_, exist_ok=True)
    apt.write(folder + "/apt.conf", apt.APT_CONF.format(folder=folder))
    shutil.copy("/var/lib/dpkg/status", folder + "/state/status")
    machine.use(machine.releases()[0])
    machine.apt("apt-get", "update")
    ok, output = machine.apt("apt-get", "install", "-y", "--download-only", "chromium")
    packages = list(Path(archives).glob("*.deb"))
    if not ok or not packages:
        raise NoChromium(f"apt could not download Chromium{apt.reason(output)}: {_HINT}.")
    for package in packages:
        machine.run("dpkg", "-x", str(package), root)
    write_launch(Path(folder))
    for name in ("cache", "state"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def write_launch(folder):
    """The program that starts what is in `folder`/root, by paths from where it lies itself: a
    checkout may be moved, and its .cache be used through a link from a copy."""
    # Some libraries lie in a folder of their own, such as PulseAudio's.
    libraries = {path_.parent.relative_to(folder) for path_ in (folder / "root").rglob("lib*.so*")}
    launch = folder / "launch"
    launch.write_text(
        "#!/bin/sh\n"
        'here=$(dirname "$(realpath "$0")")\n'
        f'export LD_LIBRARY_PATH="{":".join(sorted(f"$here/{path_}" for path_ in libraries))}"\n'
        '[ -d /etc/fonts ] || export FONTCONFIG_PATH="$here/root/etc/fonts"\n'
        'exec "$here/root/usr/lib/chromium/chromium" "$@"\n'
    )
    launch.chmod(0o755)
