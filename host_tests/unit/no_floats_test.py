"""The rule that no float enters a time computation, and that its check finds one that does.

For CPython only, where --watch-floats has the other unit tests run under the same watch.
"""

import virtual_board
from islog import clock
from no_floats import FIRST, FOLDER, MODULES, Watch, in_source


def test_no_module_that_computes_times_makes_a_float():
    for name in MODULES:
        assert in_source((FOLDER / name).read_text()) == [], name


def test_the_check_of_the_source_finds_each_kind():
    text = "a = b / 1000\na /= 2\nc = 0.5\nd = float(a)\ne = round(a)\nf = a // 2\n"
    assert [line for line, _ in in_source(text)] == [1, 2, 3, 4, 5]


def test_the_watch_finds_a_float_that_comes_from_outside():
    board_clock = clock.Clock()
    with Watch() as watch:
        board_clock.sync("ntp", virtual_board.NOW_MS // 1000, 123, 0, 5, 4)
        board_clock.locate(0, 5)
    assert watch.found == []
    with Watch() as watch:
        board_clock.sync("ntp", virtual_board.NOW_MS / 1000, 0, 0, 5, 4)
    assert watch.found[0].startswith("sync, line") and watch.found[0].endswith("unix_s")
    with Watch() as watch:
        board_clock.locate(0, 5.0)
    assert any(found.endswith("offset_ms") for found in watch.found)


def test_the_watch_still_looks_at_a_board_that_was_polled_for_long():
    with Watch() as watch:
        board = virtual_board.Board()
        board.run(3 * FIRST)
        assert watch.found == []
        board.logger._uplink.some_ms = 0.5
        board.run(3 * FIRST)
    assert watch.found[0].endswith("some_ms")
