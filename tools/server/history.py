"""Reading back: what the store holds, for the API and the page.

Connections are pooled and read-only; with a database in memory there is one connection in all,
shared with the writer behind its lock.
"""

import contextlib
import json
import queue
import sqlite3
import time

from . import chart, overview, schema
from .arrivals import Arrivals
from .validate import END_S, FIRST_S, Number

_PAGE_ROWS = 5000
_PAGE_CHARACTERS = 1_000_000  # of values, and the one that goes beyond
_LATEST_CHARACTERS = 2000
_ROW = "bucket, signal, bucket_name, value, epoch, epoch_f, received, repeat"


class History:
    """The readings in the SQLite file `path`; any thread may call.

    check: raises where the file is another one by now. shared: (connection, lock) where the

    database has only that connection."""

    def __init__(self, path, check, shared=None):
        self._path = path
        self._check = check
        self._shared = shared
        self._idle = queue.SimpleQueue()
        self._busy = set()
        self._ends = 0

    def interrupt(self):
        """End what is being read: it raises sqlite3.OperationalError."""
        self._ends += 1
        for db in list(self._busy):
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed meanwhile
                db.interrupt()

    def close(self):
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _run(self):
        if self._shared:
            db, lock = self._shared
            with lock:
                yield db.execute
            return
        self._check()
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = schema.read_only(self._path)
        begun = self._ends

        def run(*statement):
            if self._ends != begun:
                raise sqlite3.OperationalError("interrupted")
            return db.execute(*statement)

        self._busy.add(db)
        try:
            yield run
        finally:
            self._busy.discard(db)
            self._idle.put(db)

    def buckets(self):
        """The buckets that were created, oldest first: a list of {"id", "name"}."""
        with self._run() as run:
            found = run("SELECT id, name FROM bucket ORDER BY created, id").fetchall()
        return [{"id": bucket_id, "name": name} for bucket_id, name in found]

    def readings(self, bucket_id=None):
        """All readings, or one bucket's, in order of arrival: a list of dicts with

        bucket (id), bucket_name, signal, value (str, bool, int or float), text (the value as
        JSON, a number as it was sent), epoch (Unix s, the text that was sent), epoch_f (float),
        received (Unix s, float), repeat (bool)."""
        with self._run() as run:
            found = run(
                f"SELECT {_ROW} FROM reading JOIN series ON series.id = series "
                "WHERE ? IS NULL OR bucket = ? ORDER BY reading.id",
                (bucket_id, bucket_id),
            ).fetchall()
        return [_row(*row) for row in found]

    def summary(self):
        """Every bucket with readings or a name, the latest to receive something first: dicts

        with the fields of api.Bucket. (By arrival: a board's clock may be wrong.)"""
        found = {}
        with self._run() as run:
            for bucket_id, name in run("SELECT id, name FROM bucket"):
                found[bucket_id] = _bucket(bucket_id, name)
            rows = run(
                "SELECT bucket, bucket_name, count(*), sum(readings), max((SELECT "
                "max(epoch_f) FROM reading WHERE series = series.id)) FROM series GROUP BY 1, 2"
            )
            for bucket_id, name, signals, readings, last in rows:
                b = found.setdefault(bucket_id, _bucket(bucket_id, name))
                b["signals"] += signals
                b["readings"] += readings
                b["last"] = max(b["last"] or last, last)
            for bucket_id, *row in run("SELECT * FROM arrival"):
                arrivals = Arrivals(*row)
                found[bucket_id].update(received=arrivals.received, clock_s=arrivals.clock_s)
        return sorted(found.values(), key=lambda b: (-(b["received"] or 0), b["name"]))

    def overview(self):
        """All boards at a glance, as JSON text; see api.Overview for its fields."""
        with self._run() as run:
            return overview.as_text(run, time.time())

    def name(self, bucket_id):
        """The bucket's name, None where there is no such bucket."""
        with self._run() as run:
            found = run(
                "SELECT name, 1 AS rank, 0 AS id FROM bucket WHERE id = :bucket UNION ALL "
                "SELECT bucket_name, 0, id FROM series WHERE bucket = :bucket "
                "ORDER BY rank DESC, id DESC LIMIT 1",
                {"bucket": bucket_id},
            ).fetchone()
        return found and found[0]

    def has(self, bucket_id, signal):
        """Whether there is this signal in the bucket."""
        asked = "SELECT EXISTS (SELECT 1 FROM series WHERE bucket = ? AND signal = ?)"
        with self._run() as run:
            return bool(run(asked, (bucket_id, signal)).fetchone()[0])

    def signals(self, bucket_id):
        """What is known of each signal of a bucket, by name, as JSON-ready dicts; their fields

        are those of api.SignalOf."""
        found = []
        with self._run() as run:
            for signal, (series, readings) in _series(run, bucket_id).items():
                recent = chart.latest(run, series, chart.RECENT) or chart.beyond(run, series)
                minute = (time.time() - 60, time.time() + 1)
                first = _end(run, series, "min")
                found.append(
                    {
                        "signal": signal,
                        "kind": chart.kind([value for _, value, *_ in recent]),
                        "readings": readings,
                        "first": recent[0][2] if first is None else first,
                        "last": {"epoch": recent[0][2], "value": _latest(run, recent[0][0])},
                        "every_s": chart.usual_s([row[2] for row in reversed(recent)]),
                        "silent_after_s": chart.silent_after_s(run, series, recent),
                        "rate": chart.count_between(run, series, *minute),
                    }
                )
        return found

    def chart(self, bucket_id, signal, start=None, end=None, most=1000):
        """The readings of one signal from `start` to `end` (Unix s, both inclusive; None: all

        there are), in order of time, `most` at most, as JSON text; None where there is no such
        signal. See api.Chart for its fields."""
        with self._run() as run:
            asked = "SELECT id FROM series WHERE bucket = ? AND signal = ?"
            found = run(asked, (bucket_id, signal)).fetchone()
            if found is None:
                return None
            series = found[0]
            # Two questions, each answered by one look into the index; as one it reads all of it.
            first, last = _end(run, series, "min"), _end(run, series, "max")
            if first is None:
                first = last = chart.beyond(run, series)[0][2]
            open_ended = end is None or end > last
            start = first if start is None else chart.bounded(start)
            end = last if end is None else chart.bounded(end)
            few = run(
                "SELECT id FROM reading WHERE series = ? AND epoch_f BETWEEN ? AND ? "
                "ORDER BY epoch_f, id LIMIT ?",
                (series, start, end, most + 1),
            ).fetchall()
            if len(few) <= most:
                count, kept = len(few), [row_id for (row_id,) in few]
            else:
                count, kept = chart.sampled(run, series, max(start, first), min(end, last), most)
            gaps = chart.gaps(run, series, start, end)
            if open_ended:
                limit = chart.silent_after_s(run, series, chart.latest(run, series, chart.RECENT))
                if limit is not None and time.time() - last > limit:
                    gaps.append([last, None])
            texts = chart.as_texts(run, kept)
            before, after = chart.beside(run, series, start, end)
        return (
            f'{{"signal":{json.dumps(signal)},"first":{first!r},"last":{last!r},'
            f'"count":{count},"sampled":{json.dumps(count > len(texts))},'
            f'"before":{before},"after":{after},'
            f'"gaps":{json.dumps(gaps)},"readings":[{",".join(texts)}]}}'
        )

    def export(self, bucket_id, signal=None, start=None, end=None):
        """Pages (lists of rows as `readings` gives them) of a bucket's readings, by arrival."""
        start = -1e400 if start is None else start
        end = 1e400 if end is None else end
        after = 0
        while page := self._page(bucket_id, signal, start, end, after):
            after = page[-1][-1]
            yield [_row(*row[:-1]) for row in page]

    def _page(self, bucket_id, signal, start, end, after):
        with self._run() as run:
            found = _series(run, bucket_id)
            ids = [series for name, (series, _) in found.items() if signal in (None, name)]
            # The + keeps to the order of arrival: by the other index, each page sorts all rows.
            rows = run(
                f"SELECT {_ROW}, reading.id FROM reading JOIN series ON series.id = series "
                "WHERE reading.id > ? AND +series IN (SELECT value FROM json_each(?)) "
                "AND +epoch_f BETWEEN ? AND ? ORDER BY reading.id LIMIT ?",
                (after, json.dumps(ids), start, end, _PAGE_ROWS),
            )
            with contextlib.closing(rows):
                page, size = [], 0
                for row in rows:
                    page.append(row)
                    size += len(row[3])
                    if size > _PAGE_CHARACTERS:
                        break
        return page


def _series(run, bucket_id):
    """Of each signal its series' id and how many readings there are, by name."""
    found = run(
        "SELECT signal, id, readings FROM series WHERE bucket = ? "
        "ORDER BY signal LIKE 'islog.%', signal",
        (bucket_id,),
    )
    return {signal: (series, readings) for signal, series, readings in found}


def _latest(run, row_id):
    text = run("SELECT value FROM reading WHERE id = ?", (row_id,)).fetchone()[0]
    value = json.loads(text)
    if isinstance(value, str) and len(value) > _LATEST_CHARACTERS:
        return value[:_LATEST_CHARACTERS] + "…"
    return value


def _end(run, series, side):
    """The time of the first ("min") or last reading of those that a chart can show, or None."""
    where = f"series = ? AND epoch_f BETWEEN {FIRST_S} AND {END_S}"
    return run(f"SELECT {side}(epoch_f) FROM reading WHERE {where}", (series,)).fetchone()[0]


def _bucket(bucket_id, name):
    return {
        "id": bucket_id,
        "name": name,
        "signals": 0,
        "readings": 0,
        "last": None,
        "received": None,
        "clock_s": None,
    }


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
