"""How long islog waits after a failed request, for programs that lose the time that it takes."""

import internet
import network
import virtual_board
from virtual_board import Board, time


def test_a_pause_is_never_shorter_than_the_attempt_that_failed():
    board = Board(flush_interval=0, backoff_max=1, buffer_bytes=8192)
    board.log("t", 0)
    board.run(10)
    board.server.down = True
    internet.dns_silent = True  # each look-up takes seconds
    longest_ms = polls = waited_ms = 0
    since_ms = time.up_ms()
    while time.up_ms() - since_ms < 120000:
        begin_ms = time.up_ms()
        wait_ms = board.logger.poll()
        took_ms = time.up_ms() - begin_ms
        if took_ms > 1000:
            longest_ms = max(longest_ms, took_ms)
        board.log("t", polls)
        polls += 1
        time.advance(max(1, min(500, wait_ms)))
        waited_ms += max(1, min(500, wait_ms))
    assert longest_ms > 3000
    assert waited_ms >= 50000  # half of the time is the program's


def test_a_program_that_polls_once_an_hour_does_not_wait_for_days():
    board = Board(transport="kept", flush_interval=0, timeout=5)
    board.log("t", 0)
    board.run(10)
    answers = board.server.pieces
    board.server.pieces = lambda raw, keep: []  # it takes what comes, and says nothing
    board.log("t", 1)
    for _ in range(40):
        time.advance(3600000)
        board.logger.poll()
    board.server.pieces = answers
    for _ in range(22):
        time.advance(3600000)
        board.logger.poll()
    assert board.values()[-1] == 1 and board.logger.pending == 0


def test_what_a_dead_connection_has_left_in_a_picos_network_stack_holds_no_write():
    for is_new in (False, True):
        virtual_board.reset()
        network.style = "rp2"
        board = Board(transport="kept", flush_interval=0, batch_bytes=4096, buffer_bytes=16384)
        board.log("t", 0)
        board.run(10)
        texts = ["%03d" % i + 200 * "x" for i in range(40)]
        for text in texts:
            board.log("t", text)
        if is_new:
            board.logger._uplink.give_up()

        def dies(name):  # with the batch's first bytes
            internet.link_up = internet.link_up and name != "write"

        internet.during_call = dies
        longest_ms = 0
        since_ms = time.up_ms()
        while board.logger.pending:
            if board.logger.retries:  # the first batch was given up: the network is back at once
                internet.link_up, internet.during_call = True, None
            begin_ms = time.up_ms()
            wait_ms = board.logger.poll()
            longest_ms = max(longest_ms, time.up_ms() - begin_ms)
            time.advance(max(1, wait_ms))
            assert time.up_ms() - since_ms < 60000
        assert longest_ms <= 100
        assert board.values()[1:] == texts
