"""A reading's time is when it was logged, whatever the program, the network or the clock does."""

import calendar
import json
import time
from decimal import Decimal

import pytest

from tools.simulator import BOARDS

from .ntp_server import NtpServer, good
from .rig import off_by

MS = Decimal("0.001")
BY_DATE_S = 3  # by a Date header's whole seconds, which a busy server sends late


def never_backwards(rig):
    times = [Decimal(r["epoch"]) for r in rig.first_arrivals()]
    assert times == sorted(times)


@pytest.mark.parametrize("kind", BOARDS)
def test_readings_from_before_the_first_sync_have_their_own_times(rig, kind):
    with rig.board_with("log_before_network", kind):
        rig.wait_for_end()
    notes = rig.notes()
    assert len(notes) == 60
    rig.check_arrivals(notes)
    rig.check_books()
    assert rig.server.buckets() == [
        {"id": rig.board.status["bucket_id"], "name": "end to end"},
    ]


def test_readings_of_an_asyncio_task_arrive_while_the_log_runs_in_another(rig):
    with rig.board_with("asyncio_tasks"):
        rig.until(lambda: "all sent" in rig.console(), "all is sent")
        assert rig.board.finish() == 0
    notes = rig.notes()
    assert len(notes) == 30
    rig.check_arrivals(notes)
    rig.check_books()


def test_times_are_those_of_the_ntp_server_over_a_slow_network(rig):
    rig.server.ntp_offset_s = 1.234
    rig.server.ntp_delay_s = 0.08
    with rig.board_with("steady", "rp2"):
        rig.until(lambda: rig.server.accepted > 60, "60 readings arrive")
        rig.stop()
    status = rig.board.status
    assert status["clock"] == "ntp" and status["clock_error_ms"] >= 40
    # The delay is the same both ways; what there is beyond it may be on one.
    beyond_ms = status["clock_error_ms"] - 40
    rig.check_arrivals(rig.notes(), Decimal("1.234"), close_s=(10 + beyond_ms) * MS)
    rig.check_books()


def test_without_ntp_times_are_right_to_a_second_and_get_better_without_a_step_back(rig):
    ahead_s = Decimal("-0.6")  # of a Date header, which is good to half a second: a step back
    rig.server.ntp_silent = True
    rig.server.ntp_offset_s = float(ahead_s)
    with rig.board_with("clock_source", timeout=1):
        rig.until(lambda: rig.server.accepted > 100, "readings arrive without NTP")
        assert "clock ntp" not in rig.console()
        early = len(rig.notes())
        rig.server.ntp_silent = False
        rig.until(lambda: "clock ntp" in rig.console(), "NTP sets the clock")
        # The clock, which was ahead, stands still until the true time is there.
        settled_ns = time.time_ns() + 1300 * 10**6
        rig.until(lambda: rig.notes()[-1]["ns"] > settled_ns + 300 * 10**6, "more readings")
        rig.stop()
    notes = rig.notes()
    arrived = rig.first_arrivals()
    assert len(arrived) == len(notes)
    never_backwards(rig)
    pairs = list(zip(arrived, notes, strict=True))
    for reading, note in pairs[:early]:
        assert off_by(reading, note) <= BY_DATE_S, (reading, note)
    late = [pair for pair in pairs if pair[1]["ns"] > settled_ns]
    assert late
    for reading, note in late:
        assert off_by(reading, note, ahead_s) <= rig.close_s(), (reading, note)
    assert rig.board.status["clock"] == "ntp"
    rig.check_books()


def test_a_clock_that_drifts_is_set_again_and_again(rig):
    # Far more than a crystal does, so that seconds show what else takes days: 450 ms in the end,
    # and 60 ms from one sync to the next.
    set_ns = []

    def answer(question):
        set_ns.append(time.time_ns())
        return good(question)

    with NtpServer(answer) as ntp:
        settings = {"sync_interval": 1, "ntp_hosts": [ntp.host]}
        with rig.board_with("steady", drift_ppm=60000, **settings):
            rig.until(lambda: rig.server.accepted > 300, "300 readings arrive")
            rig.until(lambda: len(set_ns) > 4, "it is set again and again")
            rig.stop()
    notes = rig.notes()
    assert notes[-1]["ns"] - notes[0]["ns"] > 2 * 2048 * 10**6
    never_backwards(rig)
    # On a busy machine all is slower, the syncs among it, and an answer may come too late. And a
    # batch's first reading is found by the latest sync, the others after it (Clock.locate).
    known_ns = sorted([notes[0]["ns"], *set_ns, notes[-1]["done_ns"]])
    longest_ns = max(b - a for a, b in zip(known_ns, known_ns[2:], strict=False))
    batches = {}
    for reading, note in zip(rig.first_arrivals(), notes, strict=True):
        batches.setdefault(reading["received"], []).append(note["ns"])
    longest_ns += max(batch[-1] - batch[0] for batch in batches.values())
    rig.check_arrivals(notes, close_s=rig.close_s() + Decimal(longest_ns) * 6 / 10**11)
    rig.check_books()


def test_times_are_right_across_wraps_of_the_ticks(rig):
    with rig.board_with("ticks_wrap", wrap_bits=11, timeout=1):  # 2048 ms
        rig.wait_for_end()
    notes = rig.notes()
    # Three wraps, from somewhere in the first period on.
    assert notes[-1]["ns"] - notes[0]["ns"] > 2 * 2048 * 10**6
    rig.check_arrivals(notes)
    rig.check_books()


@pytest.mark.parametrize("set_rtc", [True, False])
@pytest.mark.parametrize("kind", BOARDS)
def test_the_boards_own_clock_is_set_where_that_is_wanted(rig, kind, set_rtc):
    with rig.board_with("board_clock", kind, set_rtc=set_rtc):
        rig.wait_for_end()
    before, after = (json.loads(line[6:]) for line in rig.board.lines if "shown {" in line)
    start_s = calendar.timegm((2000 if kind == "esp32" else 2021, 1, 1, 0, 0, 0))
    for shown, is_set in ((before, False), (after, set_rtc)):
        assert shown["epoch"] == (2000 if kind == "esp32" else 1970)
        epoch_s = calendar.timegm((shown["epoch"], 1, 1, 0, 0, 0))
        seconds = shown["ns"] / 10**9 + epoch_s
        took_s = (shown["done_ns"] - shown["true_ns"]) / 10**9
        assert 0 <= calendar.timegm(shown["date"]) - int(seconds) <= 1 + took_s
        assert 0 <= int(seconds) - (shown["time"] + epoch_s) <= 1 + took_s
        if is_set:  # an rp2's keeps whole seconds only
            close_s = float(rig.close_s())
            behind_s = shown["true_ns"] / 10**9 - seconds
            assert behind_s <= close_s + (0 if kind == "esp32" else 1)
            assert behind_s + took_s >= -close_s
        else:
            assert 0 <= seconds - start_s < 120


def test_where_the_only_ntp_host_wants_no_questions_the_servers_date_is_taken(rig):
    def kiss_of_death(question):
        answer = good(question)
        answer[1] = 0
        return answer

    with NtpServer(kiss_of_death) as ntp:
        with rig.board_with("clock_source", ntp_hosts=[ntp.host]):
            rig.until(lambda: rig.server.accepted > 70, "readings arrive without NTP")
            rig.stop()
        assert ntp.asked == 1
    assert rig.has_said(ntp.host)
    assert rig.board.status["clock"] == "http"
    rig.check_arrivals(rig.notes(), close_s=BY_DATE_S)
    rig.check_books()
