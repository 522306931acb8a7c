"""Imitates MicroPython's `ds18x20` (micropython-lib) and a DS18B20 behind it (its data sheet).

read_temp() tells the last conversion that has ended. One takes 750 ms; before the first one, and
after the sensor was restarted (a loose wire), that is 85.0. The resolution is 1/16 degree. A
garbled answer, or a ROM that is not on the bus, is a bare Exception, "CRC error"; nobody there an
OneWireError.
"""

import attached

_CONVERSION_MS = 750
_POWER_UP = 85.0


class DS18X20:
    def __init__(self, onewire):
        self.ow = onewire
        self._celsius = _POWER_UP
        self._ready_ms = None

    def scan(self):
        return [rom for rom in self.ow.scan() if rom[0] in (0x10, 0x22, 0x28)]

    def convert_temp(self):
        self.ow.reset(True)
        self._move_on()
        self._ready_ms = attached.now_ms() + _CONVERSION_MS

    def read_temp(self, rom):
        self.ow.reset(True)
        self._move_on()
        if attached.row("ds18b20", self.ow.pin.number)[0] == "garbled" or rom not in self.scan():
            raise Exception("CRC error")
        return self._celsius

    def _move_on(self):
        # What has happened to the sensor since it was last looked at.
        place = self.ow.pin.number
        if attached.row("ds18b20", place)[0] == "restarted":
            self._celsius = _POWER_UP
            self._ready_ms = None
        if self._ready_ms is not None and attached.now_ms() >= self._ready_ms:
            fault, values = attached.row("ds18b20", place, self._ready_ms)
            if values and fault != "silent":
                self._celsius = round(values[0] * 16) / 16
            self._ready_ms = None
