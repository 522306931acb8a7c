"""Polls for a second, and then, in its first run, does nothing at all."""

import os
import time

import islog

log = islog.from_config("config.json")
for _ in range(20):
    log.poll()
    time.sleep_ms(50)
if "been here" not in os.listdir():
    open("been here", "w").close()
    while True:
        pass
status = log.status()
print("restarted:", status["restarted"], status["reset_cause"])
