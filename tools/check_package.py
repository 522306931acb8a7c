"""Check that package.json, which `mpremote mip install` reads, names the whole package.

Each entry is [where on the board, where in this repository]; a module that is missing there is
missing on every board that installs the package so. (The compiled package, which names its modules
by itself: package.py.)
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def version():
    source = (ROOT / "firmware/islog/__init__.py").read_text()
    return re.search(r'^__version__ = "(.+)"', source, re.M)[1]


def main():
    package = json.loads((ROOT / "package.json").read_text())
    listed = {tuple(entry) for entry in package["urls"]}
    modules = (path.relative_to(ROOT / "firmware") for path in ROOT.glob("firmware/islog/**/*.py"))
    present = {(path.as_posix(), f"firmware/{path.as_posix()}") for path in modules}
    for place, _ in sorted(present - listed):
        print(f"package.json lacks {place}: add it to its urls.")
    for place, source in sorted(listed - present):
        print(f"package.json has {place} from {source}, which is no module: take it out.")
    if package["version"] != version():
        print(f"package.json is version {package['version']}, islog/__init__.py {version()}.")
    if present != listed or package["version"] != version():
        return 1
    print(f"package.json names all {len(present)} modules.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
