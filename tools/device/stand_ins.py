"""Stand-ins for a board's own modules, in a folder of this machine that it reads (Board.mount)."""

import shutil

_PREFIX = "in_place_of_"
# Each is put there as what is loaded, for a built-in module is found before any file.
_LOAD = """
import sys
sys.path.insert(0, "/remote")
for name in {names!r}:
    sys.modules[name] = __import__({prefix!r} + name)
"""


def put(paths, folder):
    """Copy them; each is for the module that its file is named after."""
    for path in paths:
        shutil.copy(path, folder / f"{_PREFIX}{path.name}")


def load(names):
    """What a program on the board runs to have them, in that order, and the folder's modules."""
    return _LOAD.format(names=names, prefix=_PREFIX)
