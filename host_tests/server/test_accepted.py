"""What a board sends is kept exactly as it was sent."""

import json
import socket
import threading

from tools.server import LocalServer

from .conftest import BUCKET_ID, KEY, BoardClient, reading


def test_a_bucket_and_its_readings_are_kept(server, board):
    status, headers, body = board.create_bucket()
    assert (status, body) == (204, None)
    assert headers["Date"].endswith("GMT")
    assert board.send([reading(), reading(sn="door", v=True)])[0] == 204
    assert server.buckets() == [{"id": BUCKET_ID, "name": "kitchen"}]
    kept = [(r["bucket"], r["signal"], r["value"]) for r in server.readings(BUCKET_ID)]
    assert kept == [(BUCKET_ID, "t", 21.5), (BUCKET_ID, "door", True)]
    assert server.requests == [("/api/v1/buckets", 204), ("/batch_logs", 204)]


def test_readings_may_come_before_their_bucket(server, board):
    assert board.send([reading()])[0] == 204
    assert server.buckets() == []
    assert board.create_bucket()[0] == 204
    assert board.create_bucket(bucketName="bath")[0] == 204
    assert server.buckets() == [{"id": BUCKET_ID, "name": "bath"}]
    assert len(server.readings(BUCKET_ID)) == 1
    assert server.readings("ffffffff-89ab-cdef-0123-456789abcdef") == []


def test_every_number_keeps_its_text_and_its_type(server, board):
    texts = (
        "0 -1 1073741824 -9223372036854775808 18446744073709551616 1e30 1e-7 0.1 21.50 -0.0 1E+2"
    )
    for text in texts.split():
        body = json.dumps([reading(v="@")]).replace('"@"', text).encode()
        assert board.send(body)[0] == 204
    kept = server.readings()
    assert [r["text"] for r in kept] == texts.split()
    assert [r["value"] for r in kept] == [json.loads(text) for text in texts.split()]
    assert [type(r["value"]) for r in kept] == [int] * 5 + [float] * 6


def test_strings_and_bools_are_kept(server, board):
    values = ["", "°C", 'a "quote" \\ \n \t \0 \x7f 😀', "é" * 500, "1.5", "true", True, False]
    assert board.send([reading(v=v) for v in values])[0] == 204
    assert board.send(json.dumps([reading(v="°C 😀")], ensure_ascii=False).encode())[0] == 204
    kept = [r["value"] for r in server.readings()]
    assert kept == [*values, "°C 😀"]
    assert [type(v) for v in kept] == [str] * 6 + [bool] * 2 + [str]


def test_the_time_is_kept_to_the_last_digit(server, board):
    texts = ["1416262288.913554", "1416262288.913", "1416262288", "1416262288.9135541234567890123"]
    for text in texts:
        assert board.send(json.dumps([reading(e=7)]).replace("7,", f"{text},").encode())[0] == 204
    assert [r["epoch"] for r in server.readings()] == texts
    assert server.readings()[0]["epoch_f"] == 1416262288.913554


def test_names_may_be_as_long_as_the_limit(server, board):
    assert board.create_bucket(bucketName="é" * 200)[0] == 204
    assert board.send([reading(b="é" * 200, sn="😀" * 100, tid=BUCKET_ID.upper())])[0] == 204
    assert server.readings()[0]["signal"] == "😀" * 100


def test_a_repeat_is_kept_and_counted_apart(server, board):
    board.send([reading(), reading(sn="u")])
    board.send(
        [reading(), reading(v=22), reading(e=10**9), reading(tid=BUCKET_ID.replace("0", "1"))]
    )
    assert (server.accepted, server.duplicates) == (5, 1)
    assert [r["repeat"] for r in server.readings()] == [False] * 2 + [True] + [False] * 3


def test_readings_are_shown_in_order_and_a_failing_display_refuses_nothing():
    shown, errors = [], []

    def show(r):
        shown.append(r["value"])
        assert r["value"] != 2, "the display is broken"

    with LocalServer(key=KEY, on_reading=show, on_error=errors.append) as server:
        board = BoardClient(server.port)
        assert board.send([reading(v=1), reading(v=2)])[0] == 204
        assert board.send([reading(v=3)])[0] == 204
        assert [r["value"] for r in server.readings()] == shown == [1, 2, 3]
    assert len(errors) == 1 and "the display is broken" in errors[0]


def test_http_1_0_and_a_kept_connection_both_work(server):
    body = json.dumps([reading()]).encode()
    head = (
        f"Host: x\r\nContent-Type: application/json; charset=utf-8\r\nx-is-clientkey: {KEY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall(b"POST /batch_logs HTTP/1.0\r\n" + head + body)
        old = b"".join(iter(lambda: s.recv(4096), b""))
    assert old.split(b"\r\n")[0].split()[1] == b"204"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        for _ in range(2):
            s.sendall(b"POST /batch_logs HTTP/1.1\r\n" + head + body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += s.recv(4096)
            assert answer.startswith(b"HTTP/1.1 204")
    assert len(server.readings()) == 3


def test_twenty_boards_at_once_lose_nothing_and_keep_their_order(server):
    def run(number):
        board = BoardClient(server.port)
        for i in range(0, 50, 5):
            batch = [reading(sn=f"board {number}", v=v, e=10**9 + v) for v in range(i, i + 5)]
            statuses.append(board.send(batch)[0])

    statuses = []
    boards = [threading.Thread(target=run, args=(n,)) for n in range(20)]
    for thread in boards:
        thread.start()
    for thread in boards:
        thread.join()
    assert statuses == [204] * 200
    assert server.accepted == 1000
    for n in range(20):
        kept = [r["value"] for r in server.readings() if r["signal"] == f"board {n}"]
        assert kept == list(range(50))
