"""Imitates MicroPython's `machine`: modmachine.c, machine_rtc.c, machine_wdt.c, machine_adc.c of
esp32 and rp2, up to 1.28.

What a PC's MicroPython lacks, for the simulated board and for the unit tests (any interpreter).
Set before use: `style` ("esp32" or "rp2"), `chip` (of an rp2: "rp2040" or "rp2350"), `celsius` (a
function: the chip's temperature).

Facts kept, and where they come from:
- RTC is the board's own clock: it moves `time.time()`. datetime() has year, month, day, weekday
  (Monday is 0), hours, minutes, seconds, and microseconds, which the rp2 neither keeps nor tells.
  time.py beside this one holds the clock.
- WDT: 8388 ms at most on an RP2040 (ports/rp2/machine_wdt.c: WDT_TIMEOUT_MAX; it counts 24 bits),
  where 0 resets at once; an esp32 takes all but 0 and less. No end once started; a later WDT()
  sets its time-out anew.
- reset_cause(): an esp32 tells machine.reset() and deepsleep() from its watchdog
  (ports/esp32/modmachine.c); an rp2 does all by its watchdog, and tells that. What sleep does, and
  wakes it, is in machine_sleep.py.
- RTC.memory(): an esp32's 2048 bytes, which no reset changes, and which are empty after power-up
  (machine_rtc.c: RTC_NOINIT_ATTR and a magic number). They are in `rtc_memory`, and on the
  simulated board, behind their number, in `memory_file`, too.
- machine.reset() of an esp32 takes its clock along (ESP-IDF, system_time.c, has that in a shutdown
  handler); after a watchdog's its clock is by its RTC all the way from its last start.
- disable_irq() returns what enable_irq() is to be given, 0 where interrupts were on; an rp2 then
  also keeps the other core out (mpthreadport.c, mp_thread_begin_atomic_section()), as a lock does
  here: the unix port's threads run at once. Limit: it cannot be called twice by one thread. That
  interrupts are on again is in `irqs_off`.
- A reset ends the program: here it raises `Reset`, a SystemExit, and `resets` lists the causes.
A watchdog bites at the next feed(), lightsleep() or reset(), or when a test asks `bitten()`. On
the simulated board each feed is a line in `feed_file`, and board.py ends a process that stands
still. Limit: in a unit test a program that does none of these is not stopped.
"""

import sys
import time

import machine_sleep as _sleep

style = "esp32"
chip = "rp2040"
resets = []
irqs_off = 0
PWRON_RESET = 1
WDT_RESET = 3
rtc_memory = b""
memory_file = None
_MEMORY_BYTES = 2048
_cause = "power"  # of the latest start
_woken_by = 0
_ESP32 = {  # an rp2 has none of these
    "HARD_RESET": 2,
    "DEEPSLEEP_RESET": 4,
    "SOFT_RESET": 5,
    "SLEEP": 2,
    "DEEPSLEEP": 4,
    "PIN_WAKE": _sleep.EXT0,
    "EXT0_WAKE": _sleep.EXT0,
    "EXT1_WAKE": _sleep.EXT1,
    "TIMER_WAKE": _sleep.TIMER,
    "wake_reason": lambda: _woken_by,
}


def __getattr__(name):
    if style == "esp32" and name in _ESP32:
        return _ESP32[name]
    raise AttributeError(name)


def celsius():
    return 27.0


class Reset(SystemExit):
    """The board restarts: what was running is over."""


class Hang(Reset):
    """The board stands still, until its power is cut."""


_acquire = _release = int  # does nothing: the unit tests on CPython have one thread
if sys.implementation.name == "micropython":
    try:
        import _thread

        _acquire = _thread.allocate_lock()
        _release = _acquire.release
        _acquire = _acquire.acquire
    except ImportError:
        pass


# (Neither has a jump, at which a callback would come in between.)


def disable_irq():
    global irqs_off
    _acquire()
    was, irqs_off = irqs_off, 1
    return was


def enable_irq(state):
    global irqs_off
    irqs_off = state
    _release()


def unique_id():
    if style == "esp32":
        return b"\x02\x15\x10\x09\x00\x01"
    return b"\xe6\x61\x15\x10\x09\x00\x00\x01"


def freq(*hz):
    """An rp2's is the usual one again after lightsleep (modmachine.c: clocks_init)."""
    global _hz
    if hz:
        _hz = hz[0]
    return None if hz else _hz or (160000000 if style == "esp32" else 125000000)


def reset():
    if bitten():
        restart("watchdog")
    time.match_rtc()
    restart("reset")


def reset_cause():
    if _cause == "power":
        return PWRON_RESET
    names = {"reset": "HARD_RESET", "deepsleep": "DEEPSLEEP_RESET"}
    return _ESP32[names[_cause]] if style == "esp32" and _cause in names else WDT_RESET


def started_by(cause, woken_by=0):
    """A new process is the same board: its start was a "reset", its "watchdog", the end of its
    "deepsleep" (which `woken_by` ended: wake_reason) or the "power"."""
    global _cause, _woken_by, rtc_memory
    _cause, _woken_by = cause, woken_by
    if memory_file:
        kept = memory_file.read()
        rtc_memory = kept[2 : 2 + int.from_bytes(kept[:2], "little")]


def lightsleep(*ms):
    if bitten():
        restart("watchdog")
    woken_by(_sleep.lightsleep(_port, *ms))
    if style == "rp2":
        freq(0)
    if bitten():
        restart("watchdog")


def deepsleep(*ms):
    global _wdt_ms
    if style == "rp2":
        lightsleep(*ms)
    else:
        if bitten():
            restart("watchdog")
        _wdt_ms = 0
        woken_by(_sleep.deepsleep(_port, *ms))
    restart("deepsleep")


def woken_by(reason):
    global _woken_by
    _woken_by = reason


def restart(cause, kind=Reset):
    """Say so in `resets`; what raises it is the end of the program."""
    global _wdt_ms, _cause
    resets.append(cause)
    _wdt_ms, _cause = 0, cause
    raise kind(cause)


class RTC:
    def __getattr__(self, name):
        if name == "memory" and style == "esp32":
            return _memory
        raise AttributeError(name)

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


def _memory(*data):
    global rtc_memory
    if not data:
        return rtc_memory
    if len(data[0]) > _MEMORY_BYTES:
        raise ValueError("buffer too long")
    rtc_memory = bytes(data[0])
    if memory_file:
        memory_file.seek(0)
        memory_file.write(len(rtc_memory).to_bytes(2, "little") + rtc_memory)


_WDT_MAX_MS = 8388
_hz = 0  # what freq() was set to; 0: the usual
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
            restart("watchdog")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        _wdt_ms = timeout
        self._restart_count()

    def feed(self):
        if bitten():
            restart("watchdog")
        self._restart_count()

    def _restart_count(self):
        global _fed_at
        _fed_at = time.ticks_ms()
        _tell_feed(_wdt_ms)


def _tell_feed(wdt_ms):
    global _feeds
    if feed_file:
        _feeds += 1
        feed_file.seek(0)
        feed_file.write("%010d %010d\n" % (_feeds, wdt_ms))


def watchdog_left_ms():
    """Until the watchdog bites; None where there is none."""
    if not _wdt_ms:
        return None
    return _wdt_ms - time.ticks_diff(time.ticks_ms(), _fed_at)


def stop_watchdog():
    """It counts no more, until go_on_watchdog()."""
    if _wdt_ms:
        _tell_feed(1000000000)


def go_on_watchdog(left_ms):
    global _fed_at
    if left_ms is not None:
        _fed_at = time.ticks_add(time.ticks_ms(), left_ms - _wdt_ms)
        _tell_feed(left_ms)


def bitten():
    """True where a watchdog was started and has not been fed in time."""
    return _wdt_ms > 0 and time.ticks_diff(time.ticks_ms(), _fed_at) > _wdt_ms


def power_cut():
    """A board switched off and on: no watchdog runs, an esp32's RTC memory is empty."""
    global _hz, _wdt_ms, _cause, _woken_by, rtc_memory
    _hz, _wdt_ms, _cause, _woken_by = 0, 0, "power", 0
    rtc_memory = b""


def power_cycle():
    """A new board."""
    global chip
    power_cut()
    chip = "rp2040"
    del resets[:]
    _sleep.reset()


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


_port = sys.modules[__name__]
