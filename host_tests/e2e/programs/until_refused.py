"""Counts until the server is refused, and for half a second more; sends nothing at its end."""

import time

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
refused = None
while refused is None or time.ticks_diff(time.ticks_ms(), refused) < 500:
    note(log, "n", n)
    n += 1
    time.sleep_ms(max(1, min(20, log.poll())))
    if refused is None and log.state == "refused":
        refused = time.ticks_ms()
