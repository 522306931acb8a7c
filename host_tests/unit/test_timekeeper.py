"""Which answers of an NTP host are believed, and what silence costs."""

import internet
from clocks import DAY_MS
from islog import clock, timekeeper
from ntp_host import Ntp
from virtual_board import NOW_MS, Board, raises, time

HOUR_MS = 3600000


def make(*hosts):
    ntp = Ntp(NOW_MS)
    internet.hosts["time.test:123"] = ntp
    return timekeeper.Sntp(hosts or ("time.test",), 5), clock.Clock(), ntp


def outcome(client, board_clock):
    """What one question comes to, however many steps it takes; each of at most 100 ms."""
    while True:
        since = time.up_ms()
        wrong = client.ask(board_clock)
        if wrong != "":
            return wrong
        assert client.asking and time.up_ms() - since <= 100


def ask(client, board_clock):
    """Ask until it is done, and take the answer: how far the clock is off, in ms."""
    for _ in range(9):
        wrong = outcome(client, board_clock)
        assert wrong is None, wrong
        if client.done:
            break
    board_clock.sync("ntp", *client.best)
    board_clock.tick()
    board_clock.locate(board_clock.periods, board_clock.ticks)
    shown_ms = board_clock.unix_block * 100000000 + board_clock.ticks + board_clock.offset_ms
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


def kiss(reply):
    reply[1] = 0


def test_after_a_kiss_of_death_an_address_is_left_alone_for_an_hour():
    client, board_clock, ntp = make()
    ntp.change = kiss
    assert client.ask(board_clock) == "time.test asks to be left alone for a while"
    ntp.change = None
    for _ in range(59):
        time.advance(60000)
        board_clock.tick()
        assert "time.test" in client.ask(board_clock)
    assert ntp.asked == 1
    time.advance(60000)
    board_clock.tick()
    assert abs(ask(client, board_clock)) <= 1


def test_after_a_kiss_of_death_the_next_host_is_asked():
    client, board_clock, ntp = make("killed.test", "time.test", "other.test")
    internet.names["killed.test"] = True
    internet.hosts["killed.test:123"] = killed = Ntp(NOW_MS)
    killed.change = kiss
    assert "killed.test" in client.ask(board_clock)
    assert abs(ask(client, board_clock)) <= 1 and ntp.asked == 3
    assert killed.asked == 1


def test_of_the_addresses_of_a_name_only_the_one_that_wants_it_is_left_alone():
    internet.names["pool.test"] = ["first.test", "second.test"]
    client, board_clock, _ = make("pool.test")
    internet.hosts["first.test:123"] = first = Ntp(NOW_MS)
    internet.hosts["second.test:123"] = second = Ntp(NOW_MS)
    first.change = kiss
    assert "pool.test" in client.ask(board_clock)
    for _ in range(5):
        assert abs(ask(client, board_clock)) <= 1
        client.ask(board_clock)
    assert first.asked == 1 and second.asked > 5


def test_a_board_with_one_time_host_gets_over_its_kiss_of_death():
    board = Board(flush_interval=0)
    board.ntp.change = kiss
    board.log("t", 1)
    board.run(600)
    assert board.ntp.asked == 1 and board.logger.state == "no time"
    board.ntp.change = None
    board.run(HOUR_MS // 1000 + 600)
    assert board.values() == [1] and board.logger.status()["clock"] == "ntp"


def test_a_look_up_that_finds_nothing_is_no_answer():
    for name, said in (("time.test", "no time from time.test"), ("service.test", "no answer")):
        internet.reset()
        internet.names[name] = []
        board = Board(transport="kept", flush_interval=0)
        board.log("t", 1)
        board.run(60)
        assert board.logger.last_error.startswith(said) and board.values() == []
        internet.names[name] = True
        board.run(150)
        assert board.values() == [1]


def questions(board, hours):
    """How many an hour, in each of so many hours."""
    out = []
    for _ in range(hours):
        before = board.ntp.asked
        board.run(3600)
        out.append(board.ntp.asked - before)
    return out


def test_a_silent_host_is_asked_at_growing_intervals_the_first_not_near_zero():
    board = Board()
    board.ntp.silent = True
    asked_ms = []
    while time.up_ms() < HOUR_MS:
        count = board.ntp.asked
        time.advance(max(1, board.logger.poll()))
        if board.ntp.asked > count:
            asked_ms.append(time.up_ms())
    pauses = [after - before for before, after in zip(asked_ms, asked_ms[1:])]
    assert min(pauses) >= 2000 and pauses[0] < 10000
    assert min(pauses[-3:]) >= 300000 and len(asked_ms) < 25


def test_a_host_that_falls_silent_later_costs_as_little():
    board = Board(flush_interval=10, sync_interval=600)
    board.run(5)
    board.ntp.silent = True
    board.run(600)
    for hour in range(2):
        posts = len(board.server.posts)
        for count in questions(board, 1):
            assert count < 25 if hour == 0 else 5 < count < 14
        assert len(board.server.posts) == posts  # no reading, no call
    for i in range(120):
        board.log("t", i)
        board.run(10)
    board.run(20)
    bucket_calls = [path for path, _ in board.server.posts if path == "/buckets"]
    assert board.values() == list(range(120)) and len(bucket_calls) <= 3


def test_an_interrupted_question_leaves_no_socket_and_no_hurry():
    def stop(*_):
        raise KeyboardInterrupt

    board = Board(flush_interval=0)
    board.ntp.change = stop
    board.log("t", 1)
    for _ in range(100):
        try:
            time.advance(max(1, board.logger.poll()))
        except KeyboardInterrupt:
            assert internet.open_sockets == 0
    assert 1 < board.ntp.asked < 10
    board.ntp.change = None
    board.run(300)
    assert board.values() == [1] and internet.open_sockets == 0


def test_a_question_for_which_there_is_no_memory_is_one_in_vain():
    def full(*_):
        raise MemoryError

    client, board_clock, ntp = make()
    ntp.change = full
    assert "time.test" in client.ask(board_clock)
    assert internet.open_sockets == 0 and not client.done
    ntp.change = None
    assert abs(ask(client, board_clock)) <= 1


def test_a_sample_of_an_earlier_time_is_never_the_best_again():
    def stop(*_):
        raise KeyboardInterrupt

    client, board_clock, ntp = make()
    ask(client, board_clock)
    time.advance(4 * HOUR_MS)
    ntp.change = stop
    raises(KeyboardInterrupt, client.ask, board_clock)
    ntp.change = None
    ntp.delay_ms = 100  # worse than that of four hours ago
    assert abs(ask(client, board_clock)) <= 1
    assert client.best[4] >= 100


def test_an_answer_that_has_waited_for_a_rare_caller_is_taken_for_what_it_was():
    board = Board(flush_interval=0)
    board.logger.poll()  # the first of several answers
    logged_ms = NOW_MS + time.up_ms()
    board.log("t", 1)
    assert board.ntp.asked == 1 and not board.logger.synced
    time.advance(HOUR_MS)
    board.logger.poll()  # an hour's drift is between it and another one: they are not compared
    assert board.ntp.asked == 1 and board.logger.synced
    board.run(10)
    assert abs(board.times_ms()[0] - logged_ms) <= 1


def test_silence_costs_the_time_out_and_the_next_host_is_asked():
    client, board_clock, _ = make("nowhere.test", "silent.test", "time.test:123")
    internet.names["silent.test"] = True
    internet.hosts["silent.test:123"] = silent = Ntp(0)
    silent.silent = True
    assert "nowhere.test" in client.ask(board_clock)
    start = time.up_ms()
    assert "silent.test" in outcome(client, board_clock)
    assert time.up_ms() - start == 2000
    assert abs(ask(client, board_clock)) <= 1
    assert internet.open_sockets == 0


def test_while_ntp_is_silent_a_poll_is_short_and_most_of_the_time_is_the_programs():
    board = Board(flush_interval=0)
    board.ntp.silent = True
    longest_ms = asked_ms = 0
    while time.up_ms() < 60000:
        since = time.up_ms()
        wait_ms = board.logger.poll()
        took_ms = time.up_ms() - since
        longest_ms, asked_ms = max(longest_ms, took_ms), asked_ms + took_ms
        time.advance(max(1, min(50, wait_ms)))
    assert longest_ms <= 120 and board.ntp.asked >= 3
    assert asked_ms < 20000


def test_a_program_that_polls_rarely_gets_the_time_from_a_host_that_is_far_away():
    board = Board(flush_interval=0)
    board.ntp.late_ms = 400
    for _ in range(20):
        board.logger.poll()
        time.advance(60000)
    status = board.logger.status()
    assert status["clock"] == "ntp" and status["clock_error_ms"] <= 400
    board.log("t", 1)
    logged_ms = NOW_MS + time.up_ms()
    for _ in range(20):
        time.advance(60000)
        board.logger.poll()
    assert abs(board.times_ms()[0] - logged_ms) <= 400


def test_one_lost_packet_of_several_does_not_lose_the_others():
    client, board_clock, ntp = make()
    ntp.delay_ms = 100
    assert client.ask(board_clock) is None and not client.done
    ntp.silent = True
    assert outcome(client, board_clock) is None and client.done
    assert client.best[4] <= 102


def test_from_2036_on_the_seconds_start_again():
    client, board_clock, ntp = make()
    ntp.unix_ms = 2085978496000 + 86400000 - time.up_ms()  # a day after 2036-02-07
    off_ms = ask(client, board_clock)
    assert abs(off_ms - (ntp.unix_ms - NOW_MS)) <= 1


def test_the_age_of_the_oldest_reading_shows_in_status():
    board = Board(flush_interval=3600, sync_interval=3600)
    board.ntp.silent = True
    board.log("t", 1)
    for _ in range(30):
        time.advance(DAY_MS)
        board.logger.poll()
    assert board.logger.status()["clock_error_ms"] is None
    board.ntp.silent = False
    while not board.logger.synced:
        time.advance(max(1, board.logger.poll()))
    assert 60000 < board.logger.status()["clock_error_ms"] < 150000
