"""Asks what is attached for what the real thing refuses; tells each answer, as JSON."""

import json
import time

import dht
import ds18x20
import network
import onewire
from machine import ADC, I2C, Pin


def tell(what, ask, *arguments, **keywords):
    try:
        answer = ask(*arguments, **keywords)
    except Exception as e:
        answer = [type(e).__name__] + list(e.args)
    print("told", json.dumps([what, answer]))


def celsius():
    sensor.measure()
    return round(sensor.temperature(), 1)


sensor = dht.DHT22(Pin(15))
tell("DHT22 at once", celsius)
time.sleep_ms(2000)
tell("DHT22 after two seconds", celsius)
tell("DHT22 too soon again", celsius)
tell("DHT22 that is not there", dht.DHT22(Pin(16)).measure)

bus = ds18x20.DS18X20(onewire.OneWire(Pin(13)))
while not bus.scan():
    time.sleep_ms(50)
(rom,) = bus.scan()
tell("DS18B20 before a conversion", bus.read_temp, rom)
bus.convert_temp()
tell("DS18B20 during a conversion", bus.read_temp, rom)
time.sleep_ms(760)
tell("DS18B20 after a conversion", bus.read_temp, rom)
tell("DS18B20 by another ROM", bus.read_temp, bytearray(8))
tell("DS18B20 that is not there", ds18x20.DS18X20(onewire.OneWire(Pin(12))).convert_temp)

i2c = I2C(0, scl=Pin(5), sda=Pin(4))
while not i2c.scan():
    time.sleep_ms(50)
tell("I2C scan", i2c.scan)
tell("I2C address without a chip", i2c.readfrom_mem, 0x77, 0xD0, 1)
tell("BME280 asleep", lambda: list(i2c.readfrom_mem(0x76, 0xF7, 8)))
tell("I2C on other pins", lambda: I2C(0, scl=Pin(14), sda=Pin(15)).scan())
tell("I2C that does not exist", I2C, 2)
tell("pin 99", Pin, 99)
tell("pin 36 as output", Pin, 36, Pin.OUT)
tell("pulled up, open", lambda: Pin(18, Pin.IN, Pin.PULL_UP).value())
tell("a button that is up", lambda: Pin(14, Pin.IN, Pin.PULL_UP).value())


def vsys():
    return 28000 < ADC(Pin(29)).read_u16() < 31000


tell("volts", lambda: ADC(Pin(34), atten=ADC.ATTN_11DB).read_uv())
tell("volts at a pin that measures none", ADC, Pin(5))
tell("VSYS at once", vsys)
Pin(25, Pin.OUT, value=1)
tell("VSYS while pin 25 is high", vsys)
network.WLAN().active(True)
tell("VSYS while the radio is on", vsys)
tell("pin 26 while the radio is on", lambda: ADC(Pin(26)).read_u16())
network.WLAN().active(False)
tell("VSYS afterwards", vsys)
