"""A Logger for the benchmark, and the parts of islog that it drives by hand: all in this one file.

Nothing is sent: the stand-ins in null/ answer at once.
"""

import os
import random

import islog

KEY = "a-client-key-of-24-chars"
BUCKET = "bench"
BUCKET_ID = "123e4567-e89b-12d3-a456-426614174000"

if not hasattr(os, "urandom"):  # the 32-bit build has none
    os.urandom = lambda size: bytes(random.getrandbits(8) for _ in range(size))


def logger(**settings):
    """A Logger with default settings but for `settings`; its bucket and its time are there."""
    log = islog.Logger(KEY, BUCKET, BUCKET_ID, quiet=True, **settings)
    for _ in range(20):
        log.poll()
    assert log.state == "online", log.last_error
    return log


def fill(log):
    """Write what is oldest in the ring into the batch, as before a POST."""
    log._uplink.fill(log._ring, log._time.clock)


def written(log):
    """How many readings are in the batch."""
    return log._uplink.batch.count


def clear(log):
    """Forget all readings, but no signal."""
    log._uplink.batch.clear()
    ring = log._ring
    ring.take(ring._tail % ring.size, ring.count, log._uplink.batch)
    log._uplink.batch.clear()
