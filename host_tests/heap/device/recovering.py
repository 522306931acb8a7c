"""What is logged while the heap is locked, as in a hard interrupt. Prints for each kind of number
what log() returns, twice, under a signal whose sensor did not answer before; and last what
log_object() returns, and how many readings are dropped by that."""

import json

import micropython
from checks import VALUES, Bytecode, Islog


def main():
    for logger in (Islog, Bytecode):
        log = logger().log
        for value in VALUES.values():
            log("temperature", value)
            log("temperature", None)
            stored = [None, None]
            micropython.heap_lock()
            try:
                stored[0] = log("temperature", value)
                stored[1] = log("temperature", value)
            finally:
                micropython.heap_unlock()
            print(json.dumps(stored))
            yield
    several = {"t": 21.5, "h": 55, "on": True}
    logger = Islog().logger
    assert logger.log_object(several)
    micropython.heap_lock()
    try:
        stored[0] = logger.log_object(several)
    finally:
        micropython.heap_unlock()
    stored[1] = logger.dropped
    print(json.dumps(stored))
    yield
