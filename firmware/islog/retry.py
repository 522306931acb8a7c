"""When to try again: exponential back-off with jitter, so that a fleet does not return as a herd
after an outage (AWS Architecture Blog, "Exponential Backoff And Jitter").

A pause is counted on a Clock's uptime, which does not wrap: it is over in time also where nobody
looked for weeks. `wait_ms()` is by the clock's last tick, with which each `poll()` begins.
"""

import random

from micropython import const

_BASE_MS = const(1000)


class Retry:
    """When a thing may be tried: at once, or after a pause. Full jitter, as AWS names it: a random
    time up to min(`cap_s`, 1 s * 2**failures)."""

    def __init__(self, cap_s, clock):
        self._cap_ms = cap_s * 1000
        self.clock = clock
        self._failures = 0
        # A pause of `_ms`, from the uptime (`_periods`, `_ticks`) on.
        self._ms = self._periods = self._ticks = 0

    def wait_ms(self):
        """Milliseconds until it may be tried; 0: now."""
        if not self._ms:
            return 0
        return max(0, self._ms - self.clock.age_ms(self._periods, self._ticks))

    def succeeded(self):
        self._failures = self._ms = 0

    def pause(self, ms):
        """Another pause than that, of at most 2**29 ms; 0: none."""
        periods, ticks = self.clock.stamp()
        self._periods, self._ticks, self._ms = periods, ticks, ms

    def failed(self):
        """Begin the pause after one more failure; returns the most that it could be, in ms."""
        most = min(self._cap_ms, _BASE_MS << min(self._failures, 12))
        ms = jitter(most)
        self._failures += 1
        self.pause(ms)
        return most


def jitter(most_ms):
    """A random time up to `most_ms`, in steps that stay small ints."""
    part = random.getrandbits(14)
    return (most_ms >> 14) * part + ((most_ms & 0x3FFF) * part >> 14)
