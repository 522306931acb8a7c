"""Sends a reading at a time while TLS gets no memory: the file `starved` names the places (see
tools/simulator/stand_ins/rp2_tls.py) at which that happens before each."""

import time

import islog
import tls
from notes import note

log = islog.from_config("config.json")
with open("starved") as f:
    turns = [line.split() for line in f]
for n, places in enumerate(turns):
    tls.starved[:] = places
    note(log, "n", n)
    while log.pending:
        time.sleep_ms(min(20, log.poll()))
    log._uplink.transport.close()  # the next one is to set TLS up anew
