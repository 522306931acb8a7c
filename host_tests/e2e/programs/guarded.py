"""Polls as main.py does, and counts, until there is a file `stop`."""

import os
import time

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
while "stop" not in os.listdir():
    note(log, "n", n)
    n += 1
    for _ in range(10):
        time.sleep_ms(max(1, min(50, log.poll())))
while not log.flush(5):
    pass
