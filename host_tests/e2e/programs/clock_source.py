"""Counts as steady.py does, and tells what has set the clock whenever that changes."""

import os
import time

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
source = None
while "stop" not in os.listdir():
    note(log, "n", n)
    n += 1
    time.sleep_ms(max(1, min(20, log.poll())))
    if log.status()["clock"] != source:
        source = log.status()["clock"]
        print("clock", source)
log.flush(60)
