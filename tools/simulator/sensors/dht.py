"""Imitates MicroPython's `dht`: micropython-lib's dht.py over drivers/dht/dht.c, and the DHT22.

A DHT22 (its data sheet) does not answer within a second of its power-up, nor within two of the
last question, which begins that time anew: OSError(ETIMEDOUT), 116 on an ESP32, 110 on an rp2.
What it says is rounded to tenths; a garbled answer is a bare Exception, "checksum error". A
question takes 268 ms, in which nothing else runs.
"""

import attached
import machine
import utime

_START_MS = 268
_REST_MS = 2000
_TIMED_OUT = {"esp32": 116, "rp2": 110}
_asked_ms = {}  # when, by pin; a sensor's power-up counts as a question a second before it


class DHT22:
    def __init__(self, pin):
        if not isinstance(pin, machine.Pin):
            raise ValueError("invalid pin")
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        place = self.pin.number
        self.pin.init(self.pin.OPEN_DRAIN)
        utime.sleep_ms(_START_MS)
        now_ms = attached.now_ms()
        rested_ms = now_ms - _asked_ms.get(place, -1000)
        _asked_ms[place] = now_ms
        fault, values = attached.row("dht22", place)
        if fault == "silent" or rested_ms < _REST_MS:
            raise OSError(_TIMED_OUT[machine.style])
        if fault == "garbled":
            self.buf[3] ^= 1
            raise Exception("checksum error")
        celsius, percent = (round(value * 10) for value in values)
        celsius = celsius if celsius >= 0 else 0x8000 - celsius
        self.buf[:4] = bytes((percent >> 8, percent & 255, celsius >> 8, celsius & 255))
        self.buf[4] = sum(self.buf[:4]) & 255

    def humidity(self):
        return (self.buf[0] * 256 + self.buf[1]) * 0.1

    def temperature(self):
        celsius = ((self.buf[2] & 127) * 256 + self.buf[3]) * 0.1
        return -celsius if self.buf[2] > 127 else celsius
