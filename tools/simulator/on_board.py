"""Runs on MicroPython, started by board.py: boots a simulated board.

The argument is a JSON file: `board` ("esp32" or "rp2", `chip` its "rp2040" or "rp2350"); `flash`,
its folder; `celsius`, the file that tells its temperature; `air`, what is in range (see
network.air); `drift_ppb`, how far its crystal is off in parts per billion, `rtc_ppm` its RTC, and
`wrap_bits` of its ticks (see time.boot); `attached`, a list of what is at its pins (see
attached.py) or null; `cause` and `woken_by`, what has started it; `watchdog`, the file in which
that is fed (see machine.feed_file); `clock` and `memory`, the files of what a restart keeps;
`skips`, whether its sleeps take no time.
The folder becomes "/", the module path is a board's, and boot.py and main.py run unchanged.
Ctrl-C (a byte on standard input, or SIGINT) stops main.py; its Logger is then given FLUSH_S to
send what is pending. The last line printed is `status ` and log.status() as JSON, where there is
a log.

An ESP32 that is in deep sleep has ended; it says for how long, and board.py starts it again.

Exit status: 0 main.py ended or was stopped, 1 it raised, RESET the board wants to start again.
"""

import gc
import json
import os
import sys
import time

import machine
import machine_sleep
import network

try:
    import vfs
except ImportError:  # before MicroPython 1.23
    import os as vfs

FLUSH_S = 10
RESET = 64


def main(path):
    with open(path) as f:
        start = json.load(f)
    board, network.air = start["board"], start["air"]
    sensor = open(start["celsius"])  # noqa: SIM115 (it stays open)

    def celsius():
        sensor.seek(0)
        return float(sensor.readline())

    _power_up(start, board)
    network.style = machine.style = board
    machine.chip = start["chip"]
    network.gateway = "127.0.0.1"  # its sockets are the PC's: that is who answers or refuses
    machine.celsius = celsius
    # The stand-ins that a program may ask for later, before their folder goes out of sight.
    if board == "esp32":
        __import__("esp32")
    else:
        sys.modules["tls"] = __import__("rp2_tls")
    if start["attached"]:
        _attach(start["attached"])
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(start["flash"]), "/")
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
    except machine.Hang:
        return _stand_still()
    except machine.Reset as e:
        if e.args[0] == "deepsleep" and board == "esp32":
            us, by = machine_sleep.deep_us, machine.wake_reason()
            print("board: deep sleep, ms:", us and (us + 999) // 1000, "wake_reason:", by)
        else:
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


def _power_up(start, board):
    time.boot(
        board,
        start["drift_ppb"],
        start["wrap_bits"],
        start["rtc_ppm"],
        start["clock"],
    )
    machine_sleep.skips = start["skips"]
    machine_sleep.host_sleeps = not start["skips"]
    if board == "esp32":
        machine.memory_file = open(start["memory"], "r+b")  # noqa: SIM115 (it stays open)
    machine.started_by(start["cause"], start["woken_by"])
    machine.feed_file = open(start["watchdog"], "w")  # noqa: SIM115 (it stays open)


def _stand_still():
    """The chip hangs. On a board nothing stops that but a power cut; here Ctrl-C does, too."""
    print("board: it sleeps and nothing will wake it; only a power cut helps")
    try:
        while True:
            time.sleep_ms(1000)
    except KeyboardInterrupt:
        return 1


def _attach(devices):
    """Sensors, voltages and a button, with the modules that boards have frozen in for them."""
    import attached
    import pins

    attached.attach(devices)
    machine.Pin = pins.Pin
    machine.I2C = pins.I2C
    machine.ADC = pins.ADC
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
