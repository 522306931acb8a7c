"""Sleeps lightly, and tells what has become of its clocks; `arguments` has what it does."""

import time

import machine
import machine_sleep
import network
import utime


def tell(what, call, *args):
    true, ticks, clock = utime.ticks_ms(), time.ticks_us(), time.unix_us()
    call(*args)
    ticks, clock = time.ticks_us() - ticks, time.unix_us() - clock
    print("slept", what, utime.ticks_diff(utime.ticks_ms(), true), ticks // 1000, clock // 1000)


tell("light", machine.lightsleep, 1000)
with open("arguments") as f:
    does = f.read()
if does == "button":
    for _ in range(2):
        machine_sleep.wakes.append(time.up_ms() + 700)
        tell("button", machine.lightsleep)
elif does == "linked":
    wlan = network.WLAN()
    wlan.active(True)
    wlan.connect("home", "a password")
    while not wlan.isconnected():
        time.sleep_ms(20)
    tell("linked", machine.lightsleep, 3000)
    print("up", wlan.isconnected(), network.route())
elif does == "watchdog":
    machine.WDT(timeout=2000)
    machine.lightsleep(3000)
    print("still here")
    while True:
        utime.sleep_ms(50)
