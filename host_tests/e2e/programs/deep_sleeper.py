"""Says what it has after each start, and sleeps deeply; `arguments` has the milliseconds, or
"button": until its button is pressed."""

import time

import machine
import pc_time
import utime


def off_ms():
    """At least and at most, by how much its clock is ahead: a busy PC may come in between."""
    before_us = utime.time_ns() // 1000
    us = time.unix_us()
    return (us - utime.time_ns() // 1000) // 1000, (us - before_us) // 1000


cause = machine.reset_cause()
memory = machine.RTC().memory() if hasattr(machine.RTC(), "memory") else b""
woken_by = machine.wake_reason() if hasattr(machine, "wake_reason") else None
# Its ticks began with this start: then they are not ahead of what the PC has counted since.
is_new = time.ticks_us() <= pc_time.us() + 1000
print("start", cause, woken_by, len(memory), time.gmtime()[0], is_new)
if cause == machine.PWRON_RESET:
    time.set_unix_us(utime.time_ns() // 1000)
print("now", *off_ms())
if hasattr(machine.RTC(), "memory"):
    machine.RTC().memory(memory + b"a")
with open("arguments") as f:
    ms = f.read()
if ms == "button":
    machine.deepsleep()
machine.deepsleep(int(ms))
