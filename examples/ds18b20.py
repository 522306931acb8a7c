"""Temperature from a DS18B20: its data pin on pin 13, 4.7 kOhm up to 3.3 V."""

import time

import ds18x20
import islog
import onewire
from machine import Pin

log = islog.from_config("config.json")
bus = ds18x20.DS18X20(onewire.OneWire(Pin(13)))


def send_for(ms):
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < ms:
        time.sleep_ms(min(50, log.poll()))


def celsius():
    """Of the first sensor on the bus, in degrees; None where it did not answer."""
    try:
        for rom in bus.scan():
            bus.convert_temp()
            send_for(750)  # that long it measures
            value = bus.read_temp(rom)
            return value if value != 85 else None  # 85: it lost power meanwhile
    except Exception as e:  # OneWireError: no answer; a bare Exception: a garbled one
        print("DS18B20:", repr(e))
    return None


while True:
    log.log("temperature", celsius())  # None is not sent, but counted in log.rejected
    send_for(250)
