"""The database: batches whole or not at all, groups of them in one commit, older layouts."""

import sqlite3
import threading

import pytest

from tools.server import store as store_module
from tools.server import validate
from tools.server.store import Busy, Store

from .conftest import BUCKET_ID, reading


def batch(n, **changed):
    return [{**reading(**changed), "v": validate.Number(str(i)), "e": validate.Number(str(i))}
            for i in range(n)]  # fmt: skip


def test_batches_that_wait_together_are_one_commit_each_whole(tmp_path):
    path = str(tmp_path / "r.db")
    seen = []
    store = Store(path, on_stored=lambda rows: seen.append(len(rows)))
    with store._lock:  # the disk is busy
        waiting = [store.submit(batch(3, sn=f"s{i}")) for i in range(50)]
        assert not any(w.done() for w in waiting[1:])
    assert [len(w.result(5)) for w in waiting] == [3] * 50 == seen
    received = {r["received"] for r in store.history.readings()}
    assert len(received) <= 2  # the first, alone, and all that came while it was written
    again = [store.submit(batch(1, sn="s0")) for _ in range(2)]
    assert [w.result(5)[0]["repeat"] for w in again] == [True, True]
    store.close()


def test_more_than_can_be_stored_is_refused_before_memory_runs_out(monkeypatch):
    monkeypatch.setattr(store_module, "_WAITING_READINGS", 10)
    store = Store()
    with store._lock:
        first = store.submit(batch(4))
        while store._waiting:  # the writer takes it in hand, and waits for the lock
            threading.Event().wait(0.001)
        second = store.submit(batch(10, sn="u"))
        with pytest.raises(Busy):
            store.submit(batch(1))
    assert len(first.result(5)) + len(second.result(5)) == 14
    assert len(store.add(batch(1, sn="v"))) == 1
    store.close()


def test_a_batch_that_fails_leaves_nothing_and_the_next_is_stored(tmp_path):
    path = str(tmp_path / "r.db")
    store = Store(path)
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TRIGGER no BEFORE INSERT ON reading WHEN NEW.value = '2' "
            "BEGIN SELECT RAISE(ABORT, 'disk trouble'); END"
        )
    with pytest.raises(sqlite3.Error, match="disk trouble"):
        store.add(batch(3, sn="new"))
    assert store.history.readings() == [] and store.history.signals(BUCKET_ID) == []
    assert len(store.add(batch(2, sn="new"))) == 2
    store.close()
    db.close()


LAYOUT_1 = """
CREATE TABLE bucket (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE series (id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, signal TEXT NOT NULL,
    bucket_name TEXT NOT NULL, UNIQUE (bucket, signal, bucket_name));
CREATE TABLE reading (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
    value TEXT NOT NULL, epoch TEXT NOT NULL, epoch_f REAL NOT NULL, received REAL NOT NULL,
    repeat INTEGER NOT NULL);
CREATE INDEX reading_time ON reading (series, epoch_f);
INSERT INTO bucket VALUES ('b', 'kitchen', 1);
INSERT INTO series VALUES (1, 'b', 't', 'kitchen');
INSERT INTO reading VALUES (1, 1, '1.50', '1', 1, 1, 0), (2, 1, 'true', '2', 2, 2, 0),
    (3, 1, '"x"', '3', 3, 3, 0), (4, 1, '-7', '4', 4, 4, 0);
PRAGMA user_version = 1;
"""


def test_the_layout_of_the_first_release_is_brought_up_to_date(tmp_path):
    path = str(tmp_path / "r.db")
    with sqlite3.connect(path) as db:
        db.executescript(LAYOUT_1)
    db.close()
    for _ in range(2):
        store = Store(path)
        assert [r["value"] for r in store.history.readings("b")] == [1.5, True, "x", -7]
        assert store.history.signals("b")[0]["readings"] == 4
        nums = store._db.execute("SELECT num FROM reading ORDER BY id").fetchall()
        assert nums == [(1.5,), (1.0,), (None,), (-7.0,)]
        assert store.history.summary()[0]["received"] == 4
        store.close()
