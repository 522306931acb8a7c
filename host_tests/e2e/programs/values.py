"""Logs every kind of value that there is, and every kind that must be refused."""

import time

import islog
from notes import note

GOOD = (
    0,
    -1,
    2**30,
    2**31,
    2**63 - 1,
    -(2**63),
    0.1,
    1e-7,
    -273.15,
    1e30,
    True,
    False,
    "",
    "°C",
    "\"quotes\" 'n' \\ back, \n, \t, \0 and \U0001f321",
    "x" * 1000,
    "é" * 500,
)
REFUSED = (
    float("nan"),
    float("inf"),
    -float("inf"),
    None,
    2**63,
    -(2**63) - 1,
    "x" * 1001,
    "é" * 501,
    [1],
    {"a": 1},
    b"bytes",
)

log = islog.from_config("config.json")
for value in GOOD:
    note(log, "value", value)
    log.poll()
for value in REFUSED:
    note(log, "value", value)
    log.poll()
for signal in ("s" * 100, "s" * 101, "", 7):
    note(log, signal, 1)
log.flush(60)

# 2 names are in use: 62 more fit, the 65th does not, and known ones still do.
for i in range(63):
    note(log, f"name {i}", i)
    time.sleep_ms(2)
print("told", log.last_error)
note(log, "value", 2)
log.flush(60)
note(log, "value", 3)
log.flush(60)
