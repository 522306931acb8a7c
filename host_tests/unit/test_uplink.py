"""What each answer means for the batch, and for what is counted."""

import virtual_board
from islog.uplink import BATCH, BUCKET, FAILING, PAUSED, PROBE
from sending import Sending
from spools import outage
from virtual_board import Board, time

SLOW_MS = 180000  # slow_retry
DAY_MS = 86400000


def test_what_is_accepted_leaves_the_batch_and_is_counted():
    for status in (201, 202, 204):
        sending = Sending()
        sending.server.answers = [status]
        assert sending.fill(1, 2, 3) == 3 and sending.counts() == (3, 0, 0, 0)
        assert sending.send() == 0 and sending.counts() == (0, 3, 0, 0)
        uplink = sending.uplink
        assert (uplink.condition, uplink.answered, uplink.retries) == (0, True, 0)


def test_what_is_not_accepted_stays_as_it_is_and_is_sent_again_after_a_while():
    for answer, condition, least_ms, most_ms in (
        (500, FAILING, 0, 1000),
        (503, FAILING, 0, 1000),
        ("drop", FAILING, 5000, 5100),  # never shorter than the attempt: its time-out
        (403, PAUSED, SLOW_MS * 3 // 4, SLOW_MS * 5 // 4),
        (511, PAUSED, SLOW_MS * 3 // 4, SLOW_MS * 5 // 4),
        (404, PAUSED, SLOW_MS * 3 // 4, SLOW_MS * 5 // 4),
        (301, PAUSED, SLOW_MS * 3 // 4, SLOW_MS * 5 // 4),
    ):
        sending = Sending()
        sending.fill(1, 2, 3)
        before = bytes(sending.uplink.batch.slice(3))
        sending.server.answers = [answer]
        assert least_ms <= sending.send() <= most_ms, answer
        uplink = sending.uplink
        assert sending.counts() == (3, 0, 0, 0) and uplink.retries == 1
        assert (uplink.condition, uplink.answered) == (condition, answer != "drop")
        assert len(sending.said) == 1 and "kept" in sending.said[0], answer
        assert bytes(uplink.batch.slice(3)) == before
        assert sending.send() == 0 and sending.counts() == (0, 3, 0, 0)


def test_only_the_suspicious_part_of_a_batch_is_halved_and_at_once():
    for status in (400, 413, 422):
        sending = Sending()
        sizes = sending.refuse(status, lambda signal, value: value == 5)
        sending.fill(*range(8))
        while sending.uplink.batch.count:
            assert sending.send() == 0
        assert sizes == [8, 4, 2, 1, 1, 2]
        assert sending.counts() == (0, 7, 1, 0)
        assert sending.said == [
            'a reading of "t" was refused alone (HTTP %d) and dropped' % status
        ]


def test_readings_that_are_refused_among_good_ones_are_all_dropped():
    sending = Sending()
    sizes = sending.refuse(400, lambda signal, value: value % 2)
    sending.fill(*range(16))
    sending.send_all()
    assert sending.counts() == (0, 8, 8, 0) and len(sizes) < 40
    assert sending.held() == [("t", value) for value in range(0, 16, 2)]


def test_after_three_single_readings_without_a_success_all_are_kept():
    sending = Sending()
    sending.refuse(400, lambda signal, value: True)
    sending.fill(*range(9))
    while sending.uplink.condition != PAUSED:
        sending.send()
    assert sending.counts() == (6, 0, 3, 0)
    assert sending.said[-1].startswith("every reading was refused (HTTP 400); kept")
    for _ in range(5):
        assert sending.send() >= SLOW_MS * 3 // 4 and sending.counts() == (6, 0, 3, 0)
    del sending.server._batch  # it takes them again
    sending.send_all()
    assert sending.counts() == (0, 6, 3, 0)


def test_retry_after_is_waited_for_up_to_an_hour_and_what_is_no_number_is_passed_over():
    for status, said, least_ms, most_ms in (
        (429, "7", 7000, 7000),
        (503, "3600", 3600000, 3600000),
        (503, "86400", 3600000, 3600000),
        (429, "9" * 40, 3600000, 3600000),
        (429, "0", 0, 1000),
        (429, "Thu, 26 Nov 2026 10:00:00 GMT", 0, 1000),
        (429, "-5", 0, 1000),
        (429, "1.5", 0, 1000),
        (429, "", 0, 1000),
        (500, "7", 0, 1000),  # only of a server that is too busy
    ):
        sending = Sending()
        sending.fill(1)
        sending.server.answers = [(status, {"Retry-After": said}, b"")]
        assert least_ms <= sending.send() <= most_ms, said


def test_the_third_broken_answer_running_makes_a_pause_of_minutes():
    broken = ("garbage", {}, b"HTTP/1.1 what")
    for between, is_paused in ((None, True), (500, False), (204, False)):
        sending = Sending()
        sending.server.answers = [broken, broken] + [between] * bool(between) + [broken]
        for _ in range(2):
            sending.fill(1)
            assert sending.send() <= 2000 and sending.uplink.condition == FAILING
        if between:
            sending.send()
            sending.fill(2)
        wait_ms = sending.send()
        assert (sending.uplink.condition == PAUSED) is is_paused
        assert (wait_ms == SLOW_MS) is is_paused


def test_the_same_answer_for_a_day_is_asked_for_rarely_and_another_one_ends_that():
    sending = Sending(backoff_max=60)
    sending.fill(1)
    sending.server.always = 500
    begin = time.up_ms()
    while time.up_ms() - begin < DAY_MS - 120000:
        wait_ms = sending.send()
        assert wait_ms <= 60000
        sending.wait(wait_ms + 1)
    sending.wait(240000)
    for _ in range(3):
        assert sending.send() >= SLOW_MS
        sending.wait(SLOW_MS)
    sending.server.answers = [502]
    assert sending.send() <= 60000 and sending.send() <= 60000
    assert sending.counts() == (1, 0, 0, 0)


def test_what_was_dropped_is_reported_once_in_front_of_a_batch():
    sending = Sending()
    for gone, values, reports in (
        (0, (1,), []),
        (5, (2, 3), [5]),
        (5, (4,), []),
        (6, (5,), [6]),
    ):
        del sending.server.readings[:]
        assert sending.fill(*values, gone=gone) == len(values) + len(reports)
        assert sending.counts()[0] == len(values)
        sending.send_all()
        assert sending.held() == [("islog.dropped", n) for n in reports] + [
            ("t", value) for value in values
        ]
    assert sending.counts() == (0, 5, 0, 0)
    silent = Sending(report_dropped=False)
    assert silent.fill(1, gone=5) == 1


def test_a_report_that_was_dropped_or_refused_itself_counts_for_no_reading():
    sending = Sending()
    sending.fill(1, gone=5)
    sending.uplink.drop()
    assert sending.counts() == (0, 0, 0, 1)
    assert sending.fill(2, gone=5) == 2  # it is told anew
    sending.refuse(400, lambda signal, value: signal == "islog.dropped")
    sending.send_all()
    assert sending.held() == [("t", 2)] and sending.counts() == (0, 1, 0, 1)


def test_an_earlier_boots_readings_count_apart():
    sending = Sending()
    uplink = sending.uplink
    sending.refuse(400, lambda signal, value: value == 2)
    assert sending.fill(1, 2, 3, earlier_boot=True, gone=5) == 3  # with no report
    assert uplink.pending == 0 and uplink.in_batch == 3
    sending.send_all()
    assert (uplink.recovered, uplink.lost) == (2, 1)
    sending.fill(4, 5, earlier_boot=True)
    uplink.drop()
    assert (uplink.recovered, uplink.lost) == (2, 3) and sending.counts() == (0, 0, 0, 0)


def test_limits_of_the_service_are_kept_to():
    sending = Sending(batch_bytes=4096, batch_readings=10, requests_per_s=3)
    sizes = sending.refuse(400, lambda signal, value: False)
    sending.fill(*range(25))
    while sending.uplink.batch.count:
        sending.send()
        assert 300 < sending.uplink.gap_ms() <= 334 - sending.server.latency_ms
    assert sizes == [10, 10, 5]
    sending.wait(334)
    assert sending.uplink.gap_ms() == 0
    sending.server.answers = [(204, {"X-RateLimit-Remaining": "0"}, b"")]
    sending.fill(1)
    assert sending.send() == 1000 and sending.counts() == (0, 26, 0, 0)


def test_what_was_given_up_is_sent_again_and_its_answer_never_counted():
    for name in ("requests", "kept"):
        sending = Sending(transport=name)
        sending.fill(1, 2)
        sending.uplink.start(BATCH)
        sending.uplink.give_up()
        assert sending.uplink.doing is None and sending.counts() == (2, 0, 0, 0)
        sending.send_all()
        assert sending.held() == [("t", 1), ("t", 2)] and sending.counts() == (0, 2, 0, 0)


def test_the_bucket_is_asked_for_until_it_is_confirmed():
    sending = Sending(flush_interval=0)
    uplink, server = sending.uplink, sending.server
    assert uplink.bucket_untried and uplink.bucket_wait_ms() == 0
    for answer, least_ms, most_ms in ((500, 0, 1000), (401, SLOW_MS * 3 // 4, SLOW_MS * 5 // 4)):
        server.always_bucket = answer
        sending.send(BUCKET)
        assert least_ms <= uplink.bucket_wait_ms() <= most_ms and not uplink.bucket_untried
        assert sending.said[-1].startswith(("HTTP 500 for the bucket", "the client key or"))
        assert uplink.wait_ms() == 0  # readings go out meanwhile
    server.always_bucket = None
    sending.send(BUCKET)
    assert uplink.bucket_wait_ms() is None and list(server.buckets.values()) == ["room"]


def test_a_probe_wants_an_answer_whatever_that_is():
    sending = Sending(flush_interval=0)
    uplink, server = sending.uplink, sending.server
    assert uplink.probe_due()
    for server.always_bucket in (500, 401, None):
        sending.send(PROBE)
        assert (uplink.answered, uplink.condition, sending.said) == (True, 0, [])
    server.down = True
    assert sending.send(PROBE) <= 4000
    assert (uplink.answered, uplink.condition, len(sending.said)) == (False, FAILING, 1)


def test_too_fast_waits_as_long_as_the_server_says():
    for said in (b"7", b"07 "):
        board = Board(flush_interval=0)
        board.run(2)
        board.server.answers = [(429, {"Retry-After": str(said, "utf-8")}, b"")]
        board.log("t", 1)
        board.run(6)
        assert board.values() == []
        board.run(3)
        assert board.values() == [1]


def test_a_poisoned_reading_is_found_by_halving_and_dropped_alone():
    board = Board(flush_interval=3600, buffer_bytes=4096)
    board.run(2)
    poison = '"v":5,'
    handle = board.server._batch
    board.server._batch = lambda h, body: 400 if poison in str(body, "utf-8") else handle(h, body)
    for i in range(12):
        board.log("t", i)
    before = len(board.server.posts)
    assert board.logger.flush(60)
    assert board.values() == [i for i in range(12) if i != 5]
    assert board.logger.rejected == 1 and "refused alone" in board.logger.last_error
    assert len(board.server.posts) - before <= 9
    board.check_books()


def test_a_server_that_refuses_everything_does_not_empty_the_ring():
    board = Board(flush_interval=0, slow_retry=60)
    board.run(2)
    board.server.always = (400, {}, b"")
    for i in range(50):
        board.log("t", i)
    board.run(600)
    log = board.logger
    assert log.rejected == 3 and log.pending == 47 and log.state == "refused"
    board.server.always = None
    board.run(120)
    assert board.values() == list(range(3, 50))


def test_broken_answers_running_are_asked_again_slowly():
    import requests

    requests.__version__ = "0.10.2"
    board = Board(flush_interval=0)
    board.run(2)
    board.server.always = (204, {"Transfer-Encoding": "chunked"}, b"")
    board.log("t", 1)
    board.run(170)
    assert len([path for path, _ in board.server.posts if path == "/batch_logs"]) == 3
    assert "perhaps accepted each time" in board.logger.last_error
    board.server.always = None
    board.run(200)
    assert board.logger.pending == 0


def rarely(board, hours):
    """As Board.run(), a poll a minute."""
    for _ in range(60 * hours):
        board.logger.poll()
        virtual_board.time.advance(60000)


def test_an_answer_that_was_another_one_meanwhile_is_not_the_same_for_a_day():
    board = Board(backoff_max=5, slow_retry=7200)
    board.run(3)
    board.log("t", 1)
    board.server.answers = [500, 403]
    board.run(60)
    board.server.always = 403
    rarely(board, 48)
    board.server.always = None
    board.server.answers = [500]
    rarely(board, 3)  # the 403 has made a pause of at most two and a half hours
    assert board.values() == [1]
    # The same for a day, though: then it is asked rarely.
    board.server.always = 500
    board.log("t", 2)
    rarely(board, 26)
    asked = len(board.server.posts)
    rarely(board, 20)
    assert 5 <= len(board.server.posts) - asked <= 20


def test_dropped_readings_show_in_the_data_unless_that_is_turned_off():
    board = Board(buffer_bytes=1024, flush_interval=0)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    log = board.logger
    assert log.dropped > 0 and board.values("islog.dropped") == [log.dropped]
    assert log.sent == 300 - log.dropped == len(board.values())
    board = Board(buffer_bytes=1024, flush_interval=0, report_dropped=False)
    board.true_ms = {}
    board.run(2)
    outage(board, 300)
    board.run(60)
    assert board.logger.dropped > 0 and board.values("islog.dropped") == []


def test_a_bucket_that_is_accepted_at_last_ends_the_trouble_without_any_reading():
    board = Board(flush_interval=0)
    board.server.always_bucket = 401
    board.run(60)
    assert board.logger.state == "refused"
    board.server.always_bucket = None
    board.run(400)
    assert board.server.buckets and board.logger.state == "online"
