"""The kept connection and servers of every kind: what HTTP allows costs nothing, and whatever
else comes, nothing is lost."""

import socket

import pytest

from tools.server.front import Front, good
from tools.server.tls import Chain

from .rig import HELD_S, hold

NO_BODY = b"Content-Length: 0\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"
LONG = b"x" * 100_000


def send(rig, answer, batches=40, idles=False, context=None, **settings):
    """A board sends so many batches, of one reading each, to a Front, which is returned: all
    arrive, in order. idles: after each it waits, with polls, to be told to go on."""
    with Front(rig.server, answer, context) as front:
        rig.board_with(
            "batches_of_one",
            arguments=f"{batches} {int(idles)}",
            transport="kept",
            flush_interval=0,
            wifi=None,
            bucket_url=front.bucket_url,
            ingest_url=front.ingest_url,
            **settings,
        )
        with rig.board:
            rig.wait_for_end()
    assert len(rig.notes()) == batches
    rig.check_arrivals(rig.notes())
    rig.check_books()
    return front


def go_on(rig):
    """A board that idles sends its next batch."""
    (rig.flash / "go").touch()


def check_no_fault(rig):
    """Nothing was sent in vain, nothing twice, and nothing was said of it."""
    status = rig.board.status
    assert (status["retries"], status["last_error"]) == (0, None)
    assert rig.server.duplicates == 0
    assert len(rig.sentences()) == 2, rig.sentences()


def requests(front):
    """How many there were on each connection; the first of all is for the bucket."""
    return [connection.requests for connection in front.connections]


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_server_that_closes_after_every_nth_answer(rig, how, every):
    def answer(connection, store):
        good(connection, store)
        if connection.requests < every:
            return True
        if how == "reset":
            connection.reset()  # what has come before it is there to be read nevertheless
        return False

    front = send(rig, answer, 29)
    check_no_fault(rig)
    assert requests(front) == [every] * (30 // every)


def test_a_server_that_closes_while_the_next_request_is_under_way(rig):
    def answer(connection, store):
        return connection.requests < 3 and good(connection, store)

    front = send(rig, answer, 30)
    check_no_fault(rig)
    assert max(requests(front)) == 3


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_server_that_closes_idle_connections(rig, how):
    def answer(connection, store):
        good(connection, store)
        connection.reset() if how == "reset" else connection.close()
        go_on(rig)
        return False

    front = send(rig, answer, 6, idles=True)
    check_no_fault(rig)
    assert requests(front) == [1] * 7


def test_an_idle_connection_is_closed_after_a_setting(rig):
    answered = []

    def answer(connection, store):
        good(connection, store)
        answered.append(connection)
        if len(answered) == 2:  # the bucket's, and the first batch's
            connection.wait_for_the_end()
            go_on(rig)
        return True

    front = send(rig, answer, 2, idles=True, idle_close=1)
    check_no_fault(rig)
    assert sum(requests(front)) == 3 and requests(front)[-1] == 1


@pytest.mark.parametrize("status", [413, 403])
def test_a_server_that_answers_from_the_headers_and_closes(rig, status):
    refused = []

    def look(connection):
        # The request is left unread, so that the end is a reset.
        seen = b" "
        while seen and b"\r\n\r\n" not in seen:
            seen = connection.socket.recv(65536, socket.MSG_PEEK)
        if not seen:
            return False
        size = int(seen.lower().split(b"content-length:")[1].split()[0])
        if size < 3000 or status == 403 and refused:
            return True
        refused.append(size)
        connection.send(b"HTTP/1.1 %d No\r\nConnection: close\r\n" % status + NO_BODY)
        return False

    def answer(connection, store):
        connection.send(b"HTTP/1.1 %d OK\r\nConnection: close\r\n" % store() + NO_BODY)
        return False

    with Front(rig.server, answer, greet=look) as front:
        settings = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url, "wifi": None}
        settings |= {"transport": "kept", "buffer_bytes": 16384, "batch_bytes": 16384}
        rig.board_with("burst", arguments="400", flush_interval=3600, **settings)
        with rig.board:
            rig.wait_for_end()
    assert len(rig.notes()) == 400
    rig.check_arrivals(rig.notes())
    rig.check_books()
    assert refused and rig.board.status["retries"] == len(refused)
    assert rig.server.duplicates == rig.board.status["rejected"] == 0
    assert (status == 403) == rig.has_said("HTTP 403")
    assert not rig.has_said("no answer")


@pytest.mark.parametrize("closes", [True, False])
def test_a_server_that_says_connection_close(rig, closes):
    def answer(connection, store):
        connection.send(b"HTTP/1.1 %d OK\r\nconnection: Close\r\n" % store() + NO_BODY)
        return not closes

    front = send(rig, answer, 20)
    check_no_fault(rig)
    assert requests(front) == [1] * 21


@pytest.mark.parametrize("keeps", [True, False])
def test_a_server_of_http_1_0(rig, keeps):
    def answer(connection, store):
        kept = b"Connection: keep-alive\r\n" if keeps else b""
        connection.send(b"HTTP/1.0 %d OK\r\n" % store() + kept + NO_BODY)
        return keeps

    front = send(rig, answer, 20)
    check_no_fault(rig)
    assert requests(front) == ([21] if keeps else [1] * 21)


# Answers that are right, if unusual. {} is the status.
KEPT = {
    "no reason": b"HTTP/1.1 {}\r\n\r\n",
    "line feeds only": b"HTTP/1.1 {} OK\nDate: Tue, 24 Nov 2026 12:00:00 GMT\n\n",
    "100 first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 {} OK\r\n" + NO_BODY,
    "103 twice": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2
    + b"HTTP/1.1 {} OK\r\n"
    + NO_BODY,
    "a body": b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:12 \r\n" + JSON + b'\r\n{"ok": true}',
    "chunks": b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n00A\r\n, world...\r\n0\r\nTrailer: yes\r\n\r\n",
    "chunks and a length": b"HTTP/1.1 202 OK\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "a long header": b"HTTP/1.1 {} OK\r\nX-Long: " + LONG[:5000] + b"\r\n" + NO_BODY,
    "a hundred headers": b"HTTP/1.1 {} OK\r\n" + b"X-One: more\r\n" * 100 + NO_BODY,
}
# Right or not: answers after which the connection cannot be used any more, or had better not be.
CLOSED = {
    "a body until the end": b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\nhello",
    "a body on a 204": b"HTTP/1.1 204 OK\r\nContent-Length: 5\r\n\r\nhello",
    "a long body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + JSON + b"\r\n" + LONG,
    "a long chunk": b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n186A0\r\n"
    + LONG
    + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", KEPT)
def test_an_unusual_answer(rig, name):
    def answer(connection, store):
        data = KEPT[name].replace(b"{}", b"%d" % store())
        if connection.requests % 2:
            connection.send(data)
        else:
            connection.drip(data[:1000])
            connection.send(data[1000:])
        return True

    front = send(rig, answer, 10)
    check_no_fault(rig)
    assert requests(front) == [11]


@pytest.mark.parametrize("name", CLOSED)
def test_an_answer_that_is_the_last_on_its_connection(rig, name):
    def answer(connection, store):
        store()
        connection.send(CLOSED[name])
        return name != "a body until the end"

    front = send(rig, answer, 10)
    check_no_fault(rig)
    assert requests(front) == [1] * 11


@pytest.mark.parametrize("answers", [KEPT, CLOSED])
def test_the_same_over_tls(rig, tmp_path, answers):
    chain = Chain(tmp_path)
    names = list(answers) * 2
    waiting = list(names)

    def answer(connection, store):
        data = answers[waiting.pop()].replace(b"{}", b"%d" % store())
        pieces = [data]
        if len(waiting) < len(answers):
            pieces = [data[i : i + 7] for i in range(0, min(len(data), 700), 7)] + [data[700:]]
        connection.send(*pieces)
        return answers is KEPT or b"Length" in data or b"chunked" in data

    batches = len(names) - 1  # one is for the bucket
    front = send(rig, answer, batches, context=chain.context(), ca_file=str(chain.ca_file))
    check_no_fault(rig)
    assert requests(front) == ([len(names)] if answers is KEPT else [1] * len(names))


@pytest.mark.parametrize("parts", [(b"hello",), (b"hel", b"lo")])
def test_a_body_on_a_204_without_a_length(rig, parts):
    def answer(connection, store):
        store()
        connection.send(b"HTTP/1.1 204 OK\r\n\r\n" + parts[0], *parts[1:], pause_s=0.005)
        return True

    send(rig, answer, 10)
    check_no_fault(rig)


def test_a_body_that_is_cut_short(rig):
    def answer(connection, store):
        store()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n" + JSON + b'\r\n{"ok"')

    front = send(rig, answer, 10)
    check_no_fault(rig)
    assert requests(front) == [1] * 11


# No answer that makes sense; the connection is then closed.
BROKEN = {
    "half a status line": b"HTTP/1.1 20",
    "a status line": b"HTTP/1.1 204 OK\r\n",
    "half a header": b"HTTP/1.1 204 OK\r\nContent-Le",
    "100 only": b"HTTP/1.1 100 Continue\r\n\r\n",
    "no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a chunk of less than nothing": b"HTTP/1.1 500 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"
    + LONG[:1000],
    "empty lines": b"\r\n\r\n\r\n\r\n",
    "a length that is none": b"HTTP/1.1 204 OK\r\nContent-Length: five\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
    "garbage": bytes(range(256)) * 40,
    "one line of garbage": bytes(range(128, 256)) * 40,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_told_and_loses_nothing(rig, name):
    def answer(connection, store):
        if connection.requests == 3:
            store()
            connection.send(BROKEN[name])
            return False
        return good(connection, store)

    front = send(rig, answer, 3)
    assert requests(front) == [3, 2]
    assert rig.board.status["retries"] == rig.server.duplicates == 1
    trouble, recovered = rig.sentences()[2:]
    assert "kept and sent again" in trouble and "accepted" in recovered


def test_a_connection_that_ends_before_its_first_answer_is_told_and_loses_nothing(rig):
    hasty = []

    def answer(connection, store):
        if connection.requests == 3 or len(hasty) == 1:
            hasty.append(connection)
            return False
        return good(connection, store)

    front = send(rig, answer, 3)
    assert requests(front) == [3, 1, 2]
    assert (rig.board.status["retries"], rig.server.duplicates) == (1, 0)
    assert "no answer" in rig.sentences()[2]


def endless_headers(connection):
    connection.send(b"HTTP/1.1 204 OK\r\n")
    while True:
        connection.send(b"X-More: and more\r\n", pause_s=0.001)


def endless_line(connection):
    while True:
        connection.send(b"HTTP/1.1 204 OK" * 100, pause_s=0.001)


def dripping_answer(connection):
    connection.drip(b"HTTP/1.1 204 OK\r\n" + b"X-More: and more\r\n" * 1000, pause_s=0.1)


def dripping_body(connection):
    connection.send(b"HTTP/1.1 500 Sorry\r\nContent-Length: 40000\r\n\r\n")
    connection.drip(LONG[:40000], pause_s=0.1)


def hundreds(connection):
    while True:
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n", pause_s=0.1)


def silence(connection):
    connection.wait_for_the_end()


SLOW = (endless_headers, endless_line, dripping_answer, dripping_body, hundreds, silence)


@pytest.mark.parametrize("slow", SLOW)
def test_an_answer_that_does_not_end_is_given_up_and_holds_nothing_up(rig, slow):
    holding = []  # one connection
    held = []

    def answer(connection, store):
        if holding or connection.requests < 4:
            return good(connection, store)
        holding.append(connection)
        store()
        hold(connection, slow, held)

    with Front(rig.server, answer) as front:
        settings = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
        settings |= {"transport": "kept", "flush_interval": 0, "timeout": 3, "wifi": None}
        with rig.board_with("steady", buffer_bytes=65536, **settings):
            rig.until(lambda: held, "the board hangs up", HELD_S)
            rig.until_caught_up()
            rig.stop()
    rig.check_not_held_up(held)
    rig.check_arrivals(rig.notes())
    rig.check_books()
