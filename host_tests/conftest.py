"""Options of more than one kind of test, so that plain `pytest` knows them for any selection; and
which tests are for one process, where several share the work (`--dist loadgroup`)."""

import functools
from pathlib import Path

import pytest

# These wait for long and work little: all else is done meanwhile.
WAITING = ("test_watchdog", "test_sleep", "test_docs")


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help="many more power cuts, for minutes; a month of deep sleeps instead of days",
    )
    parser.addoption(
        "--watch-floats",
        action="store_true",
        help="run the unit tests under the watch for floats in time computations",
    )


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.module.__name__.rpartition(".")[2] not in WAITING)


@functools.cache
def shares(file):
    """Whether the tests of that file share what takes long to set up."""
    return 'scope="module"' in Path(file).read_text("utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """The files whose tests share something go to a process each, the other tests to any."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return file if shares(config.rootpath / file) else nodeid

    return Scheduling(config, log)
