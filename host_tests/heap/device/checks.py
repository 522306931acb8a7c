"""Does log() take anything from the heap? Prints a JSON object for each kind of value.

    locked   under micropython.heap_lock() it raised nothing (None: that would hang this build)
    kept     bytes by which gc.mem_alloc() grew, the collector off
    taken    bytes by which micropython.mem_total() grew: all that was ever allocated, so call
             frames as well, which lie on the heap where they have more than eleven words and are
             given back on return (py/objfun.c). None: this build does not count them.

Argument: whose log(); the bad ones are there to show that the checks find what they look for.
"""

import gc
import json

import micropython

VALUES = {"float": 21.4375, "int": -1013, "bool": True}
CALLS = 1200  # more than twice what the ring holds: it wraps, and drops its oldest


class Islog:
    native = True

    def __init__(self):
        import islog

        account = "a-client-key", "shed", "123e4567-e89b-12d3-a456-426614174000"
        self.logger = islog.Logger(*account, quiet=True, native=self.native)
        self.log = self.logger.log


class Bytecode(Islog):
    native = False


class Failing(Islog):
    """While another signal is in trouble: its sensor does not answer."""

    def __init__(self):
        Islog.__init__(self)
        assert self.log("humidity", 55) and not self.log("humidity", None)
        assert not self.log("pressure", None)


class FailingBytecode(Failing):
    native = False


class Allocating:
    """A log() that allocates: a tuple for each reading."""

    def log(self, signal, value):
        self.last = (signal, value)


class LargeFrame:
    """A log() that allocates nothing but its call frame, which is too large for the C stack."""

    def log(self, signal, value):
        a = b = c = d = e = f = g = h = i = j = k = signal
        return a is b is c is d is e is f is g is h is i is j is k


WHOSE = {
    "islog": Islog,
    "bytecode": Bytecode,
    "failing": Failing,
    "failing bytecode": FailingBytecode,
    "allocating": Allocating,
    "large frame": LargeFrame,
}


def locked(log, value):
    micropython.heap_lock()
    try:
        for _ in range(CALLS):
            log("temperature", value)
    except MemoryError:
        return False
    finally:
        micropython.heap_unlock()
    return True


def kept(log, value):
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(CALLS):
        log("temperature", value)
    size = gc.mem_alloc() - before
    gc.enable()
    return size


def taken(log, value):
    before = micropython.mem_total()
    for _ in range(CALLS):
        log("temperature", value)
    return micropython.mem_total() - before


def main(who):
    whole_build = hasattr(micropython, "mem_total")  # the unix port
    for kind in ("float", "int", "bool"):
        log = WHOSE[who]().log
        log("temperature", VALUES[kind])  # from now on a known signal
        yield
        result = {"kind": kind, "kept": kept(log, VALUES[kind]), "locked": None, "taken": None}
        if whole_build:
            result["locked"] = locked(log, VALUES[kind])
            result["taken"] = taken(log, VALUES[kind])
        print(json.dumps(result))
        yield
