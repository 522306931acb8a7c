"""How long poll() takes, and how late a ticker of 10 ms gets beside log.run(), over real sockets.

Arguments: "poll" or "asyncio"; seconds that a round lasts at most; the port of a DNS server on
127.0.0.1, or 0. The first line of the input is the Logger's settings as JSON, each other line
begins a round: it logs a reading, which is sent, refused, or still there when the seconds are
over. Then it prints a JSON object: poll_ms, the longest poll() of the round; late_ms, the largest
lateness (None: no ticker).

The time in which the PC had no processor for this process is no part of either (Linux,
Documentation/scheduler/sched-stats.rst: the second number is the nanoseconds of run delay).
"""

import asyncio
import json
import sys
import time

import islog


class Network:
    """In place of a board's module of that name, of which it has this much."""

    @staticmethod
    def ipconfig(name):
        return {"dns": "127.0.0.1"}[name]


how, seconds, dns_port = sys.argv[1:4]
if int(dns_port):
    from islog import dns

    dns.PORT = int(dns_port)
    sys.modules["network"] = Network
longest_us = late_us = 0


def run_delay_us():
    try:
        with open("/proc/self/schedstat") as f:
            return int(f.read().split()[1]) // 1000
    except OSError:
        return 0  # not on a Linux


class Timed(islog.Logger):
    """A Logger whose steps are timed: those of poll(), and those of run()."""

    def _poll(self, flushing):
        global longest_us
        delay, before = run_delay_us(), time.ticks_us()
        wait_ms = super()._poll(flushing)
        took_us = time.ticks_diff(time.ticks_us(), before)
        longest_us = max(longest_us, took_us - run_delay_us() + delay)
        return wait_ms


def begin():
    global longest_us, late_us
    longest_us = late_us = 0
    log.log("n", 1)
    return time.time() + int(seconds)


def tell(late):
    print(json.dumps({"poll_ms": longest_us / 1000, "late_ms": late}))


async def tick():
    global late_us
    while True:
        delay, before = run_delay_us(), time.ticks_us()
        await asyncio.sleep_ms(10)
        took_us = time.ticks_diff(time.ticks_us(), before)
        late_us = max(late_us, took_us - 10000 - run_delay_us() + delay)


async def rounds():
    tasks = None
    for _ in sys.stdin:  # which nothing else goes on beside, so:
        if tasks:
            await asyncio.sleep_ms(20)
        end = begin()
        tasks = tasks or (asyncio.create_task(tick()), asyncio.create_task(log.run()))
        while log.pending and time.time() < end:
            await asyncio.sleep_ms(20)
        tell(late_us / 1000)


log = Timed(quiet=True, **json.loads(sys.stdin.readline()))
if how == "asyncio":
    asyncio.run(rounds())
else:
    for _ in sys.stdin:
        end = begin()
        while log.pending and time.time() < end:
            time.sleep_ms(min(log.poll(), 20))
        tell(None)
