"""Rounds of 100 readings, logged and sent to a server in virtual time: prints how many it holds,
and the heap at the start and at the end, each the least that is seen within ten rounds (the
collector may take a number for an address, and keep garbage for a while).

`leak` keeps a tuple for each hundred readings, to show that it would be seen.
"""

import gc
import json
import os
import random
from array import array

import internet
import virtual_board

READINGS = 100
WARM_UP = 5  # rounds until requests' stand-in, clock and names are what they stay


def emptied(server):
    # Apart from main(): what is left on the stack of a generator would keep the readings.
    count = len(server.readings)
    server.readings = []
    server.batches = []
    server.posts = []
    server.seen_keys = []
    server.agents = []
    internet.resolved = []
    return count


def main(rounds, leak):
    if not hasattr(os, "urandom"):  # the 32-bit build has none
        os.urandom = lambda size: bytes(random.getrandbits(8) for _ in range(size))
    virtual_board.reset()
    board = virtual_board.Board()
    log = board.logger
    server = board.server
    sizes = array("i", [0] * (WARM_UP + rounds))
    kept = [None] * len(sizes)
    while not server.buckets:  # it comes at a random moment, and the server keeps it
        board.run(1)
    held = 0
    for i in range(len(sizes)):
        for j in range(READINGS // 4):
            log.log("temperature", 20.5 + j)
            log.log("free heap", 150000 + j)
            log.log("door", j % 2 == 0)
            log.log("state", f"reading {j}")
        assert log.flush()
        count = emptied(server)
        if i >= WARM_UP:
            held += count
        if leak:
            kept[i] = (i, held)
        yield
        sizes[i] = gc.mem_alloc()
    before = min(sizes[WARM_UP : WARM_UP + 10])
    after = min(sizes[-10:])
    print(json.dumps({"held": held, "before": before, "after": after}))
