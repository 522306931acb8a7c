"""When to try again: exponential back-off with jitter, so that a fleet does not return as a herd
after an outage (AWS Architecture Blog, "Exponential Backoff And Jitter").

A pause is counted on a Clock's uptime, which does not wrap as ticks do: so it is over in time also
where the program did not call `poll()` for weeks. `wait_ms()` takes the uptime of the clock's last
tick(), with which each `poll()` begins.
"""

import random

from micropython import const

_BASE_MS = const(1000)


class Retry:
    """When something may be tried next: at once, or after a pause. After a failure the pause is a
    random time up to min(`cap_s`, 1 s * 2**(failures before)): what AWS names full jitter."""

    def __init__(self, cap_s, clock):
        self._cap_ms = cap_s * 1000
        self.clock = clock
        self._failures = 0
        # A pause of `_ms` milliseconds (0: none) that began at the uptime (_periods, _ticks).
        self._ms = self._periods = self._ticks = 0

    def wait_ms(self):
        """Milliseconds until it may be tried; 0: now."""
        if not self._ms:
            return 0
        return max(0, self._ms - self.clock.age_ms(self._periods, self._ticks))

    def succeeded(self):
        self._failures = self._ms = 0

    def pause(self, ms):
        """Begin a pause of `ms` (at most 2**29) in the place of any other; 0: end it."""
        periods, ticks = self.clock.stamp()
        self._periods, self._ticks, self._ms = periods, ticks, ms

    def failed(self):
        """Count one more failure, and begin the pause after it."""
        self._failures += 1
        self.pause(jitter(self.most_ms()))

    def most_ms(self):
        """How long the pause after the latest failure could have been at most."""
        return min(self._cap_ms, _BASE_MS << min(self._failures - 1, 12))


def jitter(most_ms):
    """A random time below `most_ms`, computed in two parts so that both stay small ints."""
    part = random.getrandbits(14)
    return (most_ms >> 14) * part + ((most_ms & 0x3FFF) * part >> 14)
