"""Sends a reading at a time while TLS gets no memory. Arguments: a line for each reading, with the
places at which its attempts find none (see tools/simulator/stand_ins/rp2_tls.py)."""

import time

import islog
import tls
from notes import note

log = islog.from_config("config.json")
with open("arguments") as f:
    failures = [line.split() for line in f]
for n, places in enumerate(failures):
    tls.starved[:] = places
    note(log, "n", n)
    while log.pending:
        time.sleep_ms(min(20, log.poll()))
    log._uplink.transport.close()  # the next one is to set TLS up anew
