"""Asks NTP hosts, on a plain MicroPython: no board is needed for that.

One case a line on standard input, JSON: hosts, timeout_s, questions (so often one is asked), again
(whether a question is repeated whose answer came, but too slowly to be used alone: the PC may be
busy).
Its answer is a line on standard output, JSON, a list with an entry for each question: wrong (a
sentence or None), done, took_ms, error_ms of the best answer so far, and where done off_ms: by so
much its time is ahead of the PC's, at least and at most (the PC may be busy while it is read).
"""

import json
import sys
import time

from islog.clock import Clock
from islog.timekeeper import Sntp


def ask(client, clock, again):
    start = time.ticks_ms()
    wrong = ""
    while wrong == "" or again and wrong is None and not client.done:
        wrong = client.ask(clock)
    outcome = {"wrong": wrong, "done": client.done}
    outcome["took_ms"] = time.ticks_diff(time.ticks_ms(), start)
    if client.best:
        outcome["error_ms"] = client.best[4]
    if client.done:
        before_ms = time.time_ns() // 1000000
        clock.tick()
        after_ms = time.time_ns() // 1000000
        unix_s, ms, periods, ticks, _ = client.best
        since_ms = (clock.periods - periods) * (clock.mask + 1) + clock.ticks - ticks
        at_ms = unix_s * 1000 + ms + since_ms
        outcome["off_ms"] = at_ms - after_ms, at_ms - before_ms
    return outcome


for line in sys.stdin:
    case = json.loads(line)
    clock = Clock()
    client = Sntp(case["hosts"], 1)
    client._timeout_s = case["timeout_s"]  # also more than it allows itself
    outcomes = []
    while len(outcomes) < case["questions"]:
        outcomes.append(ask(client, clock, case["again"]))
    print(json.dumps(outcomes))
