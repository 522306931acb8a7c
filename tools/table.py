"""Readings as a table: the one CSV that the local server exports and `make pull-spool` writes.

Columns: `time` (UTC, ISO 8601; empty where no calendar has it), `epoch` (Unix seconds, with the
digits that the board sent; empty where its time was never known), `signal`, `value` (a text as it
is, all else as JSON). The server knows two more: `received` (Unix seconds) and `repeat` (0 or 1).

A spreadsheet takes a cell for a formula that begins with one of FORMULA: whoever has a board's key
could have one run. A text and a signal's name that begin so get an apostrophe before (OWASP, "CSV
Injection"); a number is one, whatever it begins with.
"""

import csv
from datetime import datetime, timezone

COLUMNS = ("time", "epoch", "signal", "value")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def writer(file, *more):
    """Write the head, with the names of `more` columns; returns the function that writes a row:
    epoch (text, or None), signal, value (a text, or else its JSON), whether it is a text, and what
    is in those columns."""
    write = csv.writer(file).writerow
    write([*COLUMNS, *more])

    def row(epoch, signal, value, is_text, *cells):
        write([utc(epoch), epoch, _plain(signal), _plain(value) if is_text else value, *cells])

    return row


def _plain(text):
    return "'" + text if text.startswith(FORMULA) else text


def utc(epoch):
    """ISO 8601 with milliseconds."""
    try:
        at = datetime.fromtimestamp(float(epoch), timezone.utc)
    except (TypeError, OverflowError, ValueError, OSError):
        return ""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
