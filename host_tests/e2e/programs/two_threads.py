"""Two threads log as fast as they can, one of which polls: even numbers and odd ones, rising, each
under a signal of its own, and a new signal now and then. Prints how many each has logged."""

import _thread
import os
import time

import islog

log = islog.from_config("config.json")
logged = [0, 0]
ended = []


def put(which):
    n = logged[which]
    log.log(f"thread{which}", n * 2 + which)
    if n % 500 == 7:
        log.log(f"new{n // 500 * 2 + which}", f"text {which}")
    logged[which] = n + 1
    time.sleep_us(200)


def other():
    while "stop" not in os.listdir() or logged[1] % 500 < 10:
        put(1)
    ended.append(1)


_thread.start_new_thread(other, ())
while not ended:
    put(0)
    if logged[0] % 20 == 0:
        log.poll()
log.flush(60)
extra = [(n + 492) // 500 for n in logged]
print("logged in all", sum(logged) + sum(extra))
