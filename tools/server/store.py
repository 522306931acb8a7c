"""The server's memory: buckets and readings in SQLite.

Invariants: what `add` returned for is committed and synced to disk (a batch is one transaction,
WAL mode, synchronous=FULL); every accepted reading is kept, in order of arrival, and one that
was seen before (same bucket, signal, time and value) is kept too but marked as a repeat; a
number is kept as the text that was sent. The layout carries a version in SQLite's user_version;
a database from a newer server is refused, not guessed at. One connection behind one lock: any
thread may call.
"""

import json
import sqlite3
import threading
import time

from .validate import Number

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE bucket (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created REAL NOT NULL              -- Unix s, of the first call
) WITHOUT ROWID;
CREATE TABLE series (                  -- what the readings of one signal have in common
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,              -- not a foreign key: readings may come before the bucket
    signal TEXT NOT NULL,
    bucket_name TEXT NOT NULL,
    UNIQUE (bucket, signal, bucket_name)
);
CREATE TABLE reading (
    id INTEGER PRIMARY KEY,            -- order of arrival
    series INTEGER NOT NULL REFERENCES series,
    value TEXT NOT NULL,               -- as JSON; a number is the text that was sent
    epoch TEXT NOT NULL,               -- Unix s, the text that was sent
    epoch_f REAL NOT NULL,             -- the same, to sort and search by
    received REAL NOT NULL,            -- Unix s
    repeat INTEGER NOT NULL
);
CREATE INDEX reading_time ON reading (series, epoch_f);
"""


class StoreError(Exception):
    """The database cannot be used; the text says why in one sentence."""


class Store:
    """Readings in the SQLite file `path` (":memory:" for none); raises StoreError."""

    def __init__(self, path=":memory:"):
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                self._open(path)
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as e:
            raise StoreError(f"The database {path} cannot be used: {e}.") from None

    def _open(self, path):
        run = self._db.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("BEGIN IMMEDIATE")
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0:
            if run("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise StoreError(f"The database {path} is not islog's: choose another file.")
            for statement in _SCHEMA.split(";\n"):
                run(statement)
            run(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"The database {path} has layout {version}, this server knows {SCHEMA_VERSION}: "
                "update the server or choose another file."
            )
        run("COMMIT")

    def close(self):
        with self._lock:
            self._db.close()

    def create_bucket(self, bucket_id, name):
        """Create the bucket, or confirm it (under its newest name)."""
        with self._lock, self._db:
            self._db.execute(
                "INSERT INTO bucket VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (bucket_id, name, time.time()),
            )

    def add(self, batch):
        """Store a checked batch (validate.readings) whole, or raise sqlite3.Error and store
        nothing.

        Returns the rows as `readings` gives them; they are on disk by then."""
        received = time.time()
        rows = []
        with self._lock, self._db:
            run = self._db.execute
            run("BEGIN IMMEDIATE")
            series = {}
            for r in batch:
                key = r["tid"], r["sn"], r["b"]
                if key not in series:
                    series[key] = self._series(key)
                value = (
                    r["v"]
                    if isinstance(r["v"], Number)
                    else json.dumps(r["v"], ensure_ascii=False)
                )
                place = series[key], float(r["e"]), str(r["e"]), str(value)
                repeat = run(
                    "SELECT EXISTS (SELECT 1 FROM reading "
                    "WHERE series = ? AND epoch_f = ? AND epoch = ? AND value = ?)",
                    place,
                ).fetchone()[0]
                run(
                    "INSERT INTO reading (series, epoch_f, epoch, value, received, repeat) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (*place, received, repeat),
                )
                rows.append(_row(*key, place[3], place[2], place[1], received, repeat))
        return rows

    def _series(self, key):
        run = self._db.execute
        run("INSERT OR IGNORE INTO series (bucket, signal, bucket_name) VALUES (?, ?, ?)", key)
        found = run(
            "SELECT id FROM series WHERE bucket = ? AND signal = ? AND bucket_name = ?", key
        )
        return found.fetchone()[0]

    def buckets(self):
        """The buckets that were created, oldest first: a list of {"id", "name"}."""
        with self._lock:
            found = self._db.execute("SELECT id, name FROM bucket ORDER BY created, id").fetchall()
        return [{"id": bucket_id, "name": name} for bucket_id, name in found]

    def readings(self, bucket_id=None):
        """All readings, or one bucket's, in order of arrival: a list of dicts with

        bucket (id), bucket_name, signal, value (str, bool, int or float), text (the value as
        JSON, a number as it was sent), epoch (Unix s, the text that was sent), epoch_f (float),
        received (Unix s, float), repeat (bool)."""
        with self._lock:
            found = self._db.execute(
                "SELECT bucket, signal, bucket_name, value, epoch, epoch_f, received, repeat "
                "FROM reading JOIN series ON series.id = series "
                "WHERE ? IS NULL OR bucket = ? ORDER BY reading.id",
                (bucket_id, bucket_id),
            ).fetchall()
        return [_row(*row) for row in found]


def _row(bucket, signal, bucket_name, text, epoch, epoch_f, received, repeat):
    value = json.loads(text, parse_int=Number, parse_float=Number)
    return {
        "bucket": bucket,
        "bucket_name": bucket_name,
        "signal": signal,
        "value": value.value if isinstance(value, Number) else value,
        "text": text,
        "epoch": epoch,
        "epoch_f": epoch_f,
        "received": received,
        "repeat": bool(repeat),
    }
