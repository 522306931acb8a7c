"""Counts, a reading every 20 ms or so, until there is a file `stop`; then sends the rest, for so
many seconds as that file says, or a minute."""

import os
import time

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
while "stop" not in os.listdir():
    note(log, "n", n)
    n += 1
    time.sleep_ms(max(1, min(20, log.poll())))
with open("stop") as f:
    log.flush(int(f.read() or 60))
