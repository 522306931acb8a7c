"""log() at the moment at which the ticks wrap, in virtual time: prints what checks.py calls
`taken`, by six calls ("log"), and by the virtual clock in as many questions ("clock")."""

import json
import time

import micropython
import virtual_board

VALUES = (20.5, 20, False)


def around_the_wrap(log):
    """What log() of VALUES takes just before the ticks wrap, and just after."""
    time.reset(time.period - 500)
    taken = 0
    for _ in range(2):
        before = micropython.mem_total()
        for value in VALUES:
            log("temperature", value)
        taken += micropython.mem_total() - before
        time.advance(1000)
    return taken


def main():
    virtual_board.reset()
    log = virtual_board.Board().logger.log
    log("temperature", 21.4375)
    of_log = around_the_wrap(log)
    of_clock = around_the_wrap(lambda signal, value: time.ticks_ms() + time.ticks_ms())
    print(json.dumps({"log": of_log, "clock": of_clock}))
    yield
