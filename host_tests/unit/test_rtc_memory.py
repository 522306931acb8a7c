"""What a deep sleep keeps in the memory of an ESP32's RTC, and how. In virtual time."""

import machine
import network
from deep_sleepers import HOME, HOUR_S, Sleeper
from islog.wifi import WiFi
from virtual_board import flash


def test_readings_of_every_kind_arrive_as_they_were_logged():
    board = Sleeper()
    kinds = [
        ("t", 21.5),
        ("n", -7),
        ("wide", 0x7FFFFFFFFFFFFFFF),
        ("on", True),
        ("text", 'a "quote", a \\ and 21 °C'),
        ("température", "µ" * 40),
        ('s"ignal', 0),
    ]

    def main():
        log = board.start(wifi=WiFi([HOME]))
        if board.boot == 1:
            return_at_once(log)
        if board.boot == 2:
            for signal, value in kinds:
                assert log.log(signal, value)
            assert log.log("given", 5, epoch=(1795690000, 123456))
        log.sleep(600, deep=True)

    def return_at_once(log):
        log.log("t", 0)
        log.flush()

    board.boots(main, until_s=2 * HOUR_S)
    found = [(name, value) for name, value, _ in board.server.readings]
    assert found == [("t", 0)] + kinds + [("given", 5)]
    assert board.server.readings[-1][2] == "1795690000.123456"


def test_names_of_signals_take_no_more_room_with_each_sleep():
    board = Sleeper(max_signals=3, upload_interval=86400)

    def main():
        log = board.start(wifi=WiFi([HOME]))
        for name in ("a", "b", "c")[board.boot % 2 :]:
            assert log.log(name, board.boot)
        if board.boot % 10 == 0:
            assert log.flush()
        log.sleep(60, deep=True)

    board.boots(main, until_s=HOUR_S)
    assert board.boot > 50 and not board.logger
    assert board.values("b")[:50] == list(range(1, 51))


def test_what_was_sent_before_a_reset_is_not_sent_again():
    board = Sleeper()
    board.live(2 * HOUR_S)

    def upload_and_crash():
        assert board.logger.flush()
        machine.reset()

    board.before_sleep = upload_and_crash
    board.live(1)
    board.before_sleep = None
    board.live(2 * HOUR_S)
    board.check_all_there(1000, but=13)
    there = board.values("n")
    assert len(there) == len(set(there))


def test_a_spool_and_rtc_memory_are_one_queue():
    board = Sleeper(spool_file=flash(), spool_bytes=65536, batch_bytes=512)
    board.live(HOUR_S)
    for hours in (3, 11):
        network.air.clear()
        board.live(hours * HOUR_S)
        board.check_books()
        network.air["home"] = HOME["password"]
        board.live(2 * HOUR_S)
        board.check_books()
    board.check_all_there(1000, but=13)


def test_what_has_gone_to_flash_since_the_sleep_does_not_come_twice_after_a_reset():
    board = Sleeper(spool_file=flash(), spool_bytes=65536, batch_bytes=512, buffer_bytes=1024)
    board.live(HOUR_S // 2)
    network.air.clear()

    def crowd():
        for _ in range(30):
            board.measure()
            board.logger.poll()

    board.before_sleep = crowd
    board.live(600)

    def crowd_and_reset():
        crowd()
        machine.reset()

    board.before_sleep = crowd_and_reset
    board.live(1)
    board.before_sleep = None
    network.air["home"] = HOME["password"]
    board.live(3 * HOUR_S)
    there = board.values("n")
    assert len(there) == len(set(there)) and there == sorted(there)


def test_a_server_that_fails_once_costs_no_reading_where_there_is_no_spool():
    board = Sleeper()
    board.live(2 * HOUR_S)
    board.server.always = 503
    board.live(HOUR_S)
    board.server.always = None
    board.live(2 * HOUR_S)
    board.check_all_there(1000, but=13)
    assert board.statuses[-1]["dropped"] == 0 and board.statuses[-1]["retries"] > 0
    board.check_books()
