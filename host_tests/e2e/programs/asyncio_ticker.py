"""A ticker of 10 ms beside log.run(), on MicroPython's own asyncio and real sockets.

Arguments: a JSON file with the Logger's settings, and what is done beside it: "log" a reading each
50 ms until there is a file `stop`; "idle" for five seconds; "cancel" it 200 times; or "thread",
which logs from a thread. The last line is JSON: `late_ms`, by what was said last, how late the
ticker was at most, without the time in which the PC had no processor for it (Linux,
Documentation/scheduler/sched-stats.rst: the second number is the nanoseconds of run delay);
`polls`; `files` that are open; status().
"""

import asyncio
import json
import os
import random
import sys
import time

import islog

ROOM = 200  # readings that wait at most: fewer than the ring holds
with open(sys.argv[1]) as f:
    log = islog.Logger(quiet=True, **json.load(f))
late_ms = {}
polls = 0
poll = log._poll


def counted(flushing):
    global polls
    polls += 1
    return poll(flushing)


log._poll = counted


def run_delay_us():
    with open("/proc/self/schedstat") as f:
        return int(f.read().split()[1]) // 1000


async def tick(name=None):
    while True:
        before, delay = time.ticks_us(), run_delay_us()
        await asyncio.sleep_ms(10)
        late = time.ticks_diff(time.ticks_us(), before) - 10000
        late -= run_delay_us() - delay
        key = name or log.last_error or "no trouble"
        late_ms[key] = max(late_ms.get(key, 0), late // 1000)


async def cancelled(task):
    task.cancel()
    try:  # noqa: SIM105 (MicroPython has no contextlib)
        await task
    except asyncio.CancelledError:
        pass


def files():
    return len(os.listdir("/proc/self/fd"))


async def log_until_stopped():
    n = 0
    while "stop" not in os.listdir():
        if log.pending < ROOM:
            log.log("n", n)
            n += 1
        await asyncio.sleep_ms(50)


async def idle():
    global polls
    log.log("n", 0)
    assert await log.aflush()
    polls = 0
    await asyncio.sleep_ms(5000)


async def cancel():
    random.seed(17)
    runner = asyncio.create_task(log.run())
    for n in range(200):
        log.log("n", n)
        await asyncio.sleep_ms(random.getrandbits(6))
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
    alone = asyncio.create_task(tick("alone"))
    await asyncio.sleep_ms(1000)
    await cancelled(alone)
    async with log:
        ticker = asyncio.create_task(tick())
        if sys.argv[2] != "cancel":
            asyncio.create_task(log.run())
        await DO[sys.argv[2]]()
        counted_polls = polls
    await cancelled(ticker)
    found = {"late_ms": late_ms, "polls": counted_polls, "files": files() - before}
    found["status"] = log.status()
    print(json.dumps(found))


before = files()
asyncio.run(main())
