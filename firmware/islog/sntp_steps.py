"""SNTP beside the kept connection: the hosts' names are looked up in steps, too (names.py), and no
step waits for a DNS server that is silent. Loaded only with that connection, which has names.py
and dns.py in memory; through `requests` a look-up holds the program anyhow.

A look-up counts as the question under way: `_asked` is a dns.LookUp at first, and then what Sntp
makes of it.
"""

import socket
import time

from micropython import const

from .names import look_up
from .timekeeper import Sntp

_QUESTIONS = const(3)  # a silent DNS server has 3.5 s: nothing is sent meanwhile


class SteppedSntp(Sntp):
    """An Sntp whose steps wait for a DNS server as they do for an NTP host."""

    def _send(self, host, clock, where):
        looking = look_up(host.partition(":")[0])
        if looking:
            looking.questions = _QUESTIONS
            self._asked = looking
        else:
            super()._send(host, clock, None)

    def _hear(self, host, clock, step_ms):
        looking = self._asked
        if not isinstance(looking, tuple):
            began = time.ticks_ms()
            found = looking.step(step_ms)
            if not found:
                return ""
            port = int(host.partition(":")[2] or 123)
            where = [socket.getaddrinfo(address, port)[0] for address in found]
            self.close()
            super()._send(host, clock, where)
            if step_ms:
                step_ms = max(1, step_ms - time.ticks_diff(time.ticks_ms(), began))
        return super()._hear(host, clock, step_ms)

    def close(self):
        """Leave nothing open, whatever has left a step."""
        looking = self._asked
        if looking and not isinstance(looking, tuple):
            looking.close()
        super().close()
