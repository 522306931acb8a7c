"""The front, which fails boards on purpose, on a network with strangers: they do not end it."""

import contextlib
import http.client
import json
import socket
import threading

import pytest

from tools.server import front
from tools.server.front import Front

from .conftest import KEY, reading

BAD = (
    b"\r\n\r\n",
    b"POST\r\n\r\n",
    b"POST / HTTP/1.1\r\nno header\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: many\r\nContent-Length: \r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 90000000\r\n\r\n",
    b"POST /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHo st: x\r\n\r\n",
    b"x" * 200_000,
)


def send(at):
    connection = http.client.HTTPConnection("127.0.0.1", at.port, timeout=60)
    headers = {"Content-Type": "application/json", "X-IS-ClientKey": KEY}
    connection.request("POST", "/batch_logs", json.dumps([reading()]), headers)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def end_of(s):
    try:
        while s.recv(1000):
            pass
    except ConnectionResetError:
        pass


def test_what_is_not_http_is_hung_up_on_without_a_word(server, monkeypatch):
    broken = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    with Front(server, idle_s=0.5) as at:
        for bad in BAD:
            with socket.create_connection(("127.0.0.1", at.port), timeout=60) as s:
                with contextlib.suppress(OSError):  # it has hung up already
                    s.sendall(bad)
                end_of(s)
        assert send(at) == 204
    assert broken == []
    assert [r["value"] for r in server.readings()] == [21.5]


def test_so_many_connections_and_no_more_and_of_few_a_body_is_kept(server, monkeypatch):
    monkeypatch.setattr(front, "_AT_ONCE", 3)
    monkeypatch.setattr(front, "_BODIES_KEPT", 2)
    with Front(server, idle_s=60) as at:
        held = [socket.create_connection(("127.0.0.1", at.port), timeout=60) for _ in range(3)]
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            send(at)
        for s in held:
            s.close()
        while True:
            try:
                assert send(at) == 204
                break
            except (ConnectionError, http.client.HTTPException):
                pass  # they have not been noticed to be gone
        for _ in range(3):
            assert send(at) == 204
        assert [bool(c.body) for c in at.connections[-4:]] == [False, False, True, True]
