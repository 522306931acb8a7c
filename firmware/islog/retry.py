"""When to try again: exponential back-off with full jitter, so that a fleet does not return as a
herd after an outage (AWS Architecture Blog, "Exponential Backoff And Jitter")."""

import random
import time

from micropython import const

_BASE_MS = const(1000)


class Retry:
    """When a thing may be tried: at once, or after a pause. Full jitter, as AWS names it: a random
    time up to min(`cap_s`, 1 s * 2**failures)."""

    def __init__(self, cap_s):
        self._cap_ms = cap_s * 1000
        self._failures = 0
        self._at = None

    def wait_ms(self):
        """Milliseconds until it may be tried; 0: now."""
        left = 0 if self._at is None else time.ticks_diff(self._at, time.ticks_ms())
        if left > 0:
            return left
        self._at = None
        return 0

    def succeeded(self):
        self._failures = 0
        self._at = None

    def pause(self, ms):
        self._at = time.ticks_add(time.ticks_ms(), ms)

    def failed(self):
        most = min(self._cap_ms, _BASE_MS << min(self._failures, 12))
        self._failures += 1
        self.pause(jitter(most))


def jitter(most_ms):
    """A random time up to `most_ms`."""
    return random.getrandbits(16) * most_ms >> 16
