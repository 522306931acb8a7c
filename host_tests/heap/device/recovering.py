"""A number under a signal whose sensor did not answer before, with the heap locked as in a hard
interrupt: prints for each kind of value what log() returns, twice."""

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
