"""Beside the kept connection an NTP host's name is looked up in steps: a silent DNS server holds
no poll(), and what is told of a name, and what stays open, is as with POSTs."""

import internet
import network
from islog import clock, sntp_steps
from networks import home, joined, station
from ntp_host import Ntp
from virtual_board import NOW_MS, Board, time

STEP_MS = 100
ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


def make(host="time.test"):
    """On a network that tells its DNS server: a client, a clock, and an NTP host."""
    station()
    ntp = Ntp(NOW_MS)
    ntp.delay_ms = 5
    name, _, port = host.partition(":")
    internet.hosts["%s:%s" % (name, port or "123")] = ntp
    return sntp_steps.SteppedSntp((host,), 5), clock.Clock(), ntp


def outcome(client, board_clock, step_ms=STEP_MS, pause_ms=0):
    """What a question comes to; no step of it takes longer than it may."""
    wrong = ""
    while wrong == "":
        before_ms = time.up_ms()
        wrong = client.ask(board_clock, step_ms)
        assert time.up_ms() - before_ms <= max(step_ms, 20)  # (the fake host takes 10 ms to hear)
        time.advance(pause_ms)
    assert internet.open_sockets == 0
    return wrong


def test_the_networks_dns_server_is_asked_for_the_host_and_the_time_is_right():
    for host in ("time.test", "time.test:1234"):
        client, board_clock, ntp = make(host)
        assert outcome(client, board_clock) is None and client.done and ntp.asked == 1
        unix_s, ms, periods, ticks, error_ms = client.best
        board_clock.sync("ntp", unix_s, ms, periods, ticks, error_ms)
        board_clock.tick()
        board_clock.locate(board_clock.periods, board_clock.ticks)
        shown_ms = board_clock.unix_block * 100000000 + board_clock.ticks + board_clock.offset_ms
        assert abs(shown_ms - NOW_MS - time.up_ms()) <= 10 and error_ms <= 6
    assert internet.dns.asked == ["time.test"] * 2


def test_an_address_and_a_name_that_only_the_port_finds_are_no_questions_to_it():
    for host in ("192.0.2.1", "clock.local"):
        internet.names["clock.local"] = True
        client, board_clock, ntp = make(host)
        assert outcome(client, board_clock) is None and ntp.asked == 1
    station("0.0.0.0")  # a network without one
    client._turn = 0
    assert outcome(client, board_clock) is None
    assert internet.dns.asked == []


def test_a_silent_dns_server_has_a_few_seconds_and_is_named():
    client, board_clock, ntp = make()
    internet.dns_silent = True
    before_ms = time.up_ms()
    words = "no time from time.test (the DNS server is silent)"
    assert outcome(client, board_clock) == words and time.up_ms() - before_ms == 3500
    assert len(internet.dns.asked) == 3 and ntp.asked == 0
    internet.dns_silent = False
    assert outcome(client, board_clock) is None and client.done


def test_what_the_dns_server_says_instead_is_told_in_words():
    for code, words in ((3, "no such name"), (2, "the DNS server has failed")):
        client, board_clock, _ = make()
        internet.dns.codes = {"time.test": code}
        assert outcome(client, board_clock) == "no time from time.test (%s)" % words
    client, board_clock, _ = make("a..b")
    assert outcome(client, board_clock) == "no time from a..b (no such name)"


def test_an_address_that_wants_to_be_left_alone_is_not_asked_again_and_the_next_one_is():
    client, board_clock, ntp = make()
    for address in ADDRESSES:
        internet.hosts[address + ":123"] = ntp
    internet.names["time.test"] = ADDRESSES
    for count in range(1, 4):
        ntp.change = kiss
        assert outcome(client, board_clock) == "time.test asks to be left alone for a while"
        assert ntp.asked == count
    ntp.change = None
    assert outcome(client, board_clock) == "no time from time.test (no address)"
    assert ntp.asked == 3
    time.advance(3600000)
    board_clock.tick()
    assert outcome(client, board_clock) is None and client.done


def kiss(reply):
    reply[1] = 0


def test_a_program_that_polls_seldom_gets_the_time():
    for pause_ms in (1000, 60000, 3600000):
        client, board_clock, ntp = make()
        internet.dns.delay_ms = 300
        for _ in range(4):
            if not client.done:
                outcome(client, board_clock, STEP_MS, pause_ms)
        assert client.done and ntp.asked == 1


def test_a_step_that_may_not_wait_does_not():
    client, board_clock, ntp = make()
    internet.dns.delay_ms = 70
    internet.dns.deaf_to = 1
    ntp.delay_ms = 0
    while True:
        before_ms = time.up_ms()
        wrong = client.ask(board_clock, 0)
        assert time.up_ms() == before_ms
        if wrong != "":
            break
        time.advance(5)
    assert wrong is None and client.done


def test_whatever_leaves_a_step_nothing_stays_open_and_the_next_one_goes_on():
    for error in (KeyboardInterrupt(), MemoryError(), OSError(12), RuntimeError()):
        number, hurt = 0, True
        while hurt:
            joined()
            client, board_clock, ntp = make()
            internet.dns.deaf_to = 1
            left = [number]

            def raising(name, left=left, error=error):
                left[0] -= 1
                if left[0] == -1 and (name != "close" or isinstance(error, KeyboardInterrupt)):
                    raise error

            internet.during_call = raising
            for _ in range(20):
                try:
                    client.ask(board_clock)
                except (KeyboardInterrupt, RuntimeError):
                    pass
                if client.done:
                    break
            hurt = left[0] < 0
            internet.during_call = None
            client.close()
            assert internet.open_sockets == 0 and not client.asking
            assert client.done, (number, error)
            number += 1
        assert number > 12


def test_a_board_whose_dns_server_is_silent_holds_no_poll_neither_for_the_time_nor_for_a_post():
    board = Board(home(), transport="kept", timeout=5, backoff_max=8)
    internet.dns_silent = True
    board.log("t", 1)
    longest_ms = 0
    for _ in range(6000):
        before_ms = time.up_ms()
        board.logger.poll()
        longest_ms = max(longest_ms, time.up_ms() - before_ms)
        time.advance(20)
    assert longest_ms <= STEP_MS
    told = {sentence for _, sentence in board.logger.status()["said"]}
    assert "no time from time.test (the DNS server is silent)" in told
    assert any("for the bucket" in sentence for sentence in told)
    assert {"time.test", "service.test"} == set(internet.dns.asked)
    internet.dns_silent = False
    board.run(200)
    assert board.values() == [1] and board.logger.status()["clock"] == "ntp"
    board.logger.close()
    assert internet.open_sockets == 0


def test_a_look_up_ends_with_the_link():
    board = Board(home(), transport="kept")
    internet.dns_silent = True
    while not internet.dns.asked:
        board.run(1)
    assert board.logger._time.asking and internet.open_sockets == 1
    network.WLAN(network.STA_IF).active(False)
    board.run(2)
    assert internet.open_sockets == 0


def test_programs_without_the_kept_connection_or_ntp_have_none_of_it():
    for settings in ({}, {"transport": "kept", "ntp_hosts": []}):
        asks = Board(**settings).logger._time._sntp
        assert type(asks) is sntp_steps.Sntp
    assert type(Board(transport="kept").logger._time._sntp) is sntp_steps.SteppedSntp
