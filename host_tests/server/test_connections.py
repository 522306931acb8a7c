"""Too many connections: one machine cannot lock the others out, nor make the server labour."""

import http.client
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.server import LocalServer, door
from tools.server import http as server_http

from .conftest import KEY, reading

CHECKOUT = Path(__file__).parents[2]
ANOTHER = "127.0.0.2"  # of this machine's addresses


def send(server, source):
    """A board's batch from the address `source`: the status, or None where it was closed."""
    port = getattr(server, "port", server)
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=60, source_address=(source, 0)
    )
    headers = {"Content-Type": "application/json", "X-IS-ClientKey": KEY}
    try:
        connection.request("POST", "/batch_logs", json.dumps([reading()]), headers)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def silent(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))


def is_closed(s):
    s.setblocking(False)
    try:
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def wait_for(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def narrow(monkeypatch):
    """A server with room for 8 connections, of which one address may have 5; and what it says."""
    monkeypatch.setattr(door, "CONNECTIONS", 8)
    monkeypatch.setattr(door, "PER_ADDRESS", 5)
    monkeypatch.setattr(server_http, "HEAD_LIMIT_S", 600)
    said = []
    with LocalServer(key=KEY, on_error=said.append) as server:
        yield server, said


def test_one_address_cannot_lock_out_the_others(narrow):
    server, said = narrow
    held = [silent(server.port) for _ in range(40)]
    wait_for(lambda: sum(map(is_closed, held)) == 35)
    assert send(server, "127.0.0.1") is None
    assert send(server, ANOTHER) == 204
    assert said == ["127.0.0.1 has 5 connections: a further one was closed."]
    for s in held:
        s.close()
    wait_for(lambda: send(server, "127.0.0.1") == 204)
    server.stop()
    assert said[1].startswith("(Again, ") and len(said) == 2


def test_where_all_places_are_taken_the_rest_is_closed_at_once_until_one_goes(narrow):
    server, said = narrow
    held = [silent(server.port) for _ in range(5)]
    others = [silent(server.port, ANOTHER) for _ in range(6)]
    wait_for(lambda: sum(map(is_closed, others)) == 3)
    assert not any(map(is_closed, held))
    assert send(server, "127.0.0.3") is None
    assert "All 8 connections are in use: a further one was closed." in said
    for s in held + others:
        s.close()
    wait_for(lambda: send(server, "127.0.0.3") == 204)


def test_a_silent_tls_connection_counts_and_ends_as_a_silent_one_does(monkeypatch):
    monkeypatch.setattr(door, "CONNECTIONS", 8)
    monkeypatch.setattr(door, "PER_ADDRESS", 5)
    monkeypatch.setattr(server_http, "HEAD_LIMIT_S", 0.5)
    said = []
    with LocalServer(key=KEY, tls=True, on_error=said.append) as server:
        held = [silent(server.port) for _ in range(6)]
        wait_for(lambda: said == ["127.0.0.1 has 5 connections: a further one was closed."])
        wait_for(lambda: all(map(is_closed, held)))
        assert not server.handshakes
        for _ in range(6):
            with silent(server.port) as s:
                s.sendall(b"GET / HTTP/1.1\r\n\r\n")  # no TLS at all
                wait_for(lambda: is_closed(s))
        for s in held:
            s.close()
        assert len(said) == 1


FEW_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from tools.server import LocalServer
with LocalServer(key=sys.argv[1]) as server:
    print(server.port, flush=True)
    sys.stdin.readline()
    held = []
    try:
        while True:
            held.append(open(os.devnull))
    except OSError:
        print("none left", flush=True)
    sys.stdin.readline()
    for file in held:
        file.close()
    sys.stdin.readline()
"""


def test_with_few_file_descriptors_boards_are_served_and_little_is_written():
    with subprocess.Popen(
        [sys.executable, "-c", FEW_FILES, KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    ) as server:
        port = int(server.stdout.readline())
        held = [silent(port) for _ in range(300)]  # more than there are descriptors
        wait_for(lambda: sum(map(is_closed, held)) >= 300 - 40)
        assert send(port, ANOTHER) == 204
        for s in held:
            s.close()
        wait_for(lambda: send(port, "127.0.0.1") == 204)

        server.stdin.write("use them up\n")
        server.stdin.flush()
        assert server.stdout.readline() == "none left\n"
        waiting = silent(port)
        waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = [server.stderr.readline(), server.stderr.readline()]
        server.stdin.write("close them\n")
        server.stdin.flush()
        assert waiting.recv(100).startswith(b"HTTP/1.1 200")
        waiting.close()
        _, rest = server.communicate("end\n")
    assert said[0] == "127.0.0.1 has 40 connections: a further one was closed.\n"
    assert said[1] == "No connection can be accepted at the moment: Too many open files.\n"
    assert rest.startswith("(Again, ") and len(rest.splitlines()) <= 2
