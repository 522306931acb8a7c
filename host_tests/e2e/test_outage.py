"""The server is away: what is kept, what is dropped, and that both are told exactly."""

import pytest

from .rig import BATCH_LOGS, BOTH, EVENTS, KEPT, KEPT_EVENTS, TLS


@pytest.mark.parametrize(
    "kind, clock, way",
    [
        ("esp32", "with NTP", BATCH_LOGS),
        ("rp2", "without NTP", BATCH_LOGS),
        ("esp32", "with NTP", KEPT_EVENTS),
        ("rp2", "with NTP", TLS),
    ],
)
def test_readings_from_an_outage_arrive_with_their_own_times(rig, kind, clock):
    rig.server.ntp_silent = clock == "without NTP"
    rig.server.stop()
    with rig.board_with("steady", kind, timeout=1):
        rig.until(lambda: len(rig.notes()) > 60, "60 readings while there is no server")
        assert rig.server.readings() == []
        rig.server.ntp_silent = False
        # Before the server's Date header can set the clock, which is good to a second only.
        rig.until(lambda: "the time is known" in rig.console(), "the clock is set by NTP")
        rig.server.start()
        rig.until_caught_up()
        rig.stop()
    assert rig.board.status["dropped"] == 0
    rig.check_arrivals(rig.notes())
    rig.check_books()


@pytest.mark.parametrize("way", [EVENTS, KEPT, TLS])
def test_a_server_that_is_started_anew_while_readings_flow(rig):
    with rig.board_with("steady"):
        rig.until(lambda: rig.server.accepted > 20, "readings arrive")
        rig.server.stop()
        before = len(rig.notes())
        rig.until(lambda: len(rig.notes()) > before + 60, "60 readings while there is none")
        rig.server.start()
        rig.until_caught_up()
        rig.stop()
    assert rig.board.status["dropped"] == 0
    rig.check_arrivals(rig.notes())
    rig.check_books()


@pytest.mark.parametrize("way", BOTH)
def test_a_ring_filled_three_times_over_keeps_the_newest_and_counts_the_rest(rig):
    rig.server.stop()
    with rig.board_with("overflow", buffer_bytes=2048):
        rig.until(lambda: "full" in rig.console(), "three rings full")
        rig.server.start()
        rig.until(lambda: rig.server.accepted > 0, "readings arrive")
        rig.stop()
    notes = rig.notes()
    kept = len(rig.first_arrivals())
    assert 2 * kept <= rig.board.status["dropped"] == len(notes) - kept
    rig.check_arrivals(notes[-kept:])
    rig.check_books()
    assert [r["value"] for r in rig.own_arrivals()] == [rig.board.status["dropped"]]


def test_a_ring_filled_three_times_over_while_a_batch_is_in_flight(rig):
    rig.put_module("socket_with_timer.py", "socket.py")
    with rig.board_with("log_during_post", buffer_bytes=2048):
        rig.wait_for_end()
    notes = rig.notes()
    arrived = [r["value"] for r in rig.first_arrivals()]
    capacity = max(n["pending"] for n in notes if not n["sent"])
    assert len(arrived) == len(notes) - rig.board.status["dropped"]
    assert len(notes) - len(arrived) > 2 * capacity
    assert arrived == sorted(set(arrived))
    # All that fits after the batch that was in flight is the newest, without a gap.
    newest = arrived[-capacity:]
    assert newest == list(range(len(notes) - capacity, len(notes)))
    rig.check_books()
