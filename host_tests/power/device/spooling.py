"""Runs on a simulated board: counts from the number in the file `first`, two readings every 4 ms,
and says what its log reports as spooled. Once there is a file `stop`, it ends when nothing is
left.

Lines, each written at once and ended by a dot, so that one that a kill has cut short is known:
"boot S L." with what is spooled and lost at the start, "log N NS." before reading N is logged (NS:
the PC's true time), "spooled N M." where those from N to M - 1 are in flash, and so is their time.
"""

import os
import time

import islog
import utime
from spooled import range_in_flash

with open("first") as f:
    first = int(f.read())
log = islog.from_config("config.json")
print(f"boot {log.spooled} {log.lost}.")
n = first
until = 0  # the readings before it were reported
timed = False
while "stop" not in os.listdir() or log.pending or log.spooled:
    if "stop" not in os.listdir():
        for _ in range(2):
            print(f"log {n} {utime.time_ns()}.")
            log.log(f"n{n % 3}", n)
            n += 1
    synced = log.synced
    log.poll()
    start, end = range_in_flash(log)
    # A time that is known before a poll is in flash after it.
    if synced and end > start and first + end > until:
        until = first + end
        print(f"spooled {first + start} {until}.")
    time.sleep_ms(4)
assert log.close()
assert log.dropped == log.rejected == 0, log.status()
