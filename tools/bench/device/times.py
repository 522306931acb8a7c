"""How long log() and writing JSON take: prints a JSON object per measurement.

The competitors take turns, so that what else the machine does hits all of them, and the best of
`REPEATS` counts. One repeat is long enough for the collector to run in it: its time belongs to
whoever makes garbage. Times are nanoseconds for one reading, the call included.
"""

import gc
import json
import time

import inside
import naive

REPEATS = 25
LOGS = 250  # readings logged before the client is emptied, which is not timed
ROUNDS = 8
VALUES = {"float": 21.4375, "int": 1013, "bool": True, "str": "door open, nobody in"}


def say(what, **result):
    result["what"] = what
    print(json.dumps(result))


def time_log(log, signals, value, count):
    """Microseconds for `count` calls (a multiple of 10); `signals` are ten names, in turn."""
    a, b, c, d, e, f, g, h, i, j = signals
    started = time.ticks_us()
    for _ in range(count // 10):
        log(a, value)
        log(b, value)
        log(c, value)
        log(d, value)
        log(e, value)
        log(f, value)
        log(g, value)
        log(h, value)
        log(i, value)
        log(j, value)
    return time.ticks_diff(time.ticks_us(), started)


def ten_of(names):
    return [names[i % len(names)] for i in range(10)]


def account():
    return "http://127.0.0.1/", inside.KEY, inside.BUCKET, inside.BUCKET_ID


class Unsent(naive.Streamer):
    """Forgets instead of sending, at which time.log() stops."""

    def ship(self):
        self.readings = []


def logging():
    signals = ten_of(["temperature", "humidity", "pressure"])
    own = inside.logger()
    clients = {"islog": own, "naive": naive.Naive(*account()), "streamer": Unsent(*account())}
    for kind in VALUES:
        best = {}
        for _ in range(REPEATS):
            for name in clients:
                log = clients[name].log
                took_us = 0
                for _ in range(ROUNDS):
                    took_us += time_log(log, signals, VALUES[kind], LOGS)
                    if name == "islog":
                        own.clear()
                    else:
                        clients[name].clear()
                best[name] = min(best.get(name, took_us), took_us)
        gc.collect()
        say("log", kind=kind, **{n: best[n] * 1000 / (ROUNDS * LOGS) for n in best})


def writing():
    for kind in VALUES:
        own = inside.logger()
        other = naive.Naive(*account())
        best = {}
        for _ in range(REPEATS):
            own_us = other_us = count = 0
            for _ in range(ROUNDS):
                for _ in range(40):
                    own.log("temperature", VALUES[kind])
                started = time.ticks_us()
                own.fill()
                own_us += time.ticks_diff(time.ticks_us(), started)
                count = own.written()
                own.clear()
                for _ in range(count):
                    other.log("temperature", VALUES[kind])
                started = time.ticks_us()
                json.dumps(other.readings)
                other_us += time.ticks_diff(time.ticks_us(), started)
                other.clear()
            best["islog"] = min(best.get("islog", own_us), own_us)
            best["naive"] = min(best.get("naive", other_us), other_us)
        per_reading = {n: best[n] * 1000 / (ROUNDS * count) for n in best}
        say("write", kind=kind, batch=count, **per_reading)


def best_log(log, signals, value, count, prepare):
    best = None
    for _ in range(REPEATS * 2):
        prepare()
        took = time_log(log, signals, value, count)
        best = took if best is None else min(best, took)
    return best * 1000 / count


def best_fill(own, log, count):
    """(Nanoseconds for a reading, readings in the batch); `log()` is called `count` times."""
    best = written = None
    for _ in range(REPEATS * 2):
        own.clear()
        for _ in range(count):
            log()
        started = time.ticks_us()
        own.fill()
        took = time.ticks_diff(time.ticks_us(), started)
        written = own.written()
        best = took if best is None else min(best, took)
    return best * 1000 / written, written


def by_fill():
    """log() at several fills of the ring (512 numbers), the last of them full: the oldest goes."""
    own = inside.logger()
    for percent in (0, 25, 50, 75, 100):
        before = 512 * percent // 100

        def prepare(before=before):
            own.clear()
            time_log(own.log, ten_of(["t"]), 1, before // 10 * 10)
            for _ in range(before % 10):
                own.log("t", 1)

        gc.collect()
        took = best_log(own.log, ten_of(["t"]), 21.4375, 100, prepare)
        say("by fill", percent=percent, log=took)


def by_signals():
    for count in (1, 4, 16, 64):
        own = inside.logger()
        names = [f"room {i}" for i in range(count)]
        for name in names:
            own.log(name, 1)

        def prepare(own=own):
            own.clear()

        took = 0
        for start in range(0, 60, 10):
            signals = ten_of(names[start % count :] + names[: start % count])
            took += best_log(own.log, signals, 21.4375, 100, prepare) / 6
        turn = [0]

        def log(own=own, names=names, turn=turn):
            turn[0] = (turn[0] + 1) % len(names)
            own.log(names[turn[0]], 21.4375)

        write, _ = best_fill(own, log, 40)
        say("by signals", signals=count, log=took, write=write)


def by_batch():
    for size in (512, 1024, 2048, 4096, 8192):
        own = inside.logger(batch_bytes=size)

        def log(own=own):
            own.log("temperature", 21.4375)

        write, count = best_fill(own, log, 100)
        say("by batch", batch_bytes=size, readings=count, write=write)


def main(*steps):
    for step in steps:
        gc.collect()
        step()


STEPS = (logging, writing, by_fill, by_signals, by_batch)

if __name__ == "__main__":
    main(*STEPS)
