"""Readings as they arrive: the stream that the page is kept alive by."""

import json
import socket
import time

from tools.server import live

from .conftest import BUCKET_ID, reading, stop_waiting_for_nobody


class Watcher:
    """A client of the stream on a bare socket."""

    def __init__(self, server, query=""):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.sendall(f"GET /api/live{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.text = ""
        self.until("retry: ")
        assert "text/event-stream" in self.text

    def until(self, text):
        deadline = time.monotonic() + 60
        while text not in self.text:
            assert time.monotonic() < deadline
            some = self.socket.recv(65536)
            assert some, "the stream has ended"
            self.text += some.decode()

    def readings(self):
        lines = [line for line in self.text.splitlines() if line.startswith("data: [")]
        return [(r["signal"], r["value"]) for line in lines for r in json.loads(line[6:])]


def test_what_arrives_is_streamed_exactly_and_only_from_the_bucket_asked_for(server, board):
    board.create_bucket()
    one, every = Watcher(server, f"?bucket={BUCKET_ID}"), Watcher(server)
    other = BUCKET_ID.replace("0", "1")
    values = [1, 0.1, True, "a\n\ndata: [] <b>", "é😀"]
    board.send([reading(tid=other, v="other")])
    board.send([reading(v=v) for v in values])
    board.send([reading(sn="last", v=0)])
    one.until('"last"')
    every.until('"last"')
    assert one.readings() == [*(("t", v) for v in values), ("last", 0)]
    assert every.readings() == [("t", "other"), *one.readings()]
    assert '"epoch":1416262288.913554,' in one.text


def test_a_stop_ends_the_streams(server):
    watcher = Watcher(server)
    stop_waiting_for_nobody(server)
    assert watcher.socket.recv(100) in (b"0\r\n\r\n", b"")


def test_a_watcher_that_does_not_keep_up_is_told_so_and_delays_nobody(server, board, monkeypatch):
    monkeypatch.setattr(live, "_BUFFERED_BYTES", 300)
    watcher = Watcher(server)
    assert board.send([reading(e=10**9 + i) for i in range(6)])[0] == 204
    watcher.until("event: lost")
    board.send([reading(sn="after")])
    watcher.until('"after"')
    assert watcher.readings() == [("after", 21.5)]


def test_only_so_many_may_watch(server, board, monkeypatch):
    monkeypatch.setattr(live, "_WATCHERS", 2)
    watchers = [Watcher(server) for _ in range(2)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 429")
    watchers.pop().socket.close()
    deadline = time.monotonic() + 60
    while server.live.full():  # noticed at the latest when something is to be told
        assert time.monotonic() < deadline
        board.send([reading()])
    Watcher(server)
