"""Where ticks wrap early: logs over two wraps before it looks at the network, and over a third."""

import time

import islog
from notes import note

log = islog.from_config("config.json")
n = wraps = 0
last = time.ticks_ms()
while wraps < 3:
    note(log, "n", n)
    n += 1
    time.sleep_ms(50 if wraps < 2 else max(1, min(20, log.poll())))
    wraps += time.ticks_ms() < last
    last = time.ticks_ms()
log.flush(60)
