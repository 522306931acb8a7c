"""Sends readings in batches of one. The file `batches` says how many, and whether between two it
idles, with polls, until there is a file `go`."""

import os
import time

import islog
from notes import note

with open("batches") as f:
    batches, idles = (int(word) for word in f.read().split())
log = islog.from_config("config.json")
for n in range(batches):
    if n and idles:
        while "go" not in os.listdir():
            time.sleep_ms(min(20, log.poll()))
        os.remove("go")
    note(log, "n", n)
    while log.pending:
        time.sleep_ms(min(20, log.poll()))
