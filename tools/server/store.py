"""The server's memory: buckets and readings in SQLite.

Invariants: what was acknowledged is committed and synced to disk (WAL mode, synchronous=FULL),
and a batch is stored whole or not at all; every accepted reading is kept, in order of arrival,
and one that was seen before (same bucket, signal, time and value) is kept too but marked as a
repeat; a number is kept as the text that was sent.

One thread writes. While it waits for the disk, batches gather, and the next commit takes all that
are there, up to _GROUP_READINGS: a board alone waits for one sync, and many share one. Reading
back (history.py) goes on beside it.
"""

import contextlib
import errno
import json
import os
import queue
import sqlite3
import threading
import time
from concurrent.futures import Future

from . import lock, schema
from .arrivals import Arrivals
from .history import History
from .schema import StoreError
from .validate import Number

_GROUP_READINGS = 5000
_WAITING_READINGS = 100_000

__all__ = ["Busy", "Store", "StoreError"]


class Busy(Exception):
    """More is waiting to be stored than the disk keeps up with: try again later."""


class Store:
    """Readings in the SQLite file `path` (":memory:" for none), which no other Store uses as long

    as this one is open; raises StoreError.

    on_stored: called with the rows of each batch once they are on disk, in order, from one
    thread; whatever it raises goes to the batch's sender."""

    def __init__(self, path=":memory:", on_stored=lambda rows: None):
        self._on_stored = on_stored
        self._lock = threading.Lock()
        self._series = {}
        self._arrivals = {}
        self._queue = queue.Queue()
        self._counting = threading.Lock()
        self._waiting = 0  # readings in the queue
        self._held = _held(path)
        try:
            if path != ":memory:":
                schema.check(path)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                schema.prepare(self._db)
                self.names = dict(self._db.execute("SELECT id, name FROM bucket"))
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as e:
            self._let_go()
            raise StoreError(f"The database {path} cannot be used: {e}.") from None
        except BaseException:
            self._let_go()
            raise
        if path == ":memory:":
            self._check, shared = lambda: None, (self._db, self._lock)
        else:
            self._check, shared = schema.File(path).check, None
        self.history = History(path, self._check, shared)
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    def close(self):
        """Store what waits, then close the database."""
        self._queue.put(None)
        self._thread.join()
        self.history.close()
        with self._lock:
            self._db.close()
        self._let_go()

    def _let_go(self):
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextlib.contextmanager
    def _transaction(self):
        with self._lock:
            self._check()
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
            self._check()  # what is acknowledged is in the file that will be found

    def create_bucket(self, bucket_id, name):
        """Create the bucket, or confirm it (under its newest name); returns whether it is new."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO bucket VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (bucket_id, name, time.time()),
            )
            new = bucket_id not in self.names
            self.names[bucket_id] = name
        return new

    def submit(self, batch):
        """Have a checked batch (a list of dicts named as validate.READING) stored.

        Returns a concurrent.futures.Future: of the rows, as History.readings gives them, once
        they are on disk, or of the sqlite3.Error that kept all of them from it. Raises Busy."""
        stored = Future()
        with self._counting:
            if self._waiting + len(batch) > _WAITING_READINGS:
                raise Busy
            self._waiting += len(batch)
        self._queue.put((batch, stored))
        return stored

    def add(self, batch):
        """The rows of `submit`, waited for."""
        return self.submit(batch).result()

    def _write(self):
        while (first := self._queue.get()) is not None:
            group, size = [first], len(first[0])
            while size < _GROUP_READINGS:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._queue.put(None)
                    break
                group.append(more)
                size += len(more[0])
            with self._counting:
                self._waiting -= size
            self._settle(group)

    def _settle(self, group):
        try:
            stored = self._commit([batch for batch, _ in group])
        except Exception as e:
            self._series.clear()  # it may name series that were rolled back
            self._arrivals.clear()
            for _, future in group:
                future.set_exception(e)
            return
        for rows, (_, future) in zip(stored, group, strict=True):
            try:
                self._on_stored(rows)
                future.set_result(rows)
            except Exception as e:
                future.set_exception(e)

    def _commit(self, batches):
        received = time.time()
        with self._transaction():
            counts = {}
            stored = [[self._insert(r, received, counts) for r in batch] for batch in batches]
            self._db.executemany(
                "UPDATE series SET readings = readings + ? WHERE id = ?",
                [(n, series) for series, n in counts.items()],
            )
            self._note_arrivals(stored, received)
        return stored

    def _note_arrivals(self, stored, received):
        boards = {}
        for rows in stored:
            for row in rows:
                newest, count = boards.get(row["bucket"], (row["epoch_f"], 0))
                boards[row["bucket"]] = max(newest, row["epoch_f"]), count + 1
        for bucket, (newest, count) in boards.items():
            arrivals = self._arrivals.get(bucket) or self._arrivals_of(bucket)
            arrivals.add(received, newest, count)
            self._db.execute(
                "INSERT OR REPLACE INTO arrival VALUES (?, ?, ?, ?)", (bucket, *arrivals.row())
            )

    def _arrivals_of(self, bucket):
        select = "SELECT received, ahead_s, kept FROM arrival WHERE bucket = ?"
        self._arrivals[bucket] = Arrivals(*self._db.execute(select, (bucket,)).fetchone() or ())
        return self._arrivals[bucket]

    def _insert(self, r, received, counts):
        key = r["tid"], r["sn"], r["b"]
        series, name = self._series.get(key[:2], (None, None))
        if name != key[2]:
            series = self._series_id(key)
        counts[series] = counts.get(series, 0) + 1
        text, value, num = _forms(r["v"])
        place = series, float(r["e"]), str(r["e"]), text
        repeat = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM reading "
            "WHERE series = ? AND epoch_f = ? AND epoch = ? AND value = ? AND num IS ?)",
            (*place, num),  # the last is found in the index, however many there are at one time
        ).fetchone()[0]
        self._db.execute(
            "INSERT INTO reading (series, epoch_f, epoch, value, received, repeat, num) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*place, received, repeat, num),
        )
        return {
            "bucket": key[0],
            "bucket_name": key[2],
            "signal": key[1],
            "value": value,
            "text": text,
            "epoch": place[2],
            "epoch_f": place[1],
            "received": received,
            "repeat": bool(repeat),
        }

    def _series_id(self, key):
        run = self._db.execute
        run(
            "INSERT INTO series (bucket, signal, bucket_name) VALUES (?, ?, ?) "
            "ON CONFLICT (bucket, signal) DO UPDATE SET bucket_name = excluded.bucket_name",
            key,
        )
        found = run("SELECT id FROM series WHERE bucket = ? AND signal = ?", key[:2])
        series = found.fetchone()[0]
        self._series[key[:2]] = series, key[2]
        return series


def _held(path):
    if path == ":memory:":
        return None
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return lock.hold(os.path.realpath(path) + ".lock")
    except OSError as e:
        raise StoreError(f"The database {path} cannot be used: {e.strerror}.") from None
    except lock.InUse as e:
        raise StoreError(
            f"The database {path} is in use by {e}: end that one, or choose another file with"
            " --db."
        ) from None


def _forms(v):
    """A value as JSON text, as a Python value, and as the number a chart draws (or None)."""
    if isinstance(v, Number):
        return str(v), v.value, float(v)
    text = json.dumps(v, ensure_ascii=False)
    return text, v, float(v) if isinstance(v, bool) else None
