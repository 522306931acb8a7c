"""A button from pin 14 to ground: each press is logged with its time, also while data is sent."""

import time

import islog
from machine import Pin

BOUNCE_MS = 200  # so long after a press, its contacts' bouncing is no other one

log = islog.from_config("config.json")
presses = 0
last = time.ticks_add(time.ticks_ms(), -BOUNCE_MS)


def pressed(pin):
    global presses, last
    now = time.ticks_ms()
    if not pin.value() and time.ticks_diff(now, last) >= BOUNCE_MS:
        last = now
        presses += 1
        log.log("presses", presses)  # takes no time, and may be called here


Pin(14, Pin.IN, Pin.PULL_UP).irq(pressed, Pin.IRQ_FALLING)
while True:
    time.sleep_ms(min(50, log.poll()))
