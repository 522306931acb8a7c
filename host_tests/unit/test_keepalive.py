"""The connection that stays open: when it is used again, when it is given up, and how long a step
and a whole exchange may take."""

import internet
from exchanges import a_server, answer, post, start, values
from islog import keepalive
from islog.transport import ACCEPTED, UNKNOWN
from virtual_board import time

DRIP_MS = 150
DAY_MS = 86400000


def test_an_answer_counts_though_the_port_has_made_a_write_wait_for_ten_seconds():
    for used in (False, True):
        for which in (1, 2):  # the head, the body
            server = a_server()
            server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
            way = keepalive.Keepalive(5, 60)
            if used:
                assert post(way, 0) == ACCEPTED
            writes = [0]

            def full(name, writes=writes, which=which):
                if name == "write":
                    writes[0] += 1
                    if writes[0] == which:
                        time.advance(10000)  # lwIP's buffers: extmod/modlwip.c

            start(way, 1)
            internet.during_call = full
            assert answer(way) == ACCEPTED
            internet.during_call = None
            # Each arrives once, and its Date is known to have waited perhaps.
            assert values(server) == [0] * used + [1] and way.late_ms >= 9900
            server.pieces = lambda raw, keep: [(6000, raw)]
            assert post(way, 2) == UNKNOWN  # a server that takes so long is given up
            way.close()


def test_a_connection_that_was_not_used_for_long_is_not_used_again():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    found = []
    connect = server.connection
    server.connection = lambda: found.append(connect()) or found[-1]
    post(way)
    time.advance(59000)
    post(way)
    assert len(found) == 1
    for age_ms in (61000, 177000, 5 * DAY_MS, 7 * DAY_MS, 12 * DAY_MS, 20 * DAY_MS):
        for connection in found:
            # A NAT in between has forgotten it: what is sent there is gone.
            connection.open = False
        time.advance(age_ms)
        since = time.up_ms()
        assert post(way) == ACCEPTED
        assert time.up_ms() - since < 1000, age_ms
    assert len(values(server)) == 8


def test_a_connection_that_idles_is_closed_while_nothing_else_is_done():
    a_server()
    way = keepalive.Keepalive(5, 60)
    post(way)
    time.advance(60000)
    way.idle()
    assert internet.open_sockets == 1
    time.advance(1)
    way.idle()
    assert internet.open_sockets == 0


def test_a_quick_answer_takes_one_step():
    a_server()
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        start(way, 1)
        assert way.step() == ACCEPTED


def test_head_and_body_do_not_wait_for_each_other():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        since = time.up_ms()
        post(way)
        assert time.up_ms() - since == server.latency_ms


def test_a_program_that_polls_seldom_gets_through():
    for pause_ms in (1000, 6000, 60000, 3600000):
        server = a_server()
        server.pieces = lambda raw, keep: [(300, raw[:5]), (300, raw[5:20]), (300, raw[20:])]
        way = keepalive.Keepalive(5, 60)
        for value in range(3):
            start(way, value)
            assert answer(way, pause_ms) == ACCEPTED, pause_ms
        assert values(server) == [0, 1, 2]


def dripping(drip_ms, pause_ms):
    """One exchange with a server that sends a byte now and then: its outcome, its transport, the
    steps, the time it took."""
    server = a_server()
    server.pieces = lambda raw, keep: [(drip_ms, raw[i : i + 1]) for i in range(len(raw))]
    server.always = (204, {"X-Long": "x" * 500}, b"")
    way = keepalive.Keepalive(5, 60)
    start(way, 1)
    since = time.up_ms()
    count, outcome = 1, way.step()
    while outcome is None:
        count += 1
        time.advance(pause_ms)
        outcome = way.step()
    return outcome, way, count, time.up_ms() - since


def test_a_server_that_drips_ends_in_time_however_often_it_is_looked_at():
    for pause_ms, polls in ((0, 100), (50, 60), (1000, 17), (6000, 17)):
        _, _, count, ms = dripping(DRIP_MS, pause_ms)
        assert count <= polls
        if pause_ms < 100:
            assert 5000 <= ms < 5500


def test_when_the_time_is_over_the_first_line_counts_if_it_is_there():
    outcome, way, _, _ = dripping(400, 0)
    assert (outcome, way.status, way.broken) == (UNKNOWN, 0, False)
    assert way.why == "no answer (not done in 5 s)"
    outcome, way, _, _ = dripping(DRIP_MS, 0)
    assert (outcome, way.status, way.why) == (ACCEPTED, 204, "HTTP 204")
    assert internet.open_sockets == 0  # what comes of the rest is nobody's answer
    assert post(way, 2) in (UNKNOWN, ACCEPTED)  # on a connection of its own


def test_a_used_connection_that_breaks_late_leaves_the_new_one_only_the_rest_of_the_time():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    assert post(way) == ACCEPTED
    server.pieces = lambda raw, keep: [(4000, None)]
    since = time.up_ms()
    assert post(way) == UNKNOWN
    assert 5000 <= time.up_ms() - since <= 5200
    assert way.why == "no answer (not done in 5 s)"


def test_a_step_waits_100_ms_at_most():
    server = a_server()
    server.pieces = lambda raw, keep: [(40, raw[i : i + 1]) for i in range(len(raw))]
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        start(way, 1)
        outcome = None
        while outcome is None:
            since = time.up_ms()
            outcome = way.step()
            assert time.up_ms() - since <= 100 + server.latency_ms
        assert outcome == ACCEPTED


def counted(server):
    """The connections that a server gets from now on."""
    found = []
    connect = server.connection
    server.connection = lambda: found.append(connect()) or found[-1]
    return found


def test_what_an_answer_leaves_of_its_connection():
    for head, body, lasts in (
        (b"HTTP/1.1 201 OK\r\nContent-Length: 0", b"", True),
        (b"HTTP/1.1 201 OK\r\ncontent-length:5", b"hello", True),
        (b"HTTP/1.1 201 OK\r\nContent-Length: 4096", b"x" * 4096, True),
        (b"HTTP/1.1 201 OK\r\nContent-Length: 4097", b"x" * 4097, False),
        (b"HTTP/1.1 204 No Content", b"", True),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 3", b"", False),
        (b"HTTP/1.1 201 OK", b"until it ends", False),
        (b"HTTP/1.1 201 OK\r\nConnection: close\r\nContent-Length: 0", b"", False),
        (b"HTTP/1.0 201 OK\r\nContent-Length: 0", b"", False),
        (b"HTTP/1.0 201 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0", b"", True),
        (b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n", True),
        (
            b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked",
            b"1;x=y\r\na\r\n0\r\nDate: now\r\n\r\n",
            True,
        ),
        (b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked", b"1001\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 0", b"", True),
    ):
        server = a_server()
        server.pieces = lambda raw, keep: [(0, raw)]  # it ends none by itself
        connections = counted(server)
        way = keepalive.Keepalive(5, 60)
        server.answers = [("garbage", {}, head + b"\r\n\r\n" + body)] * 2
        since = time.up_ms()
        for _ in range(2):
            assert post(way) == ACCEPTED, head
        assert time.up_ms() - since < 1000, head  # nothing is waited for that is not read
        assert len(connections) == 2 - lasts, head
        assert internet.open_sockets == lasts, head
        way.close()


def test_another_address_is_another_connection():
    server = a_server()
    internet.hosts["service.test:8080"] = internet.hosts["time.test:80"] = server
    connections = counted(server)
    way = keepalive.Keepalive(5, 60)
    for count, url in (
        (1, "http://service.test/batch_logs"),
        (1, "http://service.test:80/batch_logs"),
        (2, "http://service.test:8080/batch_logs"),
        (3, "http://time.test/batch_logs"),
        (4, "http://service.test/batch_logs"),
    ):
        assert post(way, count, url) == ACCEPTED
        assert len(connections) == count and internet.open_sockets == 1, url


def test_a_connection_that_the_server_has_ended_meanwhile_is_replaced_without_a_fault():
    for unasked in (b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n", None):
        server = a_server()
        connections = counted(server)
        way = keepalive.Keepalive(5, 60)
        post(way, 1)
        connections[0].arrive(1000, unasked)
        time.advance(2000)
        assert post(way, 2) == ACCEPTED and values(server) == [1, 2]
        assert len(connections) == 2 and internet.open_sockets == 1
        way.close()


def test_close_ends_it_in_whatever_state_it_is():
    def nothing(way):
        pass

    def begun(way):
        start(way, 1)

    def under_way(way):
        start(way, 1)
        assert way.step() is None

    for state, count in ((nothing, 0), (begun, 0), (under_way, 1), (post, 1)):
        server = a_server()
        server.pieces = lambda raw, keep: [(500, raw)]
        way = keepalive.Keepalive(5, 60)
        state(way)
        assert internet.open_sockets == count
        for _ in range(2):
            way.close()
            assert internet.open_sockets == 0 and way.step() == UNKNOWN
        assert post(way, 2) == ACCEPTED
        way.close()
