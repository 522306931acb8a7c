"""Imitates MicroPython's `onewire`: micropython-lib's onewire.py over extmod/modonewire.c.

The bus, with what a user of `ds18x20` needs of it: a reset that no device answers is False, or an
OneWireError where one is `required`; scan() finds who answers. Bits and bytes are not imitated.
"""

import attached
import machine


class OneWireError(Exception):
    pass


class OneWire:
    def __init__(self, pin):
        if not isinstance(pin, machine.Pin):
            raise ValueError("invalid pin")
        self.pin = pin
        self.pin.init(pin.OPEN_DRAIN, pin.PULL_UP)

    def reset(self, required=False):
        there = attached.row("ds18b20", self.pin.number)[0] != "silent"
        if required and not there:
            raise OneWireError
        return there

    def scan(self):
        # Family 0x28, a serial number, their CRC.
        return [bytearray(b"\x28\xff\x64\x1e\x15\x10\x09\x64")] if self.reset() else []
