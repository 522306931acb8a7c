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
    time up to min(`cap_s`, 1 s * 2**failures). Where `least_ms` is given, for what costs more than
    a packet, twice that is the base, and half of each pause is certain."""

    def __init__(self, cap_s, clock, least_ms=0):
        self._cap_ms = cap_s * 1000
        self._least_ms = least_ms
        self._clock = clock
        self._failures = 0
        self._ms = self._hi = self._lo = 0  # a pause of `_ms`, from the uptime (_hi, _lo) on

    def wait_ms(self):
        """Milliseconds until it may be tried; 0: now."""
        if not self._ms:
            return 0
        return max(0, self._ms - self._clock.age_ms(self._hi, self._lo))

    def succeeded(self):
        self._failures = self._ms = 0

    def hurry(self):
        """It may be tried at once, but the next pause is as long as if this one had passed."""
        self._ms = 0

    def pause(self, ms):
        """`ms`: at most 2**29."""
        clock = self._clock
        clock.tick()
        self._hi, self._lo, self._ms = clock.hi, clock.last, ms

    def failed(self):
        """Begin the pause after one more failure; returns its milliseconds."""
        base_ms = 2 * self._least_ms or _BASE_MS
        most = min(self._cap_ms, base_ms << min(self._failures, 12))
        least = most // 2 if self._least_ms else 0
        ms = least + jitter(most - least)
        self._failures += 1
        self.pause(ms)
        return ms


def jitter(most_ms):
    """A random time up to `most_ms`, in steps that stay small ints."""
    part = random.getrandbits(14)
    return (most_ms >> 14) * part + ((most_ms & 0x3FFF) * part >> 14)
