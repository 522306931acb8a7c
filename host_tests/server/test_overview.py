"""All boards at a glance: who is late by its own rhythm, whose clock is off, what comes first."""

import json
import time

import pytest

from tools.server import LocalServer
from tools.server.arrivals import KEPT, Arrivals
from tools.server.store import Store
from tools.server.validate import Number

from .boards import fill
from .conftest import BUCKET_ID, KEY, BoardClient, reading
from .test_readback import get_json

DAY_S = 86400


def at_a_glance(server):
    status, body = get_json(server, "/api/overview")
    assert status == 200
    return {board["name"]: board for board in body["boards"]}


def named(name, **changed):
    """A reading of a board of its own."""
    return reading(b=name, tid=f"{sum(name.encode()):08x}" + BUCKET_ID[8:], **changed)


def sent(every_s, times, start=0, readings=1):
    """A board's arrivals, the last `every_s` before start + times * every_s."""
    arrivals = Arrivals()
    for i in range(times):
        arrivals.add(start + i * every_s, start + i * every_s, readings)
    return arrivals


@pytest.mark.parametrize("every_s", [0.1, 10, 600, 6 * 3600, DAY_S])
def test_late_and_silent_go_by_each_boards_own_rhythm(every_s):
    arrivals = sent(every_s, 100)
    last = 99 * every_s
    assert arrivals.state(last + 1.5 * every_s) == "online"
    assert arrivals.state(last + 2 * every_s + 65) == "late"
    assert arrivals.state(last + 5 * every_s + 310) == "silent"
    assert len(arrivals.kept) <= KEPT


def test_an_outage_and_what_is_made_up_for_after_it_do_not_become_the_rhythm():
    arrivals = sent(600, 40, readings=10)
    back = 40 * 600 + 3 * 3600
    for i in range(800):  # four minutes of batches, one after the other
        arrivals.add(back + 0.3 * i, back - 3 * 3600 + 13 * i, 10)
    arrivals.add(back + 900, back + 899, 10)
    assert arrivals.every_s == pytest.approx(600, rel=0.01)
    assert arrivals.state(back + 900 + 1200) == "online"
    assert arrivals.clock_s is None  # what was late had waited on the board


def test_a_board_that_sends_more_often_from_now_on_is_known_by_its_new_rhythm():
    arrivals = sent(600, 40)
    hour = 40 * 600
    for i in range(2 * 360):
        arrivals.add(hour + 10 * i, hour + 10 * i, 1)
    assert arrivals.every_s == pytest.approx(10, rel=0.6)
    assert arrivals.state(hour + 7200 + 600) == "silent"


def test_a_board_with_few_arrivals_has_no_rhythm_and_gets_an_hour():
    arrivals = sent(60, 2)
    assert (arrivals.every_s, arrivals.per_minute()) == (None, None)
    states = [arrivals.state(60 + s) for s in (3000, 4000, 90000)]
    assert states == ["online", "late", "silent"]
    assert Arrivals().state(1e9) == "empty"


def test_readings_a_minute_are_those_of_the_time_in_which_it_sends():
    arrivals = sent(20, 10, readings=7)
    arrivals.add(5000, 5000, 7)  # after an outage
    arrivals.add(5020, 5020, 7)
    assert arrivals.per_minute() == pytest.approx(21)


def test_one_reading_from_the_future_neither_pins_its_bucket_nor_its_value(server, board):
    now = time.time()
    board.send([named("once ahead", e=now + 9 * DAY_S, sn="battery", v=9)])
    assert at_a_glance(server)["once ahead"]["clock_s"] == pytest.approx(9 * DAY_S, abs=5)
    board.send([named("once ahead", e=now, sn="battery", v=3.7)])
    board.send([named("right", e=time.time())])
    boards = at_a_glance(server)
    assert boards["once ahead"]["clock_s"] is None and boards["right"]["clock_s"] is None
    assert boards["once ahead"]["battery"]["value"] == 3.7
    listed = get_json(server, "/api/buckets")[1]
    assert [b["name"] for b in listed] == ["right", "once ahead"]
    assert listed[0]["received"] >= listed[1]["received"] >= now


def test_a_clock_that_is_off_is_told_and_a_spool_is_none(server, board):
    now = time.time()
    board.send([named("three hours ahead", e=now + 3 * 3600, sn="rssi", v=-61)])
    board.send([named("from the spool", e=now - 20 * DAY_S)])
    board.send([named("since 2000", e=946684800 + 77, sn="RSSI", v=-62)])
    boards = at_a_glance(server)
    assert boards["three hours ahead"]["clock_s"] == pytest.approx(3 * 3600, abs=5)
    assert boards["from the spool"]["clock_s"] is None
    assert boards["since 2000"]["clock_s"] < -20 * 365 * DAY_S
    assert [b["state"] for b in boards.values()] == ["online"] * 3
    assert boards["three hours ahead"]["strength"]["value"] == -61
    assert boards["since 2000"]["strength"]["value"] == -62
    assert list(boards) == ["since 2000", "three hours ahead", "from the spool"]
    told = {b["name"]: b["clock_s"] for b in get_json(server, "/api/buckets")[1]}
    assert told == {name: board["clock_s"] for name, board in boards.items()}


def test_signals_are_known_by_their_names_however_these_are_written(server, board):
    now = time.time()
    board.send([named("b", sn="Signal_Strength", v=-50, e=now), named("b", sn="rssi", v=1, e=now)])
    board.send([named("b", sn="BATTERY", v=3.9 + i / 100, e=now - 100 + i) for i in range(9)])
    board.send([named("b", sn="heap", v=100, e=now), named("b", sn="free heap", v="x", e=now)])
    board.send([named("other", sn="temperature", v=20, e=now)])
    boards = at_a_glance(server)
    assert boards["b"]["strength"]["signal"] == "Signal_Strength"
    assert boards["b"]["strength"]["value"] == -50
    battery = boards["b"]["battery"]
    assert battery["value"] == 3.98 == battery["points"][-1] and battery["points"][0] == 3.9
    assert len(battery["points"]) == 20
    assert boards["b"]["heap"] is None  # a text is no amount
    assert [boards["other"][field] for field in ("strength", "battery", "heap")] == [None] * 3


def test_what_was_dropped_and_whether_it_grows(server, board):
    now = time.time()
    board.send([named("long ago", sn="islog.dropped", v=4, e=now - 2 * 3600)])
    board.send([named("just now", sn="islog.dropped", v=4, e=now - 2 * 3600)])
    board.send([named("just now", sn="islog.dropped", v=9, e=now - 60)])
    board.send([named("reset", sn="islog.dropped", v=9, e=now - 100)])
    board.send([named("reset", sn="islog.dropped", v=2, e=now - 50)])
    boards = at_a_glance(server)
    dropped = {b["name"]: (b["dropped"], b["dropped_lately"]) for b in boards.values()}
    assert dropped == {"just now": (9, 5), "reset": (2, 11), "long ago": (4, 0)}
    assert list(boards) == ["just now", "reset", "long ago"]


def test_a_board_that_only_made_its_bucket_is_there(server, board):
    board.create_bucket(bucketName="made only")
    assert at_a_glance(server)["made only"]["state"] == "empty"


def test_a_renamed_board_is_one_with_its_latest_values(server, board):
    now = time.time()
    board.send([reading(b="old", sn="battery", v=4, e=now - 9)])
    board.send([reading(b="new", sn="battery", v=3, e=now)])
    board.create_bucket(bucketName="new")
    boards = at_a_glance(server)
    assert list(boards) == ["new"] and boards["new"]["battery"]["value"] == 3


def test_two_hundred_boards_in_the_order_of_what_needs_attention(tmp_path):
    path = str(tmp_path / "r.db")
    store = Store(path)
    fill(store, 200, 20_000)
    store.close()
    with LocalServer(key=KEY, db=path) as server:
        assert BoardClient(server.port).create_bucket()[0] == 204
        boards = list(at_a_glance(server).values())
    why = [
        b["state"] if b["state"] != "online"
        else "dropped" if b["dropped_lately"] else "clock" if b["clock_s"] else "well"
        for b in boards
    ]  # fmt: skip
    assert list(dict.fromkeys(why)) == ["silent", "late", "dropped", "clock", "empty", "well"]
    assert len(boards) == 201 and why.count("well") == 160 and why.count("silent") == 10
    names = [b["name"] for b in boards if b["state"] == "silent"]
    assert names == [
        "barn 5", "barn 25", "cellar 13", "cellar 33", "field 17", "field 37", "greenhouse 9",
        "greenhouse 29", "roof 1", "roof 21",
    ]  # fmt: skip
    assert all(len(b["strength"]["points"]) == 20 for b in boards if b["state"] != "empty")


def test_the_rhythm_outlives_the_server(tmp_path):
    path = str(tmp_path / "r.db")
    store = Store(path)
    store.add([{**reading(), "v": Number("1"), "e": Number("5.5")}] * 3)
    kept = store._arrivals[BUCKET_ID].kept
    store.close()
    store = Store(path)
    store.add([{**reading(), "v": Number("1"), "e": Number("5.5")}])
    again = store._arrivals[BUCKET_ID].kept
    store.close()
    assert again[0][0] == kept[0][0] and sum(n for _, n in again) == 4


def test_numbers_beyond_all_measure_do_not_break_it(server, board):
    for signal, v, e in (
        ("battery", "1.7e308", "-1.7e308"), ("islog.dropped", "1.7e308", "1.7e308"),
        ("heap", "-1.7e308", "1.7e308"), ("rssi", "-1.7e308", f"{time.time():.0f}"),
    ):  # fmt: skip
        server.store.add([{**named("far", sn=signal), "v": Number(v), "e": Number(e)}] * 2)
    text = json.dumps(at_a_glance(server))
    assert "Infinity" not in text and "NaN" not in text
