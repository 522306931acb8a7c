"""Where the time comes from, and that it is right: after a month, across wraps, when drifting."""

import machine
import test_batch as twins
from islog import clock, dates, ring
from virtual_board import NOW_MS, Board, raises, reset, time

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
    return board_clock.sync(source, unix_s, ms, board_clock.periods, board_clock.ticks, error_ms)


def stamp(board_clock):
    board_clock.tick()
    return board_clock.periods, board_clock.ticks


def at(board_clock, periods, ticks):
    board_clock.locate(periods, ticks)
    return board_clock.unix_block * 100000000 + ticks + board_clock.offset_ms


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
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 1


def test_what_settle_says_holds_until_it_says_so():
    board_clock = make()
    sync(board_clock)
    for _ in range(300):
        periods, ticks = stamp(board_clock)
        board_clock.locate(periods, ticks)
        unix_block, offset_ms, valid_until = (
            board_clock.unix_block,
            board_clock.offset_ms,
            board_clock.valid_until,
        )
        assert (
            0 < valid_until - ticks <= 20000
            and 0 <= ticks + offset_ms
            and valid_until + offset_ms <= 100000000
        )
        assert (
            at(board_clock, periods, valid_until - 1)
            == unix_block * 100000000 + valid_until - 1 + offset_ms
        )
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
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 100


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
    for (periods, ticks), true in stamps:
        assert abs(at(board_clock, periods, ticks) - true) <= 10


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


class BrokenRtc:
    """The board's own clock while setting it fails with `error`."""

    def __init__(self, error):
        self._error = error

    def __enter__(self):
        self._whole = machine.RTC.datetime
        machine.RTC.datetime = self._fail

    def __exit__(self, *_):
        machine.RTC.datetime = self._whole

    def _fail(self, *_):
        raise self._error


def test_a_sync_that_does_not_come_to_its_end_changes_nothing():
    for error in (MemoryError(), KeyboardInterrupt()):
        board_clock = make()
        with BrokenRtc(error):
            raises(type(error), sync, board_clock)
        assert board_clock.error_ms(*stamp(board_clock)) is None and board_clock.source == "none"
        assert sync(board_clock) and abs(now_ms(board_clock) - true_ms()) <= 1


def test_a_board_without_memory_for_its_first_sync_is_set_by_a_later_one():
    board = Board(flush_interval=0)
    board.log("t", 1)
    true = true_ms()
    with BrokenRtc(MemoryError()):
        board.run(600)
    assert board.logger.status()["clock_error_ms"] is None and board.ntp.asked < 25
    board.run(600)
    assert board.values() == [1] and abs(board.times_ms()[0] - true) <= 2


def test_a_board_clock_that_cannot_be_set_is_left_as_it_is():
    wrong = OSError(5), AttributeError("datetime"), ValueError(), TypeError(), RuntimeError("busy")
    for error in wrong:  # a port may have no datetime(), or another one
        board = Board(flush_interval=0)
        board.log("t", 1)
        with BrokenRtc(error):
            board.run(5)
        assert board.values() == [1]


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
    assert dates.http_date(b"Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800  # a leap second


def test_what_is_no_date_is_taken_for_none():
    whole = "Sun, 06 Nov 1994 08:49:37 GMT"
    parts = whole.split()
    spoiled = ["", "now", "1 2 3 4 5 6", "Sunday, 06-Nov-94 08:49:37 GMT"]
    spoiled += [whole[:n] for n in range(len(whole))]  # a part is missing
    odd = ("", "x", "-1", "6th", "99", "0", "1e3", "9" * 60, "08:49", "a:b:c", "24:60:61", "arN")
    for i in range(1, 6):
        for other in odd:
            spoiled.append(" ".join(parts[:i] + [other] + parts[i + 1 :]))
    for text in spoiled:
        assert dates.http_date(text.encode()) == 0, text
    for i in range(5, len(whole)):
        for byte in b"\x00\x80\xff":
            assert dates.http_date(whole[:i].encode() + bytes((byte,)) + whole[i:].encode()) == 0


def test_a_date_that_is_none_is_no_trouble():
    for transport in ("requests", "kept"):
        board = Board(transport=transport, flush_interval=0)
        board.ntp.silent = True
        board.log("t", 1)
        for date in ("Sun, 6th Nov 2026 08:49:37 GMT", "Mon, 99 Nov 2026 25:00:00 GMT", "x"):
            board.server.date = date
            board.run(100)
            assert board.logger.state == "no time" and board.server.readings == []
        board.server.date = "Mon, 23 Nov 2026 06:00:00 GMT"
        board.run(120)
        assert board.values() == [1]


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


def date_of(unix_s):
    year, month, day, hour, minute, second = time.gmtime(unix_s - time.epoch_s)[:6]
    month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1]
    return "Mon, %02d %s %d %02d:%02d:%02d GMT" % (day, month, year, hour, minute, second)


def test_a_date_of_the_tests_own_is_right():
    assert dates.http_date(date_of(1796000010).encode()) == 1796000010


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
    for days in (1, 10, 24, 26, 60):
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


def test_what_was_logged_between_a_wrong_time_and_the_right_one_has_the_right_one():
    for wrong_ms in (3600000, 26 * DAY_MS, -3600000, -200 * DAY_MS):
        time.reset()
        board_clock = make()
        sync(board_clock, off_ms=wrong_ms)
        time.advance(HOUR_MS // 2)
        between, true = stamp(board_clock), true_ms()
        time.advance(HOUR_MS // 2)
        sync(board_clock)
        assert abs(at(board_clock, *between) - true) <= 2
        assert abs(now_ms(board_clock) - true_ms()) <= 1


def test_what_was_sent_last_stays_a_small_number_whatever_the_clock_does():
    steps_ms = [0, 1, 1999, 2001, 99999999, 100000001, 26 * DAY_MS, 60 * DAY_MS, 9999 * DAY_MS]
    for step_ms in steps_ms + [-step for step in steps_ms]:
        time.reset(ticks=2**30 - 5000)
        board_clock = make()
        sync(board_clock)
        for off_ms in (0, step_ms, 0, 2 * step_ms):
            if not board_clock.can_be((true_ms() + off_ms) // 1000):
                continue
            sync(board_clock, error_ms=1, off_ms=off_ms)
            board_clock.locate(*stamp(board_clock))
            assert -(10**8) <= board_clock.last_sent_ms <= 10**8 + 2000
            ticks = board_clock.ticks
            ms = ticks + board_clock.offset_ms
            assert 0 <= ms < 10**8 and board_clock.last_sent_ms <= ms + 2000
            assert (
                -(2**30) <= board_clock.offset_ms < 2**30
                and board_clock.valid_until <= 2**30 + 20000
            )
            board_clock.last_sent_ms = max(board_clock.last_sent_ms, ms)  # it is sent
            time.advance(3000)


def test_machine_code_and_bytecode_agree_at_the_ends_of_what_a_clock_can_hold():
    for first in (0, 1, 2**29, 2**30 - 3, 2**30 - 1):
        for ms in (0, 1, 12345, 99999989, 99999999):
            for last_ms in (-(10**8), -1, 0, ms - 1, ms, ms + 1, ms + 2000):
                board_clock = twins.Clock()
                board_clock.offset_ms, board_clock.last_sent_ms = ms - first, max(last_ms, ms)
                board_clock.valid_until = first + min(20000, 10**8 - ms)
                batch = twins.make()
                store = ring.Ring(128, board_clock, None)
                store.add_signal("t", batch.signal_json("t"))
                stamps = [min(first + i * 2, 2**30 - 1) for i in range(4)]
                for i, ticks in enumerate(stamps):
                    store.log("t", i)
                    store.words[4 * i] = ticks
                batch.set_time(17960, board_clock.last_sent_ms)
                twins.readings(batch, store, 0, board_clock)  # compares the two
                taken = [ticks for ticks in stamps if ticks < first + min(20000, 10**8 - ms)]
                expected = [max(last_ms, ticks + ms - first) for ticks in taken]
                sent = [part.split("}")[0] for part in twins.text_of(batch).split('"e":')[1:]]
                shown = ["%d.%03d" % divmod(1796000000000 + ms, 1000) for ms in expected]
                assert sent == shown and board_clock.last_sent_ms == expected[-1]


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


def off_s():
    """By how much the board's own clock is ahead of the truth."""
    return time.unix_us() // 1000000 - true_ms() // 1000


def test_before_tls_reads_the_boards_clock_that_is_right_again_whoever_has_moved_it():
    for style in ("rp2", "esp32"):
        reset()
        machine.style = style
        board = Board(transport="kept", flush_interval=5)
        board.logger._uplink.transport.verifies = True  # as with ca_file
        seen = []
        board.server.early = lambda headers, seen=seen: seen.append(off_s())
        board.log("t", 0)
        board.run(30)
        for n in range(1, 5):
            machine.lightsleep(3600000)
            board.log("t", n)
            board.run(30)
        # As `mpremote rtc --set` does: local time, seven hours behind.
        time.set_unix_us(time.unix_us() - 7 * 3600000000)
        time.advance(60000)
        board.log("t", 5)
        board.run(30)
        assert board.values() == [0, 1, 2, 3, 4, 5] and len(seen) >= 6
        assert all(-1 <= off <= 1 for off in seen)  # a certificate asks for no more


def test_without_tls_the_boards_clock_is_the_programs_after_the_first_sync():
    board = Board(flush_interval=5)
    board.log("t", 0)
    board.run(30)
    assert off_s() == 0
    time.set_unix_us(time.unix_us() + 2 * 3600000000)
    for n in range(1, 5):
        time.advance(3600000)
        board.log("t", n)
        board.run(30)
    assert off_s() == 7200 and board.values() == [0, 1, 2, 3, 4]
