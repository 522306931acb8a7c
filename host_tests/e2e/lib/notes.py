"""Imported by board programs: log a reading, and print what came of it.

One line each, `logged ` and JSON: signal, value, text (str(value)), outcome (True, False, or the
name of the exception), ns and done_ns (the PC's true time before and after the call), and the
log's books after it: logged, sent, dropped, rejected, pending.
"""

import json
import math

import utime

_count = 0


def note(log, signal, value):
    """Call log.log(signal, value), and print that line; whatever it raises is part of it."""
    global _count
    ns = utime.time_ns()
    try:
        outcome = log.log(signal, value)
    except (ValueError, TypeError) as e:
        outcome = type(e).__name__
    else:
        _count += 1
    done_ns = utime.time_ns()
    line = {name: getattr(log, name) for name in ("sent", "dropped", "rejected", "pending")}
    line["logged"] = _count
    line["signal"] = signal
    line["text"] = str(value)
    line["value"] = value
    if isinstance(value, float) and not math.isfinite(value):
        line["value"] = None
    line["outcome"] = outcome
    line["ns"] = ns
    line["done_ns"] = done_ns
    print("logged", json.dumps(line))
