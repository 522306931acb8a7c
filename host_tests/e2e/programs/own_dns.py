"""Counts as steady.py does, on a network whose DNS server is on the PC, at the port that is in the
file `arguments`."""

import os
import time

import islog
import network
from islog import dns
from notes import note

with open("arguments") as f:
    dns.PORT = int(f.read())
network.dns = "127.0.0.1"
log = islog.from_config("config.json")
n = 0
while "stop" not in os.listdir():
    note(log, "n", n)
    n += 1
    time.sleep_ms(max(1, min(20, log.poll())))
print("clock", log.status()["clock"])
log.flush(60)
