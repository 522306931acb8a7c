"""Sleeps for a second, and then for long, until the button at its pin is pressed."""

import time

import machine

button = machine.Pin(14, machine.Pin.IN, machine.Pin.PULL_UP)
if hasattr(machine, "wake_reason"):
    import esp32

    esp32.wake_on_ext0(button, esp32.WAKEUP_ALL_LOW)
else:
    button.irq(lambda pin: None)


def tell():
    by = machine.wake_reason() if hasattr(machine, "wake_reason") else 0
    print("woken", time.up_ms(), by)


if machine.reset_cause() == machine.PWRON_RESET:
    machine.lightsleep(1000)
    tell()
    machine.lightsleep(60000)
tell()
machine.deepsleep(1500)
