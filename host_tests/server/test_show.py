"""The terminal's lines: bounded in width whatever they hold, and in number when it is slow."""

import io
import threading

from rich.cells import cell_len
from rich.console import Console

from tools.server.show import Show, clock, line


def row(**changed):
    fields = {"bucket_name": "kitchen", "signal": "t", "value": 1.5, "text": "1.50"}
    return {**fields, "epoch_f": 1416262288.913554, "repeat": False, **changed}


def test_a_number_is_shown_as_it_was_sent_and_a_repeat_is_marked():
    assert line(row(), 80).plain.endswith("  1.50")
    assert line(row(epoch_f=1795545081.123), 80).plain.startswith(
        clock(1795545081.0)[:8] + ".123 "
    )
    assert line(row(repeat=True), 80).plain.endswith("  1.50  (again)")


def test_what_is_cut_short_is_marked():
    assert "  " + "s" * 24 + "  " in line(row(signal="s" * 24), 80).plain
    assert "  " + "s" * 23 + "…  " in line(row(signal="s" * 25), 80).plain


def test_a_line_is_never_wider_than_the_terminal():
    for text in ("x" * 1000, "表" * 1000, "😀" * 1000, "\x1b" * 1000, "é\u0301" * 1000):
        for width in (20, 80, 200):
            shown = line(row(bucket_name=text, signal=text, value=text), width).plain
            assert cell_len(shown) <= width and shown.isprintable()


def test_a_time_that_no_calendar_has_is_shown_as_a_number():
    for epoch_f in (1e300, -1e18, 1.7e308):
        assert line(row(epoch_f=epoch_f), 80).plain.startswith(f"{epoch_f:.6g}  ")


def test_a_flood_on_a_halted_terminal_is_counted_and_waits_for_nobody():
    class Halted(io.StringIO):
        def write(self, text):
            halted.set()
            go_on.wait(60)
            return super().write(text)

    halted, go_on, out = threading.Event(), threading.Event(), Halted()
    show = Show(Console(file=out, width=80, markup=False, highlight=False))
    show(row(signal="first"))
    assert halted.wait(60)
    for i in range(2000):
        show(row(signal=f"s{i}"))
    go_on.set()
    show.close()
    lines = out.getvalue().splitlines()
    assert "first" in lines[0] and "s0 " in lines[1]
    assert lines[-1] == f"({2000 - (len(lines) - 2)} more arrived, too fast to show)"
