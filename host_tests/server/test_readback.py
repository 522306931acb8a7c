"""What the API gives back: exactly what boards sent, bounded, and only to who may have it."""

import csv
import http.client
import io
import json
import re
import time
import urllib.parse
from datetime import datetime, timezone

import pytest

from .conftest import BUCKET_ID, KEY, reading

BASE = 1700000000


def get(server, path, headers=None, **query):
    """(status, headers, text) of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    if query:
        path += "?" + urllib.parse.urlencode({k.rstrip("_"): v for k, v in query.items()})
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


def get_json(server, path, **query):
    status, _, text = get(server, path, **query)
    return status, json.loads(text)


def of(bucket, rest):
    return f"/api/buckets/{urllib.parse.quote(bucket, safe='')}/{rest}"


def chart(server, **query):
    status, body = get_json(server, of(BUCKET_ID, "readings"), **{"signal": "t", **query})
    assert status == 200, body
    return body


def fill(board, n=1000, gap=()):
    """A reading a second, but for the seconds in `gap`; one peak and one trough."""
    values = {i: i % 10 for i in range(n) if i not in gap}
    values[n // 3], values[n // 2] = 99.25, -99.25
    batch = [reading(v=v, e=BASE + i) for i, v in sorted(values.items())]
    assert board.send(batch)[0] == 204
    return batch


def test_buckets_and_signals(server, board):
    board.create_bucket()
    now = round(time.time(), 3)
    batch = [reading(e=now - 2 * i, v=20 + i) for i in range(10)]
    batch += [reading(sn="door", v=True, e=now - i) for i in (7, 4)]
    batch += [
        reading(sn="islog.note", v="hi", e=now),
        reading(sn="m", v=1),
        reading(sn="m", v="x"),
    ]
    other = "11111111-89ab-cdef-0123-456789abcdef"
    board.send([reading(tid=other, b="no call yet")])
    board.send(batch)
    status, buckets = get_json(server, "/api/buckets")
    assert status == 200 and [b["id"] for b in buckets] == [BUCKET_ID, other]
    assert now <= buckets[0].pop("received") <= time.time()
    assert buckets[0].pop("clock_s") is None
    assert buckets[0] == {
        "id": BUCKET_ID, "name": "kitchen", "signals": 4, "readings": 15, "last": now
    }  # fmt: skip
    assert buckets[1]["name"] == "no call yet"
    status, signals = get_json(server, of(BUCKET_ID, "signals"))
    assert status == 200
    assert [(s["signal"], s["kind"], s["readings"]) for s in signals] == [
        ("door", "bool", 2), ("m", "mixed", 2), ("t", "number", 10), ("islog.note", "string", 1)
    ]  # fmt: skip
    t = signals[2]
    assert t["last"] == {"epoch": now, "value": 20} and t["rate"] == 10
    assert abs(t["every_s"] - 2) < 0.01 and abs(t["first"] - (now - 18)) < 0.01


def test_few_readings_come_back_as_they_were_sent_in_order_of_time(server, board):
    board.send(json.dumps([reading(v="@", e=BASE + 2)]).replace('"@"', "1.50").encode())
    board.send(
        [reading(v=2**63, e=BASE + 1), reading(v=True, e=BASE), reading(v="°C", e=BASE + 3)]
    )
    text = get(server, of(BUCKET_ID, "readings"), signal="t")[2]
    assert '"value":1.50}' in text and f'"value":{2**63}}}' in text
    body = json.loads(text)
    assert [r["value"] for r in body["readings"]] == [True, 2**63, 1.5, "°C"]
    assert (body["count"], body["sampled"], body["before"]) == (4, False, None)
    part = chart(server, from_=BASE + 1, to=BASE + 2)
    assert [r["value"] for r in part["readings"]] == [2**63, 1.5]
    assert part["before"] == {"epoch": BASE, "value": True}
    assert (part["first"], part["last"]) == (BASE, BASE + 3)


@pytest.mark.parametrize("most", [2, 7, 100, 999])
def test_many_readings_are_sampled_and_no_extreme_is_lost(server, board, most):
    batch = fill(board)
    body = chart(server, max=most)
    found = [(r["epoch"], r["value"]) for r in body["readings"]]
    assert (body["count"], body["sampled"]) == (1000, True) and len(found) <= most
    assert found == sorted(found)
    assert (BASE + 333, 99.25) in found and (BASE + 500, -99.25) in found
    assert set(found) <= {(r["e"], r["v"]) for r in batch}


def test_texts_among_many_numbers_are_kept(server, board):
    fill(board)
    board.send([reading(v=f"note {i}", e=BASE + 100 * i) for i in range(5)])
    body = chart(server, max=100)
    assert [r["value"] for r in body["readings"] if isinstance(r["value"], str)] == [
        f"note {i}" for i in range(5)
    ]
    assert 99.25 in [r["value"] for r in body["readings"]]


def test_gaps_are_told_whether_sampled_or_not(server, board):
    fill(board, gap=range(600, 700))
    for most in (100, 2000):
        assert chart(server, max=most)["gaps"] == [[BASE + 599, BASE + 700]]
    assert chart(server, to=BASE + 599)["gaps"] == []


def test_a_renamed_bucket_keeps_its_signals_whole(server, board):
    board.send([reading(v=1, e=BASE), reading(b="bath", v=2, e=BASE + 1)])
    assert [r["value"] for r in chart(server)["readings"]] == [1, 2]
    assert len(get_json(server, of(BUCKET_ID, "signals"))[1]) == 1
    assert len(get(server, of(BUCKET_ID, "export.jsonl"))[2].splitlines()) == 2


def test_exports_are_whole_and_exact(server, board):
    values = ['a,"b"\nc', "<script>", "°C 😀", 0.1, -(2**63), True, "", "1.5"]
    board.send([reading(v=v, e=BASE + i / 4) for i, v in enumerate(values)])
    board.send([reading(v=values[0], e=float(BASE)), reading(sn="u", v=7, e=BASE)])
    for first in (0, 6000):
        many = [reading(sn="many", v=i, e=BASE + i) for i in range(first, first + 6000)]
        assert board.send(many)[0] == 204
    status, headers, text = get(server, of(BUCKET_ID, "export.jsonl"))
    rows = [json.loads(line) for line in text.split("\n")[:-1]]
    assert status == 200 and len(rows) == 12_010
    assert [r["value"] for r in rows[:8]] == values and rows[8]["repeat"] is True
    assert [r["value"] for r in rows[10:]] == list(range(12_000))
    assert "attachment" in headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(get(server, of(BUCKET_ID, "export.csv"), signal="t")[2])))
    assert rows[0] == ["time", "epoch", "signal", "value", "received", "repeat"]
    assert [r[3] for r in rows[1:6]] == [*values[:3], "0.1", str(-(2**63))] and len(rows) == 10
    assert datetime.fromisoformat(rows[2][0].replace("Z", "+00:00")) == datetime.fromtimestamp(
        BASE + 0.25, timezone.utc
    )
    part = get(server, of(BUCKET_ID, "export.jsonl"), signal="t", from_=BASE + 1, to=BASE + 1.5)[2]
    assert [json.loads(line)["value"] for line in part.splitlines()] == values[4:7]


def test_an_unknown_bucket_or_signal_is_a_404_for_every_call_that_names_one(server, board):
    board.send([reading()])
    calls = get_json(server, "/api/openapi.json")[1]["paths"]
    paths = [path for path, call in calls.items() if "{bucket_id}" in path and "get" in call]
    assert len(paths) == 4
    for path in paths:
        status, answer = get_json(server, path.replace("{bucket_id}", "unknown"), signal="t")
        assert (status, answer) == (404, {"error": "there is no such bucket"}), path
        if not path.endswith("/signals"):
            status, answer = get_json(server, path.replace("{bucket_id}", BUCKET_ID), signal="u")
            assert status == 404 and "no such signal" in answer["error"], path
    assert get_json(server, "/api/live", bucket="unknown")[0] == 404


def test_an_export_is_named_after_its_bucket_and_its_range(server, board):
    def name(form="csv", bucket=BUCKET_ID, **query):
        header = get(server, of(bucket, f"export.{form}"), **query)[1]["Content-Disposition"]
        found = re.fullmatch(r"attachment; filename=\"([^\"]+)\"; filename\*=UTF-8''(\S+)", header)
        assert found and re.fullmatch(r"[\w .()-]+", found[1], re.ASCII), header
        return found[1], urllib.parse.unquote(found[2], errors="strict")

    board.create_bucket()
    board.send([reading()])
    assert name() == ("kitchen_all.csv",) * 2
    assert (
        name("jsonl", signal="t", from_=BASE, to=BASE + 60.5)
        == ("kitchen_t_from_2023-11-14T221320Z_to_2023-11-14T221420Z.jsonl",) * 2
    )
    assert name(to=1e14)[0] == "kitchen_to_100000000000000.csv"
    for i, (given, plain, whole) in enumerate([
        ("Küche", "Kuche", "Küche"), ("温室 2", "_2", "温室_2"),
        ('../a"b\\c\r\nX: y', "a_b_c_X_y", "a_b_c_X_y"), ("...", "unnamed", "unnamed"),
        ("w" * 200, "w" * 120, "w" * 120), ("\u202egpj.\x00", "gpj", "gpj"),
        ("é" * 200, "e" * 60, "é" * 60), ("100%;x='1'", "100_x='1'", "100_x='1'"),
    ]):  # fmt: skip
        other = f"{i + 1:08x}{BUCKET_ID[8:]}"
        board.create_bucket(bucketId=other, bucketName=given)
        found = get(server, of(other, "export.csv"))[1]["Content-Disposition"]
        assert f'filename="{plain}_all.csv"' in found, found
        assert urllib.parse.unquote(found.split("''")[1]) == whole + "_all.csv"


HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE reading; --",
    '" OR 1=1 --',
    "../../../../etc/passwd",
    "%00\x00\x1b[2J",
    "a/b?c=d&e#f",
    "1,2) OR (1=1",
]


def test_hostile_names_are_only_names(server, board):
    board.send([reading(sn=name, v=name) for name in HOSTILE])
    for name in HOSTILE:
        assert chart(server, signal=name)["readings"][0]["value"] == name
        line = get(server, of(BUCKET_ID, "export.jsonl"), signal=name)[2]
        assert json.loads(line)["signal"] == name
        for rest in ("signals", "readings?signal=t", "export.jsonl", "export.csv"):
            status, answer = get_json(server, of(name, rest))
            assert status == 404 and "no such bucket" in answer["error"]
    key = "a-b/../c%2Fd"
    headers = {"X-IS-AccessKey": KEY, "X-IS-BucketKey": key, "Accept-Version": "~0"}
    assert board.post("/api/events", [{"key": "t", "value": 1}], headers)[0] == 204
    assert get_json(server, of(key, "signals"))[1][0]["signal"] == "t"
    assert len(server.readings()) == len(HOSTILE) + 1


def test_no_file_but_the_pages_own_is_served(server):
    for path in (
        "/../tools/server/app.py", "/page/../app.py", "/page/%2e%2e/app.py", "//etc/passwd",
        "/page/", "/lib/", "/lib/../package.json", "/page/main.js/", "/page/%00main.js",
        "/local/client_key", "/config.json", "/.git/config",
    ):  # fmt: skip
        status, _, text = get(server, path)
        assert status in (404, 400) and "error" in json.loads(text), path
    for path, what in (("/", "text/html"), ("/page/main.js", "javascript"), ("/api", "text/html")):
        status, headers, _ = get(server, path)
        assert status == 200 and what in headers["Content-Type"]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_cannot_be_meant_is_refused_with_a_reason(server, board):
    board.send([reading()])
    for query, reason in (
        ({"max": 1}, "max"), ({"max": "many"}, "max"), ({"max": 10**9}, "max"),
        ({"from_": "today"}, "from"), ({"to": "nan"}, "to"), ({"from_": "inf"}, "from"),
        ({"signal": "s" * 101}, "signal"),
    ):  # fmt: skip
        status, answer = get_json(server, of(BUCKET_ID, "readings"), **{"signal": "t", **query})
        assert status == 400 and reason in answer["error"], query
    assert get_json(server, of(BUCKET_ID, "readings"))[0] == 400


def test_the_key_is_nowhere_and_another_sites_page_reads_nothing(server, board):
    board.create_bucket()
    board.send([reading()])
    paths = ["/api/server", "/api/buckets", "/api/openapi.json", of(BUCKET_ID, "signals"), "/"]
    for path in paths:
        assert KEY not in get(server, path)[2]
        for host in (
            "evil.example",
            "evil.example:8086",
            "127.0.0.1.evil.example",
            "x.local.evil",
        ):
            status, _, text = get(server, path, {"Host": host})
            assert status == 421 and "islog" not in text and "kitchen" not in text
        for host in ("localhost", "192.168.1.7:8086", "[::1]:8086", "workshop", "pc.local"):
            assert get(server, path, {"Host": host})[0] == 200
