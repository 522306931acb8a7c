"""Polls as main.py does, and counts, until there is a file `stop`; notes the longest poll()."""

import os
import time

import islog
from notes import note

log = islog.from_config("config.json")
longest_ms = n = 0
while "stop" not in os.listdir():
    note(log, "n", n)
    n += 1
    for _ in range(10):
        before = time.ticks_ms()
        wait_ms = log.poll()
        longest_ms = max(longest_ms, time.ticks_diff(time.ticks_ms(), before))
        time.sleep_ms(max(1, min(50, wait_ms)))
while not log.flush(5):
    pass
print("longest poll:", longest_ms)
