"""Fills the ring three times over while the server is away, and waits until it can be reached."""

import os
import time

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
while not log.retries:  # a batch is on its way, in vain
    if not log.pending:
        note(log, "n", n)
        n += 1
    time.sleep_ms(min(20, log.poll()))
while log.dropped < 2 * log.pending:
    note(log, "n", n)
    n += 1
    log.poll()
print("full", log.pending)
while "stop" not in os.listdir():
    time.sleep_ms(min(20, log.poll()))
log.flush(60)
