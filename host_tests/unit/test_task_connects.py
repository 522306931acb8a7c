"""Under asyncio no other task is held up while a name is looked up, or a connection opened; and
what is cancelled in the middle of it leaves nothing behind."""

import random

import internet
import virtual_board
from islog import task as under_asyncio
from networks import home
from programs import Ticker, ended, log_each_second, run
from virtual_board import Board, time

asyncio = under_asyncio.asyncio
NAME = "service.test"


def a_board(**settings):
    virtual_board.reset()
    given = {"flush_interval": 0, "timeout": 5, "backoff_max": 2}
    given.update(settings)
    board = Board(home(), transport="kept", **given)
    board.server.latency_ms = 0
    return board


def dns_is_silent():
    internet.dns_silent = True


def dns_is_slow():
    internet.dns.delay_ms = 400


def dns_is_deaf_at_first():
    internet.dns.deaf_to = 2


def dns_knows_nothing():
    internet.names.clear()


def dns_lies():
    internet.dns.change = lambda question, answer: [b"", answer[:-1], answer] * 20


def connects_slowly():
    internet.trip_ms = 700


def nobody_is_there():
    internet.names[NAME] = ["192.0.2.1", "192.0.2.2"]
    internet.dead.update(("192.0.2.1:80", "192.0.2.2:80"))


def the_first_of_two_is_gone():
    internet.names[NAME] = ["192.0.2.1", internet.address_of(NAME)]
    internet.dead.add("192.0.2.1:80")


TROUBLES = (dns_is_silent, dns_is_slow, dns_is_deaf_at_first, dns_knows_nothing, dns_lies)
TROUBLES += (connects_slowly, nobody_is_there, the_first_of_two_is_gone)
PASS_BY_THEMSELVES = (dns_is_slow, dns_is_deaf_at_first, connects_slowly, the_first_of_two_is_gone)


def test_whatever_a_network_does_no_other_task_is_late():
    for trouble in TROUBLES:
        board, ticker = a_board(), Ticker()
        board.ntp.delay_ms = 0  # (the fake host's own time to hear)
        trouble()
        run(board, board.logger.run(), ticker.run(), log_each_second(board, 20), seconds=90)
        assert ticker.late_ms == 0, trouble
        assert board.logger.sent == (20 if trouble in PASS_BY_THEMSELVES else 0), trouble
        if trouble not in PASS_BY_THEMSELVES:
            assert "no " in board.logger.last_error
        # Once that is over, all arrives.
        internet.dns_silent, internet.dns.change = False, None
        internet.names[NAME] = internet.names["time.test"] = True
        run(board, board.logger.run(), seconds=60)
        assert board.values() == list(range(20))
        board.logger.close()
        assert internet.open_sockets == 0


def test_a_dns_servers_answer_is_heard_as_soon_as_it_comes_and_its_silence_costs_no_wake_ups():
    board = a_board(ntp_hosts=[])
    board.server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
    run(board, board.logger.run(), seconds=20)
    for delay_ms in (37, 333):
        board.logger._uplink.give_up()
        internet.dns.delay_ms = delay_ms
        since = time.up_ms()
        board.log("t", delay_ms)
        run(board, until(lambda board=board: not board.logger.pending), board.logger.run())
        took_ms = arrived_ms[-1] - since
        assert delay_ms <= took_ms <= delay_ms + 80
    board.logger._uplink.give_up()
    internet.dns_silent = True
    board.log("t", 3)
    run(board, board.logger.run(), seconds=4)
    assert asyncio.wake_ups < 10 and len(internet.dns.asked) >= 5
    board.logger._uplink.give_up()
    assert internet.open_sockets == 0


arrived_ms = []


async def until(done):
    while not done():
        await asyncio.sleep_ms(1)
    arrived_ms.append(time.up_ms())


def test_cancelled_at_any_moment_of_a_look_up_or_a_connect_nothing_stays_open():
    moments = 25
    for count in range(moments):
        board = a_board()
        internet.dns.delay_ms = internet.trip_ms = 300

        async def cancelled(board=board, count=count):
            runner = asyncio.create_task(board.logger.run())
            await asyncio.sleep_ms((count * 6000 + random.randrange(6000)) // moments)
            runner.cancel()
            await ended(runner)
            assert internet.open_sockets == 0
            board.check_books()

        board.log("t", count)
        run(board, cancelled())
        run(board, board.logger.run(), seconds=30)
        assert board.values()[-1] == count and board.logger.pending == 0
