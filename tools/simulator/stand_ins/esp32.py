"""Imitates MicroPython's `esp32`: ports/esp32/modesp32.c, on a chip such as the S3 or the C3.

Only what a program needs to read the chip's temperature, and to have a pin wake it from both
kinds of sleep; an rp2 has no such module. The real one rounds to whole degrees; this one does not,
so that a recording replays as it was recorded. Limit: what is set here stays until the reset, and
a pin wakes at the moment when it comes to its level, not while it is there.
"""

import machine
import machine_sleep

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def mcu_temperature():
    """The chip's temperature in degrees Celsius."""
    return machine.celsius()


def wake_on_ext0(pin, level):
    _wake_on((pin,), level, machine_sleep.EXT0)


def wake_on_ext1(pins, level):
    _wake_on(pins, level, machine_sleep.EXT1)


def _wake_on(pins, level, reason):
    machine_sleep.reason = reason
    for pin in pins:
        machine_sleep.wakes += pin.times_of(int(bool(level)))
