"""What one without the key can make the server keep, compute and write is bounded."""

import http.client
import json
import socket
import subprocess
import time
import tracemalloc
from pathlib import Path

import pytest

from tools.server import LocalServer, sparing
from tools.server.sparing import Sparing

from .conftest import KEY, reading

SERVER_JS = Path(__file__).parents[2] / "tools/server/page/server.js"


def answer_to(server, request):
    """The status line of the answer to the bytes of a request, b"" where there is none."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        try:
            s.sendall(request)
            return s.recv(1000).partition(b"\r\n")[0]
        except ConnectionResetError:  # closed before it had read all
            return b""


def get(server, target, *headers, method="GET", host="localhost"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return answer_to(server, "\r\n".join([*lines, "", ""]).encode())


def test_a_long_address_is_refused_and_not_kept(server, board):
    assert get(server, "/" + "x" * 4095).endswith(b" 404 Not Found")
    assert b" 414 " in get(server, "/" + "x" * 4096)
    assert b" 414 " in get(server, "/api/buckets?" + "x" * 4096)
    assert b" 414 " in get(server, "/" + "x" * 5000, "Content-Length: 0", method="POST")
    for size in (20_000, 60_000, 1_000_000):
        said = get(server, "/" + "x" * size)
        assert not said or b" 400 " in said or b" 414 " in said
    assert max(len(path) for path, _ in server.requests) <= 100
    assert board.send([reading()])[0] == 204


def test_a_flood_of_headers_is_refused(server, board):
    assert get(server, "/healthz", *["a: b"] * 98).endswith(b" 200 OK")
    assert b" 431 " in get(server, "/healthz", *["a: b"] * 99)
    said = get(server, "/healthz", *["a: b"] * 100_000)
    assert not said or b" 400 " in said or b" 431 " in said
    assert board.send([reading()])[0] == 204


def test_a_bucket_call_is_small_and_the_longest_fits(server, board):
    longest = "".join(f"\\ud83d\\ude{n % 64 + 128:02x}" for n in range(200))  # as JSON writes it
    assert board.create_bucket(bucketName=json.loads(f'"{longest}"'))[0] == 204
    headers = {"X-IS-AccessKey": KEY, "Accept-Version": "~0"}
    escaped = "".join(f"\\u{ord(c):04x}" for c in "k" * 250)
    body = f'{{"bucketKey": "{escaped}", "bucketName": "{longest}{longest[:600]}"}}'.encode()
    assert board.post("/api/buckets", body, headers)[0] == 201
    for path in ("/api/v1/buckets", "/api/buckets"):
        status, _, said = board.post(path, b"[" * 8001, headers)
        assert (status, said["error"]) == (413, "the body is too large: the limit is 8000 bytes")
    assert len(server.buckets()) == 2


@pytest.mark.parametrize(
    "path, header, refused",
    [("/batch_logs", "X-IS-ClientKey", 403), ("/api/events", "X-IS-AccessKey", 401)],
)
def test_nothing_is_kept_of_a_body_whose_sender_does_not_know_the_key(
    server, board, path, header, refused
):
    body = b"[" + b" " * 949_999
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{header}: wrong\r\n"
    head = f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
    tracemalloc.start()
    try:
        held = [
            socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(30)
        ]
        for s in held:
            s.sendall(head + body[:-1])
        assert board.send([reading()])[0] == 204
        for s in held:
            s.sendall(body[-1:])
            assert s.recv(100).startswith(f"HTTP/1.1 {refused}".encode())
            s.close()
        assert tracemalloc.get_traced_memory()[1] < 22_000_000  # 30 MB were sent
    finally:
        tracemalloc.stop()
    status, _, said = board.post(path, b" " * 2_000_000, {header: "wrong"})
    assert status == refused and "key is not this server's" in said["error"]


def test_many_refusals_are_few_sentences_and_a_count():
    said = []
    with LocalServer(key=KEY, on_notice=said.append) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for i in range(150):
            connection.request("POST", f"/{i}" if i % 2 else "/batch_logs", b"[]")
            connection.getresponse().read()
        connection.close()
    assert len(said) == sparing._DIFFERENT + 2
    assert said[0].startswith("403 to 127.0.0.1 for /batch_logs: the client key is missing")
    assert said[-2] == f"(Again, 74 times: {said[0]})"
    assert said[-1] == "(46 further sentences of the last minute were left out.)"


def test_after_a_quiet_period_a_sentence_is_said_again(monkeypatch):
    said = []
    say = Sparing(said.append)
    for _ in range(10_000):
        say("The bucket kitchen is there.")
    monkeypatch.setattr(sparing, "_PERIOD_S", 0)
    say("The bucket kitchen is there.")
    assert said == [
        "The bucket kitchen is there.",
        "(Again, 9999 times: The bucket kitchen is there.)",
        "The bucket kitchen is there.",
    ]


FOREIGN = (
    "", "evil.example", "evil.example:8086", "evil.example/.local", "[x]evil.example",
    "[::1]evil.example", "[::1", "evil.example#.local", "evil.example:80.local", "x@localhost",
    "127.0.0.1.evil.example", "localhost evil.example", ".", "[localhost]", "a.local,evil.example",
)  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_web_site_cannot_read_through_a_name_of_its_own(server, board, method):
    board.send([reading()])
    for host in FOREIGN:
        for path in ("/", "/api/buckets"):
            said = get(server, path, method=method, host=host)
            assert b" 421 " in said or b" 400 " in said, (host, said)
    ours = ("localhost", "127.0.0.1:8086", "[::1]:8086", "[::1]", "Greenhouse.local.", "host:")
    for host in ours:
        assert b" 421 " not in get(server, "/", method=method, host=host)


@pytest.mark.parametrize("host", ["[x", "a b", "[::1]x", "\xff"])
def test_a_board_may_send_with_a_host_that_is_none(server, board, host):
    body = json.dumps([reading()])
    sent = ["Content-Type: application/json", f"X-IS-ClientKey: {KEY}"]
    sent += [f"Content-Length: {len(body)}", "", body]
    for target, status in (("/batch_logs", b" 204 "), ("/elsewhere", b" 404 ")):
        head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        said = answer_to(server, (head + "\r\n".join(sent)).encode("latin-1"))
        assert status in said or b" 400 " in said


@pytest.mark.parametrize("key", [".", "..", "a/../b", "%2e%2e", "../", "..?x#y", "kitchen"])
def test_a_bucket_is_opened_whatever_its_key(server, board, key):
    headers = {"X-IS-AccessKey": KEY, "Accept-Version": "~0", "X-IS-BucketKey": key}
    sent = [{"key": "t", "value": 21.5, "epoch": time.time()}]
    assert board.post("/api/events", sent, headers)[0] == 204
    # Node.js has the rules for addresses that a browser has (WHATWG URL).
    program = f"""
        import {{ bucketPath }} from {json.dumps(SERVER_JS.as_uri())};
        const url = new URL(bucketPath({json.dumps(key)}, "readings?signal=t"), "http://x/");
        console.log(url.pathname + url.search);
    """
    node = ["node", "--input-type=module", "-e", program]
    found = subprocess.run(node, capture_output=True, text=True, check=True).stdout.strip()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", found)
    answer = connection.getresponse()
    assert answer.status == 200 and json.loads(answer.read())["count"] == 1
    connection.close()
