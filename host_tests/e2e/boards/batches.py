"""Sends readings in batches of one. The file `batches` says how many, and how many ms of idleness
(with polls) lie between two."""

import time

import islog
from notes import note

with open("batches") as f:
    batches, pause_ms = (int(word) for word in f.read().split())
log = islog.from_config("config.json")
since = time.ticks_ms()
for n in range(batches):
    while n and time.ticks_diff(time.ticks_ms(), since) < pause_ms:
        time.sleep_ms(min(20, log.poll()))
    note(log, "n", n)
    while log.pending:
        time.sleep_ms(min(20, log.poll()))
    since = time.ticks_ms()
