"""The database's file deleted, replaced, locked, full, or another's: nothing is lost unsaid."""

import os
import shutil
import sqlite3

import pytest

from tools.server import LocalServer, StoreError

from .conftest import BUCKET_ID, KEY, BoardClient, reading
from .test_readback import get_json, of


@pytest.fixture
def kept(tmp_path):
    """A server with a reading in its file `db`; `said` is what it told of its troubles."""
    said = []
    with LocalServer(key=KEY, db=str(tmp_path / "r.db"), on_error=said.append) as server:
        server.db, server.said = tmp_path / "r.db", said
        assert BoardClient(server.port).send([reading()])[0] == 204
        yield server


def _delete(db):
    for name in list(db.parent.iterdir()):
        if not name.name.endswith(".lock"):
            name.unlink()


def _delete_only_the_file(db):
    db.unlink()


def _replace(db):
    shutil.copy(db, db.with_name("copy"))
    os.replace(db.with_name("copy"), db)


def _delete_the_log(db):
    db.with_name(db.name + "-wal").unlink()


@pytest.mark.parametrize("lose", [_delete, _delete_only_the_file, _replace, _delete_the_log])
def test_nothing_is_acknowledged_once_the_file_is_another_or_none(kept, lose):
    board, export = BoardClient(kept.port), of(BUCKET_ID, "export.csv")
    assert get_json(kept, "/api/buckets")[0] == 200
    lose(kept.db)
    before = sorted(kept.db.parent.iterdir())
    for _ in range(2):
        for status, _, answer in (board.send([reading(v=2)]), board.create_bucket()):
            assert (
                status == 500 and "could not be stored: the database r.db was" in answer["error"]
            )
        for path in ("/api/buckets", "/api/overview", of(BUCKET_ID, "signals"), export):
            status, answer = get_json(kept, path)
            assert status == 500 and "could not be read: the database r.db" in answer["error"]
    assert sorted(kept.db.parent.iterdir()) == before
    assert "deleted or replaced" in kept.said[0] and "start the server again" in kept.said[0]
    assert kept.accepted == 1


def test_a_file_that_is_lost_while_a_batch_is_written_is_noticed_before_the_answer(kept):
    kept.store._db.create_function("lose", 0, lambda: _delete(kept.db))
    kept.store._db.execute(
        "CREATE TEMP TRIGGER t AFTER INSERT ON main.reading BEGIN SELECT lose(); END"
    )
    assert BoardClient(kept.port).send([reading(v=2)])[0] == 500


def test_locked_or_full_is_for_now_and_said_so(kept):
    board, run = BoardClient(kept.port), kept.store._db.execute
    run("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(kept.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tried = [board.send([reading(v=2)]), board.create_bucket()]
    other.close()
    run(f"PRAGMA max_page_count = {run('PRAGMA page_count').fetchone()[0]}")
    tried.append(board.send([reading(v="x" * 60_000)]))
    for status, headers, answer in tried:
        assert status == 503 and headers["Retry-After"] == "5"
        assert "could not be stored now: database" in answer["error"]
    assert "locked" in kept.said[0] and "full" in kept.said[-1]
    run("PRAGMA max_page_count = 1000000")
    assert (board.send([reading(v=2)])[0], board.create_bucket()[0]) == (204, 204)
    assert [r["value"] for r in kept.readings()] == [21.5, 2]


@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("CREATE TABLE bucket (id); PRAGMA user_version = 4000", "layout 4000"),
        ("CREATE TABLE mine (id); PRAGMA user_version = -2", "not islog's"),
        ("PRAGMA user_version = -2", "not islog's"),
        ("CREATE TABLE mine (id); PRAGMA user_version = 2", "not islog's"),
        ("CREATE TABLE mine (id)", "not islog's"),
    ],
)
def test_another_database_is_refused_and_left_as_it_is(tmp_path, mode, made, reason):
    path = tmp_path / "r.db"
    with sqlite3.connect(path, isolation_level=None) as db:
        db.executescript(f"PRAGMA journal_mode = {mode}; {made}")
    db.close()
    before, log = path.read_bytes(), tmp_path / "r.db-wal"
    for _ in range(2):
        with pytest.raises(StoreError, match=reason):
            LocalServer(key=KEY, db=str(path))
    assert path.read_bytes() == before and not log.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.db", "r.db.lock"]


def test_what_was_killed_is_read_with_its_log(tmp_path):
    path = tmp_path / "r.db"
    with LocalServer(key=KEY, db=str(path)) as server:
        assert BoardClient(server.port).send([reading()])[0] == 204
        killed = tmp_path / "killed"
        killed.mkdir()
        for name in ("r.db", "r.db-wal"):
            shutil.copy(tmp_path / name, killed / name)
    with LocalServer(key=KEY, db=str(killed / "r.db")) as server:
        assert len(server.readings()) == 1
