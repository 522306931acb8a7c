"""Tells what the board's own clock shows before and after the first reading has been sent."""

import json
import time

import islog
import utime
from notes import note


def tell():
    true_ns = utime.time_ns()  # a busy PC may come in between
    shown = {
        "time": time.time(),
        "ns": time.time_ns(),
        "date": time.gmtime()[:6],
        "epoch": time.gmtime(0)[0],
        "true_ns": true_ns,
        "done_ns": utime.time_ns(),
    }
    print("shown", json.dumps(shown))


log = islog.from_config("config.json")
tell()
note(log, "n", 1)
log.flush(60)
tell()
