"""Where readings are missing, and when a signal is silent: the same whatever one looks through."""

import random
import types

import pytest

from tools.server import chart as charts
from tools.server import history, store

from .conftest import BUCKET_ID, reading
from .test_readback import BASE, chart, get_json, of

NOW = BASE + 100_000


@pytest.fixture
def clock(monkeypatch):
    """The time of day on the server, to be set."""
    here = types.SimpleNamespace(now=NOW)
    here.time = lambda: here.now
    monkeypatch.setattr(store, "time", here)
    monkeypatch.setattr(history, "time", here)
    return here


def send(board, times, **changed):
    assert board.send([reading(e=at, **changed) for at in times])[0] == 204


def live(board, clock, times):
    """Readings that each arrive by themselves."""
    for at in times:
        clock.now = at
        send(board, [at])


def signal(server):
    return get_json(server, of(BUCKET_ID, "signals"))[1][0]


def test_a_stretch_is_a_gap_whatever_window_one_looks_through(server, board):
    times = [BASE + 5 * i for i in range(2000) if not 700 < i < 1000]
    send(board, times)
    gap = [BASE + 3500, BASE + 5000]
    windows = {
        "all of it": (BASE, BASE + 10_000),
        "its left edge": (BASE + 3000, BASE + 3600),
        "its right edge": (BASE + 4900, BASE + 5010),
        "within it": (BASE + 4000, BASE + 4100),
        "both ends of it": (BASE + 3500, BASE + 5000),
    }
    for name, (start, end) in windows.items():
        for most in (2, 10, 1000):
            assert chart(server, from_=start, to=end, max=most)["gaps"] == [gap], name
    for start, end in ((BASE, BASE + 3500), (BASE + 5000, BASE + 10_000)):
        assert chart(server, from_=start, to=end)["gaps"] == []


def test_a_long_time_is_looked_through_piece_by_piece(server, board, monkeypatch):
    times = [BASE + 5 * i for i in range(1000) if i % 90 > 3]
    send(board, times)
    whole = chart(server)["gaps"]
    assert len(whole) == 11
    for block in (2, 61, 86, 87):
        monkeypatch.setattr(charts, "_BLOCK", block)
        assert chart(server)["gaps"] == whole


def test_what_lies_on_either_side_of_a_window_is_told(server, board):
    send(board, range(BASE, BASE + 100, 10))
    found = chart(server, from_=BASE + 41, to=BASE + 49)
    assert found["readings"] == [] and found["gaps"] == []
    assert (found["before"]["epoch"], found["after"]["epoch"]) == (BASE + 40, BASE + 50)
    found = chart(server)
    assert found["before"] is None and found["after"] is None


def test_another_interval_makes_no_gaps_of_the_one_before(server, board):
    slow = [BASE + 60 * i for i in range(200)]
    fast = [slow[-1] + 2000 + i for i in range(200)]
    again = [fast[-1] + 60 * i for i in range(1, 200)]
    send(board, slow + fast + again)
    assert chart(server)["gaps"] == [[slow[-1], fast[0]]]


def test_what_is_logged_when_something_happens_has_no_gaps(server, board):
    chance, at, times = random.Random(3), BASE, []
    for _ in range(400):
        at += chance.expovariate(1 / 600)
        times.append(round(at, 3))
    send(board, times, v="pressed")
    assert chart(server)["gaps"] == []
    assert signal(server)["every_s"] is None and signal(server)["silent_after_s"] is None


def test_a_silent_board_has_a_gap_until_now(server, board, clock):
    live(board, clock, range(NOW, NOW + 300, 5))
    last = NOW + 295
    clock.now = last + 12
    assert chart(server, to=clock.now)["gaps"] == []
    for silent_s in (60, 3600, 10**6):
        clock.now = last + silent_s
        assert chart(server)["gaps"] == [[last, None]]
        assert chart(server, from_=last + 20, to=clock.now)["gaps"] == [[last, None]]
        assert chart(server, to=last)["gaps"] == []
    send(board, [clock.now])
    assert chart(server)["gaps"] == [[last, clock.now]]


@pytest.mark.parametrize("hours", [1, 2, 7])
def test_who_sends_an_hours_readings_once_an_hour_is_not_silent_in_between(
    server, board, clock, hours
):
    for hour in range(hours):
        clock.now = NOW + 3600 * (hour + 1)
        send(board, range(NOW + 3600 * hour, clock.now, 10))
    last = clock.now - 10
    clock.now = last + 3600
    assert chart(server, to=clock.now)["gaps"] == []
    clock.now = last + 3 * 3600
    assert chart(server, to=clock.now)["gaps"] == [[last, None]]


def test_an_outage_that_was_made_up_for_late_does_not_hide_the_next(server, board, clock):
    clock.now = NOW + 10 * 3600
    send(board, range(NOW, clock.now, 10))
    live(board, clock, range(clock.now, clock.now + 610, 10))
    last = clock.now
    clock.now += 120
    assert chart(server, to=clock.now)["gaps"] == [[last, None]]


def test_a_recording_of_long_ago_has_no_end_that_is_missing(server, board, clock):
    clock.now = NOW + 30 * 86400
    send(board, range(NOW, NOW + 600, 5))
    assert chart(server, to=clock.now)["gaps"] == []
