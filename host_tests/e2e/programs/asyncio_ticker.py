"""A ticker of 10 ms beside log.run(), on MicroPython's own asyncio and real sockets.

Arguments: a JSON file with the Logger's settings, and what is done beside it: "log" a reading each
50 ms until there is a file `stop`; "idle" for five seconds; "cancel" it 200 times; or "thread",
which logs from a thread. The last line is JSON: `ticks`, by what was said last; `polls`, and in
how many `seconds`; `waits`, how many of the polls gave the processor away, as whatever waits does
(Linux, Documentation/filesystems/proc.rst: voluntary_ctxt_switches); `files` that are open;
status().
"""

import asyncio
import json
import os
import random
import sys
import time

import islog
from islog import clock

ROOM = 200  # readings that wait at most: fewer than the ring holds
with open(sys.argv[1]) as f:
    log = islog.Logger(quiet=True, **json.load(f))
ticks = {}
polls = waits = 0
seconds = 0
poll = log._poll


def times_given_away():
    with open("/proc/thread-self/status") as f:
        for line in f:
            if line.startswith("voluntary"):
                return int(line.split()[1])


def counted(flushing):
    global polls, waits
    polls += 1
    before = times_given_away()
    try:
        return poll(flushing)
    finally:
        waits += times_given_away() != before


log._poll = counted


async def tick():
    while True:
        await asyncio.sleep_ms(10)
        key = log.last_error or "no trouble"
        ticks[key] = ticks.get(key, 0) + 1


async def cancelled(task):
    task.cancel()
    try:  # noqa: SIM105 (MicroPython has no contextlib)
        await task
    except asyncio.CancelledError:
        pass


def files():
    return len(os.listdir("/proc/self/fd"))


def pause_briefly():
    """Retries come soon: nothing here depends on how long they wait."""
    pause = clock.Retry.pause
    clock.Retry.pause = lambda self, ms: pause(self, min(ms, 100))


async def log_until_stopped():
    pause_briefly()
    n = 0
    while "stop" not in os.listdir():
        if log.pending < ROOM:
            log.log("n", n)
            n += 1
        await asyncio.sleep_ms(50)
    assert await log.aflush()  # a busy PC may need longer than close() takes


async def idle():
    global polls, waits, seconds
    log.log("n", 0)
    assert await log.aflush()
    polls = waits = 0  # a TLS handshake may wait
    began = time.ticks_ms()
    await asyncio.sleep_ms(5000)
    seconds = time.ticks_diff(time.ticks_ms(), began) / 1000


async def cancel():
    random.seed(17)
    runner = asyncio.create_task(log.run())
    for n in range(200):
        log.log("n", n)
        await asyncio.sleep_ms(random.getrandbits(5))
        await cancelled(runner)
        assert files() == before, (files(), before)
        assert n + 1 == log.sent + log.pending + log.dropped + log.rejected
        runner = asyncio.create_task(log.run())
    assert await log.aflush()
    await cancelled(runner)


async def thread():
    import _thread

    left = [300]

    def logs():
        while left[0]:
            log.log("from a thread", left[0])
            left[0] -= 1
            time.sleep_ms(5)

    _thread.start_new_thread(logs, ())
    while left[0]:
        log.log("n", left[0])
        await asyncio.sleep_ms(7)
    assert await log.aflush()


DO = {"log": log_until_stopped, "idle": idle, "cancel": cancel, "thread": thread}


async def main():
    async with log:
        ticker = asyncio.create_task(tick())
        if sys.argv[2] != "cancel":
            asyncio.create_task(log.run())
        await DO[sys.argv[2]]()
        counted_polls = polls
    await cancelled(ticker)
    found = {"ticks": ticks, "polls": counted_polls, "waits": waits, "seconds": seconds}
    found["files"] = files() - before
    found["status"] = log.status()
    print(json.dumps(found))


before = files()
asyncio.run(main())
