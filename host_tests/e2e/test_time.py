"""A reading's time is when it was logged, whatever the program, the network or the clock does."""

import calendar
import json
import time
from decimal import Decimal

import pytest

from tools.simulate import BOARDS

from .ntp_server import Ntp, good
from .rig import off_by

MS = Decimal("0.001")


def never_backwards(desk):
    times = [Decimal(r["epoch"]) for r in desk.first_arrivals()]
    assert times == sorted(times)


@pytest.mark.parametrize("kind", BOARDS)
def test_readings_from_before_the_first_sync_have_their_own_times(desk, kind):
    with desk.board_with("log_before_network", kind):
        desk.ended()
    notes = desk.notes()
    assert len(notes) == 60
    desk.check_arrivals(notes)
    desk.check_books()
    assert desk.server.buckets() == [
        {"id": desk.board.status["bucket_id"], "name": "end to end"},
    ]


def test_readings_of_an_asyncio_task_arrive_while_the_log_runs_in_another(desk):
    with desk.board_with("asyncio_tasks"):
        desk.until(lambda: "all sent" in desk.console(), "all is sent")
        assert desk.board.finish() == 0
    notes = desk.notes()
    assert len(notes) == 30
    desk.check_arrivals(notes)
    desk.check_books()


def test_times_are_those_of_the_ntp_server_over_a_slow_network(desk):
    desk.server.ntp_offset_s = 1.234
    desk.server.ntp_delay_s = 0.08
    with desk.board_with("steady", "rp2"):
        desk.until(lambda: desk.server.accepted > 60, "60 readings arrive")
        desk.end()
    desk.check_arrivals(desk.notes(), ahead_s=Decimal("1.234"), close_s=10 * MS)
    status = desk.board.status
    assert status["clock"] == "ntp" and 40 <= status["clock_error_ms"] < 60
    desk.check_books()


def test_without_ntp_times_are_right_to_a_second_and_get_better_without_a_step_back(desk):
    ahead_s = Decimal("-0.6")  # of a Date header, which is good to half a second: a step back
    desk.server.ntp_silent = True
    desk.server.ntp_offset_s = float(ahead_s)
    with desk.board_with("clock_source", timeout=1):
        desk.until(lambda: desk.server.accepted > 100, "readings arrive without NTP")
        assert "clock ntp" not in desk.console()
        early = len(desk.notes())
        desk.server.ntp_silent = False
        desk.until(lambda: "clock ntp" in desk.console(), "NTP sets the clock")
        # The clock, which was ahead, stands still until the true time is there.
        settled_ns = time.time_ns() + 1300 * 10**6
        desk.until(lambda: desk.notes()[-1]["ns"] > settled_ns + 300 * 10**6, "more readings")
        desk.end()
    notes = desk.notes()
    arrived = desk.first_arrivals()
    assert len(arrived) == len(notes)
    never_backwards(desk)
    pairs = list(zip(arrived, notes, strict=True))
    for reading, note in pairs[:early]:
        assert off_by(reading, note) <= Decimal("1.5"), (reading, note)
    late = [pair for pair in pairs if pair[1]["ns"] > settled_ns]
    assert late
    for reading, note in late:
        assert off_by(reading, note, ahead_s) <= 50 * MS, (reading, note)
    assert desk.board.status["clock"] == "ntp"
    desk.check_books()


def test_a_clock_that_drifts_is_set_again_and_again(desk):
    # Far more than a crystal does, so that seconds show what else takes days: 60 ms in 6 s.
    with desk.board_with("steady", drift_ppm=10000, sync_interval=1):
        desk.until(lambda: desk.server.accepted > 300, "300 readings arrive")
        desk.end()
    notes = desk.notes()
    took_ns = notes[-1]["ns"] - notes[0]["ns"]
    assert took_ns > 2 * 2048 * 10**6
    never_backwards(desk)
    # On a busy machine all is slower, the syncs among it.
    slower = max(1, Decimal(took_ns) / (len(notes) * 25 * 10**6))
    desk.check_arrivals(notes, close_s=35 * MS * slower)
    desk.check_books()


def test_times_are_right_across_wraps_of_the_ticks(desk):
    with desk.board_with("ticks_wrap", wrap_bits=11, timeout=1):  # 2048 ms
        desk.ended()
    notes = desk.notes()
    # Three wraps, from somewhere in the first period on.
    assert notes[-1]["ns"] - notes[0]["ns"] > 2 * 2048 * 10**6
    desk.check_arrivals(notes, close_s=10 * MS)
    desk.check_books()


@pytest.mark.parametrize("set_rtc", [True, False])
@pytest.mark.parametrize("kind", BOARDS)
def test_the_boards_own_clock_is_set_where_that_is_wanted(desk, kind, set_rtc):
    with desk.board_with("board_clock", kind, set_rtc=set_rtc):
        desk.ended()
    before, after = (json.loads(line[6:]) for line in desk.board.lines if "shown {" in line)
    start_s = calendar.timegm((2000 if kind == "esp32" else 2021, 1, 1, 0, 0, 0))
    for shown, is_set in ((before, False), (after, set_rtc)):
        assert shown["epoch"] == (2000 if kind == "esp32" else 1970)
        epoch_s = calendar.timegm((shown["epoch"], 1, 1, 0, 0, 0))
        seconds = shown["ns"] / 10**9 + epoch_s
        assert 0 <= calendar.timegm(shown["date"]) - int(seconds) <= 1
        assert 0 <= int(seconds) - (shown["time"] + epoch_s) <= 1
        if is_set:  # an rp2's keeps whole seconds only
            behind_s = shown["true_ns"] / 10**9 - seconds
            assert -0.05 <= behind_s <= (0.05 if kind == "esp32" else 1.05)
        else:
            assert 0 <= seconds - start_s < 20


def test_where_the_only_ntp_host_wants_no_questions_the_servers_date_is_taken(desk):
    def kiss_of_death(question):
        answer = good(question)
        answer[1] = 0
        return answer

    with Ntp(kiss_of_death) as ntp:
        with desk.board_with("clock_source", ntp_hosts=[ntp.host]):
            desk.until(lambda: desk.server.accepted > 70, "readings arrive without NTP")
            desk.end()
        assert ntp.asked == 1
    assert any(ntp.host in line for line in desk.told())
    assert desk.board.status["clock"] == "http"
    desk.check_arrivals(desk.notes(), close_s=Decimal("1.5"))
    desk.check_books()
