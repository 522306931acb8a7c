# Logs what a bare board knows of itself. Put your own sensor's reading beside these.
import gc
import time

import islog
import machine
import network

log = islog.from_config("config.json")
wlan = network.WLAN(network.STA_IF)


def temperature():
    try:
        import esp32
    except ImportError:  # a Pico W: RP2040 data sheet, 4.9.5
        return 27 - (machine.ADC(4).read_u16() * 3.3 / 65535 - 0.706) / 0.001721
    celsius = getattr(esp32, "mcu_temperature", None)  # the first ESP32 tells Fahrenheit
    return celsius() if celsius else (esp32.raw_temperature() - 32) / 1.8


while True:
    log.log("temperature", temperature())  # degrees Celsius
    log.log("free heap", gc.mem_free())  # bytes
    log.log("uptime", time.ticks_ms() // 1000)  # seconds
    if wlan.isconnected():
        log.log("signal strength", wlan.status("rssi"))  # dBm
    for _ in range(20):
        time.sleep_ms(min(50, log.poll()))
