"""Ctrl-C at every line of a transport, or of a look-up for SNTP, and a lack of memory at every
line of a look-up and a connect: what was under way is given up, and the next one is whole.

For CPython only, whose sys.settrace() tells of each line; what the calls of a socket can do is in
test_transport.py, for MicroPython, too.
"""

from pathlib import Path

import internet
import pytest
import requests
import virtual_board
from at_line import AtLine, some
from exchanges import URL, a_server, answer, both, post, start, values
from islog import clock, connection, dns, keepalive, names, sntp_steps, timekeeper, transport
from islog.transport import ACCEPTED, UNKNOWN
from networks import station
from ntp_host import Ntp
from virtual_board import NOW_MS, time


def files(*modules):
    return {str(Path(module.__file__)) for module in modules}


FILES = files(connection, dns, keepalive, names, transport)
OF_SNTP = files(dns, names, sntp_steps, timekeeper)
WANTS_MEMORY = ("_open", "_find", "_connect", "look_up", "_server", "is_address", "__init__")
WANTS_MEMORY += ("_question", "step", "_ask", "_is_answer", "_read", "_addresses", "_name")
WANTS_MEMORY += ("ask", "_send", "_hear")


def refused_early(way, server):
    server.early = lambda headers: (413, {}, b"no")
    start(way, 2)


def a_used_connection(way, server):
    post(way, 1)
    server.answers = [(500, {"Date": "never"}, b"sorry")]
    start(way, 2)


def a_connection_that_has_gone(way, server):
    post(way, 1)
    server.answers = ["lost"]
    start(way, 2)


def chunks(way, server):
    raw = b"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    server.answers = [("garbage", {}, raw)]
    start(way, 2)


def no_server(way, server):
    server.down = True
    start(way, 2)


def a_name_to_look_up(way, server):
    assert station().isconnected()
    internet.names["service.test"] = ["192.0.2.1", internet.address_of("service.test")]
    internet.dns.delay_ms = internet.trip_ms = 120
    start(way, 2)


CASES = (refused_early, a_used_connection, a_connection_that_has_gone, chunks, no_server)
CASES += (a_name_to_look_up,)


# (CPython ends a generator that nobody has any more, and cannot tell who interrupts that.)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("which", [0, 1])
def test_ctrl_c_at_any_line_of_a_step_and_of_the_close_after_it(which, case):
    for number in some(3):
        virtual_board.reset()
        way, server = both()[which], a_server()
        case(way, server)
        at = AtLine(number, KeyboardInterrupt, FILES)
        try:
            with at:
                answer(way)
        except KeyboardInterrupt:
            pass
        try:
            with AtLine(number % 17, KeyboardInterrupt, FILES):
                way.close()
        except KeyboardInterrupt:
            pass
        way.close()
        assert way.step() == UNKNOWN and (way.status, way.date) == (0, None)
        assert internet.open_sockets == 0 and requests.socket is connection.socket
        whole(way, server)
        if at.left >= 0:
            break
    assert number > 40


@pytest.mark.parametrize("which", [0, 1])
def test_ctrl_c_at_any_line_of_a_start(which):
    number = hurt = 0
    while hurt == number:
        virtual_board.reset()
        way, server = both()[which], a_server()
        post(way, 1)
        try:
            with AtLine(number, KeyboardInterrupt, FILES):
                start(way, 2)
        except KeyboardInterrupt:
            hurt += 1
            assert way.step() == UNKNOWN and way.status == 0
            assert values(server) == [1]
        whole(way, server)
        number += 1
    assert number > 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_memory_at_any_line_of_a_look_up_and_a_connect_that_may_want_some():
    for number in some(3):
        virtual_board.reset()
        way, server = both()[1], a_server()
        a_name_to_look_up(way, server)
        at = AtLine(number, MemoryError, files(connection, dns, names), WANTS_MEMORY)
        with at:
            outcome = answer(way)
        if outcome != ACCEPTED:
            assert outcome == UNKNOWN and way.why == "not enough memory"
            assert internet.open_sockets == 0
        whole(way, server)
        if at.left >= 0:
            break
    assert number > 150


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_exception_at_any_line_of_sntps_look_up_leaves_nothing_and_the_time_is_found(kind):
    for number in some(5):
        virtual_board.reset()
        station()
        internet.hosts["192.0.2.1:123"] = internet.hosts["192.0.2.2:123"] = Ntp(NOW_MS)
        internet.names["time.test"] = ["192.0.2.1", "192.0.2.2"]
        internet.dns.deaf_to = 1
        asks, board_clock = sntp_steps.SteppedSntp(("time.test",), 5), clock.Clock()
        functions = WANTS_MEMORY if kind is MemoryError else None
        at = AtLine(number, kind, OF_SNTP, functions)
        for _ in range(40):
            try:
                with at:
                    asks.ask(board_clock)
            except kind:
                if number % 2:  # as Logger does
                    asks.close()
            if asks.done:
                break
            time.advance(20)
        assert asks.done and abs(asks.best[0] * 1000 - NOW_MS) < 30000
        try:
            with AtLine(number % 9, KeyboardInterrupt, OF_SNTP):
                asks.close()
        except KeyboardInterrupt:
            pass
        asks.close()
        assert internet.open_sockets == 0 and not asks.asking
        if at.left >= 0:
            break
    assert number > 100


def whole(way, server):
    """The next exchange is right, and so is the one after it."""
    server.early, server.answers, server.down = None, [], False
    for value in (3, 4):
        assert post(way, value) == ACCEPTED and values(server)[-1] == value
    assert server.posts[-1] == (URL.partition("test")[2], 204)
    way.close()
    assert internet.open_sockets == 0 and requests.socket is connection.socket
