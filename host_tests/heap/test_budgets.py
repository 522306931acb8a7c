"""The budgets of flash and heap: tools/size.py has them, and shows how much is left."""

import pytest

from tools import size
from tools.bench import forms, measure
from tools.interpreter import FIRMWARE


@pytest.fixture(scope="module")
def imported():
    return size.import_bytes()


@pytest.fixture(scope="module")
def by_form(imported):
    return forms.collect(size.FIRMWARE, imported)


def portable():
    """The modules that are bytecode only."""
    return [name for name in sorted(size.modules()) if f"islog/{name}.py" not in size.TWINS]


def test_mpy_files_in_all(imported):
    _, loaded = imported
    total = sum(size.mpy_bytes(name, size.FIRMWARE, "-O3") for name in {*loaded, *size.ALWAYS})
    assert total <= size.MPY_CEILING, "bytes of .mpy that a user without optional parts loads"


def test_heap_kept_by_import(imported):
    kept, _ = imported
    assert kept <= size.IMPORT_CEILING, "bytes of heap that `import islog` keeps"


def test_heap_kept_by_import_from_mpy_files(by_form):
    assert by_form["heap"]["mpy"] <= size.IMPORT_MPY_CEILING, "bytes of heap, in bytecode"


def test_heap_kept_by_import_from_a_romfs_image(by_form):
    assert by_form["heap"]["romfs"] <= size.IMPORT_ROMFS_CEILING, "bytes of heap, in bytecode"


def test_heap_kept_by_a_logger_with_default_settings():
    kept = [r["islog"] for r in measure.heap(FIRMWARE) if r["what"] == "logger"]
    assert 10240 < kept[0] <= size.LOGGER_BYTES, "bytes of heap that a Logger keeps"


@pytest.fixture(scope="module")
def compiled():
    return size.compiles_within(portable(), size.COMPILE_BYTES)


@pytest.mark.parametrize("name", portable())
def test_a_module_compiles_in_a_small_heap(compiled, name):
    enough, _ = compiled[name]
    assert enough, f"compiling {name}.py needs more than {size.COMPILE_BYTES} bytes of heap"


def test_a_module_of_thousands_of_lines_would_not(tmp_path):
    package = tmp_path / "islog"
    package.mkdir()
    (package / "long.py").write_text("def f(x):\n    return x + 1\n" * 1000)
    enough, _ = size.compiles_within(["long"], size.COMPILE_BYTES, tmp_path)["long"]
    assert not enough


@pytest.mark.parametrize("name", sorted(size.modules()))
def test_a_module_is_short(name):
    assert size.lines(name) <= size.LINES


def allocates_larger_blocks(client):
    return not measure.fits_blocks(FIRMWARE, client, size.BLOCK_BYTES)


def test_no_large_block_is_allocated_once_it_runs():
    assert not allocates_larger_blocks("islog"), f"a block over {size.BLOCK_BYTES} bytes"


def test_the_naive_client_does_allocate_one():
    assert allocates_larger_blocks("naive")


def test_a_goal_that_is_not_reached_is_no_failure_and_a_ceiling_that_is_exceeded_is(capsys):
    assert size.within([("bytes of .mpy", 33000, 33100, 10000), ("frozen", 9000, None, 8000)])
    assert "Over" not in capsys.readouterr().out
    assert not size.within([("bytes of .mpy", 33101, 33100, 10000), ("lines", 343, 350, None)])
    assert capsys.readouterr().out.endswith("Over its ceiling: bytes of .mpy.\n")
