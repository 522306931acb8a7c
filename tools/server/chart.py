"""What a chart of one signal needs: any number of readings as a bounded number of points.

Where there are more readings than asked for, the time is cut into slots and each slot's smallest
and largest reading is kept, exactly as it was sent, so that no peak is lost. One covering index
is all that is read for it, slot by slot, in order: nothing is sorted.

`run` is a connection's execute; `series` is the id of a signal's; times are Unix seconds. Of
readings of before 1990 or after 2106, which an older server took, nothing is looked at: the others
would have no room beside them.
"""

import json
import math
from itertools import pairwise

from .validate import END_S, FIRST_S

RECENT = 60  # readings from which a signal's kind and its usual interval are told
_BEFORE = f"< ? AND epoch_f >= {FIRST_S} ORDER BY epoch_f DESC LIMIT ?"
_AFTER = f"> ? AND epoch_f <= {END_S} ORDER BY epoch_f LIMIT ?"
_GAP_INTERVALS = 3
_GAP_LEAST_S = 1.0
_GAPS_MOST = 1000  # the longest ones
_BLOCK = 50_000  # times that are looked through at once
_SILENT_LEAST_S = 10.0
_CHART_CHARACTERS = 2_000_000  # of values, in all; what is _SHORT is there in any case
_SHORT = 400


def bounded(at):
    return min(max(at, FIRST_S), END_S)


def latest(run, series, most, until=END_S):
    """The newest readings up to a time, newest first: (id, how the value begins as JSON, epoch_f,

    received)."""
    return run(
        "SELECT id, substr(value, 1, 6), epoch_f, received FROM reading WHERE series = ? "
        f"AND epoch_f <= ? AND epoch_f >= {FIRST_S} ORDER BY epoch_f DESC, id DESC LIMIT ?",
        (series, until, most),
    ).fetchall()


def beyond(run, series):
    """The same of the one that arrived last, for a signal that has no other times than those that

    are not looked at: its own is the nearest of those that are."""
    return run(
        f"SELECT id, substr(value, 1, 6), min(max(epoch_f, {FIRST_S}), {END_S}), received "
        "FROM reading WHERE series = ? ORDER BY id DESC LIMIT 1",
        (series,),
    ).fetchall()


def count_between(run, series, start, end):
    return run(
        "SELECT count(*) FROM reading WHERE series = ? AND epoch_f BETWEEN ? AND ?",
        (series, start, end),
    ).fetchone()[0]


def sampled(run, series, start, end, most):
    """Each slot's extremes and the newest texts: (readings in all, ids kept)."""
    where = "FROM reading WHERE series = ? AND epoch_f >= ? AND epoch_f"
    texts = run(
        f"SELECT id {where} <= ? AND num IS NULL ORDER BY epoch_f DESC LIMIT ?",
        (series, start, end, most // 2),
    ).fetchall()
    slots = max(1, (most - len(texts)) // 2)
    kept, count = [row_id for (row_id,) in texts], 0
    edges = [start + (end - start) * i / slots for i in range(slots)] + [end]
    for i in range(slots):
        span = series, edges[i], edges[i + 1]
        below = "<" if i < slots - 1 else "<="
        low, low_id, n = run(f"SELECT min(num), id, count(*) {where} {below} ?", span).fetchone()
        count += n
        if low is not None:
            high_id = run(f"SELECT max(num), id {where} {below} ?", span).fetchone()[1]
            kept += [low_id] if low_id == high_id else [low_id, high_id]
    return count, kept


def beside(run, series, start, end):
    """The reading before `start` and the one after `end`, as JSON; "null" where there is none."""
    before = latest(run, series, 1, math.nextafter(start, -math.inf))
    after = run(
        "SELECT id FROM reading WHERE series = ? AND epoch_f > ? "
        f"AND epoch_f <= {END_S} ORDER BY epoch_f, id LIMIT 1",
        (series, end),
    ).fetchall()
    return [(as_texts(run, [row[0] for row in rows]) or ["null"])[0] for rows in (before, after)]


def as_texts(run, ids):
    """The readings as JSON, in order of time; of texts as many as fit, the newest ones."""
    wanted = "FROM reading WHERE id IN (SELECT value FROM json_each(?)) ORDER BY epoch_f"
    kept, characters = [], 0
    for row_id, length in run(
        f"SELECT id, length(value) {wanted} DESC, id DESC", (json.dumps(ids),)
    ):
        if length <= _SHORT or characters + length <= _CHART_CHARACTERS:
            kept.append(row_id)
            characters += length
    found = run(f"SELECT epoch, value {wanted}, id", (json.dumps(kept),))
    return [f'{{"epoch":{epoch},"value":{value}}}' for epoch, value in found]


def usual_s(times):
    """The interval that nine out of ten readings keep, s. None where it cannot be told: there are
    too few of them, or they come when something happens (their middle half differs too much)."""
    return _usual([b - a for a, b in pairwise(times) if b > a])


def _usual(steps):
    n, steps = len(steps), sorted(steps)
    if n < 3 or steps[n * 3 // 4] > 2 * steps[n // 4]:
        return None
    return steps[n * 9 // 10]


def gaps(run, series, start, end):
    """Where readings are missing between `start` and `end`: [[last before, first after], ...],

    each whole, also where it reaches beyond them. What is a gap does not depend on them: it lasts
    for longer than three usual intervals, those of the RECENT readings before it and of the
    RECENT after it, whichever are longer."""
    found, more = [], True
    while more:
        within = "BETWEEN ? AND ? ORDER BY epoch_f LIMIT ?"
        times = _times(run, series, within, (start, end, _BLOCK))
        more = len(times) == _BLOCK
        until = times[-1] if more else end
        found += _gaps(run, series, times, start, until)
        start = until
    longest = sorted(found, key=lambda gap: gap[0] - gap[1])[:_GAPS_MOST]
    return sorted(longest)


def _gaps(run, series, within, start, end):
    times = [
        *_times(run, series, _BEFORE, (start, RECENT)),
        *within,
        *_times(run, series, _AFTER, (end, RECENT)),
    ]
    steps = [b - a for a, b in pairwise(times)]
    found = []
    for i, step in enumerate(steps):
        # Of any six steps one is within the interval that nine in ten keep: this spares the rest.
        if step <= _GAP_LEAST_S or step <= _GAP_INTERVALS * min(steps[max(0, i - 6) : i + 7]):
            continue
        sides = _usual(steps[max(0, i + 1 - RECENT) : i]), _usual(steps[i + 1 : i + RECENT])
        usual = max((side for side in sides if side), default=step)
        if step > _GAP_INTERVALS * usual and times[i] < end and times[i + 1] > start:
            found.append([times[i], times[i + 1]])
    return found


def _times(run, series, where, values):
    """The times of readings, each once, in order."""
    rows = run(
        f"SELECT DISTINCT epoch_f FROM reading WHERE series = ? AND epoch_f {where}",
        (series, *values),
    )
    return sorted(epoch for (epoch,) in rows)


def silent_after_s(run, series, recent):
    """How old the newest reading (`recent`: latest()) may become before the signal is silent, s;

    None where no usual interval can be told. Who sends an hour's readings once an hour is not
    silent in between: what readings usually wait before they arrive counts, too."""
    usual = usual_s([epoch for _, _, epoch, _ in reversed(recent)])
    if usual is None:
        return None
    return max(_SILENT_LEAST_S, _GAP_INTERVALS * (usual + _usual_delay_s(run, series, recent)))


def _usual_delay_s(run, series, recent):
    """The median of how late readings arrived, over a time that is long enough to tell it: at
    least four times the delay, or else all there is."""
    last, span = recent[0][2], recent[0][2] - recent[-1][2]
    while True:
        delays = sorted(max(0.0, received - epoch) for _, _, epoch, received in recent)
        median = delays[len(delays) // 2]
        if span > 4 * median or len(recent) < RECENT:
            return median
        span *= 2
        places = (last - span * i / RECENT for i in range(RECENT))
        recent = [row for place in places for row in latest(run, series, 1, place)]


def kind(texts):
    """What the values are that begin so."""
    kinds = {
        "string" if text[0] == '"' else "bool" if text in ("true", "false") else "number"
        for text in texts
    }
    return kinds.pop() if len(kinds) == 1 else "mixed"
