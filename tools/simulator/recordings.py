"""Recordings: CSV files of what a board measures, and of what is attached to its pins."""

import contextlib
import csv
import math
import re
from datetime import datetime, timezone
from pathlib import Path

_ADC_CELSIUS = (-1400.0, 430.0)  # what an rp2's converter can say at all
# What can be attached to a board's pins: the columns of its recording, and the faults it can have.
_DEVICES = {
    "dht22": (("temperature", "humidity"), ("silent", "garbled")),
    "ds18b20": (("temperature",), ("silent", "garbled", "restarted")),
    "bme280": (("temperature", "pressure", "humidity"), ("silent",)),  # as its converters give it
    "button": (("level",), ()),
    "voltage": (("volts",), ()),  # at a pin that an ADC reads
}


class UserError(Exception):
    """What the user can put right, in one sentence."""


def read_recording(path, kind="esp32"):
    """A CSV file with `timestamp,value` columns -> [(seconds since its first row, value)].

    timestamp: Unix seconds or ISO 8601, never going back. value: a number, degrees Celsius.
    """
    rows = []
    for where, offset_s, row in _read_rows(path, ("value",)):
        celsius = _number(row["value"], where)
        if kind == "rp2" and not _ADC_CELSIUS[0] <= celsius <= _ADC_CELSIUS[1]:
            raise UserError(
                f"{where}: an rp2's temperature sensor cannot say {row['value']};"
                " use --board esp32."
            )
        rows.append((offset_s, celsius))
    return rows


def read_attached(folder):
    """A folder of recordings named DEVICE-PLACE.csv -> [device, place, rows] each.

    DEVICE is one of _DEVICES; PLACE a pin's number, a BME280's address on I2C. Columns: timestamp
    as in read_recording, those of the device, and, if it likes, `fault`: what goes wrong from that
    row on (its values may then be empty). rows: [milliseconds, fault, values ...], the first at 0.
    """
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise UserError(f"There are no recordings (DEVICE-PLACE.csv) in {folder}.")
    return [_read_device(path) for path in paths]


def _read_device(path):
    device, _, place = path.stem.partition("-")
    if device not in _DEVICES or not re.fullmatch(r"[0-9]+|0x[0-9a-f]+", place):
        raise UserError(
            f"{path} must be named after what it records and where that is attached, as in"
            f" dht22-15.csv; devices are {', '.join(_DEVICES)}."
        )
    columns, faults = _DEVICES[device]
    rows = []
    for where, offset_s, row in _read_rows(path, columns):
        fault = (row.get("fault") or "").strip()
        if fault and fault not in faults:
            known = ", ".join(faults) or "none"
            raise UserError(f"{where}: {fault!r} is no fault of a {device}: known are {known}.")
        texts = [row[name] for name in columns]
        empty = fault and not any(texts)
        values = [] if empty else [_number(text, where) for text in texts]
        rows.append([round(offset_s * 1000), fault, *values])
    return [device, int(place, 0), rows]


def _read_rows(path, columns):
    """(where, seconds since the first row, row) for each row of a recording."""
    first_s = last_s = None
    try:
        with open(path, encoding="utf-8-sig", newline="") as f:
            reader = csv.DictReader(f)
            if not {"timestamp", *columns} <= set(reader.fieldnames or ()):
                named = " and ".join(["timestamp", *columns])
                raise UserError(f"{path} must begin with a line that names {named}.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                at_s = _seconds(row["timestamp"], where)
                if last_s is not None and at_s < last_s:
                    raise UserError(f"{where}: the timestamp is earlier than the one before it.")
                first_s = at_s if first_s is None else first_s
                last_s = at_s
                yield where, at_s - first_s, row
    except FileNotFoundError:
        raise UserError(f"There is no recording {path}.") from None
    except OSError as e:
        raise UserError(f"The recording {path} cannot be read: {e.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{path} is no CSV file in UTF-8.") from None
    if first_s is None:
        raise UserError(f"{path} holds no readings.")


def _number(text, where):
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where}: the value {text!r} is no number.")
    return value


def _seconds(text, where):
    with contextlib.suppress(TypeError, ValueError):
        return float(text)
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        raise UserError(
            f"{where}: the timestamp {text!r} is neither Unix seconds nor ISO 8601."
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
