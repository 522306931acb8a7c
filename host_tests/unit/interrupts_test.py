"""Ctrl-C at every line of a transport: the exchange is given up, and the next one is whole.

For CPython only, whose sys.settrace() tells of each line; what the calls of a socket can do is in
test_transport.py, for MicroPython, too.
"""

from pathlib import Path

import internet
import network
import pytest
import requests
import virtual_board
from at_line import AtLine
from exchanges import URL, a_server, answer, both, post, start, values
from islog import connection, dns, keepalive, names, transport
from islog.transport import ACCEPTED, UNKNOWN

FILES = {str(Path(module.__file__)) for module in (connection, dns, keepalive, names, transport)}


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
    network.air["home"] = "home-password"
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("home", "home-password")
    virtual_board.time.advance(1000)
    assert wlan.isconnected()
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
    number = hurt = 0
    while hurt == number:
        virtual_board.reset()
        way, server = both()[which], a_server()
        case(way, server)
        try:
            with AtLine(number, KeyboardInterrupt, FILES):
                answer(way)
        except KeyboardInterrupt:
            hurt += 1
        try:
            with AtLine(number % 17, KeyboardInterrupt, FILES):
                way.close()
        except KeyboardInterrupt:
            pass
        way.close()
        assert way.step() == UNKNOWN and (way.status, way.date) == (0, None)
        assert internet.open_sockets == 0 and requests.socket is connection.socket
        whole(way, server)
        number += 1
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


def whole(way, server):
    """The next exchange is right, and so is the one after it."""
    server.early, server.answers, server.down = None, [], False
    for value in (3, 4):
        assert post(way, value) == ACCEPTED and values(server)[-1] == value
    assert server.posts[-1] == (URL.partition("test")[2], 204)
    way.close()
    assert internet.open_sockets == 0 and requests.socket is connection.socket
