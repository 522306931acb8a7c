"""Runs on MicroPython, started by board.py: boots a simulated board.

Arguments: the board ("esp32" or "rp2"), its flash folder, the file that tells its temperature,
a JSON file with what is in range (see network.air); how far its crystal is off in parts per
billion, and the bits of its ticks (see time.boot); a JSON file that lists what is attached to its
pins, or "" (see attached.py); what has started it, and the file in which its watchdog is fed (see
machine.feed_file).
The folder becomes "/", the module path is a board's, and boot.py and main.py run unchanged.
Ctrl-C (a byte on standard input, or SIGINT) stops main.py; its Logger is then given FLUSH_S to
send what is pending. The last line printed is `status ` and log.status() as JSON, where there is
a log.

Exit status: 0 main.py ended or was stopped, 1 it raised, RESET the board wants to start again.
"""

import gc
import json
import os
import sys
import time

import machine
import network

try:
    import vfs
except ImportError:  # before MicroPython 1.23
    import os as vfs

FLUSH_S = 10
RESET = 64


def main(board, flash, temperature, air, drift_ppb, wrap_bits, attached="", cause="power", fed=""):
    with open(air) as f:
        network.air = json.load(f)
    sensor = open(temperature)  # noqa: SIM115 (it stays open)

    def celsius():
        sensor.seek(0)
        return float(sensor.readline())

    time.boot(board, int(drift_ppb), int(wrap_bits))
    network.style = machine.style = board
    network.gateway = "127.0.0.1"  # its sockets are the PC's: that is who answers or refuses
    machine.celsius = celsius
    machine.started_by(cause)
    if fed:
        machine.feed_file = open(fed, "w")  # noqa: SIM115 (it stays open)
    # The stand-ins that a program may ask for later, before their folder goes out of sight.
    if board == "esp32":
        __import__("esp32")
    else:
        sys.modules["tls"] = __import__("rp2_tls")
    if attached:
        _attach(attached)
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(flash), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv.clear()

    gc.collect()
    names = {"__name__": "__main__"}
    code = 0
    try:
        for path in ("boot.py", "main.py"):
            execfile(path, names)  # noqa: F821
    except KeyboardInterrupt:
        code = _stop(_logger(names))
    except machine.Reset as e:
        print("board: reset by", e.args[0])
        code = RESET
    except Exception as e:
        if type(e).__name__ == "ConfigError":
            print("ConfigError:", e)
        else:
            sys.print_exception(e)
        code = 1
    log = _logger(names)
    if log is not None:
        print("status", json.dumps(log.status()))
    return code


def _attach(path):
    """Sensors and a button, with the modules that boards have frozen in for them."""
    import attached
    import pins

    attached.attach(path)
    machine.Pin = pins.Pin
    machine.I2C = pins.I2C
    for driver in ("dht", "onewire", "ds18x20"):
        __import__(driver)


def _logger(names):
    for value in names.values():
        if isinstance(value, type):
            continue
        if all(hasattr(value, name) for name in ("flush", "status", "pending")):
            return value
    return None


def _stop(log):
    pending = log.pending if log is not None else 0
    print("board: main.py is stopped, readings to send:", pending)
    try:
        if pending:
            log.flush(FLUSH_S)
    except KeyboardInterrupt:
        print("board: stopped before all was sent")
    return 0


sys.exit(main(*sys.argv[1:]))
