"""Temperature, air pressure and humidity from a BME280: SDA on pin 4, SCL on pin 5, 3.3 V.

Its driver, lib/bme280_driver.py beside this file, has to be in the board's /lib.
"""

import time

import bme280_driver
import islog
from machine import I2C, Pin

PERIOD_MS = 1000

log = islog.from_config("config.json")
i2c = I2C(0, scl=Pin(5), sda=Pin(4))


def measure():
    """A dict of what the sensor says, each None where it did not answer."""
    try:
        celsius, hectopascal, percent = bme280_driver.read(i2c)
    except (OSError, ZeroDivisionError) as e:  # no answer; one that has just been plugged in
        print("BME280:", repr(e))
        celsius = hectopascal = percent = None
    return {"temperature": celsius, "pressure": hectopascal, "humidity": percent}


while True:
    log.log_object(measure())  # None is not sent, but counted in log.rejected
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < PERIOD_MS:
        time.sleep_ms(min(50, log.poll()))
