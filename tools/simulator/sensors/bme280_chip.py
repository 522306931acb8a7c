"""Imitates a Bosch BME280 as its I2C master sees it: its data sheet, chapters 5.3, 5.4 and 3.3.

- It sleeps after power-up, and its data registers then hold 0x80000 and 0x8000: no measurement.
- A write to ctrl_meas with mode 1 or 2 measures once and sleeps again; the data are there 9.3 ms
  later (one sample of each), until when `status` says `measuring` and the old data stay. A change
  of ctrl_hum counts from the next write to ctrl_meas; what has no samples is not measured.
- Its calibration is one for all: temperature and pressure are the example of the data sheet of its
  sister BMP280 (3.12), whose results are published there; humidity's are as chips have them.
The recording holds what the converters give: temperature, pressure and humidity, raw.
"""

import struct

import attached

CALIBRATION = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
HUMIDITY = (75, 366, 0, 309, 50, 30)
_MEASURING_MS = 10
_NONE = 0x80000, 0x80000, 0x8000


class Chip:
    def __init__(self, address):
        self._place = address
        self._registers = registers = bytearray(256)
        registers[0x88:0xA0] = struct.pack("<HhhHhhhhhhhh", *CALIBRATION)
        h1, h2, h3, h4, h5, h6 = HUMIDITY
        registers[0xA1] = h1
        nibbles = h4 & 15 | (h5 & 15) << 4
        registers[0xE1:0xE8] = struct.pack("<hBbBbb", h2, h3, h4 >> 4, nibbles, h5 >> 4, h6)
        registers[0xD0] = 0x60
        self._ready_ms = None
        self._humidity = 0
        self._store(_NONE)

    def answers(self):
        return attached.row("bme280", self._place)[0] != "silent"

    def read(self, register, count):
        self._move_on()
        return bytes(self._registers[register : register + count])

    def write(self, register, data):
        self._move_on()
        if len(data) != 1 or register not in (0xE0, 0xF2, 0xF4, 0xF5):
            return  # read-only; several at once are not imitated
        self._registers[register] = data[0]
        if register == 0xE0 and data[0] == 0xB6:
            self.__init__(self._place)
        elif register == 0xF4:
            self._humidity = self._registers[0xF2] & 7
            if data[0] & 3:
                self._ready_ms = attached.now_ms() + _MEASURING_MS
                self._registers[0xF3] = 8

    def _move_on(self):
        if self._ready_ms is None or attached.now_ms() < self._ready_ms:
            return
        control = self._registers[0xF4]
        _, raw = attached.row("bme280", self._place, self._ready_ms)
        samples = control >> 5, control >> 2 & 7, self._humidity
        if raw:
            self._store([raw[i] if samples[i] else _NONE[i] for i in range(3)])
        self._registers[0xF3] = 0
        self._ready_ms = None
        if control & 3 == 3:  # it goes on by itself
            self._ready_ms = attached.now_ms() + _MEASURING_MS
        else:
            self._registers[0xF4] &= 0xFC

    def _store(self, raw):
        temperature, pressure, humidity = (int(value) for value in raw)
        packed = struct.pack(">IIH", pressure << 12, temperature << 12, humidity)
        self._registers[0xF7:0xFF] = packed[0:3] + packed[4:7] + packed[8:10]
