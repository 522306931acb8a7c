"""The fakes of the network do what the real ones do, as the tests of islog build upon it."""

import errno

import internet
from islog import connection
from networks import NAME, joined
from virtual_board import raises

select, socket = connection.select, connection.socket


def test_a_datagram_that_is_not_there_does_not_block_and_a_connect_is_under_way_until_polled():
    joined()
    s = socket.socket(2, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.connect(("192.168.4.1", 53))
    assert raises(OSError, s.recv, 10).args[0] == errno.EAGAIN
    s.close()
    internet.trip_ms = 30
    for style in ("esp32", "rp2"):
        for down in (False, True):
            server, _ = joined(style)
            internet.trip_ms = 30
            server.down = down
            s = socket.socket(2, socket.SOCK_STREAM)
            s.setblocking(False)
            e = raises(OSError, s.connect, (internet.address_of(NAME), 80))
            assert e.args[0] == errno.EINPROGRESS
            poll = select.poll()
            poll.register(s, select.POLLIN | select.POLLOUT)
            assert poll.poll(20) == []
            ready = poll.poll(20)[0][1]
            if not down:
                assert ready == select.POLLOUT
            elif style == "rp2":
                assert ready & select.POLLERR
            else:
                assert ready == select.POLLIN | select.POLLOUT
            if down:
                assert raises(OSError, s.recv, 1).args[0] == 104
            s.close()
    assert internet.open_sockets == 0
