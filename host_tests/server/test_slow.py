"""Slow clients: each is ended in time, and meanwhile keeps nobody out."""

import socket
import time

from tools.server import http, ingest

from .conftest import BUCKET_ID, KEY, reading


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def ask(s):
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok\n"):
        some = s.recv(1000)
        assert some, "the connection was closed"
        answer += some
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_head_that_drips_is_cut_off(server, board, monkeypatch):
    monkeypatch.setattr(http, "HEAD_LIMIT_S", 1)
    silent, dripping, kept = connect(server), connect(server), connect(server)
    ask(kept)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            dripping.sendall(b"G")
            time.sleep(0.05)
        raise AssertionError("still connected")
    except OSError:
        pass
    assert silent.recv(1) == b""
    ask(kept)  # idle is not slow
    assert board.send([reading()])[0] == 204


def test_a_body_that_drips_is_answered_and_cut_off(server, board, monkeypatch):
    monkeypatch.setattr(ingest, "BODY_LIMIT_S", 0.3)
    head = f"POST /batch_logs HTTP/1.1\r\nHost: x\r\nX-IS-ClientKey: {KEY}\r\n"
    with connect(server) as s:
        s.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n[".encode())
        answer = b"".join(iter(lambda: s.recv(1000), b""))
        assert answer.startswith(b"HTTP/1.1 408") and b"longer than 0.3 s" in answer
    assert server.readings() == []
    monkeypatch.undo()  # this board, too, may have to wait for its turn on a busy machine
    assert board.send([reading()])[0] == 204


def test_a_reader_that_stalls_is_cut_off(server, board, monkeypatch):
    monkeypatch.setattr(http, "STALL_LIMIT_S", 0.3)
    for _ in range(12):
        assert board.send([reading(v="x" * 60_000)] * 15)[0] == 204
    with connect(server) as s:
        path = f"/api/buckets/{BUCKET_ID}/export.jsonl"
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        deadline = time.monotonic() + 60
        while any(c.transport for c in server.connections()):
            assert time.monotonic() < deadline, "still connected"
            time.sleep(0.02)
    assert board.send([reading()])[0] == 204
