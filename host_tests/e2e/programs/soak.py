"""Logs many readings and sends them as fast as the server, which fails now and then, lets it.

Argument: how many. When half of them are logged, and at the end, it reports: a line `soak ` and
JSON, what resources.in_use() found and the `s` since the start. Waits are skipped. What reading i
is, host_tests/soak.py knows, too; every fifth one is the true time in this board's ms.
"""

import json
import sys
import time

import islog
import resources
import utime

ROOM = 100  # readings that wait at most: fewer than the ring holds
with open("arguments") as f:
    readings = int(f.read())
# The names of a module are kept for ever, in tables that grow by doubling: all come beforehand.
for name in ("explain", "tls_errors", "tls_context", "dates", "utf8", "mistakes", "wifi_radio"):
    __import__("islog." + name)
    del sys.modules["islog." + name]
    delattr(islog, name)
log = islog.from_config("config.json")
while not log.synced:  # from here on the board's time is the PC's, and what was skipped
    time.sleep_ms(min(20, log.poll()))
began = utime.ticks_ms()


def reading(i):
    which = i % 5
    if which == 0:
        return "n", i
    if which == 1:
        return "half", i / 2
    if which == 2:
        return "third", i % 3 == 0
    if which == 3:
        return "text", f'reading {i}, 21 °C, "quoted"'
    return "at", utime.time_ns() // 1000000 + time.skipped_ms


def report():
    found = resources.in_use(log)
    found["s"] = utime.ticks_diff(utime.ticks_ms(), began) // 1000
    print("soak", json.dumps(found))


i = 0
while i < readings or log.pending:
    while i < readings and log.pending < ROOM:
        time.skip(3)
        log.log(*reading(i))
        i += 1
        if i == readings // 2:
            report()
        if i % 4 == 0:
            break
    time.skip(log.poll())
report()
