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
def test_readings_from_an_outage_arrive_with_their_own_times(desk, kind, clock):
    desk.server.ntp_silent = clock == "without NTP"
    desk.server.stop()
    with desk.board_with("steady", kind, timeout=1):
        desk.until(lambda: len(desk.notes()) > 60, "60 readings while there is no server")
        assert desk.server.readings() == []
        desk.server.ntp_silent = False
        # Before the server's Date header can set the clock, which is good to a second only.
        desk.until(lambda: "the time is known" in desk.console(), "the clock is set by NTP")
        desk.server.start()
        before = len(desk.notes())
        desk.until(lambda: desk.server.accepted > before, "the readings of the outage arrive")
        desk.end()
    assert desk.board.status["dropped"] == 0
    desk.check_arrivals(desk.notes())
    desk.check_books()


@pytest.mark.parametrize("way", [EVENTS, KEPT, TLS])
def test_a_server_that_is_started_anew_while_readings_flow(desk):
    with desk.board_with("steady"):
        desk.until(lambda: desk.server.accepted > 20, "readings arrive")
        desk.server.stop()
        before = len(desk.notes())
        desk.until(lambda: len(desk.notes()) > before + 60, "60 readings while there is none")
        desk.server.start()
        before = len(desk.notes())
        desk.until(lambda: desk.server.accepted > before, "the readings of the outage arrive")
        desk.end()
    assert desk.board.status["dropped"] == 0
    desk.check_arrivals(desk.notes())
    desk.check_books()


@pytest.mark.parametrize("way", BOTH)
def test_a_ring_filled_three_times_over_keeps_the_newest_and_counts_the_rest(desk):
    desk.server.stop()
    with desk.board_with("overflow", buffer_bytes=2048):
        desk.until(lambda: "full" in desk.console(), "three rings full")
        desk.server.start()
        desk.until(lambda: desk.server.accepted > 0, "readings arrive")
        desk.end()
    notes = desk.notes()
    kept = len(desk.first_arrivals())
    assert 2 * kept <= desk.board.status["dropped"] == len(notes) - kept
    desk.check_arrivals(notes[-kept:])
    desk.check_books()
    assert [r["value"] for r in desk.own_arrivals()] == [desk.board.status["dropped"]]


def test_a_ring_filled_three_times_over_while_a_batch_is_in_flight(desk):
    desk.put("socket_with_timer.py", "socket.py")
    with desk.board_with("log_during_post", buffer_bytes=2048):
        desk.ended()
    notes = desk.notes()
    arrived = [r["value"] for r in desk.first_arrivals()]
    capacity = max(n["pending"] for n in notes if not n["sent"])
    assert len(arrived) == len(notes) - desk.board.status["dropped"]
    assert len(notes) - len(arrived) > 2 * capacity
    assert arrived == sorted(set(arrived))
    # All that fits after the batch that was in flight is the newest, without a gap.
    newest = arrived[-capacity:]
    assert newest == list(range(len(notes) - capacity, len(notes)))
    desk.check_books()
