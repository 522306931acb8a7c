"""Sends readings in batches of one. Arguments: how many, and whether (0 or 1) it waits between
two, with polls, until there is a file `go`."""

import os
import time

import islog
from notes import note

with open("arguments") as f:
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
