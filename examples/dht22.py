"""Temperature and humidity from a DHT22 (AM2302): its data pin on pin 15, 10 kOhm up to 3.3 V."""

import time

import dht
import islog
from machine import Pin

PERIOD_MS = 2000  # between two measurements; a DHT22 wants no less

log = islog.from_config("config.json")
sensor = dht.DHT22(Pin(15))


def measure():
    """(degrees Celsius, % relative humidity); (None, None) where the sensor did not answer."""
    try:
        sensor.measure()
    except Exception as e:  # OSError: no answer; a bare Exception: a garbled one
        print("DHT22:", repr(e))
        return None, None
    return sensor.temperature(), sensor.humidity()


while True:
    celsius, percent = measure()
    log.log("temperature", celsius)  # None is not sent, but counted in log.rejected
    log.log("humidity", percent)
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < PERIOD_MS:
        time.sleep_ms(min(50, log.poll()))
