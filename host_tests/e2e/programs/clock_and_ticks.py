"""Tells how far the board's clock and ticks go while asyncio sleeps, beside the PC's true time,
which is read before and after them: a busy PC may come in between."""

import asyncio
import json
import time

import utime


def look():
    return utime.time_ns(), time.ticks_ms(), time.time_ns(), utime.time_ns()


async def sleep():
    await asyncio.sleep_ms(700)


before = look()
asyncio.run(sleep())
after = look()
print(
    "went",
    json.dumps(
        {
            "ticks": (before[1], after[1]),
            "ticks_ms": time.ticks_diff(after[1], before[1]),
            "highest": time.ticks_add(0, -1),
            "added": time.ticks_add(before[1], 300),
            "clock_ms": (after[2] - before[2]) / 1e6,
            "true_ms": ((after[0] - before[3]) / 1e6, (after[3] - before[0]) / 1e6),
        }
    ),
)
