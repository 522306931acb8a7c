"""The commands themselves, as a user starts them."""

import json
import re
import shutil
import signal
import subprocess
import sys
from itertools import groupby

import pytest

from tools import counted
from tools.interpreter import ROOT

from .rig import PROGRAMS, TLS

CLOSING = r"logged (\d+), accepted (\d+), lost 0, duplicates 0"


def demo(*arguments):
    command = [sys.executable, "-m", "tools.demo", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def check_demo(output):
    *shown, closing = output.splitlines()
    logged, accepted = re.fullmatch(CLOSING, closing).groups()
    assert int(logged) == int(accepted) >= 3
    # A reading is shown as its time, its bucket, its signal and its value.
    line = r"(\d\d):(\d\d):(\d\d)\.\d{3} +demo +(\S.*?)  +\S.*"
    readings = [m for m in (re.fullmatch(line, text) for text in shown) if m]
    assert len({m[4] for m in readings}) >= 3, output
    # The page can be opened from the beginning, and nobody takes its server for another.
    said = "\n".join(shown[:3])
    assert re.search(r"https?://127\.0\.0\.1:\d+/", said) and "the demo's own" in said, said


def values(output, signal):
    """What the demo has shown of a signal, as text."""
    return [line.split()[-1] for line in output.splitlines() if f"  {signal}  " in line]


def test_the_readings_of_a_demo_are_those_of_a_board_in_a_room():
    run = demo("--seconds", "14", "--board", "rp2")
    output, _ = run.communicate(timeout=120)
    check_demo(output)
    celsius = values(output, "temperature")
    assert all(re.fullmatch(r"\d\d\.\d", text) for text in celsius), celsius
    assert all(15 < float(text) < 45 for text in celsius) and len(set(celsius)) > 1, celsius
    free = [int(text) for text in values(output, "free heap")[2:]]  # once all is loaded
    assert len(free) > 4 and max(free) - min(free) < 8192, free


def test_the_demo_accepts_all_that_was_logged_on_either_board_and_by_every_way():
    # An esp32 without more is what the next test runs, and what `make demo` of the pages does.
    ways = [("rp2",), ("rp2", "--tls", "--api", "events"), ("esp32", "--tls")]
    runs = [demo("--seconds", "8", "--board", *way) for way in ways]
    for run, way in zip(runs, ways, strict=True):
        output, _ = run.communicate(timeout=120)
        check_demo(output)
        assert run.returncode == 0
        assert ("1 TLS handshake for " in output) == ("--tls" in way), output


def test_the_demo_ends_well_on_ctrl_c():
    run = demo("--seconds", "60")
    shown = ""
    for line in run.stdout:
        shown += line
        if " demo " in line:  # a reading
            break
    run.send_signal(signal.SIGINT)
    rest, _ = run.communicate(timeout=120)
    assert re.fullmatch(CLOSING, (shown + rest).splitlines()[-1])
    assert re.search("^Stopped. The board has", rest, re.M) and "Time is up" not in rest, rest
    assert run.returncode == 0


def test_one_of_a_thing_is_not_called_many():
    assert [counted(n, "segment") for n in (0, 1, 2)] == ["0 segments", "1 segment", "2 segments"]
    assert counted(2400, "batch") == "2,400 batches"


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("tools.load", "--boards", "0"), "--boards and --batch must be 1 or more"),
        (("tools.package", "--to", "/dev/null/x"), "/dev/null/x cannot be written: Not a dir"),
        (("tools.package", "--url", "pc/mip"), "URL must begin with http:// or https://"),
        (("tools.demo", "--seconds", "0"), "--seconds must be more than 0."),
    ],
)
def test_a_command_that_cannot_do_what_it_is_told_ends_with_one_sentence(arguments, sentence):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith(sentence) and done.stderr.count("\n") == 1


def test_a_board_restarts_after_its_watchdog_and_is_stopped_wherever_it_is(rig):
    with rig.board_with("watchdog"):
        rig.until(lambda: rig.server.accepted == 1, "the second run's reading")
        assert rig.board.finish() == 0
    assert "board: reset by watchdog" in rig.board.lines
    assert [n["logged"] for n in rig.notes()] == [1, 1]
    assert rig.board.status["sent"] == 1


def simulate(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "simulate.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_recording_replays_as_the_boards_temperature(rig, tmp_path):
    recorded = [21.5, -3.5, 19.3]  # each for 3 s, which main.py's step of 1 s cannot miss
    recording = tmp_path / "recording.csv"
    times = ("23:58:58.000Z", "23:59:01.000Z", "23:59:04.000Z")
    rows = [f"2024-02-29T{time},{value}" for time, value in zip(times, recorded, strict=True)]
    recording.write_text("\n".join(["timestamp,value", *rows, ""]))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(rig.config()))
    run = simulate("--config", config, "--replay", recording, "--seconds", 9)
    assert run.returncode == 0, run.stdout
    measured = [r["value"] for r in rig.server.readings() if r["signal"] == "temperature"]
    assert [value for value, _ in groupby(measured)] == recorded


@pytest.mark.parametrize("way", [TLS])
def test_simulate_gives_the_board_the_ca_file_that_lies_by_its_config(rig, tmp_path):
    (tmp_path / "certs").mkdir()
    shutil.copy(rig.server.ca_file, tmp_path / "certs")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**rig.config(), "ca_file": "/certs/ca.pem"}))
    run = simulate("--config", config, "--seconds", 4)
    assert run.returncode == 0, run.stdout
    assert rig.server.handshakes == 1 and rig.server.accepted > 0


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "must begin with a line that names timestamp and value"),
        ("time,value\n1,2\n", "must begin with a line that names timestamp and value"),
        ("timestamp,value\n", "holds no readings"),
        ("timestamp,value\n1,warm\n", "line 2: the value 'warm' is no number"),
        ("timestamp,value\n1,nan\n", "line 2: the value 'nan' is no number"),
        ("timestamp,value\nnow,1\n", "line 2: the timestamp 'now' is neither"),
        ("timestamp,value\n2,1\n1,1\n", "line 3: the timestamp is earlier"),
        ("timestamp,value\n1\n", "line 2: the value None is no number"),
    ],
)
def test_simulate_says_what_is_wrong_with_a_recording(tmp_path, text, complaint):
    recording = tmp_path / "recording.csv"
    recording.write_text(text)
    config = tmp_path / "config.json"
    config.write_text("{}")
    run = simulate("--config", config, "--replay", recording)
    assert run.returncode == 2
    assert complaint in run.stderr and run.stderr.count("\n") == 1


def test_a_boards_time_runs_fast_and_its_ticks_wrap_where_that_is_asked_for(tmp_path):
    config = tmp_path / "config.json"
    config.write_text("{}")
    program = PROGRAMS / "clock_and_ticks.py"
    run = simulate("--config", config, "--main", program, "--drift", 100000, "--wrap", 13)
    assert run.returncode == 0, run.stdout
    (went,) = (json.loads(line[5:]) for line in run.stdout.splitlines() if "went {" in line)
    before, after = went["ticks"]
    assert went["highest"] == 8191
    assert (after - before) % 8192 == went["ticks_ms"]
    assert (before + 300) % 8192 == went["added"]
    least_ms, most_ms = went["true_ms"]  # the ticks' 700, and what a busy PC adds
    assert least_ms >= 600
    for fast_ms in (went["ticks_ms"], went["clock_ms"]):
        assert least_ms * 1.1 - 2 < fast_ms < most_ms * 1.1 + 2


@pytest.mark.parametrize(
    "option, value", [("--drift", "100001"), ("--drift", "nan"), ("--wrap", "9"), ("--wrap", "31")]
)
def test_simulate_says_what_a_clock_cannot_be(tmp_path, option, value):
    config = tmp_path / "config.json"
    config.write_text("{}")
    run = simulate("--config", config, option, value)
    assert run.returncode == 2
    assert run.stderr.startswith(f"{option} must be from ") and run.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--config", "--replay", "--main"])
def test_simulate_names_a_file_that_is_missing(tmp_path, option):
    config = tmp_path / "config.json"
    config.write_text("{}")
    missing = tmp_path / "missing"
    run = simulate("--config", config, option, missing)
    assert run.returncode == 2
    assert str(missing) in run.stderr and run.stderr.count("\n") == 1
