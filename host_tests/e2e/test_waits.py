"""The command that measures how long poll() takes: that it tells, not what."""

import subprocess
import sys

from tools.bench import waits
from tools.interpreter import ROOT
from tools.server.faults import FAULTS


def run(*arguments):
    command = [sys.executable, "-m", "tools.bench.waits", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def row(output, name):
    (line,) = (line for line in output.splitlines() if line.startswith(name))
    return line[len(name) :].split()


def test_a_fault_and_a_good_answer_have_a_line_each():
    done = run("--only", "503,no fault")
    assert done.returncode in (0, 1), done.stderr
    for name in ("503 ", "no fault "):
        figures = row(done.stdout, name)
        assert all(figure.isdigit() for figure in figures[:4]), done.stdout
        assert figures[4] in ("yes", "NO:")
    assert "502" not in done.stdout


def test_a_name_that_is_none_is_told():
    done = run("--only", "503,ghosts")
    assert done.returncode == 2
    assert "nothing is named ghosts" in done.stderr


def figures(poll_ms, late_ms=None):
    return {"poll_ms": poll_ms, "late_ms": late_ms}


def test_what_takes_longer_than_is_promised_is_told_apart():
    silence = {"requests": figures(2020), "kept": figures(95), "asyncio": figures(1, 3)}
    drip = {"requests": figures(9000), "kept": figures(350), "asyncio": figures(1, 3)}
    found = {"silence": silence, "drip": drip, "503": {"asyncio": figures(30, 29)}}
    assert waits.over(found) == [("drip", "requests"), ("drip", "kept"), ("503", "asyncio")]
    assert list(waits.lines(found)) == [
        ["silence", "2020", "95", "1", "3", "yes"],
        ["drip", "9000", "350", "1", "3", "NO: requests, kept"],
        ["503", "-", "-", "30", "29", "NO: asyncio"],
    ]


def test_a_handshake_may_take_its_time_but_not_with_requests():
    slow = {"requests": figures(2500), "kept": figures(1700), "asyncio": figures(1700, 1690)}
    assert waits.over({waits.TLS_FIRST: slow}) == [(waits.TLS_FIRST, "requests")]
    assert len(waits.over({waits.TLS: slow})) == 3


def test_what_could_not_be_measured_is_no_figure():
    assert list(waits.lines({waits.DNS: {}})) == [[waits.DNS, "-", "-", "-", "-", ""]]


def test_the_page_has_one_line_for_all_faults():
    quick = {way: figures(1, 0 if way == "asyncio" else None) for way in waits.WAYS}
    slow = {**quick, "kept": figures(99), "asyncio": figures(5, 7)}
    found = {waits.GOOD: quick, **dict.fromkeys(FAULTS, quick), "drip": slow}
    assert list(waits.lines(waits.worst(found))) == [
        [waits.GOOD, "1", "1", "1", "0", "yes"],
        [f"any of the {len(FAULTS)} faults", "1", "99", "5", "7", "yes"],
    ]
