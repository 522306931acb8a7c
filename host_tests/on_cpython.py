"""Puts the fakes in place of what a PC's Python lacks, so that islog can be imported here.

`time`, `socket`, `select` and `asyncio` are replaced only while islog and the fakes are imported,
and where a module of islog is loaded again: all else needs its own. On MicroPython the module path
does so.
"""

import builtins
import functools
import gc
import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAKES = ROOT / "host_tests" / "fakes"
STAND_INS = ROOT / "tools" / "simulator" / "stand_ins"  # the simulated board has them, too
FIRMWARE = ROOT / "firmware"
_HIDDEN = ("time", "socket", "select", "asyncio")
_OTHERS = ("micropython", "uctypes", "network_station", "network_cyw43", "network_wlan")
_OTHERS += ("network", "machine_sleep", "machine", "dns_host", "internet", "connections")
_OTHERS += ("initial_state", "ntp_host")
_LATER = ("requests", "secure", "guest", "virtual_board")


def install(firmware=FIRMWARE):
    """Import the fakes and islog, once: what was imported first holds on to the first fakes."""
    if "virtual_board" in sys.modules:
        return
    gc.mem_free = lambda: 150000
    kept = {name: sys.modules.get(name) for name in _HIDDEN}
    _load("time")
    for name in (*_OTHERS, "socket", "select", "asyncio", *_LATER):
        _load(name)
    sys.modules["tls"] = sys.modules["secure"]
    sys.path.insert(0, str(firmware))
    for path in sorted((Path(firmware) / "islog").glob("*.py")):
        if path.stem == "native":  # machine code
            sys.modules["islog.native"] = None  # it cannot be imported
            continue
        importlib.import_module("islog" if path.stem == "__init__" else f"islog.{path.stem}")
    for name in ("storage", "battery"):  # they know islog
        _load(name)
    fakes = {name: sys.modules[name] for name in _HIDDEN}
    for name, module in kept.items():
        if module is None:
            del sys.modules[name]
        else:
            sys.modules[name] = module
    import_any = builtins.__import__

    def import_for(name, globals=None, locals=None, fromlist=(), level=0):
        if name in fakes and globals and globals.get("__package__") == "islog":
            return fakes[name]
        return import_any(name, globals, locals, fromlist, level)

    builtins.__import__ = import_for
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds islog's modules. What islog forgets after a call it loads again for the next Logger,
    thousands of times: a file is looked for, read and compiled once."""

    def __init__(self):
        self._specs = {}

    def find_spec(self, name, path=None, target=None):
        if not name.startswith("islog."):
            return None
        if name not in self._specs:
            found = importlib.machinery.PathFinder.find_spec(name, path)
            if found is None:
                return None
            loader = _Loader(name, found.origin)
            self._specs[name] = importlib.util.spec_from_file_location(name, loader=loader)
        return self._specs[name]


class _Loader(importlib.machinery.SourceFileLoader):
    @functools.cache  # noqa: B019 (there is one for each module, for ever)
    def get_code(self, name):
        return super().get_code(name)


def _load(name):
    path = FAKES / f"{name}.py"
    if not path.exists():
        path = STAND_INS / path.name
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
