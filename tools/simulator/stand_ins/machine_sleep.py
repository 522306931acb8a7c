"""Imitates machine.lightsleep() and deepsleep(): modmachine.c of esp32 and rp2, up to 1.28, and
what they call in ESP-IDF (sleep_modes.c, esp_time_impl.c). See machine.py.

| board, sleep | RAM, pins | ticks | time.time() | RTC.memory() | WLAN |
|---|---|---|---|---|---|
| rp2 lightsleep(ms) | kept | go on | stands still | none | kept; a link wakes it |
| rp2 lightsleep() | kept | stand still | stands still | none | kept |
| rp2 deepsleep | lost | from 0 | from 2021 | none | off |
| esp32 lightsleep | kept | go on, by the RTC | goes on, by the RTC | kept | its link is lost |
| esp32 deepsleep | lost | from 0 | goes on, by the RTC | kept | off |

- rp2: a sleep with a time ends at any interrupt. lwIP's timer is one, every 64 ms while a link is
  up or a TCP connection open (mpnetworkport.c: LWIP_TICK_RATE_MS). 1 ms and less are a plain
  delay, 71.6 minutes and more a ValueError. time_ns() of an RP2040 goes on from the RTC's whole
  second (mphalport.c: mp_hal_time_ns_set_from_rtc).
- rp2 without a time: the crystal itself stops (xosc_dormant), and with it all that counts, the
  watchdog too. No Pin.irq() wakes it: that needs the chip's register DORMANT_WAKE_INTE.
- rp2 deepsleep is a lightsleep and a reset (mp_machine_deepsleep): with a link up it resets at
  once, and there is no wake_reason().
- A watchdog whose time is over in lightsleep hangs an RP2040 (micropython#17228: Hang) and an
  RP2350's does not count meanwhile (#17229); an esp32's does not either (its timer group's clock
  is gated). deepsleep ends an esp32's.
- esp32: a sleep is as long as the RTC says. After lightsleep time.time() is what the RTC has
  counted since the last start, also while awake (esp_light_sleep_start calls
  esp_set_time_from_rtc); before deepsleep the RTC is matched with the clock
  (esp_sync_timekeeping_timers). A lightsleep of 1 ms is too short and returns at once, and so do
  the next `refused` ones. What sleeps without a time, and nothing is to wake it, is a Hang.

What wakes it: `wakes`, a list of true times (time.up_ms()) at which something happens that wakes
every kind of sleep, as the press of a button that the program has prepared for it; `edges`, the
same for pins that have but an irq(), which ends an rp2's lightsleep with a time and nothing else.
The esp32's wake_reason() is then `reason`. `asleep_us` has the true time spent in both kinds of
sleep. On the simulated board `host_sleeps`: board.py waits for the end of an esp32's deepsleep,
for which `deep_us` tells the time (None: until something wakes it). With `skips` sleep takes none
of the PC's time (time.skip).
"""

import sys
import time

EXT0 = 2  # esp_sleep_source_t
EXT1 = 3
TIMER = 4
_TOO_LONG_MS = (1 << 32) // 1000
_LWIP_MS = 64

wakes = []
edges = []
reason = EXT0
refused = 0
asleep_us = {"light": 0, "deep": 0}
host_sleeps = skips = False
deep_us = None


def reset():
    """A new board: nothing will wake it."""
    global reason, refused
    del wakes[:], edges[:]
    reason = EXT0
    refused = 0
    asleep_us["light"] = asleep_us["deep"] = 0


def lightsleep(machine, ms=None):
    """Returns what has ended it, as an esp32 counts that."""
    global refused
    if machine.style == "rp2":
        _rp2(machine, ms)
        return 0
    if ms is not None and ms <= 1:
        return 0
    if refused:
        refused -= 1
        return 0
    return _esp32(machine, ms)


def _rp2(machine, ms):
    if ms is None:
        ticks_us = time.whole_ticks_us()
        machine.stop_watchdog()
        left_ms = machine.watchdog_left_ms()
        _pass(machine, _until(None, wakes)[0])
        time.put_ticks(ticks_us)
        machine.go_on_watchdog(left_ms)
    elif ms <= 1:
        time.sleep_ms(ms)
        return
    elif ms >= _TOO_LONG_MS:
        raise ValueError("sleep too long")
    else:
        _rp2_with_time(machine, ms)
    time.put_clock(time.unix_us(), machine.chip == "rp2040")


def _rp2_with_time(machine, ms):
    network = sys.modules.get("network")
    if network and network.keeps_awake():
        ms = min(ms, _LWIP_MS - time.ticks_ms() % _LWIP_MS)
    us, _ = _until(ms * 1000, wakes + edges)
    left_ms = machine.watchdog_left_ms()
    clock_us = time.unix_us()
    machine.stop_watchdog()
    if left_ms is not None and left_ms * 1000 < us and machine.chip == "rp2040":
        _pass(machine, left_ms * 1000)
        machine.restart("hang", machine.Hang)
    _pass(machine, us)
    time.put_clock(clock_us)
    machine.go_on_watchdog(left_ms if machine.chip == "rp2350" else machine.watchdog_left_ms())


def _esp32(machine, ms):
    us, by = _until(None if ms is None else time.by_rtc_us(ms * 1000), wakes)
    left_ms = machine.watchdog_left_ms()
    machine.stop_watchdog()
    ticks_us, rtc_us = time.whole_ticks_us(), time.rtc_us()
    true_us = time.up_us()
    _pass(machine, us)
    time.put_ticks(ticks_us + time.rtc_us() - rtc_us)
    time.follow_rtc()
    machine.go_on_watchdog(left_ms)
    network = sys.modules.get("network")
    if network:
        network.radio_was_off(time.up_us() - true_us)
    return by


def deepsleep(machine, ms=None):
    """That of an esp32: what it was woken by; what follows is for machine.py."""
    global deep_us
    time.match_rtc()
    deep_us, by = _until(None if ms is None else time.by_rtc_us(ms * 1000), wakes)
    if not host_sleeps:
        network = sys.modules.get("network")
        if network:
            network.power_cycle()
        _pass(machine, deep_us, "deep")
    return by


def _until(us, events):
    """How long it sleeps (None: for ever), `us` at most, and what wakes it."""
    now_us = time.up_us()
    at_us = min([ms * 1000 for ms in events if ms * 1000 > now_us] or [0])
    if at_us and (us is None or at_us - now_us < us):
        return at_us - now_us, reason
    return us, TIMER


def _pass(machine, us, kind="light"):
    if us is None:
        machine.restart("hang", machine.Hang)
    before_us = time.up_us()
    if skips:
        time.skip(us // 1000)
    else:
        time.nap_us(us)
    asleep_us[kind] += time.up_us() - before_us
