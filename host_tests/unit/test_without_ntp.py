"""NTP is silent for a while, or blocked: where the time comes from then, what is sent meanwhile,
and that the times of all readings are right once it is back."""

from clocks import DAY_MS, HOUR_MS, date_of, true_ms
from samples import spread
from virtual_board import NOW_MS, Board, time


def test_where_ntp_is_blocked_the_servers_own_date_is_taken():
    board = Board(flush_interval=0)
    board.ntp.silent = True
    board.server.date = "Mon, 23 Nov 2026 06:00:00 GMT"
    board.log("t", 1)
    board.run(30)
    status = board.logger.status()
    assert board.values() == [1] and status["clock"] == "http"
    assert 1000 <= status["clock_error_ms"] < 1010
    assert abs(board.times_ms()[0] // 1000 - 1795413600) < 30
    board.ntp.silent = False
    board.run(700)
    assert board.logger.status()["clock"] == "ntp"


def test_a_date_that_comes_later_than_the_timeout_does_not_set_the_clock():
    board = Board(flush_interval=0, timeout=1)
    board.ntp.silent = True
    board.server.date = date_of(NOW_MS // 1000)
    board.server.latency_ms = 20000
    board.log("t", 1)
    board.run(60)
    assert not board.logger.synced
    board.server.latency_ms = 300
    board.server.date = date_of(true_ms() // 1000)
    board.run(130)
    assert board.values() == [1] and board.logger.status()["clock"] == "http"


def test_where_ntp_is_blocked_the_server_is_asked_again_until_it_tells_the_date():
    board = Board(flush_interval=0)
    board.ntp.silent = True
    board.log("t", 1)
    board.run(600)
    assert board.logger.state == "no time" and board.server.buckets
    calls = len(board.server.posts)
    assert 8 < calls < 60
    board.server.date = "Mon, 23 Nov 2026 06:00:00 GMT"
    board.run(120)
    assert board.values() == [1] and board.logger.status()["clock"] == "http"


def test_times_never_run_backwards_when_a_sync_steps_the_clock_back_a_little():
    board = Board(flush_interval=1)
    board.ntp.silent = True
    for i in range(200):
        board.ntp.silent = i < 20
        last_ms = true_ms()
        board.server.date = date_of((last_ms + 1500) // 1000)
        board.log("t", i)
        board.log("text", "a text")
        board.run(1)
    board.run(20)
    assert board.logger.status()["clock"] == "ntp"
    times = board.times_ms()
    assert len(times) == 400 and times == sorted(times)
    assert abs(times[-1] - last_ms) <= 50  # true time has caught up


def test_a_clock_that_was_far_ahead_is_set_right_at_once_and_that_is_said():
    for days in spread((1, 10, 24, 26, 60), 2):
        time.reset()
        board = Board(flush_interval=5)
        board.ntp.silent = True
        board.server.date = date_of(NOW_MS // 1000 + days * 86400)
        board.log("t", 0)
        board.run(30)
        assert board.logger.status()["clock"] == "http"
        board.ntp.silent, board.server.date = False, None
        board.run(1200)
        assert board.logger.status()["clock"] == "ntp"
        said = board.logger.last_error
        assert said.startswith("the clock was set back by ") and said.endswith(" s")
        assert abs(int(said.split()[-2]) - days * 86400) < 60
        true = []
        for i in range(1, 9):
            true.append(true_ms())
            board.log("t", i)
            board.log("text", "a text")
            board.run(1)
        board.run(30)
        assert board.values("t") == list(range(9))
        assert [abs(a - b) <= 2 for a, b in zip(board.times_ms()[1::2], true)] == [True] * 8


def test_a_month_offline_then_a_sync_before_anything_is_sent():
    time.reset(ticks=2**30 - 50000)
    time.ppm = 20
    board = Board(flush_interval=3600, buffer_bytes=16384, sync_interval=3600)
    board.run(10)
    board.server.down = True
    board.ntp.silent = True
    true = []
    for i in range(30 * 24):
        time.advance(HOUR_MS)
        true.append(NOW_MS + time.up_ms())
        board.log("t", i)
        board.logger.poll()
    board.server.down = board.ntp.silent = False
    board.run(1500)
    assert board.values() == list(range(720))
    assert max(abs(a - b) for a, b in zip(board.times_ms(), true)) <= 100


def test_a_stale_clock_does_not_hold_readings_back_where_only_ntp_is_silent():
    board = Board(flush_interval=1, sync_interval=60)
    board.run(5)
    board.ntp.silent = True
    for i in range(300):
        board.log("t", i)
        board.run(1)
    board.run(10)
    assert board.values() == list(range(300))
    assert board.logger.status()["clock"] == "ntp"


def test_when_the_server_is_back_ntp_is_asked_before_what_was_logged_offline_gets_its_time():
    time.ppm = 40
    board = Board(flush_interval=60, buffer_bytes=16384)
    board.run(10)
    board.server.down = True
    board.ntp.silent = True
    true = []
    for i in range(7 * 24):
        time.advance(HOUR_MS)
        true.append(true_ms())
        board.log("t", i)
        board.run(5)
    board.run(300)  # NTP was asked in vain just now, and is not due for minutes
    board.server.down = board.ntp.silent = False
    board.run(300)
    assert board.values() == list(range(168))
    assert max([abs(a - b) for a, b in zip(board.times_ms(), true)]) <= 300


def test_a_clock_once_set_by_ntp_stays_good_enough_for_certificates():
    board = Board(transport="kept", flush_interval=10)
    board.logger._uplink.transport.verifies = True  # as with ca_file
    board.log("t", 0)
    board.run(30)
    assert board.values() == [0]
    board.ntp.silent = True
    for day in range(1, 4):
        board.server.date = date_of(true_ms() // 1000)
        board.log("t", day)
        board.run(60)
        time.advance(DAY_MS)
        board.run(5)
    board.run(60)
    assert board.values() == [0, 1, 2, 3] and board.logger.status()["clock"] == "http"


def test_a_server_is_not_verified_by_a_clock_that_ntp_has_never_set():
    board = Board(transport="kept", flush_interval=0)
    board.logger._uplink.transport.verifies = True  # as with ca_file
    board.ntp.silent = True
    board.server.date = date_of(true_ms() // 1000)
    board.log("t", 0)
    board.run(600)
    assert board.server.posts == []
    board.ntp.silent = False
    board.run(600)
    assert board.values() == [0]
