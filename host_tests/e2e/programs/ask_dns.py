"""Looks names up, on a plain MicroPython: no board is needed for that.

One case a line on standard input, JSON: name, port (of the DNS server on 127.0.0.1). Its answer is
a line on standard output, JSON: found (addresses, or None), wrong (a sentence's part, or the
port's number), answered, ttl_s, and longest_ms: what a step asks its poller to wait for, at most.
(It is what passes on a PC that nothing else keeps busy.)
"""

import json
import select
import sys

from islog import dns

STEP_MS = 100


class Poller:
    """select's own; `asked_ms` is the longest wait that it was asked for."""

    def __init__(self):
        self._real = select.poll()
        self.register = self._real.register
        self.asked_ms = 0

    def poll(self, ms):
        self.asked_ms = max(self.asked_ms, ms)
        return self._real.poll(ms)


class Select:
    POLLIN = select.POLLIN
    latest = None

    def poll(self):
        self.latest = Poller()
        return self.latest


dns.select = pollers = Select()


def look_up(name):
    outcome = {"found": None, "wrong": None, "longest_ms": 0}
    pollers.latest = None
    look = dns.LookUp(name, "127.0.0.1")
    try:
        while not outcome["found"]:
            outcome["found"] = look.step(STEP_MS)
    except OSError as e:
        outcome["wrong"] = e.args[0]
    look.close()
    if pollers.latest:
        outcome["longest_ms"] = pollers.latest.asked_ms
    outcome["answered"] = look.answered
    outcome["ttl_s"] = look.ttl_s
    return outcome


for line in sys.stdin:
    case = json.loads(line)
    dns.PORT = case["port"]
    print(json.dumps(look_up(case["name"])))
