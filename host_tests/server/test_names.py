"""A bucket that was renamed time and again: its signals are one each, and cost what one costs."""

import json
import sqlite3

from tools.server.store import Store

from .conftest import BUCKET_ID, reading
from .test_readback import BASE, get, get_json, of

RENAMED = """
CREATE TABLE bucket (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, signal TEXT NOT NULL,
    bucket_name TEXT NOT NULL, readings INTEGER NOT NULL DEFAULT 0,
    UNIQUE (bucket, signal, bucket_name));
CREATE TABLE reading (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
    value TEXT NOT NULL, epoch TEXT NOT NULL, epoch_f REAL NOT NULL, received REAL NOT NULL,
    repeat INTEGER NOT NULL, num REAL);
CREATE TABLE arrival (bucket TEXT PRIMARY KEY, received REAL NOT NULL, ahead_s REAL NOT NULL,
    kept TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX reading_chart ON reading (series, epoch_f, num);
CREATE INDEX reading_text ON reading (series, epoch_f) WHERE num IS NULL;
INSERT INTO series VALUES (1, 'b', 't', 'kitchen', 2), (2, 'b', 'u', 'kitchen', 1),
    (3, 'b', 't', 'bath', 1), (4, 'c', 't', 'kitchen', 1);
INSERT INTO reading VALUES (1, 1, '1', '1e9', 1e9, 9, 0, 1), (2, 2, '2', '1e9', 1e9, 9, 0, 2),
    (3, 3, '3', '1e9', 1e9, 9, 0, 3), (4, 1, '4', '1e9', 1e9, 9, 0, 4),
    (5, 4, '5', '1e9', 1e9, 9, 0, 5);
INSERT INTO arrival VALUES ('b', 9, 0, '[]'), ('c', 9, 0, '[]');
PRAGMA user_version = 3;
"""


def test_a_signal_of_many_names_costs_no_more_than_one_of_one(server, board):
    def statements(bucket):
        found = []
        server.store._db.set_trace_callback(found.append)
        assert (
            json.loads(get(server, of(bucket, "readings"), signal="t", max=10)[2])["count"] == 300
        )
        assert get(server, of(bucket, "signals"))[0] == 200
        server.store._db.set_trace_callback(None)
        return len(found)

    usual = BUCKET_ID.replace("0", "1")
    for bucket, name in ((usual, "one"), (BUCKET_ID, "name {}")):
        board.send([reading(tid=bucket, b=name.format(i), v=i, e=BASE + i) for i in range(300)])
    assert statements(BUCKET_ID) == statements(usual)
    found = {b["name"]: (b["signals"], b["readings"]) for b in get_json(server, "/api/buckets")[1]}
    assert found == {"one": (1, 300), "name 299": (1, 300)}


def test_a_repeat_under_another_name_is_a_repeat(server, board):
    board.send([reading(), reading(b="bath"), reading(v=1)])
    assert [r["repeat"] for r in server.readings()] == [False, True, False]
    assert {r["bucket_name"] for r in server.readings()} == {"kitchen"}


def test_an_older_database_with_a_renamed_bucket_is_brought_up_to_date(tmp_path):
    path = str(tmp_path / "r.db")
    with sqlite3.connect(path) as db:
        db.executescript(RENAMED)
    db.close()
    for _ in range(2):
        store = Store(path)
        history = store.history
        kept = [(r["bucket"], r["signal"], r["value"]) for r in history.readings()]
        assert kept == [("b", "t", 1), ("b", "u", 2), ("b", "t", 3), ("b", "t", 4), ("c", "t", 5)]
        assert [(s["signal"], s["readings"]) for s in history.signals("b")] == [("t", 3), ("u", 1)]
        assert [(b["id"], b["signals"]) for b in history.summary()] == [("b", 2), ("c", 1)]
        assert store._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.close()
