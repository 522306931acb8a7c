"""A board that sleeps deeply between its readings: sleep is no reboot. In virtual time."""

import machine
import machine_sleep
import network
from deep_sleepers import DAY_S, HOME, HOUR_S, IS_SLOW, OUTAGE_S, SLEEP_S, Sleeper
from islog.errors import ConfigError
from virtual_board import files, flash, raises, reset, time


def test_a_day_by_a_clock_that_is_three_percent_slow():
    board = Sleeper(rtc_ppm=-30000)
    hours = 6 if IS_SLOW else 24  # deep_month_test.py has a month
    board.live(hours * HOUR_S)
    board.check_all_there(1000, but=13)
    board.check_books()
    batches = [status for path, status in board.server.posts if path == "/batch_logs"]
    buckets = [status for path, status in board.server.posts if path == "/buckets"]
    assert hours * 0.9 <= len(batches) <= hours + 1 and set(batches) == {204} and len(buckets) == 1
    assert network.radio_on_us() < len(batches) * 25 * 1000000


def test_two_days_without_a_router_and_every_reading_has_its_time():
    board = Sleeper(rtc_ppm=-30000, spool_file=flash(), spool_bytes=65536)
    board.live(3 * HOUR_S)
    network.air.clear()
    board.live(OUTAGE_S)
    assert board.statuses[-1]["spooled"] > OUTAGE_S // SLEEP_S - 130
    network.air["home"] = HOME["password"]
    board.live(3 * HOUR_S)
    board.check_all_there(5000, but=13)
    board.check_books()
    assert board.statuses[-1]["recovered"] == 0 and not files(board.spool_file)


def test_the_error_is_told_until_the_clock_was_measured():
    board = Sleeper(rtc_ppm=50000)
    board.live(4 * HOUR_S)
    errors = [status["clock_error_ms"] for status in board.statuses]
    assert errors[0] is None and errors[5] > 5 * 300000 * 0.05
    assert max(errors[-10:]) < 10000


def test_a_server_that_is_down_gets_all_when_it_is_back():
    board = Sleeper(spool_file=flash(), spool_bytes=65536)
    board.live(2 * HOUR_S)
    board.server.down = True
    board.live(5 * HOUR_S)
    board.check_books()
    board.server.down = False
    board.live(3 * HOUR_S)
    board.check_all_there(1000, but=13)
    board.check_books()
    assert board.statuses[-1]["dropped"] == 0


def test_what_rtc_memory_cannot_hold_is_dropped_and_counted_where_there_is_no_spool():
    board = Sleeper()
    board.live(2 * HOUR_S)
    network.air.clear()
    board.live(OUTAGE_S)
    now = board.statuses[-1]
    assert now["dropped"] > OUTAGE_S // SLEEP_S - 130 and 90 < now["pending"] < 130
    board.check_books()
    network.air["home"] = HOME["password"]
    board.live(2 * HOUR_S)
    there = board.values("n")
    assert there[-90:] == list(range(there[-90], there[-1] + 1))
    board.check_books()


def test_a_pico_keeps_its_readings_in_flash():
    board = Sleeper("rp2", spool_file=flash(), spool_bytes=65536)
    board.live(HOUR_S)
    board.check_all_there(50, but=1)
    network.air.clear()
    seen = len(board.true_ms)
    board.live(1500)
    assert len(board.true_ms) > seen + 3
    assert board.statuses[-1]["spooled"] == len(board.true_ms) - seen - 1


def test_where_nothing_would_keep_the_readings_deep_sleep_is_refused():
    for style, memory in (("rp2", b""), ("esp32", b"what the program has there")):
        board = Sleeper(style)
        machine.rtc_memory = memory
        board.start()
        assert "spool_file" in str(raises(ConfigError, board.logger.sleep, 1, deep=True))
        assert board.logger.log("n", 1) and board.logger.pending == 1


def test_a_power_cut_in_sleep_loses_what_was_in_rtc_memory_and_no_more():
    board = Sleeper(rtc_ppm=-30000, spool_file=flash(), spool_bytes=65536)
    board.live(3 * HOUR_S)
    network.air.clear()
    board.live(OUTAGE_S)
    last = board.statuses[-1]
    in_memory = last["pending"] - last["spooled"]
    assert 0 < in_memory < 130 and last["spooled"] > 0
    board.between = lambda: board.cut_power(60)
    board.live(1)
    board.between = None
    network.air["home"] = HOME["password"]
    board.live(2 * HOUR_S)
    there = board.values("n")
    gone = [n for n in range(there[-1]) if n not in there]
    assert there == sorted(there) and len(gone) <= in_memory + 1
    for value, found in zip(there, board.times_ms()):
        assert abs(found - board.true_ms[value]) < DAY_S * 10  # a hundredth
    assert board.statuses[-1]["recovered"] == last["spooled"]


def test_a_flipped_bit_is_told_and_nothing_is_made_up():
    for bit in (3, 40, 150, 2600):
        reset()
        board = Sleeper()
        board.live(HOUR_S // 2)
        board.between = lambda board=board, bit=bit: board.flip_bits(bit)
        board.live(1)
        board.between = None
        board.live(HOUR_S // 2)
        there = board.values("n")
        assert there == sorted(set(there))
        assert [s for s in board.statuses if s["sent"] + s["pending"] == 1]  # it began anew
        board.check_times(1000)


def test_somebody_who_sets_the_clock_in_the_middle_of_a_sleep_is_not_believed():
    board = Sleeper(rtc_ppm=-30000)
    board.live(2 * HOUR_S)
    for ahead_s in (7200, -7200, 40, 40000000):
        board.between = lambda s=ahead_s: board.set_clock(s)
        board.live(1)
        board.between = None
        board.live(1500)
        assert "set the board's clock" in board.statuses[-5]["last_error"]
    board.live(2 * HOUR_S)
    board.check_all_there(2000, but=13)


def test_a_button_ends_the_sleep_and_the_readings_have_its_time():
    board = Sleeper(rtc_ppm=-30000)
    board.live(2 * HOUR_S)
    now_ms = time.up_ms()
    machine_sleep.wakes.extend([now_ms + 400000 + 77000 * n for n in range(20)])
    board.live(2 * HOUR_S)
    board.check_all_there(1000, but=13)
    board.check_books()


def test_a_button_and_a_clock_that_somebody_has_set_wait_for_the_next_sync():
    board = Sleeper(rtc_ppm=-30000)
    board.live(2 * HOUR_S)
    machine_sleep.wakes.append(time.up_ms() + 200000)
    board.between = lambda: board.set_clock(50000)
    board.live(201)
    board.between = None
    board.live(SLEEP_S)
    assert board.statuses[-1]["clock"] == "none" and not board.statuses[-1]["synced"]
    board.live(2 * HOUR_S)
    board.check_all_there(10000, but=13)


def test_a_reset_while_awake_loses_at_most_what_was_logged_since_the_sleep():
    board = Sleeper(rtc_ppm=-30000)
    board.live(2 * HOUR_S)
    board.before_sleep = machine.reset
    board.live(1)
    board.before_sleep = None
    lost = len(board.true_ms) - 1
    board.live(2 * HOUR_S)
    there = board.values("n")
    assert [n for n in range(there[-1]) if n not in there] in ([], [lost], [lost - 1])
    assert len(there) == len(set(there))


def test_after_a_reset_the_error_is_told_and_readings_wait_for_no_more_than_a_sync():
    board = Sleeper(rtc_ppm=-30000, max_clock_error=5)
    board.live(700)
    board.before_sleep = machine.reset
    board.live(1)
    board.before_sleep = None
    board.live(2 * HOUR_S)
    assert len(board.values("n")) > 10 and board.statuses[-1]["clock"] == "ntp"
    board.live(2 * HOUR_S)
    assert len(board.values("n")) > 35


class NoLink:
    def isconnected(self):
        return False


def test_a_link_that_never_comes_keeps_no_board_awake():
    board = Sleeper()

    def main():
        log = board.start(wifi=NoLink())
        assert log.log("n", board.boot)
        log.sleep(SLEEP_S, deep=True)

    boots = board.boots(main, until_s=2 * HOUR_S)
    assert boots > 15 and machine_sleep.asleep_us["deep"] > 1.5 * HOUR_S * 1000000


def test_a_board_with_less_rtc_memory_than_it_says_sleeps_all_the_same():
    board = Sleeper(spool_file=flash(), spool_bytes=65536)
    machine._MEMORY_BYTES = 128
    try:
        board.live(2 * HOUR_S)
    finally:
        machine._MEMORY_BYTES = 2048
    there = board.values("n")
    assert there == list(range(len(there))) and len(board.true_ms) - len(there) <= 13
