"""Polls for a while, longer than its watchdog waits, and then, in its first run, does nothing at
all. With the argument "asyncio", run() polls."""

import os
import time

import islog
import utime

is_first = "been here" not in os.listdir()
WHILE_MS = 6000 if is_first else 500


def stand_still():
    if is_first:
        open("been here", "w").close()
        while True:
            utime.sleep_ms(50)


async def tasks():
    import asyncio

    runner = asyncio.create_task(log.run())
    await asyncio.sleep_ms(WHILE_MS)
    stand_still()
    runner.cancel()


log = islog.from_config("config.json")
log.log("n", 1)
if "arguments" in os.listdir():
    import asyncio

    asyncio.run(tasks())
else:
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < WHILE_MS:
        log.poll()
        time.sleep_ms(50)
    stand_still()
status = log.status()
print("restarted:", status["restarted"], status["reset_cause"])
