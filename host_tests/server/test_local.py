"""LocalServer as other tests use it: outages, scripted answers, a database that stays."""

import json
import socket
import sqlite3

import pytest

from tools.server import LocalServer, PortError, StoreError, ingest

from .conftest import KEY, BoardClient, reading, stop_waiting_for_nobody


def test_an_outage_refuses_connections_and_loses_nothing(server, board):
    port = server.port
    with socket.create_connection(("127.0.0.1", port), timeout=60) as kept:
        for value in range(3):
            assert board.send([reading(v=value)])[0] == 204
            stop_waiting_for_nobody(server)
            with pytest.raises(ConnectionRefusedError):
                board.send([reading(v="lost")])
            server.start()
        assert kept.recv(1) == b""
    assert server.port == port and server.bucket_url == f"http://127.0.0.1:{port}/api/v1/buckets"
    assert server.ingest_url == f"http://127.0.0.1:{port}/batch_logs"
    assert board.send([reading(v=3)])[0] == 204
    assert [r["value"] for r in server.readings()] == [0, 1, 2, 3]


def test_a_stop_does_not_wait_for_a_board_that_hangs(server, monkeypatch):
    monkeypatch.setattr(ingest, "BODY_LIMIT_S", 600)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall(b"POST /batch_logs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        stop_waiting_for_nobody(server)
        server.stop()


def test_scripted_answers_come_first_then_the_fixed_one_then_the_real_one(server, board):
    server.answers.append((429, {"Retry-After": "7"}, b""))
    server.answers.append((200, {"Content-Type": "text/html"}, b"<html>portal</html>"))
    server.always = (503, {}, json.dumps("busy").encode())
    server.always_bucket = (302, {"Location": "http://127.0.0.1:9/"}, b"")
    status, headers, _ = board.send([reading()])
    assert (status, headers["Retry-After"]) == (429, "7")
    with pytest.raises(json.JSONDecodeError):
        board.send([reading()])
    for _ in range(2):
        assert board.send([reading()])[::2] == (503, "busy")
    status, headers, _ = board.create_bucket()
    assert (status, headers["Location"]) == (302, "http://127.0.0.1:9/")
    assert (server.readings(), server.buckets()) == ([], [])
    server.always = server.always_bucket = None
    assert (board.send([reading()])[0], board.create_bucket()[0]) == (204, 204)
    assert [s for _, s in server.requests] == [429, 200, 503, 503, 302, 204, 204]


def test_a_port_in_use_is_one_plain_sentence(server):
    with pytest.raises(PortError, match=f"^The port {server.port} of 127.0.0.1 is in use") as e:
        LocalServer(key=KEY, port=server.port).__enter__()
    assert "\n" not in str(e.value)
    with pytest.raises(PortError, match=f"^The UDP port {server.ntp_port} of 127.0.0.1 is in use"):
        LocalServer(key=KEY, ntp_port=server.ntp_port).__enter__()


def test_the_database_outlives_the_server_and_knows_repeats(tmp_path):
    path = str(tmp_path / "r.db")
    for run in range(2):
        with LocalServer(key=KEY, db=path) as server:
            board = BoardClient(server.port)
            assert board.create_bucket()[0] == 204
            assert board.send([reading(), reading(v=f"run {run}")])[0] == 204
            assert (server.accepted, server.duplicates) == (2 - run, run)
            assert len(server.readings()) == 2 + 2 * run
            assert len(server.buckets()) == 1
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (4,)
    db.close()


def test_a_database_of_another_kind_is_left_alone(tmp_path):
    newer, foreign, text = (str(tmp_path / name) for name in ("newer", "foreign", "text"))
    for path, statement in ((newer, "PRAGMA user_version = 99"), (foreign, "CREATE TABLE t (x)")):
        with sqlite3.connect(path) as db:
            db.execute(statement)
        db.close()
    (tmp_path / "text").write_text("not a database at all\n" * 100)
    for path, reason in ((newer, "layout 99"), (foreign, "not islog's"), (text, "cannot be used")):
        with pytest.raises(StoreError, match=reason):
            LocalServer(key=KEY, db=path)


def test_a_failing_database_is_the_servers_fault_and_is_told(tmp_path):
    path, errors = str(tmp_path / "r.db"), []
    with LocalServer(key=KEY, db=path, on_error=errors.append) as server:
        board = BoardClient(server.port)
        assert board.send([reading()])[0] == 204
        with sqlite3.connect(path) as db:
            db.execute("DROP TABLE reading")
        status, _, answer = board.send([reading()])
        assert (status, answer) == (500, {"error": "the readings could not be stored"})
        assert (server.accepted, len(errors)) == (1, 1)
        db.close()
