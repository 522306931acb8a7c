"""The kept connection is opened in steps: no look-up and no connect holds the program."""

import internet
import network
from exchanges import SECURE, URL, start, values
from initial_state import Server
from islog.transport import ACCEPTED, UNKNOWN
from networks import NAME, TIMEOUT_S, home, joined, kept
from virtual_board import Board, time

STEP_MS = 100
TIMEOUT_MS = TIMEOUT_S * 1000


def post(way, value=0, url=URL, pause_ms=0):
    """The outcome of a POST, none of whose steps takes longer than one may."""
    start(way, value, url)
    outcome = None
    while outcome is None:
        before_ms = time.up_ms()
        outcome = way.step()
        assert time.up_ms() - before_ms <= STEP_MS
        time.advance(pause_ms)
    return outcome


def took_ms(way, url=URL):
    """So long a POST takes that gets no answer; nothing stays open after it."""
    before_ms = time.up_ms()
    assert post(way, -1, url) == UNKNOWN and not way.status
    assert internet.open_sockets == 0
    return time.up_ms() - before_ms


def test_the_networks_dns_server_is_asked_and_the_readings_arrive():
    for style in ("esp32", "rp2"):
        for url in (URL, SECURE):
            server, way = joined(style)
            internet.trip_ms = 40
            assert post(way, 1, url) == ACCEPTED and post(way, 2, url) == ACCEPTED
            assert values(server) == [1, 2] and internet.dns.asked == [NAME]
            way.close()
            assert internet.open_sockets == 0


def test_where_no_dns_server_is_known_the_port_looks_the_name_up():
    server = internet.hosts["service.test:80"] = Server()
    assert post(kept(), 1) == ACCEPTED
    _, way = joined()
    internet.hosts["service.test:80"] = server
    network.dns = "0.0.0.0"
    assert post(way, 2) == ACCEPTED
    assert values(server) == [1, 2] and internet.dns.asked == []


def test_nowhere_is_no_address_from_the_port_either():
    _, way = joined()
    network.dns = "0.0.0.0"
    internet.names[NAME] = ["0.0.0.0"]
    assert post(way) == UNKNOWN and way.why == "no answer (no address)"
    assert internet.open_sockets == 0


def test_an_address_needs_no_look_up():
    server, way = joined(name="192.0.2.1")
    assert post(way, 1, "http://192.0.2.1/batch_logs") == ACCEPTED
    assert values(server) == [1] and internet.dns.asked == []


def test_a_silent_dns_server_is_given_up_within_the_time_of_an_exchange():
    server, way = joined()
    internet.dns_silent = True
    assert TIMEOUT_MS <= took_ms(way) <= TIMEOUT_MS + STEP_MS
    assert way.why == "no answer (the DNS server is silent)" and not way.reached
    internet.dns_silent = False
    assert post(way, 1) == ACCEPTED and values(server) == [1]


def test_without_a_way_to_the_dns_server_the_ports_own_number_is_told_at_once():
    _, way = joined("rp2")
    network.WLAN(network.STA_IF).disconnect()
    assert took_ms(way) == 0 and way.why == "no answer (113)" and not way.reached


def test_a_name_that_is_not_there_is_told_and_shows_that_the_link_is_alive():
    _, way = joined()
    for code, words in ((3, "no such name"), (2, "the DNS server has failed")):
        internet.dns.codes = {NAME: code}
        assert took_ms(way) == internet.dns.delay_ms
        assert way.why == "no answer (%s)" % words and way.reached and not way.broken
    internet.dns.codes = {}
    internet.names[NAME] = ["0.0.0.0"]
    took_ms(way)
    assert way.why == "no answer (no address)" and way.reached
    internet.dns.change = lambda question, answer: [answer[:-1]]
    took_ms(way)
    assert way.why == "no answer (a broken DNS answer)" and not way.broken
    # A name that is none is not asked for.
    del internet.dns.asked[:]
    took_ms(way, "http://a..b/batch_logs")
    assert way.why == "no answer (no such name)" and internet.dns.asked == []
    assert not way.reached


def test_an_address_is_used_until_its_ttl_is_over_or_an_exchange_goes_wrong():
    server, way = joined()
    internet.dns.ttl_s = 600
    asked = 1
    assert post(way) == ACCEPTED and len(internet.dns.asked) == asked
    for pause_ms, again in (
        (61000, 0),  # the connection is closed after a minute
        (500000, 0),
        (61000, 1),
        (61000, 0),
        (7 * 86400000, 1),
        (12 * 86400000 + 30000000, 1),
    ):
        time.advance(pause_ms)
        assert post(way) == ACCEPTED
        asked += again
        assert len(internet.dns.asked) == asked, pause_ms
    server.always = ("garbage", {}, b"hello")
    assert post(way) == UNKNOWN
    server.always = None
    assert post(way) == ACCEPTED and len(internet.dns.asked) == asked + 1
    # One that the server has closed meanwhile is opened anew, without a look-up.
    server.answers = ["drop"]
    internet.during_call = None
    server.pieces = lambda raw, keep: [(0, raw), (0, b"")]
    for _ in range(3):
        assert post(way) in (ACCEPTED, UNKNOWN)
    assert post(way) == ACCEPTED and len(internet.dns.asked) == asked + 2


def test_a_connect_into_the_void_takes_its_time_in_steps():
    for style in ("esp32", "rp2"):
        for url in (URL, SECURE):
            server, way = joined(style)
            internet.dead.update(("service.test:80", "service.test:443"))
            assert TIMEOUT_MS <= took_ms(way, url) <= TIMEOUT_MS + STEP_MS
            assert way.why == "no answer (110)" and not way.reached
            internet.dead.clear()
            assert post(way, 1, url) == ACCEPTED and values(server) == [1]


def test_a_refusal_is_told_at_once_and_shows_that_the_link_is_alive():
    for style in ("esp32", "rp2"):
        for url in (URL, SECURE):
            server, way = joined(style)
            server.down = True
            internet.trip_ms = 250
            assert took_ms(way, url) == internet.dns.delay_ms + 250
            assert way.why == "no answer (104)" and way.reached
            server.down = False
            assert post(way, 1, url) == ACCEPTED and values(server) == [1]


def test_where_one_address_of_several_is_gone_the_next_one_is_tried():
    for gone in ("dead", "down"):
        server, way = joined(name="192.0.2.3")
        server.down = False
        internet.names[NAME] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        if gone == "dead":
            internet.dead.update(("192.0.2.1:80", "192.0.2.2:80"))
        way._timeout_s = 9
        before_ms = time.up_ms()
        assert post(way, 1) == ACCEPTED and values(server) == [1], way.why
        assert time.up_ms() - before_ms < (7000 if gone == "dead" else 200)
        # Those that were not there are not tried again while this one is.
        time.advance(61000)
        before_ms = time.up_ms()
        assert post(way, 2) == ACCEPTED and time.up_ms() - before_ms < 200
        assert len(internet.dns.asked) == 1
        # With all of them gone, the number is told, and the name is looked up anew.
        time.advance(61000)
        server.down = True
        took_ms(way)
        assert way.why == "no answer (104)"
        took_ms(way)
        assert len(internet.dns.asked) == 2


def test_an_address_that_answers_is_found_however_many_do_not_and_however_short_the_time():
    addresses = ["192.0.2.%d" % (i + 1) for i in range(5)]
    for timeout_s in (1, 2, 5):
        for silent in ("connect", "answer"):
            server, way = joined(name=addresses[4])
            way._timeout_s = timeout_s
            internet.names[NAME] = addresses
            for address in addresses[:4]:
                internet.hosts[address + ":80"] = other = Server()
                other.pieces = lambda raw, keep: []
                if silent == "connect":
                    internet.dead.add(address + ":80")
            for _ in addresses:
                if post(way, 1) == ACCEPTED:
                    break
            assert values(server) == [1]


def test_a_refusal_by_one_of_several_addresses_shows_that_the_link_is_alive():
    _, way = joined()
    internet.names[NAME] = ["192.0.2.1", "192.0.2.2"]
    internet.dead.add("192.0.2.2:80")
    took_ms(way)
    assert way.why == "no answer (110)" and way.reached


def test_several_addresses_in_the_void_share_the_time_of_an_exchange():
    _, way = joined()
    for count in (2, 3, 9):
        internet.names[NAME] = ["192.0.2.%d" % (i + 1) for i in range(count)]
        internet.dead.update(["192.0.2.%d:80" % (i + 1) for i in range(count)])
        assert TIMEOUT_MS <= took_ms(way) <= TIMEOUT_MS + 3 * STEP_MS
        assert way.why == "no answer (110)"


def test_a_link_that_goes_down_in_a_connect_leaves_nothing_open():
    for style in ("esp32", "rp2"):
        server, way = joined(style)
        internet.trip_ms = 500
        start(way, 1)
        for _ in range(3):
            assert way.step() is None
        network.WLAN(network.STA_IF).disconnect()
        outcome = None
        while outcome is None:
            outcome = way.step()
        assert outcome == UNKNOWN and internet.open_sockets == 0
        assert not way.reached and way.why.startswith("no answer (")


def test_a_program_that_polls_seldom_gets_through_a_look_up_and_a_connect():
    for pause_ms in (1000, 6000, 60000, 3600000):
        server, way = joined()
        internet.dns.delay_ms = internet.trip_ms = 300
        assert post(way, 1, URL, pause_ms) == ACCEPTED and values(server) == [1]


def test_of_the_time_of_an_exchange_the_look_up_takes_its_part():
    server, way = joined()
    internet.dns.delay_ms = 3000
    internet.dead.add("service.test:80")
    assert TIMEOUT_MS <= took_ms(way) <= TIMEOUT_MS + STEP_MS


def test_a_server_that_speaks_before_it_is_asked_is_heard():
    early = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    for style in ("esp32", "rp2"):
        server, way = joined(style)
        connect = server.connection

        def hurried(connect=connect):
            held = connect()
            held.arrive(0, early)
            held.arrive(0, b"")
            return held

        server.connection = hurried
        post(way)
        assert way.status == 503
        way.close()
        # TLS's never does.
        assert post(way, 0, SECURE) == UNKNOWN and way.why == "no answer (closed)"
        assert internet.open_sockets == 0


def test_whatever_leaves_a_step_of_it_nothing_stays_open_and_the_next_one_is_whole():
    for error in (KeyboardInterrupt(), MemoryError(), RuntimeError(), OSError(12)):
        number = 0
        hurt = True
        while hurt:
            server, way = joined()
            internet.trip_ms = 120
            internet.dns.delay_ms = 120
            left = [number]

            def raising(name, left=left, error=error):
                left[0] -= 1
                if left[0] == -1 and (name != "close" or not isinstance(error, OSError)):
                    raise error

            start(way, 1)
            internet.during_call = raising
            try:
                while way.step() is None:
                    pass
            except KeyboardInterrupt:
                pass
            internet.during_call = None
            hurt = left[0] < 0
            way.close()
            assert internet.open_sockets == 0, (number, error)
            assert post(way, 2) == ACCEPTED and values(server)[-1] == 2
            number += 1
        assert number > 15


def test_a_step_that_is_given_up_in_the_middle_is_closed():
    for steps in range(8):
        server, way = joined()
        internet.trip_ms = internet.dns.delay_ms = 250
        start(way, 1)
        for _ in range(steps):
            way.step()
        way.close()
        assert internet.open_sockets == 0
        assert post(way, 2) == ACCEPTED and values(server)[-1] == 2


def test_a_board_with_a_silent_dns_server_goes_on_with_its_work():
    board = Board(home(), transport="kept", ntp_hosts=[])
    board.server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
    board.log("t", 1)
    board.run(30)
    assert board.values() == [1] and internet.dns.asked == [NAME]
    internet.dns_silent = True
    longest_ms = 0
    board.logger._uplink.give_up()
    for i in range(600):
        before_ms = time.up_ms()
        board.logger.poll()
        longest_ms = max(longest_ms, time.up_ms() - before_ms)
        if i % 100 == 0:
            board.log("t", i)
        time.advance(100)
    assert longest_ms <= STEP_MS
    assert "the DNS server is silent" in board.logger.last_error
    internet.dns_silent = False
    board.run(120)
    assert board.logger.pending == 0 and len(board.values()) == 7
    board.logger.close()
    assert internet.open_sockets == 0
