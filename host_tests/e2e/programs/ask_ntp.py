"""Asks NTP hosts, on a plain MicroPython: no board is needed for that.

One case a line on standard input, JSON: hosts, timeout_s, questions (so often one is asked).
Its answer is a line on standard output, JSON, a list with an entry for each question: wrong (a
sentence or None), done, took_ms, and where done off_ms (by so much its time is ahead of the PC's)
and error_ms.
"""

import json
import sys
import time

from islog.clock import Clock
from islog.timekeeper import Sntp


def ask(client, clock):
    start = time.ticks_ms()
    wrong = ""
    while wrong == "":
        wrong = client.ask(clock)
    outcome = {"wrong": wrong, "done": client.done}
    outcome["took_ms"] = time.ticks_diff(time.ticks_ms(), start)
    if client.done:
        clock.tick()
        unix_s, ms, periods, ticks, outcome["error_ms"] = client.best
        since_ms = (clock.periods - periods) * (clock.mask + 1) + clock.ticks - ticks
        outcome["off_ms"] = unix_s * 1000 + ms + since_ms - time.time_ns() // 1000000
    return outcome


for line in sys.stdin:
    case = json.loads(line)
    clock = Clock()
    client = Sntp(case["hosts"], case["timeout_s"])
    outcomes = []
    while len(outcomes) < case["questions"]:
        outcomes.append(ask(client, clock))
    print(json.dumps(outcomes))
