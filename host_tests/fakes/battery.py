"""A board on a battery, in virtual time: its program sleeps, and starts anew after each deep
sleep, each reset and each time that its power comes back.

    board = Battery("esp32", rtc_ppm=-30000)       # or "rp2"; further arguments: Logger's settings

    def main():                                    # what main.py does
        log = board.start()                        # a new Logger, with these settings
        log.log("t", board.boot)
        log.sleep(300, deep=True)                  # or machine.deepsleep(300000)

    board.boots(main, until_s=7 * 86400)           # true time; start(wifi=) takes a new WiFi
    assert board.values() == ...                   # what the server has; board.times_ms()

What is kept from boot to boot is what the port keeps (machine_sleep.py has the table): files, and
on an ESP32 RTC().memory() and the time by its RTC. islog's modules are as first imported, its
sockets, tasks and the radio are gone. `between`, a function without arguments, is called after
each reset, before main(): it may call cut_power(), flip_bits() or set_clock(). What main() leaves
by return is the end of boots(), and so is a chip that hangs (`hung`), unless `between` cuts its
power. True times: time.up_ms(); NOW_MS is their start. How long it slept: machine_sleep.asleep_us,
how long its radio was on: network.radio_on_us().
"""

import asyncio
import gc
import os
import sys
import time

import internet
import machine
import network
import requests
import virtual_board


class Battery(virtual_board.Board):
    """`crystal_ppm` and `rtc_ppm`: how fast its clocks are (negative: slow). `boot_ms`: how long
    it takes after a reset until its ticks start."""

    def __init__(
        self, style="esp32", *, rtc_ppm=0, crystal_ppm=0, chip="rp2040", boot_ms=0, **settings
    ):
        network.style = machine.style = style
        machine.chip = chip
        time.power_up(style)
        time.ppm = crystal_ppm
        time.drift_rtc(rtc_ppm)
        self.make_hosts(settings)
        self.logger = None
        self.logged = 0
        self._boot_ms = boot_ms
        self.boot = 0  # that of now, from 1 on
        self.between = None
        self.hung = False

    def start(self, **settings):
        """A Logger, with the board's settings and these."""
        import islog

        given = self._given.copy()
        given.update(settings)
        self.logger = islog.Logger(**given)
        return self.logger

    def boots(self, main, until_s=None):
        """Run main() again and again, as from power-up on, until it returns, or a boot ends after
        `until_s` of true time, from the board's first power-up on. -> the number of boots"""
        if hasattr(gc, "freeze"):
            gc.freeze()  # islog collects in each boot: a PC's other objects need no looking at
        first = self.boot
        modules = _Modules()
        while until_s is None or time.up_ms() < until_s * 1000:
            self.boot += 1
            if self.boot % 16 == 0 and hasattr(gc, "freeze"):
                gc.freeze()  # nor do what the server and the test keep
            try:
                main()
                break
            except machine.Reset as e:
                self.hung = isinstance(e, machine.Hang)
                self.logger = None
                modules.forget()
                self._reset()
            if self.between:
                self.between()
            if self.hung:
                break
        return self.boot - first

    def _reset(self):
        internet.power_cycle()
        network.power_cycle()
        asyncio.new_event_loop()
        time.advance(self._boot_ms)
        if machine.style == "esp32":
            time.restart_by_rtc()
        else:
            time.power_up(machine.style)

    def cut_power(self, off_s=0):
        """For so long it has none; what is in flash stays."""
        time.advance(off_s * 1000)
        time.power_up(machine.style)
        machine.power_cut()
        self.hung = False

    def flip_bits(self, *bits):
        """Of the RTC's memory, counted from its start; what is beyond its end stays as it is."""
        data = bytearray(machine.rtc_memory)
        for bit in bits:
            if bit // 8 < len(data):
                data[bit // 8] ^= 1 << bit % 8
        machine.rtc_memory = bytes(data)

    def set_clock(self, ahead_s):
        """Somebody sets the board's RTC, as `mpremote rtc --set` does: so far ahead of what it
        was."""
        time.set_unix_us(time.unix_us() + ahead_s * 1000000)


class _Modules:
    """islog's modules as they are now, for a board that starts again: all of them, those that it
    would load and forget in each boot, too."""

    def __init__(self):
        import islog

        for name in sorted(os.listdir(islog.__file__.rpartition("/")[0])):
            name, _, kind = name.rpartition(".")
            if kind == "py" and name != "__init__":
                try:
                    __import__("islog." + name)
                except (ImportError, SyntaxError):
                    assert name == "native"  # machine code, which CPython does not take
        self._found = {}  # name: (the module, its names, what they are, what fills those again)
        for name in list(sys.modules):
            if _is_islogs(name):
                names = sys.modules[name].__dict__
                kept = [(key, _copied(names[key])) for key in names if key[:2] != "__"]
                fills = [(names[key], fill) for key, fill in kept if fill]
                self._found[name] = sys.modules[name], names.copy(), list(names.values()), fills
        self._loaded = len(sys.modules)
        self._socket = getattr(requests, "socket", None)

    def forget(self):
        """What a program has changed of them since then."""
        for name, (module, names, values, fills) in self._found.items():
            sys.modules[name] = module
            now = module.__dict__
            if list(now.values()) != values:  # values alone are compared faster than names are
                for key in [key for key in now if key not in names]:
                    delattr(module, key)
                for key, value in names.items():
                    if now.get(key, _copied) is not value:
                        setattr(module, key, value)
                values[:] = list(now.values())  # in their new order
            for thing, fill in fills:
                fill(thing)
        if len(sys.modules) != self._loaded:
            for name in list(sys.modules):
                if name not in self._found and _is_islogs(name):
                    self._drop(name)
            self._loaded = len(sys.modules)
        requests.socket = self._socket

    def _drop(self, name):
        del sys.modules[name]
        package, _, last = name.rpartition(".")
        if package and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)


def _is_islogs(name):
    return name.split(".")[0] == "islog" and sys.modules[name] is not None


def _copied(value):
    """A function that makes a module's own list, dict, set or bytearray what it is now, or gives
    up a lock; None for what needs none."""
    if isinstance(value, (list, bytearray)):
        copy = value[:]

        def fill(now):
            now[:] = copy

    elif isinstance(value, (dict, set)):
        copy = value.copy()

        def fill(now):
            now.clear()
            now.update(copy)

    elif hasattr(value, "locked"):

        def fill(now):
            if now.locked():
                now.release()

    else:
        fill = None
    return fill
