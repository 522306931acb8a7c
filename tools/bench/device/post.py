"""Batches through islog's transports, over real sockets: prints JSON objects.

Arguments: turns, batches in a turn, readings in a batch, and for each way to go its name
("requests" or "kept"), ingest URL and root certificate ("" where the server is not verified). The
ways take turns. What is timed is each POST, from start() to its outcome; a kept connection stays
from turn to turn.
"""

import gc
import json
import sys
import time

import inside
from islog import keepalive, transport

TIMEOUT_S = 5
IDLE_S = 60
HEADERS = (("X-IS-ClientKey", inside.KEY),)


def body(batch, readings):
    """The readings of one batch, as islog writes them: other ones in each batch."""
    text = '{"b":"%s","tid":"%s","sn":"temperature","v":%.2f,"e":%d.%03d}'
    names = inside.BUCKET, inside.BUCKET_ID
    made = [text % (names + (20 + i / 4, 1796000000 + batch, i)) for i in range(readings)]
    return ("[" + ",".join(made) + "]").encode()


def opened(name, ca_file):
    if name == "requests":
        return transport.Requests(TIMEOUT_S)
    return keepalive.Keepalive(TIMEOUT_S, IDLE_S, ca_file or None)


def post(way, url, data):
    """Microseconds that a POST takes until it is accepted."""
    started = time.ticks_us()
    way.start(url, HEADERS, data)
    outcome = way.step()
    while outcome is None:
        outcome = way.step()
    took_us = time.ticks_diff(time.ticks_us(), started)
    if outcome != transport.ACCEPTED:
        raise OSError(way.why)
    return took_us


turns, batches, readings = map(int, sys.argv[1:4])
ways = []
for i in range(4, len(sys.argv), 3):
    name, url, ca_file = sys.argv[i : i + 3]
    ways.append((name, url, opened(name, ca_file)))
for turn in range(turns):
    for name, url, way in ways:
        took_ms = []
        for batch in range(turn * batches, (turn + 1) * batches):
            data = body(batch, readings)
            gc.collect()
            took_ms.append(post(way, url, data) / 1000)
        result = {"transport": name, "scheme": url.split(":")[0], "first_ms": took_ms[0]}
        result["ms"] = sum(took_ms) / batches
        print(json.dumps(result))
for _, _, way in ways:
    way.close()
