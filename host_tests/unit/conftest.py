"""Puts the fakes in place of what a PC lacks, on CPython. On MicroPython the module path does so.

`time` and `socket` are replaced only while islog and the fakes are imported: pytest needs its own.
Every test runs under the watch for floats in time computations (no_floats.py).
"""

import gc
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "host_tests"))
from no_floats import Watch  # noqa: E402

FAKES = ROOT / "host_tests" / "fakes"


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _install():
    hidden = {name: sys.modules.get(name) for name in ("time", "socket")}
    _load("time", FAKES / "time.py")
    for name in ("micropython", "uctypes", "internet", "network", "machine", "requests", "socket"):
        _load(name, FAKES / f"{name}.py")
    _load("world", FAKES / "world.py")
    sys.path.insert(0, str(ROOT / "firmware"))
    for path in sorted((ROOT / "firmware" / "islog").glob("*.py")):
        if path.stem in ("fast", "trust"):
            continue  # machine code, and `tls`: only MicroPython has them
        importlib.import_module("islog" if path.stem == "__init__" else f"islog.{path.stem}")
    for name, module in hidden.items():
        if module is None:
            del sys.modules[name]
        else:
            sys.modules[name] = module


_install()


@pytest.fixture(autouse=True)
def _power_up():
    import world

    world.reset()
    gc.freeze()  # islog collects before each request: pytest's own objects need no looking at
    with Watch() as watch:
        yield
    assert watch.found == []
