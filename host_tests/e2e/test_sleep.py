"""A simulated board that sleeps: what it keeps and loses, how long it takes, and what wakes it."""

import re
import time

from tools import simulator

from .rig import PROGRAMS

CONFIG = {"wifi": [{"ssid": "home", "password": "a password"}]}


def board(folder, program, arguments, kind="esp32", **settings):
    """It gets to know what its program is to do; the rest is Board's."""
    folder.mkdir(exist_ok=True)
    (folder / "arguments").write_text(arguments)
    main = PROGRAMS / f"{program}.py"
    return simulator.Board(kind, config=CONFIG, main=main, flash=folder, **settings)


def lines(board, word):
    return [line.split()[1:] for line in board.lines if line.startswith(word + " ")]


def offs(board):
    """By how many ms its clock was ahead at each start: at least, at most."""
    return [(int(least), int(most)) for least, most in lines(board, "now")]


def until(board, count, word="start", seconds=60):
    """Until it has said so `count` times."""
    deadline, ended = time.monotonic() + seconds, False
    while len(lines(board, word)) < count:
        assert not ended and time.monotonic() < deadline, board.lines
        ended = board.wait(0.05)
    return lines(board, word)


def slept(board, what, seconds=60):
    """(true ms, ticks' ms, the board clock's ms) of a sleep, once it is over."""
    until(board, 1, f"slept {what}", seconds)
    return [[int(n) for n in found[1:]] for found in lines(board, f"slept {what}")]


def test_an_esp32_in_deep_sleep_keeps_its_clock_by_its_rtc_and_its_rtc_memory(tmp_path):
    began = time.monotonic()
    with board(tmp_path, "deep_sleeper", "2000", rtc_drift_ppm=-30000) as b:
        starts = until(b, 4)
        off_ms = offs(b)
    assert starts[0] == ["1", "0", "0", "2000", "True"]
    years = {year for *_, year, _ in starts[1:]}
    assert years < {str(year) for year in range(2025, 2100)}
    assert [start[:3] for start in starts[1:4]] == [["4", "4", str(n)] for n in (1, 2, 3)]
    # 2 s by an RTC that is 3 % slow are 62 ms too long; a start takes its time by it, too, which
    # is 3 % of what all of it took.
    took_ms = (time.monotonic() - began) * 1000
    for n, (least, most) in enumerate(off_ms[1:], 1):
        assert least < -55 * n and most > -0.031 * took_ms - 20, (off_ms, took_ms)


def test_a_pico_knows_nothing_after_deep_sleep(tmp_path):
    with board(tmp_path, "deep_sleeper", "1500", "rp2") as b:
        starts = until(b, 3)
    assert starts[0][:4] == ["1", "None", "0", "2021"]
    assert all(start == ["3", "None", "0", "2021", "True"] for start in starts[1:])


def test_a_button_wakes_it_and_bits_flip_meanwhile(tmp_path):
    with board(tmp_path, "deep_sleeper", "button") as b:
        until(b, 1)
        while not b.asleep:
            assert not b.wait(0.02), b.lines
        assert b.rtc_memory == b"a"
        b.rtc_memory = b"\x61\x63\x65"
        assert not b.wait(1) and len(lines(b, "start")) == 1
        b.wake()
        assert until(b, 2)[1][:3] == ["4", "2", "3"]
        while not b.asleep:
            assert not b.wait(0.02), b.lines
        assert b.finish() == 0


def test_a_day_of_sleeps_that_take_no_time(tmp_path):
    day_ms = 86400000
    for kind in ("esp32", "rp2"):
        folder = tmp_path / kind
        ms = 3600000
        with board(folder, "deep_sleeper", str(ms), kind, skip_sleeps=True) as b:
            until(b, 25)
            assert b.ahead_s * 1000 >= day_ms
            if kind == "esp32":
                for n, (least, most) in enumerate(offs(b)):
                    assert least - 500 < n * ms < most + 500, (n, offs(b))


def test_in_a_picos_light_sleep_its_clock_stands_still_and_an_esp32s_goes_by_its_rtc(tmp_path):
    for kind, slow in (("rp2", 1), ("esp32", 1.25)):
        with board(tmp_path / kind, "light_sleeper", "", kind, rtc_drift_ppm=-200000) as b:
            ((true, ticks, clock),) = slept(b, "light")
            assert b.wait(60)
        # On a busy PC it is awake for longer, which all clocks count in full.
        awake = true - 1000 * slow
        assert awake >= -2 and 900 < ticks <= true
        assert true - ticks >= 200 if kind == "esp32" else true - ticks < 100
        # Of an ESP32 the time that it was awake counts by the RTC, too.
        assert clock < 10 + awake if kind == "rp2" else ticks - 200 - awake < clock <= ticks


def test_what_wakes_a_pico_without_a_time_finds_all_of_its_clocks_where_they_were(tmp_path):
    with board(tmp_path, "light_sleeper", "button", "rp2") as b:
        assert b.wait(60)
    assert len(lines(b, "slept button")) == 2
    for true, ticks, clock in slept(b, "button"):
        awake = true - 700
        assert awake >= -10 and ticks < 100 + awake and clock < 100 + awake


def test_a_picos_link_wakes_it_and_an_esp32s_is_deaf_afterwards(tmp_path):
    for kind, least_ms, most_ms, route in (
        ("rp2", 0, 2900, "alive"),
        ("esp32", 2990, 60000, "dead"),
    ):
        with board(tmp_path / kind, "light_sleeper", "linked", kind) as b:
            assert b.wait(60)
        assert least_ms <= slept(b, "linked")[0][0] < most_ms
        assert lines(b, "up") == [["True", route]]


def test_a_watchdog_that_expires_in_light_sleep_hangs_an_rp2040_alone(tmp_path):
    for kind, chip in (("rp2", "rp2040"), ("rp2", "rp2350"), ("esp32", "rp2040")):
        with board(tmp_path / (kind + chip), "light_sleeper", "watchdog", kind, chip=chip) as b:
            hangs = (kind, chip) == ("rp2", "rp2040")
            said = "only a power cut helps" if hangs else "reset by watchdog"
            for _ in range(1200):
                if re.search(said, "\n".join(b.lines)):
                    break
                b.wait(0.05)
            assert said in "\n".join(b.lines)
            assert ("still here" in b.lines) is not hangs
            if hangs:
                assert not b.wait(1) and b.finish() == 1


def test_the_button_at_a_pin_wakes_a_board_as_its_port_has_it(tmp_path):
    (tmp_path / "attached").mkdir()
    rows = "timestamp,level\n0,1\n4,0\n4.4,1\n"
    (tmp_path / "attached" / "button-14.csv").write_text(rows)
    attached = {"attached": tmp_path / "attached"}
    for kind in ("rp2", "esp32"):
        with board(tmp_path / kind, "pin_sleeper", "", kind, **attached) as b:
            woken = until(b, 3, "woken")
        at_ms = [int(ms) for ms, _ in woken]
        assert at_ms[0] < 3900 < at_ms[1] < 30000  # the first by its time, then by the button
        if kind == "esp32":  # which keeps what is to wake it until a reset, and then starts anew
            assert woken[1][1] == "2" and woken[2][1] == "4"
