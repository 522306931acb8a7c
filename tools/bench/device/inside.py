"""A Logger for the benchmark, which drives its steps by hand.

Nothing is sent: the stand-ins in null/ answer at once.
"""

import gc
import os
import random

import islog

KEY = "a-client-key-of-24-chars"
BUCKET = "bench"
BUCKET_ID = "123e4567-e89b-12d3-a456-426614174000"

if not hasattr(os, "urandom"):  # the 32-bit build has none
    os.urandom = lambda size: bytes(random.getrandbits(8) for _ in range(size))


class Inside(islog.Logger):
    """A Logger whose steps between log() and a POST can be taken one by one."""

    def fill(self):
        """Write what is oldest in the ring into the batch, as before a POST."""
        self._uplink.fill(self._ring, self._time.clock)

    def written(self):
        """How many readings are in the batch."""
        return self._uplink.batch.count

    def clear(self):
        """Forget all readings, but no signal."""
        ring, batch = self._ring, self._uplink.batch
        batch.clear()
        ring.hand_over((ring.head + ring.used()) % ring.size, ring.count, batch)
        batch.clear()


def logger(**settings):
    """One with default settings but for `settings`; its bucket and its time are there."""
    gc.collect()
    gc.threshold(16384)  # else compiling what is loaded for one call scatters a board's heap
    log = Inside(KEY, BUCKET, BUCKET_ID, quiet=True, **settings)
    gc.threshold(-1)
    gc.collect()
    for _ in range(20):
        log.poll()
    assert log.state == "online", log.last_error
    return log
