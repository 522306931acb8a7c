"""The stand-ins sleep as the ports do: what each sleep keeps and loses, how long it is by which
clock, and what ends it (see machine_sleep.py for the sources)."""

import machine
import machine_sleep
import network
from virtual_board import raises, reset, time

HOUR_MS = 3600000


def new(style, chip="rp2040", rtc_ppm=0, ppm=0):
    reset()
    network.style = machine.style = style
    machine.chip = chip
    time.power_up(style)
    time.ppm = ppm
    time.drift_rtc(rtc_ppm)


def passed(call, *args):
    """What a call takes: true ms, ticks' ms, the board clock's ms."""
    before = time.up_us(), time.ticks_us(), time.unix_us()
    call(*args)
    after = time.up_us(), time.ticks_us(), time.unix_us()
    return [(b - a) // 1000 for a, b in zip(before, after)]


def joined(style):
    new(style)
    network.air["home"] = "a password"
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("home", "a password")
    time.sleep(1)
    assert wlan.isconnected() and network.route() == "alive"
    return wlan


def test_in_a_picos_timed_sleep_ticks_go_on_and_its_clock_stands_still():
    for chip in ("rp2040", "rp2350"):
        new("rp2", chip, ppm=20)
        time.advance(300)
        assert passed(machine.lightsleep, 500000) == [500000, 500010, 0]
        assert time.time() == 1609459200
        assert raises(ValueError, machine.lightsleep, 4294967)
        assert passed(machine.lightsleep, 4294966)[0] == 4294966
        assert passed(machine.lightsleep, 1) == [1, 1, 1]


def test_an_rp2040s_time_ns_goes_back_to_the_whole_second_after_a_sleep():
    for chip, back_ms in (("rp2040", 700), ("rp2350", 0)):
        new("rp2", chip)
        time.advance(2700)
        before = time.time_ns()
        machine.lightsleep(60000)
        assert (before - time.time_ns()) // 1000000 == back_ms and time.time() == 1609459202


def test_a_picos_sleep_without_a_time_stops_all_of_its_clocks_until_something_wakes_it():
    new("rp2")
    dog = machine.WDT(timeout=5000)
    time.advance(1000)
    machine_sleep.wakes.append(time.up_ms() + HOUR_MS)
    assert passed(machine.lightsleep) == [HOUR_MS, 0, 0]
    time.advance(3900)
    dog.feed()
    machine_sleep.edges.append(time.up_ms() + 1000)  # a Pin's irq() is not enough
    assert raises(machine.Hang, machine.lightsleep)


def test_a_picos_timed_sleep_ends_at_the_edge_of_a_pin_and_says_not_why():
    new("rp2")
    machine_sleep.edges.append(time.up_ms() + 1500)
    assert passed(machine.lightsleep, 60000) == [1500, 1500, 0]
    assert passed(machine.lightsleep, 60000)[0] == 60000
    assert not hasattr(machine, "wake_reason") and not hasattr(machine.RTC(), "memory")


def test_a_link_or_an_open_connection_wakes_a_pico_every_64_ms():
    wlan = joined("rp2")
    time.advance(-time.ticks_ms() % 64)
    assert passed(machine.lightsleep, 60000)[0] == 64
    time.advance(10)
    assert passed(machine.lightsleep, 60000)[0] == 54
    assert passed(machine.lightsleep, 20)[0] == 20
    assert wlan.isconnected() and network.route() == "alive"
    wlan.disconnect()
    assert passed(machine.lightsleep, 60000)[0] == 60000
    network.open_connections, kept = lambda: 1, network.open_connections
    assert passed(machine.lightsleep, 60000)[0] <= 64
    network.open_connections = kept
    network.WLAN(network.AP_IF).active(True)
    assert passed(machine.lightsleep, 60000)[0] <= 64


def test_a_watchdog_that_expires_in_a_picos_sleep_hangs_an_rp2040_and_waits_on_an_rp2350():
    new("rp2", "rp2040")
    dog = machine.WDT(timeout=5000)
    machine.lightsleep(4000)
    dog.feed()
    time.advance(2000)
    assert raises(machine.Hang, machine.lightsleep, 4000)
    assert machine.resets == ["hang"] and time.up_ms() == 9000
    new("rp2", "rp2350")
    dog = machine.WDT(timeout=5000)
    time.advance(2000)
    machine.lightsleep(HOUR_MS)
    time.advance(2900)
    dog.feed()
    time.advance(5100)
    assert raises(machine.Reset, dog.feed).args == ("watchdog",)


def test_a_picos_deep_sleep_is_a_sleep_and_a_reset_and_with_a_link_it_resets_at_once():
    new("rp2")
    assert raises(machine.Reset, machine.deepsleep, 60000).args == ("deepsleep",)
    assert time.up_ms() == 60000 and machine.reset_cause() == machine.WDT_RESET
    assert not hasattr(machine, "DEEPSLEEP_RESET")
    joined("rp2")
    at = time.up_ms()
    raises(machine.Reset, machine.deepsleep, 60000)
    assert time.up_ms() - at <= 64
    assert raises(ValueError, machine.deepsleep, 1 << 32)


def test_an_esp32s_light_sleep_is_as_long_as_its_rtc_says_and_ticks_follow_that():
    for rtc_ppm, true_ms in ((-30000, 618556), (30000, 582524), (0, 600000)):
        new("esp32", rtc_ppm=rtc_ppm, ppm=40)
        true, ticks, clock = passed(machine.lightsleep, 600000)
        assert abs(true - true_ms) <= 1 and abs(ticks - 600000) <= 1 and abs(clock - ticks) <= 1
        assert machine.wake_reason() == machine.TIMER_WAKE


def test_an_esp32s_clock_counts_its_waking_hours_by_the_rtc_once_it_has_slept_lightly():
    new("esp32", rtc_ppm=-30000)
    assert passed(time.sleep, 100) == [100000, 100000, 100000]
    _, ticks, clock = passed(machine.lightsleep, 1000)
    assert abs(ticks - 1000) <= 1 and abs(clock - (1000 - 3000)) <= 1


def test_an_esp32s_sleeps_that_are_too_short_or_refused_return_at_once():
    new("esp32")
    machine_sleep.refused = 1
    assert passed(machine.lightsleep, 1)[0] == 0 == passed(machine.lightsleep, 5000)[0]
    assert passed(machine.lightsleep, 5000)[0] == 5000


def test_an_esp32_sleeps_until_the_time_or_what_it_was_told_wakes_it_and_else_for_ever():
    new("esp32")
    machine_sleep.edges.append(time.up_ms() + 500)  # a Pin's irq() does not
    machine_sleep.wakes.append(time.up_ms() + 2000)
    assert passed(machine.lightsleep, 5000)[0] == 2000
    assert machine.wake_reason() == machine.PIN_WAKE
    assert raises(machine.Hang, machine.lightsleep)


def test_an_esp32s_watchdog_does_not_count_in_light_sleep():
    new("esp32")
    dog = machine.WDT(timeout=5000)
    time.advance(2000)
    machine.lightsleep(7 * 24 * HOUR_MS)
    time.advance(2900)
    dog.feed()
    time.advance(5100)
    assert raises(machine.Reset, dog.feed).args == ("watchdog",)


def test_an_esp32s_link_looks_up_after_light_sleep_is_deaf_and_comes_back_by_itself():
    wlan = joined("esp32")
    cuts = network.cuts()
    machine.lightsleep(60000)
    assert wlan.isconnected() and network.route() == "dead"
    time.sleep(5)
    assert wlan.isconnected() and network.cuts() == cuts
    time.sleep(1)
    assert not wlan.isconnected() and network.cuts() == cuts + 1
    time.sleep(1)
    assert wlan.isconnected() and network.route() == "alive"
    machine.lightsleep(60000)
    wlan.active(False)
    wlan.active(True)
    wlan.connect("home", "a password")
    time.sleep(1)
    assert wlan.isconnected() and network.route() == "alive"


def test_an_esp32s_clock_goes_on_through_deep_sleep_from_what_it_was():
    new("esp32", rtc_ppm=-30000)
    machine.RTC().datetime((2026, 11, 26, 0, 12, 0, 0, 250000))
    time.sleep(100)  # by the crystal
    before = time.unix_us()
    assert raises(machine.Reset, machine.deepsleep, 600000).args == ("deepsleep",)
    assert abs(time.up_ms() - 718556) <= 1  # 3 % too long
    time.restart_by_rtc()
    assert time.ticks_ms() == 0 and abs(time.unix_us() - before - 600000000) < 1000
    assert machine.reset_cause() == machine.DEEPSLEEP_RESET == 4
    assert machine.wake_reason() == machine.TIMER_WAKE == 4


def test_after_a_watchdogs_reset_an_esp32s_clock_is_by_its_rtc_from_its_last_start_on():
    for ends, lost_ms in (("watchdog", 3000), ("reset", 0)):
        new("esp32", rtc_ppm=-30000)
        before = time.unix_us()
        dog = machine.WDT(timeout=5000)
        for _ in range(25):
            time.sleep(4)
            dog.feed()
        if ends == "reset":
            raises(machine.Reset, machine.reset)
        time.restart_by_rtc()
        assert abs(time.unix_us() - before - 100000000 + lost_ms * 1000) < 1000


def test_the_rtcs_memory_outlives_all_but_a_power_cut():
    new("esp32")
    clock = machine.RTC()
    assert clock.memory() == b""
    clock.memory(b"kept")
    for ends in (machine.reset, lambda: machine.deepsleep(1000)):
        raises(machine.Reset, ends)
        assert machine.RTC().memory() == b"kept"
    clock.memory(bytearray(2048))
    assert raises(ValueError, clock.memory, bytes(2049))
    assert clock.memory() == bytes(2048)
    machine.power_cut()
    assert clock.memory() == b"" and machine.reset_cause() == machine.PWRON_RESET


def test_the_rtc_changes_its_pace_with_the_temperature_and_keeps_what_it_counted():
    new("esp32", rtc_ppm=20000)
    time.advance(1000000)
    time.drift_rtc(-10000)
    time.advance(1000000)
    assert time.rtc_us() // 1000 == 1020000 + 990000
