# Logs what a bare board knows of itself. Put your own sensor's reading beside these.
import gc
import time

import islog
import machine
import network

log = islog.from_config("config.json")


def temperature():
    try:
        import esp32
    except ImportError:  # a Pico W: RP2040 data sheet, 4.9.5; a Pico 2 W has the same sensor
        try:
            adc = machine.ADC(getattr(machine.ADC, "CORE_TEMP", 4))
        except (AttributeError, ValueError):  # another chip
            return None
        return 27 - (adc.read_u16() * 3.3 / 65535 - 0.706) / 0.001721
    if hasattr(esp32, "mcu_temperature"):
        return esp32.mcu_temperature()
    if hasattr(esp32, "raw_temperature"):  # the first ESP32 tells Fahrenheit
        return (esp32.raw_temperature() - 32) / 1.8
    return None  # which is not sent, but counted in log.rejected


def signal_strength():
    try:
        wlan = network.WLAN(network.STA_IF)
        return wlan.status("rssi") if wlan.isconnected() else None
    except (OSError, RuntimeError):  # an ESP32's link that is just going
        return None
    except (AttributeError, ValueError, TypeError):  # a port without Wi-Fi, or that does not tell
        return None


while True:
    celsius = temperature()
    log.log("temperature", None if celsius is None else round(celsius, 1))  # degrees Celsius
    gc.collect()  # or garbage would count as taken
    log.log("free heap", gc.mem_free())  # bytes
    log.log("uptime", time.ticks_ms() // 1000)  # seconds
    dbm = signal_strength()
    if dbm is not None:
        log.log("signal strength", dbm)
    for _ in range(20):
        time.sleep_ms(min(50, log.poll()))
