"""A Pico W on a battery: every five minutes a reading, every hour an upload, light sleep between.

A BME280 on 3.3 V: SDA on pin 4, SCL on pin 5. The battery, 1.8 to 5.5 V, is at VSYS.
In config.json: "upload_interval": 3600, "transport": "kept", and a spool (docs/battery.md).
"""

import time

import bme280_driver  # from lib beside this file
import islog
from machine import ADC, I2C, Pin

PERIOD_S = 300

log = islog.from_config("config.json")


def measure():
    """A dict of what the sensor says, each None where it did not answer."""
    try:
        celsius, hectopascal, percent = bme280_driver.read(I2C(0, scl=Pin(5), sda=Pin(4)))
    except (OSError, ZeroDivisionError) as e:  # no answer; one that has just been plugged in
        print("BME280:", repr(e))
        celsius = hectopascal = percent = None
    return {"temperature": celsius, "pressure": hectopascal, "humidity": percent}


def vsys():
    Pin(25, Pin.OUT, value=1)  # pin 29 then has a third of it
    time.sleep_ms(1)
    return round(ADC(Pin(29)).read_u16() * 3 * 3.3 / 65535, 2)


while True:
    readings = measure()
    if not log.status()["uploading"]:  # the radio, which has both pins, is off
        readings["battery"] = vsys()
    log.log_object(readings)
    log.sleep(PERIOD_S)  # sends meanwhile, where that is due
