"""log.sleep(): what is due is done, the radio is off, and the board sleeps, its memory kept.
Loaded only where it is called, of a Logger with `upload_interval` (uploads.py).

machine.lightsleep() ends early at any interrupt, and may be refused; an RP2's takes 71 minutes at
most (ports/rp2/modmachine.c). So it is called again until the time is over. Both ports' ticks go
on meanwhile: an RP2's by its crystal, an ESP32's are set by its slow clock (ports/esp32).
"""

import time

from micropython import const

_LONGEST_MS = const(3600000)
_WATCHED_MS = const(2000)  # a watchdog has 5 s at least, and is fed in between
_NAP_MS = const(100)


def sleep(log, uploads, seconds):
    """Sleep for `seconds`, awake only for what is due: the Uploads `uploads` of `log` tells."""
    import machine

    # Where there is a Guard, there may be a watchdog.
    most_ms = _WATCHED_MS if "restarts" in log._counted else _LONGEST_MS
    remaining_ms, last = int(seconds * 1000), time.ticks_ms()
    while True:
        wait_ms = log.poll()
        now = time.ticks_ms()
        remaining_ms -= time.ticks_diff(now, last)
        last = now
        if remaining_ms <= 0:
            return
        if log.uploading:
            time.sleep_ms(min(wait_ms, remaining_ms))
        elif wait_ms:  # 0: there is more to be written to flash
            due_ms = uploads.due_ms()
            machine.lightsleep(min(remaining_ms, due_ms or most_ms, most_ms))
            if time.ticks_diff(time.ticks_ms(), last) < 2:
                time.sleep_ms(min(remaining_ms, _NAP_MS))  # it was refused
