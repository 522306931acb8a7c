"""Sends readings in batches of one. The file `batches` says how many, and how many ms of idleness
(with polls) come after each."""

import time

import islog
from notes import note

with open("batches") as f:
    batches, pause_ms = (int(word) for word in f.read().split())
log = islog.from_config("config.json")
for n in range(batches):
    note(log, "n", n)
    while log.pending:
        time.sleep_ms(min(20, log.poll()))
    since = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), since) < pause_ms:
        time.sleep_ms(min(20, log.poll()))
