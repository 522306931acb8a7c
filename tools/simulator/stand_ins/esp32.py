"""Imitates MicroPython's `esp32`: ports/esp32/modesp32.c, on a chip such as the S3 or the C3.

Only what a program needs to read the chip's temperature; an rp2 has no such module. The real one
rounds to whole degrees; this one does not, so that a recording replays as it was recorded.
"""

import machine


def mcu_temperature():
    """The chip's temperature in degrees Celsius."""
    return machine.celsius()
