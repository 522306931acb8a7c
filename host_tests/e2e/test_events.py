"""The events API: batches and pace as it wants them, and what it says of its limits is heeded."""

import json
import time

import pytest

from tools.server import LocalServer
from tools.server.front import Front

from .rig import EVENTS, KEPT_EVENTS, KEY, Rig


def send(rig, readings, **settings):
    """A board logs so many readings, then sends them; all arrive, in order."""
    settings = {**rig.config(), "wifi": None, **settings}
    rig.board_with("burst", arguments=str(readings), **settings)
    with rig.board:
        rig.wait_for_end()
    assert len(rig.notes()) == readings
    rig.check_arrivals(rig.notes())
    rig.check_books()


def refused(server):
    return [status for _, status in server.requests if status == 429]


@pytest.mark.parametrize("batch_readings", [None, 25])
def test_a_request_holds_ten_readings_unless_a_setting_says_else(tmp_path, batch_readings):
    sizes = []

    def answer(connection, store):
        path, headers, body = store.args[0][0], store.args[0][1:], json.loads(store.args[1])
        if path.startswith("POST /api/events "):
            assert set(body[0]) == {"key", "value", "epoch"}
            assert f"X-IS-AccessKey: {KEY}" in headers and "Accept-Version: ~0" in headers
            sizes.append(len(body))
        connection.send(b"HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n" % store())
        return True

    with LocalServer(key=KEY, api="events") as server, Front(server, answer) as front:
        urls = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
        rig = Rig(server, tmp_path, KEPT_EVENTS)
        send(rig, 60, batch_readings=batch_readings, **urls)
    assert max(sizes) == (batch_readings or 10) and sum(sizes) == 60


def test_by_default_the_pace_is_the_services(tmp_path):
    with LocalServer(key=KEY, api="events", events_per_s=3) as server:
        rig = Rig(server, tmp_path, EVENTS)
        began = time.monotonic()
        send(rig, 50, requests_per_s=None)
        assert time.monotonic() - began > 4 / 3  # between the first and the last of 5
        assert not refused(server)
    assert rig.board.status["retries"] == 0


def test_a_limit_that_the_server_tells_is_kept(tmp_path):
    with LocalServer(key=KEY, api="events", events_per_s=2) as server:
        rig = Rig(server, tmp_path, KEPT_EVENTS)
        send(rig, 40, requests_per_s=100)
        assert len(refused(server)) <= 1
    assert rig.board.status["retries"] <= 1


def test_after_too_many_requests_it_waits_as_long_as_the_server_says(tmp_path):
    with LocalServer(key=KEY, api="events") as server:
        server.answers += [(429, {"Retry-After": "2"}, b"")]
        rig = Rig(server, tmp_path, KEPT_EVENTS)
        began = time.monotonic()
        send(rig, 5)
        assert time.monotonic() - began > 2
        assert refused(server) == [429]
    assert rig.board.status["retries"] == 1
