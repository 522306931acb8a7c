"""Looks names up, on a plain MicroPython: no board is needed for that.

One case a line on standard input, JSON: name, port (of the DNS server on 127.0.0.1). Its answer is
a line on standard output, JSON: found (addresses, or None), wrong (a sentence's part, or the
port's number), answered, ttl_s, longest_ms (of the steps).
"""

import json
import sys
import time

from islog import dns

STEP_MS = 100


def look_up(name):
    outcome = {"found": None, "wrong": None, "longest_ms": 0}
    look = dns.LookUp(name, "127.0.0.1")
    try:
        while not outcome["found"]:
            start = time.ticks_ms()
            outcome["found"] = look.step(STEP_MS)
            took_ms = time.ticks_diff(time.ticks_ms(), start)
            outcome["longest_ms"] = max(outcome["longest_ms"], took_ms)
    except OSError as e:
        outcome["wrong"] = e.args[0]
    look.close()
    outcome["answered"] = look.answered
    outcome["ttl_s"] = look.ttl_s
    return outcome


for line in sys.stdin:
    case = json.loads(line)
    dns.PORT = case["port"]
    print(json.dumps(look_up(case["name"])))
