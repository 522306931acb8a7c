"""A board on a battery in the tests: its program starts anew after each deep sleep, and has then
what its port keeps."""

import islog
import machine
import machine_sleep
import network
from battery import Battery
from islog import spool_segments
from virtual_board import NOW_MS, flash, reset, time

DAY_S = 86400


def off_s():
    """By how much the board's clock is ahead of the truth."""
    return time.unix_us() / 1000000 - (NOW_MS + time.up_ms()) / 1000


def test_days_of_deep_sleeps_have_their_clock_by_an_rtc_that_is_slow():
    board = Battery("esp32", rtc_ppm=-30000)
    starts = {}
    slow_s = 0.03 * 298 / 0.97  # each sleep

    def main():
        start = machine.reset_cause(), time.ticks_ms()
        starts[start] = starts.get(start, 0) + 1
        if board.boot == 1:
            time.set_unix_us((NOW_MS + time.up_ms()) * 1000)
        assert abs(off_s() + slow_s * (board.boot - 1)) < 1
        time.sleep(2)
        machine.deepsleep(298000)

    boots = board.boots(main, until_s=3 * DAY_S)
    assert boots == int(3 * DAY_S / (300 + slow_s)) + 1
    assert starts == {(machine.PWRON_RESET, 0): 1, (machine.DEEPSLEEP_RESET, 0): boots - 1}


def test_a_pico_starts_in_2021_after_each_deep_sleep():
    board = Battery("rp2")
    seen = []

    def main():
        seen.append((machine.reset_cause(), time.gmtime()[0], time.ticks_ms()))
        time.set_unix_us(NOW_MS * 1000)
        machine.deepsleep(300000)

    assert board.boots(main, until_s=900) == 3
    assert seen == [(1, 2021, 0), (3, 2021, 0), (3, 2021, 0)]


def test_a_program_that_sleeps_lightly_runs_on_until_it_returns():
    for style in ("esp32", "rp2"):
        board = Battery(style)

        def main():
            while time.up_ms() < 3600000:
                machine.lightsleep(300000)

        assert board.boots(main) == 1


def test_islogs_modules_are_new_after_each_boot_and_what_it_sent_has_arrived():
    board = Battery("esp32", spool_file=flash(), spool_bytes=50000, flush_interval=0)

    def main():
        assert spool_segments._users == {} and not hasattr(islog, "left_behind")
        log = board.start()
        islog.left_behind = True
        log.log("boot", board.boot)
        assert log.flush(10)
        machine.deepsleep(300000)

    assert board.boots(main, until_s=3000) == 10
    assert board.values("boot") == list(range(1, 11))
    assert spool_segments._users == {} and not hasattr(islog, "left_behind")


def test_power_cuts_flipped_bits_and_a_clock_that_somebody_sets_come_between_two_boots():
    board = Battery("esp32")
    seen = []

    def main():
        memory = machine.RTC().memory()
        seen.append((machine.reset_cause(), memory, time.gmtime()[0]))
        machine.RTC().memory(b"ab")
        if board.boot == 1:
            time.set_unix_us(NOW_MS * 1000)
        machine.deepsleep(60000)

    def between():
        if board.boot == 2:
            board.flip_bits(0, 15, 99)
        elif board.boot == 3:
            board.set_clock(2 * 365 * DAY_S)
        elif board.boot == 4:
            board.cut_power(3600)

    board.between = between
    assert board.boots(main, until_s=3600 + 300) == 5
    assert seen == [
        (1, b"", 2000),
        (4, b"ab", 2026),
        (4, b"`\xe2", 2026),
        (4, b"ab", 2028),
        (1, b"", 2000),
    ]


def test_a_chip_that_hangs_is_the_end_unless_its_power_is_cut():
    board = Battery("rp2")

    def main():
        machine.WDT(timeout=8000)
        machine.lightsleep(60000)

    assert board.boots(main) == 1 and board.hung
    board.between = lambda: board.boot < 4 and board.cut_power(60)
    assert board.boots(main) == 3 and board.hung


def test_what_a_program_has_open_when_it_sleeps_is_gone():
    board = Battery("esp32", transport="kept", flush_interval=0)

    def main():
        log = board.start()
        log.log("boot", board.boot)
        log.flush(10)
        machine.deepsleep(300000)

    assert board.boots(main, until_s=1500) == 5
    assert board.values("boot") == [1, 2, 3, 4, 5]


def test_the_radio_is_off_after_each_deep_sleep_which_a_picos_link_lets_not_come():
    for style, boots in (("esp32", 10), ("rp2", 740)):
        reset()
        board = Battery(style)
        network.air["home"] = "a password"

        def main():
            wlan = network.WLAN(network.STA_IF)
            assert not wlan.active() and not wlan.isconnected()
            wlan.active(True)
            wlan.connect("home", "a password")
            time.sleep(4)
            assert wlan.isconnected()
            machine.deepsleep(296000)

        found = board.boots(main, until_s=3000)
        slept_s = sum(machine_sleep.asleep_us.values()) / 1000000
        radio_s = network.radio_on_us() / 1000000
        assert abs(found - boots) < 10 and abs(radio_s + slept_s - 3000) < 60
        assert abs(radio_s - (4 * boots if style == "esp32" else 3000)) < 60


def test_what_a_boot_takes_before_its_ticks_start_its_rtc_counts():
    board = Battery("esp32", boot_ms=300)
    shown = []

    def main():
        if board.boot == 1:
            time.set_unix_us((NOW_MS + time.up_ms()) * 1000)
        shown.append((time.ticks_ms(), round(off_s() * 1000)))
        machine.deepsleep(60000)

    board.boots(main, until_s=180)
    assert shown == [(0, 0)] * 3
