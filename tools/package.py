"""python -m tools.package: islog compiled, for mip: a folder to be put on any web server.

It has a package.json and, as .mpy, all modules of bytecode: these run on every board that takes
.mpy files of version 6, whatever its core. Modules of machine code are left out; islog does
without them (ring.py, batch.py). The package.json in the project's root brings the sources, which
run everywhere, machine code included.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from tools import check_package
from tools.device import image
from tools.settings import ROOT

BUILD = ROOT / "build/mip"


def make(folder, url=""):
    """Write it, in place of what was there; returns the names of the .mpy files."""
    compiled = {path.stem: image.bytecode(path) for path in sorted(image.PACKAGE.glob("*.py"))}
    names = [f"islog/{name}.mpy" for name, content in compiled.items() if content is not None]
    modules = folder / "islog"
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(compiled[Path(name).stem])
    base = url.rstrip("/") + "/" if url else ""  # without one, beside package.json
    package = {"urls": [[name, base + name] for name in names], "version": check_package.version()}
    (folder / "package.json").write_text(json.dumps(package, indent=4) + "\n")
    return names


def main():
    parser = argparse.ArgumentParser("python -m tools.package", description=__doc__)
    parser.add_argument("--to", type=Path, default=BUILD, help="the folder")
    parser.add_argument("--url", default="", help="the folder's address on the server")
    given = parser.parse_args()
    if given.url and not given.url.startswith(("http://", "https://")):
        sys.exit(f"URL must begin with http:// or https://, and {given.url} does not.")
    try:
        names = make(given.to, given.url)
    except OSError as e:
        sys.exit(f"{given.to} cannot be written: {e.strerror}.")
    folder = os.path.relpath(given.to)
    print(f"{folder} has package.json and {len(names)} modules: put it on a web server, then")
    address = given.url.rstrip("/") or "http://YOUR.SERVER/FOLDER"
    print(f"  .venv/bin/mpremote mip install {address}/package.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
