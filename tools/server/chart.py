"""What a chart of one signal needs: any number of readings as a bounded number of points.

Where there are more readings than asked for, the time is cut into slots and each slot's smallest
and largest reading is kept, exactly as it was sent, so that no peak is lost. One covering index
is all that is read for it, slot by slot, in order: nothing is sorted.

`run` is a connection's execute; `ids` are the ids of a signal's series, as the inside of an SQL
IN ("1,7"); times are Unix seconds.
"""

import json

RECENT = 60  # readings from which a signal's kind and its usual interval are told
_GAP_INTERVALS = 3
_GAP_LEAST_S = 1.0


def latest(run, ids, most):
    """The newest readings, newest first: (id, value as JSON, epoch_f)."""
    found = []
    for series in ids.split(","):
        found += run(
            "SELECT id, value, epoch_f FROM reading WHERE series = ? "
            "ORDER BY epoch_f DESC, id DESC LIMIT ?",
            (int(series), most),
        ).fetchall()
    return sorted(found, key=lambda row: (-row[2], -row[0]))[:most]


def count_between(run, ids, start, end):
    return run(
        f"SELECT count(*) FROM reading WHERE series IN ({ids}) AND epoch_f BETWEEN ? AND ?",
        (start, end),
    ).fetchone()[0]


def sampled(run, ids, start, end, most):
    """Each slot's extremes and the newest texts: (readings in all, ids kept, gaps)."""
    where = f"FROM reading WHERE series IN ({ids}) AND epoch_f >= ? AND epoch_f"
    texts = run(
        f"SELECT id {where} <= ? AND num IS NULL ORDER BY epoch_f DESC LIMIT ?",
        (start, end, most // 2),
    ).fetchall()
    slots = max(1, (most - len(texts)) // 2)
    kept, count, ends = [row_id for (row_id,) in texts], 0, []
    edges = [start + (end - start) * i / slots for i in range(slots)] + [end]
    for i in range(slots):
        span = edges[i], edges[i + 1]
        below = "<" if i < slots - 1 else "<="
        low, low_id, n = run(f"SELECT min(num), id, count(*) {where} {below} ?", span).fetchone()
        count += n
        if low is not None:
            high_id = run(f"SELECT max(num), id {where} {below} ?", span).fetchone()[1]
            kept += [low_id] if low_id == high_id else [low_id, high_id]
        if n:
            ends.append(span)
    usual = usual_s([epoch for _, _, epoch in reversed(latest(run, ids, RECENT))])
    gaps = []
    for (_, left), (right, _) in zip(ends, ends[1:], strict=False):
        if usual is not None and right - left > 0:
            last = run(f"SELECT max(epoch_f) {where} < ?", (start, left)).fetchone()[0]
            first = run(f"SELECT min(epoch_f) {where} <= ?", (right, end)).fetchone()[0]
            gaps += find_gaps([last, first], usual)
    return count, kept, gaps


def as_texts(run, ids):
    found = run(
        "SELECT epoch, value FROM reading WHERE id IN (SELECT value FROM json_each(?)) "
        "ORDER BY epoch_f, id",
        (json.dumps(ids),),
    )
    return [f'{{"epoch":{epoch},"value":{value}}}' for epoch, value in found]


def usual_s(times):
    """The interval that nine out of ten readings keep, s; None where it cannot be told."""
    steps = sorted(b - a for a, b in zip(times, times[1:], strict=False) if b > a)
    return steps[len(steps) * 9 // 10] if len(steps) >= 3 else None


def find_gaps(times, usual_s):
    if usual_s is None:
        return []
    least = max(_GAP_INTERVALS * usual_s, _GAP_LEAST_S)
    return [[a, b] for a, b in zip(times, times[1:], strict=False) if b - a > least]


def kind(texts):
    kinds = {
        "string" if text[0] == '"' else "bool" if text in ("true", "false") else "number"
        for text in texts
    }
    return kinds.pop() if len(kinds) == 1 else "mixed"
