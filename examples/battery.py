"""An ESP32 on a battery: every five minutes a reading, every hour an upload, deep sleep between.

A BME280 on 3.3 V: SDA on pin 4, SCL on pin 5. The battery's plus through 1 MOhm to pin 34, and
from there through 1 MOhm, and 100 nF beside that, to ground.
In config.json: "upload_interval": 3600, "transport": "kept", and a spool (docs/battery.md).
"""

import time

import bme280_driver  # from lib beside this file
import islog
from machine import ADC, DEEPSLEEP_RESET, I2C, Pin, reset_cause

PERIOD_S = 300

log = islog.from_config("config.json")  # after a deep sleep it goes on where it was


def measure():
    """A dict of what the sensor says, each None where it did not answer."""
    try:
        celsius, hectopascal, percent = bme280_driver.read(I2C(0, scl=Pin(5), sda=Pin(4)))
    except (OSError, ZeroDivisionError) as e:  # no answer; one that has just been plugged in
        print("BME280:", repr(e))
        celsius = hectopascal = percent = None
    return {"temperature": celsius, "pressure": hectopascal, "humidity": percent}


readings = measure()
# Before the radio is on, which draws the voltage down.
volt = ADC(Pin(34), atten=ADC.ATTN_11DB).read_uv() * 2 / 1000000
readings["battery"] = round(volt, 2)
log.log_object(readings)
if reset_cause() != DEEPSLEEP_RESET:
    time.sleep(4)  # for make flash, which does not get through to a board that sleeps
log.sleep(PERIOD_S, deep=True)  # sends, where that is due; then main.py starts anew
