"""Everything that the API does not allow is refused: with its status, a reason, and whole."""

import http.client
import json
import socket
import time

import pytest

from .conftest import BUCKET_ID, KEY, reading


def without(fields, name):
    return {k: v for k, v in fields.items() if k != name}


READINGS = {
    "b missing": (without(reading(), "b"), "'b' is missing"),
    "sn missing": (without(reading(), "sn"), "'sn' is missing"),
    "v missing": (without(reading(), "v"), "'v' is missing"),
    "e missing": (without(reading(), "e"), "'e' is missing"),
    "tid missing": (without(reading(), "tid"), "'tid' is missing"),
    "extra field": (reading(sid="x"), "'sid' is not a field"),
    "b too long": (reading(b="é" * 201), "'b' must be at most 200 characters, not 201"),
    "b empty": (reading(b=""), "'b' must not be empty"),
    "b a number": (reading(b=1), "'b' must be a string, not a number"),
    "sn too long": (reading(sn="s" * 101), "'sn' must be at most 100 characters, not 101"),
    "sn empty": (reading(sn=""), "'sn' must not be empty"),
    "sn null": (reading(sn=None), "'sn' must be a string, not null"),
    "v null": (reading(v=None), "'v' must be a string, a bool or a number, not null"),
    "v a list": (reading(v=[1]), "'v' must be a string, a bool or a number, not a list"),
    "v an object": (reading(v={}), "'v' must be a string, a bool or a number, not an object"),
    "v half a pair": (reading(v="\ud800"), "'v' must be Unicode text"),
    "e a string": (reading(e="1416262288"), "'e' must be a number, not a string"),
    "e a bool": (reading(e=True), "'e' must be a number, not a bool"),
    "e null": (reading(e=None), "'e' must be a number, not null"),
    "tid a word": (reading(tid="kitchen"), "'tid' must be a guid"),
    "tid with a newline": (reading(tid=BUCKET_ID + "\n"), "'tid' must be a guid"),
    "tid a number": (reading(tid=1), "'tid' must be a guid (a string), not a number"),
    "not an object": ([1], "must be an object, not a list"),
}


@pytest.mark.parametrize("case", READINGS)
def test_a_wrong_reading_refuses_its_whole_batch(server, board, case):
    wrong, reason = READINGS[case]
    status, _, answer = board.send([reading(), wrong, reading()])
    assert status == 400
    assert answer["error"].startswith("reading 1: ") and reason in answer["error"]
    assert server.readings() == []
    assert board.send([reading()])[0] == 204
    assert len(server.readings()) == 1


BODIES = {
    "nothing": (b"", "not JSON"),
    "no JSON": (b"[{]", "not JSON"),
    "two values": (b"[] []", "not JSON"),
    "NaN": (json.dumps([reading(v=float("nan"))]).encode(), "NaN is not JSON"),
    "Infinity": (json.dumps([reading(v=float("inf"))]).encode(), "Infinity is not JSON"),
    "-Infinity as time": (json.dumps([reading(e=-float("inf"))]).encode(), "not JSON"),
    "1e400": (json.dumps([reading(v=7)]).replace(" 7,", " 1e400,").encode(), "finite"),
    "time 1e400": (json.dumps([reading(e=7)]).replace(" 7,", " -1e400,").encode(), "finite"),
    "5000 digits": (
        json.dumps([reading(e=7)]).replace(" 7,", "7" * 5000 + ",").encode(),
        "finite",
    ),
    "Latin-1": (json.dumps([reading(v="é")], ensure_ascii=False).encode("latin-1"), "UTF-8"),
    "UTF-16": (json.dumps([reading()]).encode("utf-16"), "UTF-8"),
    "byte order mark": (b"\xef\xbb\xbf[]", "not JSON"),
    "raw control character": (
        json.dumps([reading()]).replace("kitchen", "k\n").encode(),
        "not JSON",
    ),
    "a field twice": (json.dumps([reading()]).replace('"b"', '"sn"').encode(), "same field twice"),
    "an object": (json.dumps(reading()).encode(), "must be an array of readings, not an object"),
    "null": (b"null", "must be an array of readings, not null"),
    "deep": (b"[" * 200_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_wrong_body_is_refused(server, board, case):
    body, reason = BODIES[case]
    status, _, answer = board.send(body)
    assert (status, server.readings()) == (400, [])
    assert reason in answer["error"]
    assert board.send([reading()])[0] == 204


BUCKETS = {
    "bucketId missing": ({"bucketName": "n", "clientKey": KEY}, 400, "'bucketId' is missing"),
    "bucketName missing": (
        {"bucketId": BUCKET_ID, "clientKey": KEY},
        400,
        "'bucketName' is missing",
    ),
    "clientKey missing": ({"bucketId": BUCKET_ID, "bucketName": "n"}, 403, "key is missing"),
    "not an object": ([BUCKET_ID, "n", KEY], 400, "must be an object, not a list"),
    "not JSON": (b"bucketId=1", 400, "not JSON"),
}


@pytest.mark.parametrize("case", BUCKETS)
def test_a_wrong_bucket_call_is_refused(server, board, case):
    body, wanted, reason = BUCKETS[case]
    status, _, answer = board.post("/api/v1/buckets", body)
    assert (status, server.buckets()) == (wanted, [])
    assert reason in answer["error"] and KEY not in answer["error"]


FIELDS = {
    "no guid": ({"bucketId": "kitchen"}, 400, "'bucketId' must be a guid"),
    "name too long": ({"bucketName": "n" * 201}, 400, "'bucketName' must be at most 200"),
    "name empty": ({"bucketName": ""}, 400, "'bucketName' must not be empty"),
    "name a number": ({"bucketName": 1}, 400, "'bucketName' must be a string, not a number"),
    "extra field": ({"tag": "x"}, 400, "'tag' is not a field"),
    "wrong key": ({"clientKey": "another"}, 401, "key is not this server's"),
    "half a key": ({"clientKey": KEY[:-1]}, 401, "key is not this server's"),
    "empty key": ({"clientKey": ""}, 403, "key is missing"),
    "no key at all": ({"clientKey": None}, 403, "key is missing"),
    "wrong key first": ({"clientKey": "é\ud800", "bucketName": ""}, 401, "key is not"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_wrong_field_of_a_bucket_is_refused(server, board, case):
    changed, wanted, reason = FIELDS[case]
    status, _, answer = board.create_bucket(**changed)
    assert (status, server.buckets()) == (wanted, [])
    assert reason in answer["error"] and KEY not in answer["error"]
    assert board.create_bucket()[0] == 204


def test_readings_with_a_wrong_key_or_none_are_refused(server, board):
    for headers, reason in [
        ({}, "key is missing"),
        ({"X-IS-ClientKey": ""}, "key is missing"),
        ({"X-IS-ClientKey": "another"}, "key is not this server's"),
        ({"X-IS-ClientKey": KEY + "x"}, "key is not this server's"),
        ({"X-IS-AccessKey": KEY}, "key is missing"),
    ]:
        status, _, answer = board.post("/batch_logs", [reading()], headers)
        assert (status, server.readings()) == (403, [])
        assert reason in answer["error"] and KEY not in answer["error"]
    server.key = "another"
    assert board.send([reading()])[0] == 403
    board.key = "another"
    assert board.send([reading()])[0] == 204


def test_a_wrong_content_type_is_refused(server, board):
    for wrong in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"X-IS-ClientKey": KEY, "Content-Type": wrong}
        status, _, answer = board.post("/batch_logs", [reading()], headers)
        assert (status, server.readings()) == (400, [])
        assert "Content-Type" in answer["error"]


def test_a_body_over_a_megabyte_is_refused_and_one_below_is_not(server, board):
    def batch(size):
        return json.dumps([reading()]).encode().ljust(size)

    assert len(batch(1_000_000)) == 1_000_000
    assert board.send(batch(1_000_000))[0] == 204
    for too_large in (1_000_001, 5_000_000):
        status, _, answer = board.send(batch(too_large))
        assert status == 413 and "the limit is 1000000 bytes" in answer["error"]
    assert len(server.readings()) == 1


def test_another_address_or_method_is_refused(server, board):
    for path in ("/", "/batch_logs/", "/api/v1/bucket", "/api/v1/buckets/x", "/../batch_logs"):
        status, _, answer = board.post(path, [reading()], {"X-IS-ClientKey": KEY})
        assert status == (405 if path == "/" else 404) and answer["error"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/batch_logs")
    answer = connection.getresponse()
    assert answer.status == 405 and answer.headers["Allow"] == "POST"
    assert "boards use POST" in json.loads(answer.read())["error"]
    connection.close()
    assert server.readings() == []


def test_a_board_that_hangs_up_in_mid_body_leaves_nothing(server, board):
    body = json.dumps([reading()]).encode()
    head = f"POST /batch_logs HTTP/1.1\r\nHost: x\r\nX-IS-ClientKey: {KEY}\r\n".encode()
    head += f"Content-Type: application/json\r\nContent-Length: {len(body) + 1}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall(head + body)
    deadline = time.monotonic() + 60
    while not server.requests:
        assert time.monotonic() < deadline, "the server did not notice"
        time.sleep(0.01)
    assert server.requests == [("/batch_logs", 499)]
    assert board.send([reading()])[0] == 204
    assert len(server.readings()) == 1
