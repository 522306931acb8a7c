"""Numbers through the ring into a batch, with machine code: prints what was written, and the heap.

`single`: floats are to be taken for a board's, which has 24 bits of mantissa, and are such.
"""

import gc
import json
import random
import struct

import inside
from islog import native

EDGES = [0.0, -0.0, 1 / 64, -1 / 64, 0.5, 1.0, -1.0, 9.5, 10.0, 99.5]
EDGES += [16777215.0, 16777216.0, 1e-9, 1e9]
INTS = [0, 1, -1, 9, 10, -10, 99, 100, 999999999, 1000000000, 2**30 - 1, -(2**30), 2**30, 2**62]


def as_single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def shown(value):
    """An int; or a float's bits, and how str() writes it here."""
    return value if type(value) is int else [struct.pack("<d", value).hex(), str(value)]


def some(count):
    """Floats as sensors give them, with few decimals, and floats of any bits, in turn."""
    random.seed(17)
    for _ in range(count):
        yield round(random.uniform(-1, 1) * 10 ** random.randint(0, 5)) / 10 ** random.randint(
            0, 4
        )
        yield random.choice((1, -1)) * random.uniform(1, 2) * 2.0 ** random.randint(-8, 25)


def write(log, values):
    """The JSON of the batches that hold the values."""
    for value in values:
        log.log("t", value)
        if log._ring.count == 10:
            log.fill()
            yield str(log._uplink.batch.slice(10), "utf-8")
            log.clear()


def main(single):
    native._half = single
    log = inside.logger()
    values = EDGES + INTS + list(some(1000))
    if single:
        values = [as_single(value) if type(value) is float else value for value in values]
    values = values[: len(values) // 10 * 10]
    for i in range(0, len(values), 10):
        for text in write(log, values[i : i + 10]):
            print(json.dumps([[shown(value) for value in values[i : i + 10]], text]))
    yield
    log.clear()
    for value in (21.4375, 1013, True):
        for _ in range(10):
            log.log("t", value)
        gc.collect()
        before = gc.mem_alloc()
        gc.disable()
        log.fill()
        print(json.dumps({"kind": type(value).__name__, "taken": gc.mem_alloc() - before}))
        gc.enable()
        log.clear()
        yield
