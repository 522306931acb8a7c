"""The layout of the server's SQLite file, and how an older one becomes today's.

The version is SQLite's user_version. A database from a newer server, or of another program, is
refused as it is, not guessed at; an older layout is brought up to date in one transaction.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

SCHEMA_VERSION = 4
_OURS = {"bucket", "series", "reading"}  # tables of every layout

_SERIES = """
CREATE TABLE {name} (                  -- what the readings of one signal have in common
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,              -- not a foreign key: readings may come before the bucket
    signal TEXT NOT NULL,
    bucket_name TEXT NOT NULL,         -- of the latest
    readings INTEGER NOT NULL DEFAULT 0, -- how many there are, repeats among them
    UNIQUE (bucket, signal)
);
"""

_TABLES = """
CREATE TABLE bucket (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created REAL NOT NULL              -- Unix s, of the first call
) WITHOUT ROWID;
CREATE TABLE reading (
    id INTEGER PRIMARY KEY,            -- order of arrival
    series INTEGER NOT NULL REFERENCES series,
    value TEXT NOT NULL,               -- as JSON; a number is the text that was sent
    epoch TEXT NOT NULL,               -- Unix s, the text that was sent
    epoch_f REAL NOT NULL,             -- the same, to sort and search by
    received REAL NOT NULL,            -- Unix s
    repeat INTEGER NOT NULL,
    num REAL                           -- the value of a number, 0 or 1 of a bool, else NULL
);
"""

_ARRIVALS = """
CREATE TABLE arrival (                 -- of each bucket that has readings: see arrivals.py
    bucket TEXT PRIMARY KEY,
    received REAL NOT NULL,            -- of the latest, Unix s
    ahead_s REAL NOT NULL,             -- the newest time in it minus received
    kept TEXT NOT NULL                 -- the latest as JSON: [[received, readings], ...]
) WITHOUT ROWID;
"""

# A chart reads nothing but the first of these; the second finds the texts among many numbers.
_INDEXES = """
CREATE INDEX reading_chart ON reading (series, epoch_f, num);
CREATE INDEX reading_text ON reading (series, epoch_f) WHERE num IS NULL;
"""

_FROM_1 = """
ALTER TABLE series ADD COLUMN readings INTEGER NOT NULL DEFAULT 0;
UPDATE series SET readings = (SELECT count(*) FROM reading WHERE series = series.id);
ALTER TABLE reading ADD COLUMN num REAL;
UPDATE reading SET num = CASE value WHEN 'true' THEN 1 WHEN 'false' THEN 0
    ELSE CAST(value AS REAL) END WHERE value NOT LIKE '"%';
DROP INDEX reading_time;
"""

_FROM_2 = (
    _ARRIVALS
    + """
INSERT INTO arrival SELECT bucket, max(received), epoch_f - received, '[]'
    FROM reading JOIN series ON series.id = series GROUP BY bucket;
"""
)


# Each name that a bucket ever had made a series of its own of each of its signals.
_FROM_3 = (
    _SERIES.format(name="one")
    + """
INSERT INTO one SELECT min(id), bucket, signal, (SELECT bucket_name FROM series AS newest
    WHERE newest.bucket = series.bucket AND newest.signal = series.signal
    ORDER BY id DESC LIMIT 1), sum(readings) FROM series GROUP BY bucket, signal;
UPDATE reading SET series = (SELECT one.id FROM one JOIN series USING (bucket, signal)
    WHERE series.id = reading.series) WHERE series NOT IN (SELECT id FROM one);
DROP TABLE series;
ALTER TABLE one RENAME TO series;
"""
)


class StoreError(Exception):
    """The database cannot be used; the text says why in one sentence."""


class Gone(sqlite3.OperationalError):
    """The database's file is not the one any more that was opened."""


class File:
    """Which file `path` names, from now on: it may be deleted, or replaced, while it is open.

    SQLite goes on with the file that it has opened, and all that is stored goes with it."""

    def __init__(self, path):
        self._path = path
        self._known = self._found()

    def check(self):
        """Raise Gone where it has become another one, or none."""
        if self._known != self._found():
            raise Gone(
                f"the database {os.path.basename(self._path)} was deleted or replaced while the "
                "server ran; start the server again"
            )

    def _found(self):
        try:
            return [(s.st_dev, s.st_ino) for s in map(os.stat, (self._path, self._path + "-wal"))]
        except OSError:
            return None


def read_only(path):
    """A connection that cannot make a file, nor change one."""
    uri = Path(path).absolute().as_uri() + "?mode=ro"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)


def check(path):
    """Raise StoreError where the file at `path` is not for this server; it is left as it is."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    # Without a log beside it, SQLite would make one even to read.
    mode = "?mode=ro" if os.path.exists(path + "-wal") else "?immutable=1"
    with contextlib.closing(
        sqlite3.connect(Path(path).absolute().as_uri() + mode, uri=True)
    ) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database {path} has layout {version}, this server knows {SCHEMA_VERSION}: "
            "update the server or choose another file."
        )
    if version == 0 and not tables:
        return
    if not 1 <= version <= SCHEMA_VERSION or not tables >= _OURS:
        raise StoreError(f"The database {path} is not islog's: choose another file.")


def prepare(db):
    """Make the layout in the open database `db`, checked before, or bring it up to date."""
    run = db.execute
    run("PRAGMA journal_mode = WAL")
    run("PRAGMA synchronous = FULL")
    run("BEGIN IMMEDIATE")
    script = {
        0: _TABLES + _SERIES.format(name="series") + _ARRIVALS + _INDEXES,
        1: _FROM_1 + _INDEXES + _FROM_2 + _FROM_3,
        2: _FROM_2 + _FROM_3,
        3: _FROM_3,
    }.get(run("PRAGMA user_version").fetchone()[0], "")
    for statement in script.split(";\n"):
        run(statement)
    run(f"PRAGMA user_version = {SCHEMA_VERSION}")
    run("COMMIT")
