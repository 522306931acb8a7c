"""Stands still after its first reading; the watchdog ends the first run, nothing the second."""

import os
import time

import islog
import machine
from notes import note

log = islog.from_config("config.json")
note(log, "n", 1)
if "been here" not in os.listdir():
    watchdog = machine.WDT(timeout=100)
    open("been here", "w").close()
    time.sleep_ms(200)
    watchdog.feed()
log.flush(60)
while True:
    pass
