"""Many who read at once: no board waits for them, nor does the end of the server."""

import contextlib
import socket
import threading
import time

import pytest

from tools.server import LocalServer, live, readers

from .conftest import BUCKET_ID, KEY, BoardClient, reading, stop_waiting_for_nobody
from .test_readback import chart, get, of

_FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
_CHART = of(BUCKET_ID, "readings") + "?signal=t"


@pytest.fixture
def slow(tmp_path):
    """A server whose charts never come to an end."""
    with LocalServer(key=KEY, db=str(tmp_path / "r.db")) as server:
        assert BoardClient(server.port).send([reading()])[0] == 204
        history = server.store.history
        server.begun = threading.Semaphore(0)

        def endless(*asked):
            with history._run() as run:
                server.begun.release()
                return run(_FOREVER).fetchone()

        history.chart = endless
        yield server


def ask(server, path, n):
    """So many at once who ask and do not read: their sockets."""
    asked = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(n)]
    for s in asked:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return asked


def status(s):
    return s.recv(4096)[9:12].decode()


def test_boards_do_not_wait_for_readers_and_neither_does_the_end(slow):
    asked = ask(slow, _CHART, 60)
    for _ in range(readers.READERS):
        assert slow.begun.acquire(timeout=60)
    board = BoardClient(slow.port)
    for size in (1, 500):
        assert board.send([reading(sn="u", v=i) for i in range(size)])[0] == 204
    assert board.create_bucket()[0] == 204
    stop_waiting_for_nobody(slow)
    for s in asked:
        with contextlib.suppress(ConnectionError):  # reset, or refused, or closed
            assert status(s) in ("503", "")
    del slow.store.history.chart
    slow.start()
    assert chart(slow)["count"] == 1


def test_who_has_waited_long_is_told_to_come_again(slow, monkeypatch):
    monkeypatch.setattr(readers, "WAIT_S", 0.1)
    asked = ask(slow, _CHART, readers.READERS)
    for _ in asked:
        assert slow.begun.acquire(timeout=60)
    for path in (_CHART, "/api/buckets", "/api/overview", of(BUCKET_ID, "export.csv")):
        found, headers, text = get(slow, path)
        assert (found, headers["Retry-After"]) == (503, "5") and "reading already" in text, path
    slow.end_readers()
    assert [status(s) for s in asked] == ["503"] * len(asked)
    assert get(slow, "/api/buckets")[0] == 200


def test_no_more_watch_than_there_are_places_also_where_all_ask_at_once(
    server, board, monkeypatch
):
    monkeypatch.setattr(live, "_WATCHERS", 4)
    board.send([reading()])
    for path in ("/api/live", f"/api/live?bucket={BUCKET_ID}"):
        asked = ask(server, path, 40)
        found = [status(s) for s in asked]
        assert (found.count("200"), found.count("429")) == (4, 36)
        for s in asked:
            s.close()
        deadline = time.monotonic() + 60
        while server.live.full():  # noticed at the latest when something is to be told
            assert time.monotonic() < deadline
            board.send([reading()])
        while server.live._watchers:
            assert time.monotonic() < deadline
            board.send([reading()])
