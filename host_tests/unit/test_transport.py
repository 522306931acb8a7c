"""One POST, by each transport: what an answer means, and that an exchange which something
leaves in the middle is given up, and the next one is whole."""

import sys

import internet
import requests
from exchanges import a_server, answer, both, post, start, values
from islog import ConfigError, connection, transport
from islog.transport import ACCEPTED, BAD, BUSY, FORBIDDEN, UNKNOWN, WRONG
from virtual_board import Board, raises


def test_what_each_status_means():
    for outcome, numbers in (
        (ACCEPTED, (201, 202, 204)),
        (BUSY, (429, 503)),
        (UNKNOWN, (0, 200, 206, 408, 409, 418, 500, 502, 504, 599, 999)),
        (FORBIDDEN, (401, 402, 403, 407, 511)),
        (WRONG, (300, 301, 308, 399, 404, 405, 410, 411, 415, 426, 431)),
        (BAD, (400, 413, 422)),
    ):
        for number in numbers:
            assert transport.meaning(number, False) == outcome, number
            assert transport.meaning(number, True) == (ACCEPTED if number == 200 else outcome)


def test_a_step_without_an_exchange_is_no_answer_and_repeats_no_older_one():
    server = a_server()
    server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
    for way in both():
        assert way.step() == UNKNOWN
        assert post(way) == ACCEPTED and way.status == 204 and way.date
        assert way.step() == UNKNOWN
        assert (way.status, way.date, way.broken) == (0, None, False)
        way.close()
        assert way.step() == UNKNOWN and way.status == 0
    assert values(server) == [0, 0]


def test_an_exchange_that_was_never_gone_on_with_is_forgotten_by_the_next():
    server = a_server()
    for way in both():
        assert post(way, 1) == ACCEPTED
        start(way, 2)
        assert (way.status, way.why) == (0, "no answer")
        assert post(way, 3) == ACCEPTED
        start(way, 4)
        way.close()
        assert way.step() == UNKNOWN and post(way, 5) == ACCEPTED
    assert values(server) == [1, 3, 5] * 2


def interrupted(way, number, error):
    """A POST in which the call `number` of a socket (or a poll, or a look-up) ends with `error`.
    The outcome, or None where it was raised, or "unhurt" where there are not so many."""
    left = [number]

    def count(_):
        left[0] -= 1
        if left[0] < 0:
            internet.during_call = None
            raise error

    start(way, 2)
    internet.during_call = count
    try:
        outcome = answer(way)
    except BaseException as e:
        assert e is error
        return None
    if internet.during_call:
        internet.during_call = None
        return "unhurt"
    return outcome


def at_each_call(error):
    """For each transport, with and without a connection from before, and each call: it, its
    server, and the outcome."""
    for used in (False, True):
        for n, way in enumerate(both()):
            number = 0
            outcome = None
            while outcome != "unhurt":
                way = both()[n]
                server = a_server()
                server.pieces = lambda raw, keep: [(30, raw[:9]), (30, raw[9:])]
                if used:
                    assert post(way, 1) == ACCEPTED
                # The exchange that is left has another answer than the next.
                server.answers = [(500, {"Date": "never"}, b"sorry")]
                outcome = interrupted(way, number, error)
                server.answers = []
                if outcome != "unhurt":
                    yield way, server, outcome
                way.close()
                assert internet.open_sockets == 0, (number, error)
                number += 1
            assert number > 3


def test_ctrl_c_anywhere_in_a_post_gives_it_up_and_the_next_one_is_whole():
    count = 0
    for way, server, outcome in at_each_call(KeyboardInterrupt()):
        assert outcome is None  # it was raised
        count += 1
        if count % 2:
            way.close()
        assert way.step() == UNKNOWN and (way.status, way.date) == (0, None)
        assert post(way, 3) == ACCEPTED and values(server)[-1] == 3
        assert requests.socket is connection.socket
    assert count > 20


def test_whatever_else_is_raised_in_a_post_is_an_outcome():
    for error in (MemoryError(), RuntimeError("Wifi Unknown Error"), OSError(12), ValueError()):
        for way, server, outcome in at_each_call(error):
            # A connection from before may have broken: then it was sent again at once.
            assert outcome == UNKNOWN or isinstance(error, OSError)
            if way.status:  # only the rest of its body is missing
                assert way.why == "HTTP %d" % way.status
            elif isinstance(error, MemoryError):
                assert way.why.startswith("not enough memory")
            else:
                assert way.why
            assert post(way, 3) == ACCEPTED and values(server)[-1] == 3


def test_a_close_that_is_interrupted_is_done_by_the_next_one():
    def interrupt(name):
        if name == "close":
            internet.during_call = None
            raise KeyboardInterrupt

    server = a_server()
    for way in both():
        post(way, 1)
        server.answers = [("garbage", {}, b"hello")]  # after which the socket is open
        start(way, 2)
        internet.during_call = interrupt
        raises(KeyboardInterrupt, answer, way)
        assert internet.open_sockets == 1
        way.close()
        way.close()
        assert internet.open_sockets == 0
        assert requests.socket is connection.socket


def test_an_answer_from_the_headers_alone_is_heard_though_the_body_was_not_taken():
    for status, outcome in ((413, BAD), (403, FORBIDDEN), (401, FORBIDDEN)):
        server = a_server()
        server.early = lambda headers, status=status: (status, {}, b"no")
        for way in both():
            assert post(way) == outcome and way.status == status
        server.early = None
        assert post(way) == ACCEPTED


def test_a_server_that_closes_early_without_an_answer_gave_none():
    server = a_server()
    server.early = lambda headers: ("garbage", {}, b"")
    for way in both():
        assert post(way) == UNKNOWN
        assert not way.broken and way.why.startswith("no answer")


def test_a_connection_that_ends_before_the_first_byte_brings_no_answer():
    server = a_server()
    for way in both():
        server.always = ("garbage", {}, b"")
        assert post(way) == UNKNOWN
        assert (way.status, way.broken, way.why) == (0, False, "no answer (closed)")
        server.always = ("garbage", {}, b"H")
        assert post(way) == UNKNOWN
        assert (way.status, way.broken) == (0, True)


def test_an_answer_in_two_parts_is_read_or_is_a_broken_one():
    server = a_server()
    quick, lasting = both()
    server.answers = [(100, {}, b"")]  # where requests stops
    assert post(quick) == UNKNOWN
    assert (quick.status, quick.broken, quick.why) == (0, True, "a broken answer (HTTP 100)")
    server.answers = [("garbage", {}, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 OK\r\n\r\n")]
    assert post(lasting) == ACCEPTED


def test_503_and_429_both_say_how_long_to_wait():
    server = a_server()
    for way in both():
        for status in (429, 503):
            server.answers = [(status, {"Retry-After": "7"}, b"")]
            assert post(way) == BUSY and way.retry_after == b"7"
        assert post(way) == ACCEPTED and way.retry_after is None


def an_old_one(method, url, data=None, json=None, headers=None, stream=None):
    """The request() of micropython-lib before 2022, which tutorials tell to copy onto a board."""


def a_broken_one(*_, **__):
    raise NameError("usocket")


def one_of_another_kind(*_, **__):
    return {"status": 204}


def test_a_requests_that_is_not_the_right_one_is_told_by_its_file_and_is_no_answer():
    server = a_server()
    right = requests.request
    file = requests.__file__
    for number, wrong in enumerate((an_old_one, a_broken_one, one_of_another_kind)):
        way = transport.Requests(5)
        requests.request = wrong
        try:
            assert post(way) == WRONG
        finally:
            requests.request = right
        assert (way.status, way.broken) == (0, False) and way.unusable
        assert file in way.why and '"transport": "kept"' in way.why
        assert post(way, number) == ACCEPTED
    assert values(server) == [0, 1, 2]


def test_a_logger_with_an_old_requests_says_one_thing_and_counts_no_answer():
    right = requests.request
    requests.request = an_old_one
    try:
        board = Board(flush_interval=1)
        for value in range(5):
            board.log("t", value)
        board.run(3600)
    finally:
        requests.request = right
    log = board.logger
    assert log.state == "refused" and log.pending == 5 and log.retries < 30
    assert "perhaps accepted" not in log.last_error and '"transport": "kept"' in log.last_error
    board.run(600)
    assert board.values() == [0, 1, 2, 3, 4] and log.sent == 5


def test_a_board_without_requests_is_told_what_needs_none():
    right = sys.modules["requests"]
    sys.modules["requests"] = None
    try:
        error = raises(ConfigError, transport.Requests, 5)
    finally:
        sys.modules["requests"] = right
    assert '"transport": "kept"' in str(error)
