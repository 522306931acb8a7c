"""Where the time comes from, and that it is right: after a month, across wraps, when drifting."""

import machine
from islog import clock, dates
from world import NOW_MS, Board, time

DAY_MS = 86400000
HOUR_MS = 3600000


def make():
    return clock.Clock()


def true_ms():
    return NOW_MS + time.up_ms()


def sync(board_clock, error_ms=5, off_ms=0, source="ntp"):
    """Tell the clock the true time, or one that is off."""
    board_clock.tick()
    unix_s, ms = divmod(true_ms() + off_ms, 1000)
    return board_clock.sync(source, unix_s, ms, board_clock.hi, board_clock.last, error_ms)


def stamp(board_clock):
    board_clock.tick()
    return board_clock.hi, board_clock.last


def at(board_clock, hi, lo):
    board_clock.settle(hi, lo)
    return board_clock.mega * 100000000 + lo + board_clock.shift


def now_ms(board_clock):
    return at(board_clock, *stamp(board_clock))


def test_a_sync_holds_before_and_after_it_across_wraps():
    board_clock = make()
    stamps = []
    for day in range(0, 60, 5):
        if day == 30:
            sync(board_clock)
        stamps.append((stamp(board_clock), true_ms()))
        time.advance(5 * DAY_MS)
    for (hi, lo), true in stamps:
        assert abs(at(board_clock, hi, lo) - true) <= 1


def test_what_settle_says_holds_until_it_says_so():
    board_clock = make()
    sync(board_clock)
    for _ in range(300):
        hi, lo = stamp(board_clock)
        board_clock.settle(hi, lo)
        mega, shift, until = board_clock.mega, board_clock.shift, board_clock.until
        assert 0 < until - lo <= 20000 and 0 <= lo + shift and until + shift <= 100000000
        assert at(board_clock, hi, until - 1) == mega * 100000000 + until - 1 + shift
        time.advance(617283)


def test_after_two_syncs_the_drift_is_taken_out():
    for ppm in (50, -50, 20):
        time.reset()
        time.ppm = ppm
        board_clock = make()
        sync(board_clock)
        time.advance(4 * HOUR_MS)
        sync(board_clock)
        time.advance(HOUR_MS)
        assert abs(now_ms(board_clock) - true_ms()) <= 20
        assert board_clock.error_ms(*stamp(board_clock)) <= 5 + 18


def test_two_syncs_too_close_to_tell_the_drift_do_not():
    board_clock = make()
    sync(board_clock)
    time.advance(60000)
    sync(board_clock, off_ms=4)  # within its error
    time.advance(4 * HOUR_MS)
    assert abs(now_ms(board_clock) - true_ms()) <= 6


def test_a_month_offline_between_two_syncs_is_interpolated():
    time.ppm = 20
    board_clock = make()
    sync(board_clock)
    stamps = []
    for _ in range(30 * 24):
        time.advance(HOUR_MS)
        stamps.append((stamp(board_clock), true_ms()))
    sync(board_clock)
    for (hi, lo), true in stamps:
        assert abs(at(board_clock, hi, lo) - true) <= 100


def test_readings_between_older_syncs_are_still_interpolated_after_newer_ones():
    time.ppm = 40
    board_clock = make()
    stamps = []
    for _ in range(6):
        sync(board_clock)
        for _ in range(5):
            time.advance(5 * HOUR_MS)
            stamps.append((stamp(board_clock), true_ms()))
    sync(board_clock)
    for (hi, lo), true in stamps:
        assert abs(at(board_clock, hi, lo) - true) <= 10


def test_without_a_sync_before_the_error_is_small_and_said():
    time.ppm = 20
    board_clock = make()
    first = stamp(board_clock)
    true = true_ms()
    for _ in range(30):
        time.advance(DAY_MS)
        board_clock.tick()
    sync(board_clock)
    wrong_ms = abs(at(board_clock, *first) - true)
    assert 40000 < wrong_ms < 60000
    assert wrong_ms <= board_clock.error_ms(*first) <= 150000


def test_a_worse_answer_does_not_replace_a_better_one_but_counts_as_asked():
    board_clock = make()
    sync(board_clock, error_ms=3)
    time.advance(60000)
    assert not sync(board_clock, error_ms=900, off_ms=700)
    assert abs(now_ms(board_clock) - true_ms()) <= 1
    time.advance(3000)
    board_clock.tick()
    assert not board_clock.due(4000) and board_clock.due(2000)


def test_http_sets_the_clock_until_ntp_does():
    board_clock = make()
    assert board_clock.due(10**9)
    assert sync(board_clock, 1000, 600, "http") and board_clock.source == "http"
    assert board_clock.due(10**9)
    time.advance(60000)
    assert not sync(board_clock, 1000, -900, "http")  # no better than what is known
    assert sync(board_clock, 20) and board_clock.source == "ntp"
    assert abs(now_ms(board_clock) - true_ms()) <= 1
    assert not sync(board_clock, 1000, -900, "http") and board_clock.source == "ntp"
    time.advance(5 * DAY_MS)  # NTP has been silent for so long
    assert sync(board_clock, 1000, 0, "http") and board_clock.source == "http"


def test_a_time_that_cannot_be_is_refused():
    board_clock = make()
    for unix_s in (0, 1600000000, 1767225599, 2**32):
        assert not board_clock.sync("ntp", unix_s, 0, 0, 0, 5)
    assert board_clock.source == "none" and board_clock.error_ms(0, 0) is None


def test_the_first_sync_sets_the_boards_own_clock_on_both_epochs():
    for style, epoch_s in (("esp32", 946684800), ("rp2", 0)):
        time.reset()
        machine.style = style
        time.epoch_s = epoch_s
        before = time.time()
        sync(clock.Clock(set_rtc=False))
        assert time.time() == before
        sync(clock.Clock(set_rtc=True))
        assert abs(time.time() + epoch_s - true_ms() // 1000) <= 1


def test_a_date_header_is_read():
    assert dates.http_date(b"Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert dates.http_date(b"Tue, 29 Feb 2028 23:59:59 GMT") == 1835481599
    for text in (b"", b"now", b"Sun, 06 Foo 1994 08:49:37 GMT", b"1 2 3 4 5 6", b"\xff"):
        assert dates.http_date(text) == 0


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


def test_times_never_run_backwards_when_a_sync_steps_the_clock():
    board = Board(flush_interval=1)
    board.ntp.silent = True
    ahead_s = 1796000000 + 10  # the server's clock is ten seconds ahead
    board.server.date = "Mon, 30 Nov 2026 00:53:30 GMT"
    assert dates.http_date(board.server.date.encode()) == ahead_s
    for i in range(200):
        board.ntp.silent = i < 20
        last_ms = NOW_MS + time.up_ms()
        board.log("t", i)
        board.log("text", "a text")
        board.run(1)
    board.run(20)
    assert board.logger.status()["clock"] == "ntp"
    times = board.times_ms()
    assert len(times) == 400 and times == sorted(times)
    assert abs(times[-1] - last_ms) <= 50  # true time has caught up


def test_the_age_of_the_oldest_reading_shows_in_status():
    board = Board(flush_interval=3600, sync_interval=3600)
    board.ntp.silent = True
    board.log("t", 1)
    for _ in range(30):
        time.advance(DAY_MS)
        board.logger.poll()
    assert board.logger.status()["clock_error_ms"] is None
    board.ntp.silent = False
    while not board.logger.synced:
        time.advance(max(1, board.logger.poll()))
    assert 60000 < board.logger.status()["clock_error_ms"] < 150000


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


def test_a_long_life_without_a_reading_keeps_the_time():
    board = Board(flush_interval=0)
    board.run(2)
    for _ in range(40):
        time.advance(DAY_MS)
        board.run(5)
    board.log("t", 1)
    true = NOW_MS + time.up_ms()
    board.run(20)
    assert abs(board.times_ms()[0] - true) <= 2


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
