"""All boards at a glance: who needs attention, and a few signals that tell how a board is.

One answer for all boards, from few looks into the index of readings for each: how long it takes
depends on the number of boards, not of readings. `run` is a connection's execute.
"""

import json
import re
import threading
import time

from .arrivals import AHEAD_S, Arrivals
from .validate import END_S

# What is shown of a board, by the names that its signal may have: the first that there is.
NAMES = {
    "strength": ("signal strength", "rssi"),
    "battery": ("battery", "battery voltage", "battery level"),
    "heap": ("free heap", "heap"),
}
_FIELDS = {name: (field, i) for field, names in NAMES.items() for i, name in enumerate(names)}
_DROPPED = "islog.dropped"
POINTS = 20
SPAN_S = 86400  # of the small charts, at most
LATELY_S = 3600
_MOST_REPORTS = 1000

_ATTENTION = ("silent", "late", "dropped", "clock", "empty", "online")


class Glance:
    """The text that `compute` gives, for any number who ask at once: it runs once at a time, and

    what began after one has asked is good for that one too."""

    def __init__(self, compute):
        self._compute = compute
        self._lock = threading.Lock()
        self._began, self._text = None, None

    def text(self):
        asked = time.monotonic()
        with self._lock:
            if self._began is None or self._began < asked:
                began = time.monotonic()
                self._text = self._compute()
                self._began = began
            return self._text


def as_text(run, now):
    """The JSON text of api.Overview."""
    boards = _boards(run, now)
    places = _named(run, boards)
    dropped = {bucket: places.pop((bucket, field))
               for bucket, field in list(places) if field == "dropped"}  # fmt: skip
    for (bucket, field), trace in _traces(run, places).items():
        boards[bucket][field] = trace
    for bucket, (series, _, _, bound) in dropped.items():
        board = boards[bucket]
        board["dropped"], board["dropped_lately"] = _reported(run, series, bound)
    return json.dumps({"now": now, "boards": sorted(boards.values(), key=_place)})


def _boards(run, now):
    arrivals = {bucket: Arrivals(*row) for bucket, *row in run("SELECT * FROM arrival")}
    names = dict(run("SELECT bucket, bucket_name FROM series GROUP BY bucket"))
    names.update(run("SELECT id, name FROM bucket"))
    return {bucket: _board(bucket, names[bucket], arrivals.get(bucket), now) for bucket in names}


def _board(bucket, name, arrivals, now):
    arrivals = arrivals or Arrivals()
    return {
        "id": bucket,
        "name": name,
        "state": arrivals.state(now),
        "received": arrivals.received,
        "every_s": arrivals.every_s,
        "per_minute": arrivals.per_minute(),
        "clock_s": arrivals.clock_s,
        "dropped": None,
        "dropped_lately": 0,
        **dict.fromkeys(NAMES),
    }


def _named(run, boards):
    """{(bucket, field): (series, first, last, bound)}: where what is shown of a board is kept.

    bound: up to which time a board's readings are believed, by its clock as it is now. A reading
    that once came from the future is beyond it, and would else be the latest for ever."""
    bounds = {
        board["id"]: min(board["received"] + (board["clock_s"] or 0) + AHEAD_S, END_S)
        for board in boards.values()
        if board["received"] is not None
    }
    wanted = {}
    for series, bucket, signal in run("SELECT id, bucket, signal FROM series"):
        plain = " ".join(re.split(r"[\s_-]+", signal.casefold()))
        field = ("dropped", 0) if signal == _DROPPED else _FIELDS.get(plain)
        if field and bucket in bounds:
            wanted[series] = bucket, *field
    asked = [[series, bounds[bucket]] for series, (bucket, _, _) in wanted.items()]
    found = {}
    for series, bound, first, last in run(
        "WITH asked AS (SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') "
        "AS bound FROM json_each(?)) SELECT place, bound, "
        "(SELECT min(epoch_f) FROM reading WHERE series = place), "
        "(SELECT max(epoch_f) FROM reading WHERE series = place AND epoch_f <= bound) FROM asked",
        (json.dumps(asked),),
    ):
        if last is None:
            continue
        bucket, field, rank = wanted[series]
        better = (-rank, last), (series, first, last, bound)  # "rssi" and "RSSI" are two series
        found[bucket, field] = max(found.get((bucket, field), better), better)
    return {key: place for key, (_, place) in found.items()}


def _traces(run, places):
    """{key: api.Trace}: of each stretch of time the last value, None where there was none."""
    keys = {series: key for key, (series, *_) in places.items()}
    traces = {
        keys[series]: {"signal": signal, "value": None, "points": [None] * POINTS}
        for series, signal in run(
            "SELECT id, signal FROM series WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
    }
    asked = [
        [series, min(max(first, last - SPAN_S), last - 1), last]
        for series, first, last, _ in places.values()
    ]
    for series, i, num in run(
        "WITH RECURSIVE slot (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM slot WHERE i < :slots), "
        "asked AS (SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') "
        "AS start, json_extract(value, '$[2]') AS last FROM json_each(:asked)), "
        "stretch AS (SELECT place, i, CASE i WHEN 1 THEN start - 1 "
        "ELSE start + (i - 1) * (last - start) / :slots END AS after, CASE i WHEN :slots "
        "THEN last ELSE start + i * (last - start) / :slots END AS until FROM asked, slot) "
        "SELECT place, i, (SELECT num FROM reading WHERE series = place "
        "AND epoch_f > after AND epoch_f <= until ORDER BY epoch_f DESC LIMIT 1) FROM stretch",
        {"slots": float(POINTS), "asked": json.dumps(asked)},
    ):
        trace = traces[keys[series]]
        if num is not None:
            trace["points"][int(i) - 1] = _short(float(f"{num:.4g}"))
        if i == POINTS:
            trace["value"] = num and _short(num)
    return {key: trace for key, trace in traces.items() if trace["value"] is not None}


def _short(num):
    return int(num) if num.is_integer() and abs(num) < 1e15 else num


def _reported(run, series, bound):
    """What the latest islog.dropped says, and by how much it has grown in the hour before.

    A board sends it after a loss only, and counts anew after a reset."""
    reports = run(
        "SELECT num, epoch_f FROM reading WHERE series = ? AND epoch_f <= ? "
        "AND num BETWEEN 0 AND 1e15 ORDER BY epoch_f DESC, id DESC LIMIT ?",
        (series, bound, _MOST_REPORTS),
    ).fetchall()
    grown, before = 0, 0
    for count, at in reversed(reports):
        if at > bound - AHEAD_S - LATELY_S:
            grown += count - before if count >= before else count
        before = count
    return before if reports else None, grown


def _place(board):
    """Sorts: what needs attention first, then by name, its numbers as numbers."""
    why = board["state"]
    if why == "online":
        why = "dropped" if board["dropped_lately"] > 0 else "clock" if board["clock_s"] else why
    name = re.split(r"([0-9]+)", board["name"].casefold())
    name[1::2] = map(int, name[1::2])
    return _ATTENTION.index(why), name, board["id"]
