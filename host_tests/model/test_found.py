"""What the random days have found, each told as a story."""

import internet
import islog
import network
import pytest
import schedule
import virtual_board
from islog import wifi
from lossy import http_date
from virtual_board import Board, time


@pytest.fixture(autouse=True)
def power_up():
    virtual_board.reset()


def spooling(tmp_path, **settings):
    given = {"buffer_bytes": 1024, "batch_bytes": 512, "spool_bytes": 64000, "flush_interval": 0}
    given.update(spool_file=str(tmp_path / "spool"), timeout=1, **settings)
    board = Board(**given)
    board.run(2)
    board.server.down = True
    return board


def test_numbers_with_a_given_time_are_sent_wherever_they_lie_in_the_ring():
    for count in range(1, 12):
        board = Board(flush_interval=0, buffer_bytes=64)
        board.run(2)
        board.server.down = True
        for i in range(count):
            board.log("t", (i, i + 0.5, True)[i % 3], (1790000000, i))
        board.server.down = False
        board.run(100)
        assert board.logger.pending == 0 and board.logger.sent + board.logger.dropped == count


def test_a_link_that_lies_before_the_time_is_known_is_made_anew(monkeypatch):
    monkeypatch.setattr(network, "join_ms", 3000)
    network.air["home"] = "a password"
    radio = wifi.WiFi([{"ssid": "home", "password": "a password"}])
    board = Board(wifi=radio, flush_interval=0)
    board.ntp.silent = True
    board.run(30)
    assert board.server.buckets  # from here on nothing is sent until there is a time
    board.log("t", 1)
    network.lying = True
    internet.link_up = board.ntp.silent = False
    for _ in range(7200):
        board.run(1)
        if not network.WLAN().isconnected():  # it was switched off: the truth is out
            network.lying, internet.link_up = False, True
    assert board.values() == [1]


def test_readings_too_large_for_a_smaller_batch_are_lost_and_the_others_arrive(tmp_path):
    board = spooling(tmp_path, batch_bytes=2048, buffer_bytes=32768)
    for i in range(40):
        board.log("t", "x" * (i % 4 * 300))
    board.logger.close()
    board.server.down = False
    board.reboot(batch_bytes=512)
    board.run(120)
    log = board.logger
    # Every second one is too large, and so may be the batch that was under way, as a whole.
    assert log.spooled == 0 and log.lost + log.recovered == 40 and 20 <= log.lost <= 24
    assert {len(text) for text in board.values()} == {0, 300}


def test_a_batch_that_another_bucket_left_behind_is_counted_as_lost(tmp_path):
    board = spooling(tmp_path)
    for i in range(4):
        board.log("t", i)
    board.run(1)
    board.logger.close()
    board.reboot(bucket_name="attic")
    board.run(30)  # its turn comes
    assert board.logger.lost == 4


def test_the_news_of_a_loss_is_no_reading_after_a_reboot_either(tmp_path):
    board = spooling(tmp_path)
    for i in range(200):  # at once: the ring drops some
        board.log("t", i)
    dropped = board.logger.dropped
    assert dropped
    board.run(3)
    board.logger.close()
    board.server.down = False
    board.reboot()
    board.run(120)
    assert board.values("islog.dropped")[0] == dropped
    assert board.logger.recovered == len(board.values()) == 200 - dropped


@pytest.mark.parametrize(
    "text",
    [
        '{"bucket_name": , "client_key": "the-key", "quiet": true}',
        '{"client_key" "bucket_name": "the-key", "timeout": 5}',
        '{"client_key": 5, "the-key": "shed"}',
    ],
)
def test_a_slip_in_config_json_does_not_show_the_key(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(islog.ConfigError) as error:
        islog.from_config(str(path))
    assert "the-key" not in str(error.value)


def test_a_country_of_one_letter_is_a_wrong_setting(tmp_path):
    with pytest.raises(islog.ConfigError, match="country"):
        Board(country="D")
    assert time.up_ms() == 0


def poll_each_minute(board, minutes):
    for _ in range(minutes):
        time.advance(60000)
        board.logger.poll()
        board.check_books()


@pytest.mark.parametrize("transport", ["kept", "requests"])
def test_a_program_that_polls_each_minute_sends_where_ntp_is_due_at_each_poll(transport):
    board = Board(transport=transport, sync_interval=60, flush_interval=0)
    board.log("t", 1)
    poll_each_minute(board, 20)
    assert board.values() == [1] and board.ntp.asked >= 7


@pytest.mark.parametrize("transport", ["kept", "requests"])
def test_a_program_that_polls_each_minute_sends_where_ntp_is_silent(transport):
    board = Board(transport=transport, sync_interval=60, flush_interval=0, backoff_max=1)
    board.run(2)
    assert board.logger.synced
    board.ntp.silent = True
    board.log("t", 1)
    poll_each_minute(board, 20)
    assert board.values() == [1]


@pytest.mark.parametrize("transport", ["kept", "requests"])
def test_a_date_that_has_waited_for_a_rare_poll_is_as_old_as_that(transport):
    board = Board(transport=transport, flush_interval=0)
    board.ntp.silent = True
    board.server.latency_ms = 300  # it is there at the next poll only
    for minute in range(30):
        time.advance(60000)
        board.server.date = http_date(board.ntp.now_ms() // 1000)
        if minute == 20:
            logged_ms = board.ntp.now_ms()
            board.log("t", 1)
        board.logger.poll()
    assert board.logger.status()["clock"] == "http"
    assert abs(board.times_ms()[0] - logged_ms) <= 1500


@pytest.mark.parametrize("silent", [False, True])
def test_days_without_wifi_are_as_wrong_as_the_crystal_only_where_ntp_is_silent_afterwards(silent):
    board = Board(sync_interval=60, flush_interval=1)
    time.ppm = 40
    board.run(120)
    internet.link_up = False
    logged_ms = []
    for day in range(4):
        time.advance(86400000)
        board.log("t", day)
        logged_ms.append(board.ntp.now_ms())
        board.run(60)
    internet.link_up = True
    board.ntp.silent = silent
    board.run(60)
    off_ms = [abs(sent - at) for sent, at in zip(board.times_ms(), logged_ms, strict=True)]
    if silent:
        assert 3000 < off_ms[0] < off_ms[3] <= board.logger.status()["clock_error_ms"]
    else:
        assert max(off_ms) <= 6


def test_no_callback_logs_while_a_random_day_reads_its_books(monkeypatch, tmp_path):
    later = []
    monkeypatch.setattr(schedule, "schedule_soon", lambda call, what: later.append(call))
    # What a FaultyFlash puts into islog would stay for the other tests.
    monkeypatch.setattr(schedule.faulty_flash, "FaultyFlash", lambda folder: None)

    class Interrupted:
        """A Logger, with a jump of the interpreter before each of its counts."""

        def __init__(self, log):
            self._log = log

        def __getattr__(self, name):
            if later:
                later.pop()(None)
            return getattr(self._log, name)

    day = schedule.Schedule(1, "requests", True, str(tmp_path), interrupts=True)
    day.boot()
    day.log = Interrupted(day.log)
    monkeypatch.setattr(day, "pause_before_interrupt", lambda: 1)
    day.under_interrupts(day.check_books, ())
    assert day.interrupted == 0 and later
    day.under_interrupts(lambda: day.log.sent, ())
    assert day.interrupted > 0
    day.check()
