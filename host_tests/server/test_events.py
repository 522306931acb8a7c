"""The second API generation: the same readings, under its own names, answers and limits."""

import json
import time
import types

import pytest

from tools.server import LocalServer, ingest

from .conftest import KEY, BoardClient

BUCKET = "kitchen-1"
HEADERS = {"X-IS-AccessKey": KEY, "Accept-Version": "~0"}


def create(board, headers=None, **changed):
    body = {"bucketKey": BUCKET, "bucketName": "kitchen", **changed}
    return board.post("/api/buckets", body, {**HEADERS, **(headers or {})})


def send(board, body, headers=None):
    headers = {**HEADERS, "X-IS-BucketKey": BUCKET, **(headers or {})}
    return board.post("/api/events", body, headers)


def event(**changed):
    return {"key": "t", "value": 21.5, "epoch": time.time() // 1, **changed}


def test_events_are_kept_beside_those_of_the_first_generation(server, board):
    assert create(board)[0] == 201
    assert create(board, bucketName="bath")[0] == 204
    assert server.buckets() == [{"id": BUCKET, "name": "bath"}]
    values = [1, -0.5, True, "°C", "é" * 2000]
    assert send(board, [event(value=v) for v in values])[0] == 204
    kept = server.readings(BUCKET)
    assert [(r["signal"], r["value"], r["bucket_name"]) for r in kept] == [
        ("t", v, "bath") for v in values
    ]
    assert (server.accepted, server.duplicates) == (5, 0)
    assert send(board, [event(key="k" * 100, epoch=kept[0]["epoch_f"])])[0] == 204
    assert send(board, [])[0] == 204
    assert len(server.readings()) == 6


def test_a_reading_without_a_time_or_with_an_absurd_one_gets_the_servers(server, board):
    before = time.time()
    day = 86400
    assert send(board, [{"key": "t", "value": 1}, event(epoch=0), event(epoch=1e300)])[0] == 204
    after = time.time()
    assert all(before - 1e-5 <= r["epoch_f"] <= after for r in server.readings())
    old = int(before) - 3650 * day
    body = json.dumps([event(epoch="@")]).replace('"@"', f"{old}.250").encode()
    assert send(board, body)[0] == 204
    assert server.readings()[-1]["epoch"] == f"{old}.250"


EVENTS = {
    "key missing": ({"value": 1}, "'key' is missing"),
    "key too long": (event(key="k" * 101), "'key' must be at most 100 characters"),
    "value missing": ({"key": "t"}, "'value' is missing"),
    "value too long": (event(value="v" * 2001), "'value' must be at most 2000 characters"),
    "value null": (event(value=None), "'value' must be a string, a bool or a number"),
    "epoch a string": (event(epoch="1"), "'epoch' must be a number, not a string"),
    "extra field": (event(b="x"), "'b' is not a field"),
}


@pytest.mark.parametrize("case", EVENTS)
def test_a_wrong_event_refuses_its_whole_batch(server, board, case):
    wrong, reason = EVENTS[case]
    status, _, answer = send(board, [event(), wrong])
    assert status == 400 and reason in answer["error"]
    assert answer["error"].startswith("reading 1: ") and server.readings() == []


def test_headers_are_checked(server, board):
    for headers, status, reason in [
        ({"X-IS-AccessKey": ""}, 403, "key is missing"),
        ({"X-IS-AccessKey": "another"}, 401, "key is not this server's"),
        ({"Accept-Version": "~1"}, 400, "Accept-Version must be ~0"),
        ({"Content-Type": "text/plain"}, 400, "Content-Type must be"),
    ]:
        for call in (lambda h: create(board, h), lambda h: send(board, [event()], h)):
            answered, _, answer = call(headers)
            assert answered == status and reason in answer["error"], (headers, answer)
            assert KEY not in answer["error"]
    for bucket in ("", "a:b", 'a"b', "a'b", "a b", "k" * 251):
        assert send(board, [event()], {"X-IS-BucketKey": bucket})[0] == 400
        assert create(board, bucketKey=bucket)[0] == 400
    assert create(board, bucketName="n" * 251)[0] == 400
    assert (server.readings(), server.buckets()) == ([], [])


def test_the_rate_limit_says_when_to_come_back(monkeypatch):
    now = time.time()
    monkeypatch.setattr(ingest, "time", types.SimpleNamespace(time=lambda: now))
    with LocalServer(key=KEY, events_per_s=3) as server:
        board = BoardClient(server.port)
        for left in (2, 1, 0):
            status, headers, _ = send(board, [event()])
            assert (status, headers["X-RateLimit-Remaining"]) == (204, str(left))
            assert headers["X-RateLimit-Limit"] == "3"
        status, headers, _ = send(board, [event()])
        assert status == 429 and headers["Retry-After"] == "1"
        assert headers["X-RateLimit-Remaining"] == "0"
        assert int(headers["X-RateLimit-Reset"]) == int(now) + 1
        assert len(server.readings()) == 3
        now += 1
        assert send(board, [event()])[0] == 204
        assert len(server.readings()) == 4


def test_both_urls_can_be_those_of_the_events_api():
    with LocalServer(key=KEY, api="events") as server:
        assert server.bucket_url == f"http://127.0.0.1:{server.port}/api/buckets"
        assert server.ingest_url == f"http://127.0.0.1:{server.port}/api/events"
        server.answers.append((429, {"Retry-After": "7"}, b""))
        server.always_bucket = (402, {}, b"{}")
        board = BoardClient(server.port)
        assert (create(board)[0], send(board, [event()])[0]) == (402, 429)
        assert send(board, [event()])[0] == 204
