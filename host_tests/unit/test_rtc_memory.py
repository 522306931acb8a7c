"""What a deep sleep keeps in the memory of an ESP32's RTC, and how. In virtual time."""

import internet
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


def test_the_programs_own_part_stays_as_it_is():
    for part, own in (((64, 1024), b"x" * 64), ((256, 1700), b"count 17" + bytes(248))):
        board = Sleeper(rtc_memory=part)
        machine.rtc_memory = own
        board.live(3 * HOUR_S)
        board.check_all_there(1000, but=14)
        assert machine.rtc_memory[: part[0]] == own
    behind = b"what lies behind"
    board = Sleeper(rtc_memory=(0, 1024))
    machine.rtc_memory = bytes(1024) + behind
    board.live(3 * HOUR_S)
    board.check_all_there(1000, but=14)
    assert machine.rtc_memory[1024:] == behind


def test_what_is_kept_for_another_bucket_is_not_sent_to_this_one():
    board = Sleeper()
    board.live(HOUR_S)
    waiting = board.statuses[-1]["pending"]
    assert waiting > 5
    board._given["bucket_name"] = "another room"
    before = len(board.values())
    board.live(1)
    assert board.statuses[-1]["last_error"] is not None
    board.live(2 * HOUR_S)
    assert board.values("n")[before] >= before + waiting - 1
    assert board.statuses[-1]["sent"] < len(board.values())


def test_an_upload_after_sleep_makes_one_connection_and_asks_for_nothing_it_knows():
    board = Sleeper()
    board.live(4 * HOUR_S)
    asked, posts = len(internet.resolved), len(board.server.posts)
    assert "service.test" in internet.resolved
    board.live(4 * HOUR_S)
    assert [path for path, _ in board.server.posts[posts:]] == ["/batch_logs"] * 4
    assert set(internet.resolved[asked:]) <= {"time.test"}


def test_the_radio_begins_its_scan_where_it_was_let_in():
    board = Sleeper()
    network.channels["home"] = 11
    board.live(HOUR_S // 2)
    assert network.scans_from == [1]
    board.live(5 * HOUR_S)
    assert network.scans_from[-3:] == [11, 11, 11]


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


def test_the_servers_address_is_looked_up_again_after_a_day():
    board = Sleeper()
    board.sleep_s = 1800
    board.live(20 * HOUR_S)
    assert internet.resolved.count("service.test") == 2  # at the very first start, and after it
    board.live(10 * HOUR_S)
    assert internet.resolved.count("service.test") == 3
