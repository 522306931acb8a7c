"""Which answers of an NTP host are believed, and what silence costs."""

import internet
from islog import clock, timekeeper
from world import NOW_MS, time


def make(*hosts):
    ntp = internet.Ntp(NOW_MS)
    internet.hosts["time.test:123"] = ntp
    return timekeeper.Sntp(hosts or ("time.test",), 5), clock.Clock(), ntp


def ask(client, board_clock):
    """Ask until it is done, and take the answer: how far the clock is off, in ms."""
    for _ in range(9):
        wrong = client.ask(board_clock)
        assert wrong is None, wrong
        if client.done:
            break
    board_clock.sync("ntp", *client.best)
    board_clock.tick()
    board_clock.settle(board_clock.hi, board_clock.last)
    shown_ms = board_clock.mega * 100000000 + board_clock.last + board_clock.shift
    return shown_ms - NOW_MS - time.up_ms()


def test_an_answer_is_right_to_the_millisecond_with_half_the_round_trip():
    for delay_ms in (1, 40, 500):
        client, board_clock, ntp = make()
        ntp.delay_ms = delay_ms
        assert abs(ask(client, board_clock)) <= 1
        assert client.best[4] <= delay_ms + 2


def test_the_best_of_a_few_answers_is_taken():
    client, board_clock, ntp = make()
    delays = [300, 30, 200]

    def answer(question):
        ntp.delay_ms = delays[ntp.asked]
        return ntp.answer(question)

    internet.hosts["time.test:123"] = Proxy(answer)
    assert abs(ask(client, board_clock)) <= 1
    assert ntp.asked == 3 and client.best[4] == 31


class Proxy:
    def __init__(self, answer):
        self.answer = answer


def test_a_quick_answer_needs_no_second_one():
    client, board_clock, ntp = make()
    ntp.delay_ms = 5
    ask(client, board_clock)
    assert ntp.asked == 1


def test_answers_that_must_not_be_believed_are_refused():
    def unsynchronised(reply):
        reply[0] |= 0xC0

    def not_a_server(reply):
        reply[0] = 0x23

    def broadcast(reply):
        reply[0] = 0x25

    def too_far_from_a_clock(reply):
        reply[1] = 16

    def another_question(reply):
        reply[24] ^= 1

    def before_this_release(reply):
        reply[40:44] = (1600000000 + 2208988800).to_bytes(4, "big")

    kinds = unsynchronised, not_a_server, broadcast, too_far_from_a_clock, another_question
    for spoil in kinds + (before_this_release,):
        client, board_clock, ntp = make()
        ntp.change = spoil
        assert "time.test" in client.ask(board_clock) and not client.done
        ntp.change = None
        assert abs(ask(client, board_clock)) <= 1


def test_a_short_packet_is_refused():
    for size in (0, 1, 47):
        client, board_clock, ntp = make()
        internet.hosts["time.test:123"] = Proxy(lambda q, n=size, ntp=ntp: ntp.answer(q)[:n])
        assert "time.test" in client.ask(board_clock) and not client.done


def test_a_kiss_of_death_is_heeded():
    def kiss(reply):
        reply[1] = 0

    client, board_clock, ntp = make()
    ntp.change = kiss
    assert client.ask(board_clock) == "time.test asks not to be asked again"
    assert client.hosts == []
    client, board_clock, ntp = make("killed.test", "time.test", "other.test")
    internet.names["killed.test"] = True
    internet.hosts["killed.test:123"] = killed = internet.Ntp(NOW_MS)
    killed.change = kiss
    assert "killed.test" in client.ask(board_clock)
    assert abs(ask(client, board_clock)) <= 1 and ntp.asked == 3  # the next in turn


def test_silence_costs_the_time_out_and_the_next_host_is_asked():
    client, board_clock, _ = make("nowhere.test", "silent.test", "time.test:123")
    internet.names["silent.test"] = True
    internet.hosts["silent.test:123"] = silent = internet.Ntp(0)
    silent.silent = True
    assert "nowhere.test" in client.ask(board_clock)
    start = time.up_ms()
    assert "silent.test" in client.ask(board_clock)
    assert time.up_ms() - start <= 5000
    assert abs(ask(client, board_clock)) <= 1
    assert internet.open_sockets == 0


def test_one_lost_packet_of_several_does_not_lose_the_others():
    client, board_clock, ntp = make()
    ntp.delay_ms = 100
    assert client.ask(board_clock) is None and not client.done
    ntp.silent = True
    assert client.ask(board_clock) is None and client.done
    assert client.best[4] <= 102


def test_from_2036_on_the_seconds_start_again():
    client, board_clock, ntp = make()
    ntp.unix_ms = 2085978496000 + 86400000 - time.up_ms()  # a day after 2036-02-07
    off_ms = ask(client, board_clock)
    assert abs(off_ms - (ntp.unix_ms - NOW_MS)) <= 1
