"""Imitates MicroPython's `machine`: machine_rtc.c, machine_wdt.c, machine_adc.c of esp32 and rp2.

What a PC's MicroPython lacks, for the simulated board and for the unit tests (any interpreter).
Set before use: `style` ("esp32" or "rp2"), `celsius` (a function: the chip's
temperature).

Facts kept, and where they come from:
- RTC is the board's own clock: it moves `time.time()`. datetime() has year, month, day, weekday
  (Monday is 0), hours, minutes, seconds, and microseconds, which the rp2 neither keeps nor tells.
  time.py beside this one holds the clock.
- WDT: 8388 ms at most on an RP2040 (ports/rp2/machine_wdt.c: WDT_TIMEOUT_MAX; it counts 24 bits),
  where 0 resets at once; an esp32 takes all but 0 and less. No end once started; a later WDT()
  sets its time-out anew.
- reset_cause(): an esp32 tells machine.reset() from its watchdog (ports/esp32/modmachine.c); an
  rp2 does both by its watchdog, and tells that (ports/rp2/modmachine.c).
- lightsleep(ms) of an rp2: ticks go on, its RTC stands still (ports/rp2/modmachine.c stops its
  clock in sleep); an esp32's goes on. On an rp2 71.6 minutes and more are a ValueError.
- A reset ends the program: here it raises `Reset`, a SystemExit, and `resets` lists the causes.
A watchdog bites at the next feed(), lightsleep() or reset(), or when a test asks `bitten()`. On
the simulated board each feed is a line in `feed_file`, and board.py ends a process that stands
still. Limit: in a unit test a program that does none of these is not stopped.
"""

import time

style = "esp32"
resets = []
PWRON_RESET = 1
WDT_RESET = 3
_HARD_RESET = 2
_cause = "power"  # of the latest start


def __getattr__(name):
    if name == "HARD_RESET" and style == "esp32":  # an rp2 has no such number
        return _HARD_RESET
    raise AttributeError(name)


def celsius():
    return 27.0


class Reset(SystemExit):
    """The board restarts: what was running is over."""


def unique_id():
    if style == "esp32":
        return b"\x02\x15\x10\x09\x00\x01"
    return b"\xe6\x61\x15\x10\x09\x00\x00\x01"


def freq():
    return 160000000 if style == "esp32" else 125000000


def reset():
    _restart("watchdog" if bitten() else "reset")


def reset_cause():
    if _cause == "power":
        return PWRON_RESET
    return _HARD_RESET if style == "esp32" and _cause == "reset" else WDT_RESET


def started_by(cause):
    """A new process is the same board: its start was a "reset", its "watchdog" or the "power"."""
    global _cause
    _cause = cause


def lightsleep(ms):
    if style == "rp2" and ms >= (1 << 32) // 1000:
        raise ValueError("sleep too long")
    before_us = time.unix_us()
    time.sleep_ms(ms)
    if style == "rp2" and ms > 1:
        time.set_unix_us(before_us)
    if bitten():
        _restart("watchdog")


def _restart(cause):
    global _wdt_ms, _cause
    resets.append(cause)
    _wdt_ms, _cause = 0, cause
    raise Reset(cause)


class RTC:
    def datetime(self, *fields):
        if not fields:
            return self._read()
        year, month, day, _, hour, minute, second, us = fields[0]
        seconds = time.mktime((year, month, day, hour, minute, second)) + time.epoch_s
        time.set_unix_us(seconds * 1000000 + (us if style == "esp32" else 0))
        return None

    def _read(self):
        seconds, us = divmod(time.unix_us(), 1000000)
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds - time.epoch_s)
        us = us if style == "esp32" else 0
        return (year, month, day, weekday, hour, minute, second, us)


_WDT_MAX_MS = 8388
_wdt_ms = 0
_fed_at = 0
_feeds = 0
feed_file = None


class WDT:
    def __init__(self, id=0, timeout=5000):
        global _wdt_ms
        if id != 0:
            raise ValueError(f"WDT({id}) doesn't exist" if style == "rp2" else None)
        if style == "rp2" and not 0 <= timeout <= _WDT_MAX_MS:
            raise ValueError(f"timeout exceeds {_WDT_MAX_MS}")
        if style == "rp2" and timeout == 0:
            _restart("watchdog")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _wdt_ms = timeout
        self._restart_count()

    def feed(self):
        if bitten():
            _restart("watchdog")
        self._restart_count()

    def _restart_count(self):
        global _fed_at, _feeds
        _fed_at = time.ticks_ms()
        if feed_file:
            _feeds += 1
            feed_file.seek(0)
            feed_file.write("%010d %d\n" % (_feeds, _wdt_ms))
            feed_file.flush()


def bitten():
    """True where a watchdog was started and has not been fed in time."""
    return _wdt_ms > 0 and time.ticks_diff(time.ticks_ms(), _fed_at) > _wdt_ms


def power_cycle():
    """A board switched off and on: no watchdog runs."""
    global _wdt_ms, _cause
    _wdt_ms, _cause = 0, "power"
    del resets[:]


class ADC:
    """An RP2040's temperature sensor (its data sheet, 4.9.5), nothing else.

    The chip has 12 bits; here all 16 are used, so that a recording replays to a tenth of a degree.
    """

    CORE_TEMP = 4

    def __init__(self, channel):
        if style != "rp2" or channel != self.CORE_TEMP:
            raise ValueError("Pin doesn't have ADC capabilities")

    def read_u16(self):
        volts = 0.706 - (celsius() - 27) * 0.001721
        return min(max(int(volts / 3.3 * 65535 + 0.5), 0), 65535)


class Pin:
    IN = 0
    OUT = 1

    def __init__(self, id, *_, **__):
        raise ValueError(f"this stand-in has no pin {id}: nothing is attached to it")
