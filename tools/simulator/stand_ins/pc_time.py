"""The PC's time, in which a simulated board lives once time.py is booted.

A Ctrl-C on the console (standard input, as a board's serial line) interrupts a sleep. It does not
interrupt anything else, so a program is stopped where it waits and not half-way through a step;
the end of standard input counts as one. The built-in `time` stays importable as `utime`: so a
test's program reads the PC's clock.
"""

import select
import sys

import utime
from utime import sleep_us  # noqa: F401

# asyncio's core mixes ticks of its own, in C, with those of `time`: it keeps the built-in module.
_stand_in = sys.modules["time"]
sys.modules["time"] = utime
__import__("asyncio.core")
sys.modules["time"] = _stand_in

_console = select.poll()
_console.register(sys.stdin, select.POLLIN)
started_us = utime.ticks_us()


def us():
    """Microseconds since this module was imported."""
    return utime.ticks_diff(utime.ticks_us(), started_us)


def sleep_ms(ms):
    for _ in _console.ipoll(ms):
        sys.stdin.read(1)
        raise KeyboardInterrupt
