"""Logs for a second before it looks at the network for the first time, then goes on."""

import time

import islog
from notes import note

log = islog.from_config("config.json")
for n in range(20):
    note(log, "early", n)
    time.sleep_ms(50)
for n in range(40):
    note(log, "later", n + 0.5)
    time.sleep_ms(min(25, log.poll()))
log.flush(60)
