"""What islog and the naive clients take of the heap, on the 32-bit build: prints JSON objects.

A generator, between whose steps the collector runs. Within one it is off: what gc.mem_alloc()
grows by is what was allocated, whether it is kept or not.
"""

import gc
import json
import time

MANY = 200
TEXT = "door open, nobody in "


def say(what, **result):
    result["what"] = what
    print(json.dumps(result))


def value_of(kind, i):
    """A reading as a sensor's driver gives it: a new object, where it is one."""
    if kind == "str":
        return TEXT + str(100 + i)
    return {"float": i + 0.4375, "int": 1000 + i, "bool": i % 2 == 0}[kind]


def main():
    import array
    import hashlib
    import os
    import random
    import socket

    import machine
    import requests
    import uctypes

    loaded = (array, hashlib, json, os, random, socket, machine, requests, time, uctypes)
    assert loaded  # a board's firmware has them all: they are not counted as islog's
    yield
    before = gc.mem_alloc()
    import islog

    yield
    say("import", islog=gc.mem_alloc() - before)
    import inside
    import naive

    class Unsent(naive.Streamer):
        def ship(self):
            self.readings = []

    # The first one brings names, whose table grows in steps of some KB: at import, or only now.
    gc.threshold(16384)  # see inside.logger()
    islog.Logger("a-client-key-of-24-chars", "bench", quiet=True)
    yield
    before = gc.mem_alloc()
    own = islog.Logger("a-client-key-of-24-chars", "bench", quiet=True)
    yield
    say("logger", islog=gc.mem_alloc() - before)
    del own
    yield
    gc.threshold(-1)

    account = "http://127.0.0.1/", inside.KEY, inside.BUCKET, inside.BUCKET_ID
    for kind in ("float", "int", "bool", "str"):
        own = inside.logger()
        own.log("temperature", value_of(kind, 0))
        clients = {"islog": own, "naive": naive.Naive(*account), "streamer": Unsent(*account)}
        yield
        value = value_of(kind, 1)
        result = {"copy": 0}
        if kind == "str":
            gc.disable()
            buffer = bytearray(64)
            before = gc.mem_alloc()
            data = value.encode()
            buffer[: len(data)] = data
            copied = gc.mem_alloc() - before
            gc.enable()
            result["copy"] = copied
        yield
        for name in clients:
            log = clients[name].log
            gc.disable()
            before = gc.mem_alloc()
            for _ in range(MANY):
                log("temperature", value)
            result[name] = (gc.mem_alloc() - before) / MANY
            gc.enable()
            yield
        say("log", kind=kind, **result)

    numbers = array.array("d", [21.4375])
    gc.disable()
    before = gc.mem_alloc()
    str(numbers[0])
    one_number = gc.mem_alloc() - before
    gc.enable()
    for kind in ("float", "int", "bool", "str"):
        own = inside.logger()
        other = naive.Naive(*account)
        for i in range(40):
            own.log("temperature", value_of(kind, i))
        own.fill()
        count = own.written()
        own.clear()
        for i in range(count):
            own.log("temperature", value_of(kind, i))
            other.log("temperature", value_of(kind, i))
        yield
        gc.disable()
        before = gc.mem_alloc()
        own.fill()
        taken = gc.mem_alloc() - before
        before = gc.mem_alloc()
        json.dumps(other.readings)
        dumped = gc.mem_alloc() - before
        gc.enable()
        assert own.written() == count
        say("write", kind=kind, islog=taken / count, naive=dumped / count, one_number=one_number)
        yield

    other = naive.Naive(*account)
    for kind in ("float", "int", "str"):
        own = None  # the one before makes room
        own = inside.logger()
        i = 0
        while not own.dropped:
            own.log("temperature", value_of(kind, i))
            i += 1
        other.clear()
        yield
        before = gc.mem_alloc()
        for i in range(MANY):
            other.log("temperature", value_of(kind, i))
        yield
        kept = gc.mem_alloc() - before
        own_bytes = 8192 / own.pending
        say("buffered", kind=kind, islog=own_bytes, naive=kept / MANY, size=len(TEXT) + 3)

    over = 0
    for size in range(1, 33):
        own = None
        own = inside.logger()
        while not own.dropped:
            own.log("t", "x" * size)
        over = max(over, 8192 / own.pending - size)
        yield
    say("text", overhead=over)
