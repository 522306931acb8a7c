"""Puts the fakes in place of what a PC lacks, on CPython. On MicroPython the module path does so.

`time` and `socket` are replaced only while islog and the fakes are imported: pytest needs its own.
With --watch-floats, as `make test` has it, every test runs under the watch for floats in time
computations (no_floats.py), but for that one and for those that play weeks of trouble; without it,
sys.settrace is free for debuggers and for coverage.
"""

import gc
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "host_tests"))
sys.path.insert(0, str(ROOT))
from host_tests.on_cpython import install  # noqa: E402

install()
from no_floats import Watch  # noqa: E402  (it knows islog)

_UNWATCHED = (
    "no_floats_test",
    "test_guard",
    "test_guest",
    "test_restarted",
    "test_upload_interval",
    "test_uploads",
    "test_wifi_radio",
)


@pytest.fixture(autouse=True)
def _power_up(request):
    import virtual_board

    virtual_board.reset()
    gc.freeze()  # islog collects before each request: pytest's own objects need no looking at
    if not request.config.getoption("--watch-floats") or request.module.__name__ in _UNWATCHED:
        yield
        return
    with Watch() as watch:
        yield
    assert watch.found == []
