"""The radio is off unless it is needed: how long it is on, and that all readings arrive all the
same. In virtual time: days pass."""

import internet
import islog
import network
import virtual_board
from batteries import DAY_S, HOME, HOUR_S, Battery
from clocks import date_of
from islog.wifi import WiFi
from virtual_board import Board, time

STYLES = ("esp32", "rp2")


def test_a_day_of_hourly_uploads_has_the_radio_on_for_minutes():
    for style in STYLES:
        virtual_board.reset()
        board = Battery(style)
        board.live(DAY_S)
        board.check_all_there(100, but=14)
        assert 22 <= board.joins <= 25 and board.on_ms < 120000
        assert len(board.server.buckets) == 1 and len(board.server.posts) <= 27
        assert not board.is_on() and board.logger.state == "online"
        assert board.logger.last_error is None


def test_the_first_reading_is_sent_at_once():
    board = Battery()
    board.live(60)
    assert board.values() == [0] and not board.is_on()
    virtual_board.reset()
    board = Battery()
    board.run(1000)  # nothing is logged yet: the time is known, and the radio is off
    assert board.logger.synced and not board.is_on() and board.server.posts == []
    board.measure()
    board.run(20)
    assert board.values() == [0] and not board.is_on()


def test_without_readings_there_is_nothing_to_upload():
    board = Battery()
    board.live(60)
    asked = board.ntp.asked
    board.run(6 * HOUR_S)
    assert len(board.server.posts) == 2 and board.ntp.asked == asked
    board.measure()
    board.run(20)
    board.check_all_there(100)


def test_flush_uploads_at_once_and_leaves_the_radio_off():
    for transport in ("kept", "requests"):
        virtual_board.reset()
        board = Battery(transport=transport)
        board.live(60)
        for _ in range(3):
            board.measure()
            board.run(60)
        assert board.values() == [0]
        assert board.logger.flush() and not board.is_on()
        board.check_all_there(100)
        assert internet.open_sockets == 0 and not board.logger.uploading


def test_a_flush_in_vain_leaves_the_radio_off():
    board = Battery()
    board.live(60)
    network.air.clear()
    board.measure()
    assert not board.logger.flush(20)
    assert not board.is_on() and board.logger.pending == 1 and board.logger.state == "offline"
    board.run(HOUR_S // 2)
    assert not board.is_on()
    network.air["home"] = HOME["password"]
    assert board.logger.flush() and board.values() == [0, 1]


def test_close_makes_its_attempt_and_leaves_the_radio_off():
    for style in STYLES:
        virtual_board.reset()
        board = Battery(style)
        board.live(600)
        assert board.logger.close() and not board.is_on()
        board.check_all_there(100)
        virtual_board.reset()
        board = Battery(style)
        board.logger.poll()
        board.logger.poll()
        assert board.is_on()
        board.logger.close()
        assert not board.is_on() and board.logger.state == "closed"


def test_a_router_that_is_away_costs_a_minute_an_hour():
    for style in STYLES:
        virtual_board.reset()
        board = Battery(style)
        board.live(2 * HOUR_S)
        network.air.clear()
        board.on_ms = 0
        board.live(8 * HOUR_S)
        assert 5 * 60000 < board.on_ms < 9 * 62000
        assert board.logger.state == "offline" and not board.is_on()
        assert "home" in board.logger.last_error
        assert "the upload was given up: the next one is in 3600 s" in str(board.logger._said)
        network.air["home"] = HOME["password"]
        board.live(2 * HOUR_S)
        assert board.logger.dropped == 0
        board.check_all_there(500, but=14)


def test_a_server_that_is_away_costs_a_minute_an_hour():
    board = Battery()
    board.live(2 * HOUR_S)
    board.on_ms = 0
    board.server.always = board.server.always_bucket = "drop"
    board.live(12 * HOUR_S)
    assert board.on_ms < 12 * 75000 and board.logger.state == "waiting"
    board.server.always = board.server.always_bucket = None
    board.live(2 * HOUR_S)
    board.check_all_there(500, but=14)


def test_a_refused_key_keeps_the_radio_off_but_for_a_try_an_hour():
    board = Battery()
    board.live(2 * HOUR_S)
    board.on_ms = 0
    board.server.always = 401, {}, b"no"
    board.live(12 * HOUR_S)
    assert board.on_ms < 12 * 10000 and board.logger.state == "refused"
    board.server.always = None
    board.live(2 * HOUR_S)
    board.check_all_there(500, but=14)


def test_while_a_pause_is_longer_than_the_interval_the_radio_stays_off():
    board = Battery(upload_interval=60, slow_retry=HOUR_S)
    board.live(HOUR_S, every_s=20)
    board.server.always = 401, {}, b"no"
    board.live(60, every_s=20)
    board.on_ms = 0
    board.live(HOUR_S // 2, every_s=20)
    assert board.on_ms < 2000 and board.logger.state == "refused"


def test_a_ring_that_fills_early_is_sent_early():
    board = Battery(buffer_bytes=2048)
    board.live(4 * HOUR_S, every_s=20)
    board.check_all_there(100, but=128)
    assert board.logger.dropped == 0 and 6 < board.joins < 10


def test_a_fast_program_does_not_keep_the_radio_on():
    board = Battery(buffer_bytes=32768)
    board.live(HOUR_S // 2, every_s=1)
    assert board.on_ms < 60000 and board.logger.dropped == 0
    board.logger.flush()
    board.check_all_there(100)


def test_a_full_ring_does_not_shorten_the_pause_after_an_upload_in_vain():
    board = Battery(buffer_bytes=1024)
    board.live(60)
    network.air.clear()
    board.on_ms = 0
    board.live(4 * HOUR_S, every_s=20)
    assert board.on_ms < 5 * 62000 and board.logger.dropped > 0
    network.air["home"] = HOME["password"]
    board.live(HOUR_S + 120, every_s=20)
    board.logger.flush()
    there = board.values("n")[1:]  # what survived is the unbroken run of the newest
    last = len(board.true_ms) - 1
    assert there == list(range(last - len(there) + 1, last + 1))


def test_a_spool_takes_what_the_ring_cannot_hold_and_only_that():
    flash = {"spool_file": virtual_board.flash(), "spool_bytes": 200000}
    board = Battery(buffer_bytes=2048, batch_bytes=1024, **flash)
    first_file = board.logger._spool._number
    board.live(2 * HOUR_S, every_s=20)
    board.check_all_there(100, but=128)
    assert board.logger._spool._number == first_file  # no file was ever begun
    network.air.clear()
    board.live(4 * HOUR_S, every_s=20)
    assert board.logger.dropped == 0 and board.logger.spooled > 500
    network.air["home"] = HOME["password"]
    board.live(HOUR_S + 300, every_s=20)
    board.logger.flush()
    board.check_all_there(1000)


def test_what_an_earlier_boot_has_left_in_flash_is_sent_and_the_radio_is_off():
    flash = {"spool_file": virtual_board.flash(), "spool_bytes": 200000}
    board = Battery(**flash)
    board.live(60)
    network.air.clear()
    for _ in range(20):
        board.measure()
    board.logger.close()
    assert board.logger.spooled == 20
    network.air["home"] = HOME["password"]
    board.reboot(wifi=WiFi([HOME]))
    board.run(60)
    assert board.values("n") == list(range(21)) and not board.is_on()
    assert board.logger.recovered == 20


def test_the_time_is_asked_for_in_every_upload_until_the_crystal_is_measured_then_rarely():
    board = Battery()
    board.live(60)
    first = board.ntp.asked
    board.live(2 * HOUR_S)
    measured = board.ntp.asked
    assert measured >= 2 * first
    board.live(12 * HOUR_S)
    assert 3 * first <= board.ntp.asked - measured <= 5 * first


def test_an_ntp_host_that_is_silent_keeps_the_radio_on_for_seconds():
    board = Battery()
    board.ntp.silent = True
    for _ in range(12):
        board.server.date = date_of(board.ntp.now_ms() // 1000)
        board.live(HOUR_S)
    assert board.logger.status()["clock"] == "http" and board.values()
    assert board.on_ms < 14 * 15000 and board.logger.dropped == 0


def test_a_program_that_polls_once_a_minute_gets_its_uploads_too():
    for transport in ("kept", "requests"):
        virtual_board.reset()
        board = Battery(transport=transport)
        board.live(DAY_S, poll_s=60)
        board.check_all_there(1500, but=20)


def test_an_interface_of_the_programs_is_left_alone_and_its_sending_bunched():
    class Lan:
        is_up = True

        def isconnected(self):
            return self.is_up

    for wifi in (Lan(), None):
        virtual_board.reset()
        board = Board(wifi=wifi, upload_interval=HOUR_S, transport="kept")
        for i in range(120):
            board.log("n", i)
            board.run(60)
        assert len(board.server.posts) <= 6 and 55 < len(board.values()) <= 120
        assert internet.open_sockets == 0
        if wifi:
            wifi.is_up = False
            board.run(HOUR_S // 2)
            assert board.logger.state == "offline"
            wifi.is_up = True
            board.run(20)  # it was due, and is sent as soon as there is a link
        else:
            board.run(HOUR_S)
        assert board.values() == list(range(120))


def test_a_radio_that_must_not_be_reset_is_left_on():
    board = Battery(wifi=WiFi([HOME], reset=False))
    board.live(4 * HOUR_S)
    assert board.is_on() and len(board.server.posts) <= 6


def test_two_loggers_share_a_radio_and_neither_cuts_the_other():
    wifi = WiFi([HOME])
    board = Battery(wifi=wifi)
    given = dict(board._given, bucket_name="attic")
    other = islog.Logger(wifi=wifi, **given)
    on_ms = logged = 0
    for i in range(12 * 60):
        board.measure()
        other.log("other", i)
        logged += 1
        end = time.up_ms() + 60000
        while time.up_ms() < end:
            wait_ms = max(1, min(board.logger.poll(), other.poll(), end - time.up_ms()))
            on_ms += wait_ms if board.is_on() else 0
            time.advance(wait_ms)
    assert on_ms < 13 * 20000
    assert board.logger.flush() and other.flush() and not board.is_on()
    assert board.values("n") == board.values("other") == list(range(logged))
    assert board.logger.retries == other.retries == 0


def test_a_second_logger_that_is_always_on_keeps_the_radio_and_that_is_said():
    wifi = WiFi([HOME])
    board = Battery(wifi=wifi)
    given = dict(board._given, bucket_name="attic", upload_interval=0)
    other = islog.Logger(wifi=wifi, **given)
    for i in range(3 * 60):
        board.measure()
        other.log("other", i)
        end = time.up_ms() + 60000
        while time.up_ms() < end:
            time.advance(max(1, min(board.logger.poll(), other.poll(), end - time.up_ms())))
    assert board.is_on() and board.logger.last_error.startswith("the radio stays on")
    other.flush()
    assert board.values("other") == list(range(3 * 60))
    assert network.cuts() <= 1


def test_the_status_tells_whether_an_upload_is_under_way():
    board = Battery()
    assert board.logger.status()["uploading"] is False
    board.measure()
    board.logger.poll()
    assert board.logger.status()["uploading"] is True
    board.run(30)
    assert board.logger.status()["uploading"] is False
    assert "uploading" not in Board().logger.status()
