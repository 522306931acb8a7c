"""A board through outages, overflow and wrong answers: what arrives, and what the counters say."""

import initial_state
import internet
from virtual_board import NOW_MS, Board, time

HTML = (200, {"Content-Type": "text/html"}, b"<html>log in</html>")


def test_readings_from_before_the_first_sync_carry_the_time_at_which_they_were_logged():
    board = Board()
    board.ntp.silent = True
    for i in range(3):
        board.log("t", i)
        time.advance(60000)
    logged_ms = [NOW_MS, NOW_MS + 60000, NOW_MS + 120000]
    board.run(30)
    assert board.values() == []
    board.ntp.silent = False
    board.run(120)
    assert board.values() == [0, 1, 2]
    for sent, true in zip(board.times_ms(), logged_ms):
        assert abs(sent - true) <= 2


def test_a_batch_goes_when_its_oldest_reading_has_waited():
    board = Board(flush_interval=10)
    board.run(2)
    board.log("t", 0)
    board.run(11)  # the first goes after a random part of it: see the fleet's test
    board.log("t", 1)
    board.run(9)
    assert board.values() == [0]
    board.run(2)
    assert board.values() == [0, 1]


def test_a_batch_goes_when_the_body_is_full():
    board = Board(flush_interval=3600, batch_bytes=2048)
    board.run(2)
    for i in range(100):
        board.log("t", i)
        board.run(1)
    assert len(board.server.batches) >= 4
    assert all(len(body) <= 2048 for body in board.server.batches)
    # Once it has seen some, its guess of what fills a body is a good one.
    assert all(len(body) > 1600 for body in board.server.batches[1:])


def test_the_bucket_is_created_once_and_never_holds_readings_back():
    board = Board(flush_interval=0)
    board.server.always_bucket = (500, {}, b"")
    board.log("t", 1)
    board.run(60)
    assert board.values() == [1] and board.server.buckets == {}
    board.server.always_bucket = None
    board.run(120)
    assert board.server.buckets == {board.logger.bucket_id: "room"}
    calls = len([path for path, _ in board.server.posts if path == "/buckets"])
    board.run(3600)
    assert len([path for path, _ in board.server.posts if path == "/buckets"]) == calls


def test_an_outage_loses_nothing_that_fits():
    board = Board()
    board.run(2)
    board.server.down = True
    for i in range(200):
        board.log("t", i)
        board.run(1)
    assert board.logger.state == "waiting"
    board.server.down = False
    board.run(120)
    assert board.values() == list(range(200))
    assert board.logger.dropped == 0 and board.logger.state == "online"
    for i, sent in enumerate(board.times_ms()):
        assert abs(sent - (board.times_ms()[0] + i * 1000)) <= 100


def test_a_ring_filled_three_times_over_keeps_the_newest():
    board = Board(buffer_bytes=1024)  # 64 numbers
    board.run(2)
    board.server.down = True
    for i in range(192):
        board.log("t", i)
        board.run(1)
    board.server.down = False
    board.run(120)
    got = board.values()
    assert len(got) == 192 - board.logger.dropped
    assert got == list(range(192 - len(got), 192)) and len(got) >= 64


def test_overflow_while_a_post_is_under_way_does_not_touch_what_is_sent():
    board = Board(buffer_bytes=1024, flush_interval=0)
    board.run(2)
    for i in range(10):
        board.log("t", i)

    def callback():
        internet.during_post = None
        for i in range(10, 202):
            board.log("t", i)

    internet.during_post = callback
    board.run(60)
    got = board.values()
    assert got[:10] == list(range(10))
    assert got[10:] == list(range(202 - 64, 202))
    assert board.logger.dropped == 202 - len(got) == 128


def test_a_retry_sends_the_same_text():
    board = Board(flush_interval=0)
    board.run(2)
    board.server.answers = ["lost", "drop", (500, {}, b"")]
    board.log("t", 1.5)
    board.log("t", 2.5)
    board.run(60)
    assert len(board.server.batches) == 2 and board.server.batches[0] == board.server.batches[1]
    assert board.logger.sent == 2 and board.logger.retries == 3


def test_retries_back_off_with_jitter_to_a_cap():
    board = Board(flush_interval=0, backoff_max=30)
    board.run(2)
    board.server.always = (503, {}, b"")
    board.log("t", 1)
    at = []
    internet.during_post = lambda: at.append(time.up_ms())
    board.run(1200)
    waits = [b - a for a, b in zip(at, at[1:])]
    assert max(waits) <= 31000 and max(waits[:3]) <= 4100
    assert 1200 / 31 < len(waits) < 200 and len(set(waits)) > len(waits) // 2


def test_a_refused_key_is_said_once_without_the_key_and_recovers():
    board = Board(flush_interval=0)
    board.server.key = "another-key"
    board.log("t", 1)
    board.run(100)
    log = board.logger
    assert log.state == "refused" and log.pending == 1
    assert "check client_key" in log.last_error and "the-key" not in str(log.status())
    assert len(board.server.posts) <= 3  # minutes, not seconds
    board.server.key = "the-key"
    board.run(300)
    assert board.values() == [1] and log.state == "online"


def test_a_wrong_address_is_said_and_recovers():
    board = Board(flush_interval=0)
    board.server.always = (404, {}, b"")
    board.log("t", 1)
    board.run(60)
    assert board.logger.state == "refused" and "check ingest_url" in board.logger.last_error
    board.server.always = None
    board.run(300)
    assert board.values() == [1]


def test_a_redirect_is_never_followed():
    other = initial_state.Server()
    for version in ("0.10.2", "1.1.1"):
        for status in (301, 302, 303, 307, 308):
            board = Board(flush_interval=0)
            board.run(2)
            internet.hosts["elsewhere.test:80"] = other
            internet.names["elsewhere.test"] = True
            board.server.answers = [(status, {"Location": "http://elsewhere.test/x"}, b"")]
            board.log("t", 1)
            board.run(60)
            assert board.logger.state == "refused" and "redirect" in board.logger.last_error
            board.run(200)
            assert board.values() == [1]
            assert other.posts == [] and "elsewhere.test" not in internet.resolved
            assert version


def test_an_accepted_answer_that_has_a_location_is_accepted():
    board = Board(flush_interval=0)
    board.run(2)
    board.log("t", 1)
    board.server.answers = [(201, {"Location": "/readings/1"}, b"")]
    board.run(5)
    assert board.logger.sent == 1 and board.logger.retries == 0


def test_a_captive_portal_loses_nothing():
    board = Board(flush_interval=0)
    board.server.always = board.server.always_bucket = HTML
    board.log("t", 1)
    board.run(60)
    assert board.logger.sent == 0 and board.logger.pending == 1
    assert "not the API" in board.logger.last_error
    board.server.always = board.server.always_bucket = None
    board.run(120)
    assert board.values() == [1] and board.server.buckets


def test_200_with_json_is_accepted():
    board = Board(flush_interval=0)
    board.run(2)
    board.server.answers = [(200, {"Content-Type": "application/json"}, b"{}")]
    board.log("t", 1)
    board.run(3)
    assert board.logger.sent == 1 and board.logger.pending == 0


def test_no_answer_of_any_kind_leaves_a_socket_open():
    for answer in (
        "drop",
        "lost",
        (500, {}, b""),
        (302, {"Location": "http://x.test/"}, b""),
        HTML,
    ):
        board = Board(flush_interval=0)
        board.run(2)
        board.server.answers = [answer]
        board.log("t", 1)
        board.run(30)
        assert internet.open_sockets == 0


def test_a_name_that_is_not_found_is_waited_out():
    board = Board(flush_interval=0)
    board.run(2)
    del internet.names["service.test"]
    board.log("t", 1)
    board.run(30)
    assert board.logger.pending == 1 and board.logger.state == "waiting"
    internet.names["service.test"] = True
    board.run(90)
    assert board.values() == [1]


def test_given_times_in_a_full_ring_arrive_wherever_its_end_falls_among_them():
    board = Board(buffer_bytes=1024, flush_interval=0)
    board.run(2)
    board.server.down = True
    for i in range(44):
        board.log("t", i, (1796000000, i))
    board.run(5)
    board.server.down = False
    board.run(60)
    dropped = board.logger.dropped
    assert dropped and board.values() == list(range(dropped, 44))
    given = [e for name, _, e in board.server.readings if name == "t"]
    assert given == ["1796000000.%06d" % i for i in range(dropped, 44)]


def test_a_main_loop_that_polls_once_a_minute_sends_all():
    for name in ("requests", "kept"):
        board = Board(transport=name)
        for value in range(60):
            board.log("t", value)
            board.logger.poll()
            time.advance(60000)
        assert len(board.values()) > 50 and board.logger.retries == 0
