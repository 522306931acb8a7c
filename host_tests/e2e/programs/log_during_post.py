"""A timer's callback logs while a POST is under way, as on a board it may: three rings full.

The callback runs where a soft one can: between two steps of the main program's socket calls.
lib/socket_with_timer.py, on the board as socket.py, calls it there.
"""

import socket

import islog
from notes import note

log = islog.from_config("config.json")
n = 0
rings = 0


def callback():
    global n, rings
    if rings == 3 or not log.sent:
        return
    rings += 1
    for _ in range(capacity):
        note(log, "n", n)
        n += 1


# How many readings fit, found before anything is sent.
while not log.dropped:
    note(log, "n", n)
    n += 1
capacity = log.pending
socket.timer = callback
log.flush(60)
