"""Logs so many readings as its argument says, all at once, and then sends them."""

import time

import islog
from notes import note

with open("arguments") as f:
    readings = int(f.read())
log = islog.from_config("config.json")
for n in range(readings):
    note(log, "n", n)
    time.sleep_ms(1)
log.flush(60)
