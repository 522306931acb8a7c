"""Long texts, and many: what is read back is bounded in bytes, not only in readings."""

import json
import sqlite3
import tracemalloc

import pytest

from tools.server import LocalServer, history, live

from .conftest import BUCKET_ID, KEY, BoardClient, reading
from .test_live import Watcher
from .test_readback import BASE, chart, get, get_json, of

LONG, MOST = 900_000, 65_536


@pytest.fixture
def long(tmp_path):
    """A server with a database of earlier times: 40 texts of 900 KB, and a few numbers."""
    path = str(tmp_path / "r.db")
    with LocalServer(key=KEY, db=path) as server:
        board = BoardClient(server.port)
        assert board.send([reading(v=f"{i}", e=BASE + i) for i in range(40)])[0] == 204
        assert board.send([reading(v=i, e=BASE + i / 4) for i in range(3)])[0] == 204
        with sqlite3.connect(path) as db:
            db.execute(f"""UPDATE reading SET value = '"' || substr(value, 2, length(value) - 2)
                || printf('%.{LONG}c', 'x') || '"' WHERE num IS NULL""")
        db.close()
        yield server


def test_an_export_holds_a_few_of_them_at_a_time(long):
    pages = long.store.history.export(BUCKET_ID)
    tracemalloc.start()
    values = [
        (row["epoch"], row["value"][:2]) for page in pages for row in page if row["text"][0] == '"'
    ]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 12 * LONG
    assert [epoch for epoch, _ in values] == [str(BASE + i) for i in range(40)]
    lines = get(long, of(BUCKET_ID, "export.jsonl"))[2].splitlines()
    assert len(lines) == 43 and json.loads(lines[7])["value"] == "7" + LONG * "x"


def test_a_chart_keeps_the_newest_texts_that_fit_and_all_numbers(long):
    found = chart(long)
    texts = [r["epoch"] for r in found["readings"] if isinstance(r["value"], str)]
    assert texts == [BASE + 38, BASE + 39] and len(found["readings"]) == 5
    assert (found["count"], found["sampled"]) == (43, True)
    assert get_json(long, of(BUCKET_ID, "signals"))[1][0]["last"]["value"] == (
        "39" + 1998 * "x" + "…"
    )


def test_a_watcher_that_does_not_read_is_dropped_by_bytes(server, board, monkeypatch):
    monkeypatch.setattr(live, "_TOGETHER_S", 60)  # it takes nothing for now
    watcher = Watcher(server)
    held = next(iter(server.live._watchers))
    board.send([reading(v="first")])
    watcher.until('"first"')
    for _ in range(20):
        assert board.send([reading(v="x" * MOST)])[0] == 204
        assert sum(map(len, held._texts)) <= live._BUFFERED_BYTES
    assert held.take() == ([], True)


def test_a_value_has_a_limit(server, board):
    digits = "1." + 398 * "0"
    for v, wrong in ((MOST * "é", (MOST + 1) * "é"), (digits, digits + "0")):
        for value, status in ((v, 204), (wrong, 400)):
            body = json.dumps([reading(v=value)])
            found, _, answer = board.send(
                (body if "é" in value else body.replace(f'"{value}"', value)).encode()
            )
            assert found == status, value[:9]
        assert "'v' must be" in answer["error"] and f"not {len(wrong)}" in answer["error"]
    assert len(server.readings()) == 2


def test_pages_are_whole_wherever_they_end(server, board, monkeypatch):
    board.send([reading(v=i * "x", e=BASE + i) for i in range(30)])
    for most in (1, 7, 100):
        monkeypatch.setattr(history, "_PAGE_CHARACTERS", most)
        lines = get(server, of(BUCKET_ID, "export.jsonl"))[2].splitlines()
        assert [len(json.loads(line)["value"]) for line in lines] == list(range(30))
