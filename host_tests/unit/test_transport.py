"""One POST, by each transport: what an answer means, and that an exchange which something
leaves in the middle is given up, and the next one is whole."""

import os
import sys

import internet
import requests
import secure
from initial_state import Server
from islog import ConfigError, keepalive, tls_errors, transport
from islog.transport import ACCEPTED, BAD, BUSY, FORBIDDEN, UNKNOWN, WRONG
from virtual_board import Board, flash, raises, time

KEY = (("X-IS-ClientKey", "the-key"),)
BODY = '[{"b":"desk","sn":"t","v":%d,"e":1.5,"tid":"01234567-89ab-cdef-0123-456789abcdef"}]'
URL = "http://service.test/batch_logs"
SECURE = "https://service.test/batch_logs"
DRIP_MS = 150
DAY_MS = 86400000


def a_server():
    server = internet.hosts["service.test:80"] = Server()
    return server


def both():
    """Each transport, as Logger makes it."""
    return (transport.Requests(5), keepalive.Keepalive(5, 60))


def over_tls():
    """Each transport for https://, and how it sets TLS up: the calls in which that can fail."""
    server = internet.hosts["service.test:443"] = Server()
    lasting = keepalive.Keepalive(5, 60)
    lasting._tls = secure.SSLContext(secure.PROTOCOL_TLS_CLIENT)
    yield transport.Requests(5), server, ("tls",)
    server = internet.hosts["service.test:443"] = Server()
    yield lasting, server, ("tls", "handshake")


def start(way, value, url=URL):
    way.start(url, KEY, memoryview((BODY % value).encode()))


def answer(way, pause_ms=0):
    """Step until there is an outcome; so much time is between two steps."""
    outcome = way.step()
    while outcome is None:
        time.advance(pause_ms)
        outcome = way.step()
    return outcome


def post(way, value=0, url=URL):
    start(way, value, url)
    return answer(way)


def values(server):
    return [value for _, value, _ in server.readings]


def test_what_each_status_means():
    for outcome, numbers in (
        (ACCEPTED, (201, 202, 204)),
        (BUSY, (429, 503)),
        (UNKNOWN, (0, 200, 206, 408, 409, 418, 500, 502, 504, 599, 999)),
        (FORBIDDEN, (401, 402, 403, 407, 511)),
        (WRONG, (300, 301, 308, 399, 404, 405, 410, 411, 415, 426, 431)),
        (BAD, (400, 413, 422)),
    ):
        for number in numbers:
            assert transport.meaning(number, False) == outcome, number
            assert transport.meaning(number, True) == (ACCEPTED if number == 200 else outcome)


def test_a_step_without_an_exchange_is_no_answer_and_repeats_no_older_one():
    server = a_server()
    server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
    for way in both():
        assert way.step() == UNKNOWN
        assert post(way) == ACCEPTED and way.status == 204 and way.date
        assert way.step() == UNKNOWN
        assert (way.status, way.date, way.broken) == (0, None, False)
        way.close()
        assert way.step() == UNKNOWN and way.status == 0
    assert values(server) == [0, 0]


def test_an_answer_counts_though_the_port_has_made_a_write_wait_for_ten_seconds():
    for used in (False, True):
        for which in (1, 2):  # the head, the body
            server = a_server()
            server.date = "Thu, 26 Nov 2026 10:00:00 GMT"
            way = keepalive.Keepalive(5, 60)
            if used:
                assert post(way, 0) == ACCEPTED
            writes = [0]

            def full(name, writes=writes, which=which):
                if name == "write":
                    writes[0] += 1
                    if writes[0] == which:
                        time.advance(10000)  # lwIP's buffers: extmod/modlwip.c

            start(way, 1)
            internet.during_call = full
            assert answer(way) == ACCEPTED
            internet.during_call = None
            # Each arrives once, and its Date is known to have waited perhaps.
            assert values(server) == [0] * used + [1] and way.late_ms >= 9900
            server.pieces = lambda raw, keep: [(5000, raw)]
            assert post(way, 2) == UNKNOWN  # a server that takes so long is given up
            way.close()


def test_an_exchange_that_was_never_gone_on_with_is_forgotten_by_the_next():
    server = a_server()
    for way in both():
        assert post(way, 1) == ACCEPTED
        start(way, 2)
        assert (way.status, way.why) == (0, "no answer")
        assert post(way, 3) == ACCEPTED
        start(way, 4)
        way.close()
        assert way.step() == UNKNOWN and post(way, 5) == ACCEPTED
    assert values(server) == [1, 3, 5] * 2


def interrupted(way, number, error):
    """A POST in which the call `number` of a socket (or a poll, or a look-up) ends with `error`.
    The outcome, or None where it was raised, or "unhurt" where there are not so many."""
    left = [number]

    def count(_):
        left[0] -= 1
        if left[0] < 0:
            internet.during_call = None
            raise error

    start(way, 2)
    internet.during_call = count
    try:
        outcome = answer(way)
    except BaseException as e:
        assert e is error
        return None
    if internet.during_call:
        internet.during_call = None
        return "unhurt"
    return outcome


def at_each_call(error):
    """For each transport, with and without a connection from before, and each call: it, its
    server, and the outcome."""
    for used in (False, True):
        for n, way in enumerate(both()):
            number = 0
            outcome = None
            while outcome != "unhurt":
                way = both()[n]
                server = a_server()
                server.pieces = lambda raw, keep: [(30, raw[:9]), (30, raw[9:])]
                if used:
                    assert post(way, 1) == ACCEPTED
                # The exchange that is left has another answer than the next.
                server.answers = [(500, {"Date": "never"}, b"sorry")]
                outcome = interrupted(way, number, error)
                server.answers = []
                if outcome != "unhurt":
                    yield way, server, outcome
                way.close()
                assert internet.open_sockets == 0, (number, error)
                number += 1
            assert number > 3


def test_ctrl_c_anywhere_in_a_post_gives_it_up_and_the_next_one_is_whole():
    count = 0
    for way, server, outcome in at_each_call(KeyboardInterrupt()):
        assert outcome is None  # it was raised
        count += 1
        if count % 2:
            way.close()
        assert way.step() == UNKNOWN and (way.status, way.date) == (0, None)
        assert post(way, 3) == ACCEPTED and values(server)[-1] == 3
        assert requests.socket is keepalive.socket
    assert count > 20


def test_whatever_else_is_raised_in_a_post_is_an_outcome():
    for error in (MemoryError(), RuntimeError("Wifi Unknown Error"), OSError(12), ValueError()):
        for way, server, outcome in at_each_call(error):
            # A connection from before may have broken: then it was sent again at once.
            assert outcome == UNKNOWN or isinstance(error, OSError)
            if way.status:  # only the rest of its body is missing
                assert way.why == "HTTP %d" % way.status
            elif isinstance(error, MemoryError):
                assert way.why.startswith("not enough memory")
            else:
                assert way.why
            assert post(way, 3) == ACCEPTED and values(server)[-1] == 3


def test_a_close_that_is_interrupted_is_done_by_the_next_one():
    def interrupt(name):
        if name == "close":
            internet.during_call = None
            raise KeyboardInterrupt

    server = a_server()
    for way in both():
        post(way, 1)
        server.answers = [("garbage", {}, b"hello")]  # after which the socket is open
        start(way, 2)
        internet.during_call = interrupt
        raises(KeyboardInterrupt, answer, way)
        assert internet.open_sockets == 1
        way.close()
        way.close()
        assert internet.open_sockets == 0
        assert requests.socket is keepalive.socket


def test_an_answer_from_the_headers_alone_is_heard_though_the_body_was_not_taken():
    for status, outcome in ((413, BAD), (403, FORBIDDEN), (401, FORBIDDEN)):
        server = a_server()
        server.early = lambda headers, status=status: (status, {}, b"no")
        for way in both():
            assert post(way) == outcome and way.status == status
        server.early = None
        assert post(way) == ACCEPTED


def test_a_server_that_closes_early_without_an_answer_gave_none():
    server = a_server()
    server.early = lambda headers: ("garbage", {}, b"")
    for way in both():
        assert post(way) == UNKNOWN
        assert not way.broken and way.why.startswith("no answer")


def test_a_connection_that_ends_before_the_first_byte_brings_no_answer():
    server = a_server()
    for way in both():
        server.always = ("garbage", {}, b"")
        assert post(way) == UNKNOWN
        assert (way.status, way.broken, way.why) == (0, False, "no answer (closed)")
        server.always = ("garbage", {}, b"H")
        assert post(way) == UNKNOWN
        assert (way.status, way.broken) == (0, True)


def test_an_answer_in_two_parts_is_read_or_is_a_broken_one():
    server = a_server()
    quick, lasting = both()
    server.answers = [(100, {}, b"")]  # where requests stops
    assert post(quick) == UNKNOWN
    assert (quick.status, quick.broken, quick.why) == (0, True, "a broken answer (HTTP 100)")
    server.answers = [("garbage", {}, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 OK\r\n\r\n")]
    assert post(lasting) == ACCEPTED


def test_503_and_429_both_say_how_long_to_wait():
    server = a_server()
    for way in both():
        for status in (429, 503):
            server.answers = [(status, {"Retry-After": "7"}, b"")]
            assert post(way) == BUSY and way.retry_after == b"7"
        assert post(way) == ACCEPTED and way.retry_after is None


def test_a_connection_that_was_not_used_for_long_is_not_used_again():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    found = []
    connect = server.connection
    server.connection = lambda: found.append(connect()) or found[-1]
    post(way)
    time.advance(59000)
    post(way)
    assert len(found) == 1
    for age_ms in (61000, 177000, 5 * DAY_MS, 7 * DAY_MS, 12 * DAY_MS, 20 * DAY_MS):
        for connection in found:
            # A NAT in between has forgotten it: what is sent there is gone.
            connection.open = False
        time.advance(age_ms)
        since = time.up_ms()
        assert post(way) == ACCEPTED
        assert time.up_ms() - since < 1000, age_ms
    assert len(values(server)) == 8


def test_a_connection_that_idles_is_closed_while_nothing_else_is_done():
    a_server()
    way = keepalive.Keepalive(5, 60)
    post(way)
    time.advance(60000)
    way.idle()
    assert internet.open_sockets == 1
    time.advance(1)
    way.idle()
    assert internet.open_sockets == 0


def test_a_quick_answer_takes_one_step():
    a_server()
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        start(way, 1)
        assert way.step() == ACCEPTED


def test_head_and_body_do_not_wait_for_each_other():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        since = time.up_ms()
        post(way)
        assert time.up_ms() - since == server.latency_ms


def test_a_program_that_polls_seldom_gets_through():
    for pause_ms in (1000, 6000, 60000, 3600000):
        server = a_server()
        server.pieces = lambda raw, keep: [(300, raw[:5]), (300, raw[5:20]), (300, raw[20:])]
        way = keepalive.Keepalive(5, 60)
        for value in range(3):
            start(way, value)
            assert answer(way, pause_ms) == ACCEPTED, pause_ms
        assert values(server) == [0, 1, 2]


def test_a_server_that_drips_is_given_up_however_often_it_is_looked_at():
    server = a_server()
    server.pieces = lambda raw, keep: [(DRIP_MS, raw[i : i + 1]) for i in range(len(raw))]
    server.always = (204, {"X-Long": "x" * 500}, b"")
    for pause_ms, polls in ((0, 100), (50, 60), (1000, 17), (6000, 17)):
        way = keepalive.Keepalive(5, 60)
        start(way, 1)
        since = time.up_ms()
        count = 1
        while way.step() is None:
            count += 1
            time.advance(pause_ms)
        if pause_ms < 100:
            assert 5000 <= time.up_ms() - since < 5500
        assert count <= polls and (way.status, way.broken) == (0, False)
        assert way.why == "no answer (not done in 5 s)"


def test_a_used_connection_that_breaks_late_leaves_the_new_one_only_the_rest_of_the_time():
    server = a_server()
    way = keepalive.Keepalive(5, 60)
    assert post(way) == ACCEPTED
    server.pieces = lambda raw, keep: [(4000, None)]
    since = time.up_ms()
    assert post(way) == UNKNOWN
    assert 5000 <= time.up_ms() - since <= 5200
    assert way.why == "no answer (not done in 5 s)"


def test_a_step_waits_100_ms_at_most():
    server = a_server()
    server.pieces = lambda raw, keep: [(40, raw[i : i + 1]) for i in range(len(raw))]
    way = keepalive.Keepalive(5, 60)
    for _ in range(2):
        start(way, 1)
        outcome = None
        while outcome is None:
            since = time.up_ms()
            outcome = way.step()
            assert time.up_ms() - since <= 100 + server.latency_ms
        assert outcome == ACCEPTED


def ctrl_c():
    internet.during_post = None
    raise KeyboardInterrupt


def test_a_program_that_ctrl_c_ends_in_a_post_still_sends_all_as_it_closes():
    for name in ("requests", "kept"):
        board = Board(transport=name, flush_interval=0)
        board.run(2)
        for value in range(5):
            board.log("t", value)
        internet.during_post = ctrl_c
        raises(KeyboardInterrupt, board.run, 60)
        board.check_books()
        assert board.logger.close() is True
        board.check_books()
        assert board.values() == [0, 1, 2, 3, 4] and internet.open_sockets == 0


def test_a_program_that_ctrl_c_ends_in_a_post_keeps_in_flash_what_the_server_does_not_take():
    for name in ("requests", "kept"):
        board = Board(transport=name, flush_interval=0, spool_file=flash(), spool_bytes=50000)
        board.run(2)
        for value in range(5):
            board.log("t", value)
        internet.during_post = ctrl_c
        raises(KeyboardInterrupt, board.run, 60)
        board.server.down = True
        board.logger.close()
        board.check_books()
        board.server.down = False
        board.reboot()
        board.run(60)
        # What the interrupted POST had brought is perhaps there twice.
        assert board.values()[-5:] == [0, 1, 2, 3, 4]


def test_a_main_loop_that_polls_once_a_minute_sends_all():
    for name in ("requests", "kept"):
        board = Board(transport=name)
        for value in range(60):
            board.log("t", value)
            board.logger.poll()
            time.advance(60000)
        assert len(board.values()) > 50 and board.logger.retries == 0


def an_old_one(method, url, data=None, json=None, headers=None, stream=None):
    """The request() of micropython-lib before 2022, which tutorials tell to copy onto a board."""


def a_broken_one(*_, **__):
    raise NameError("usocket")


def one_of_another_kind(*_, **__):
    return {"status": 204}


def test_a_requests_that_is_not_the_right_one_is_told_by_its_file_and_is_no_answer():
    server = a_server()
    right = requests.request
    file = requests.__file__
    for number, wrong in enumerate((an_old_one, a_broken_one, one_of_another_kind)):
        way = transport.Requests(5)
        requests.request = wrong
        try:
            assert post(way) == WRONG
        finally:
            requests.request = right
        assert (way.status, way.broken) == (0, False) and way.unusable
        assert file in way.why and '"transport": "kept"' in way.why
        assert post(way, number) == ACCEPTED
    assert values(server) == [0, 1, 2]


def test_a_logger_with_an_old_requests_says_one_thing_and_counts_no_answer():
    right = requests.request
    requests.request = an_old_one
    try:
        board = Board(flush_interval=1)
        for value in range(5):
            board.log("t", value)
        board.run(3600)
    finally:
        requests.request = right
    log = board.logger
    assert log.state == "refused" and log.pending == 5 and log.retries < 30
    assert "perhaps accepted" not in log.last_error and '"transport": "kept"' in log.last_error
    board.run(600)
    assert board.values() == [0, 1, 2, 3, 4] and log.sent == 5


def test_a_board_without_requests_is_told_what_needs_none():
    right = sys.modules["requests"]
    sys.modules["requests"] = None
    try:
        error = raises(ConfigError, transport.Requests, 5)
    finally:
        sys.modules["requests"] = right
    assert '"transport": "kept"' in str(error)


def der(*content):
    """Sequences whose lengths stand in two bytes, as certificates are."""
    return b"".join(b"\x30\x82" + len(part).to_bytes(2, "big") + part for part in content)


def roots_of(*files):
    """What TLS is given where ca_file names files with these contents; or why it is refused."""
    from islog import tls_context

    names = ["islog-test-root%d" % i for i in range(len(files))]
    builtin, tls_context.tls = tls_context.tls, secure
    try:
        for name, data in zip(names, files):
            with open(name, "wb") as f:
                f.write(data)
        return tls_context.context(names if len(names) > 1 else names[0]).roots
    except ValueError as e:
        return str(e)
    finally:
        tls_context.tls = builtin
        for name in names:
            os.remove(name)


ONE, OTHER, THIRD = der(b"1" * 300), der(b"\x30\x82" * 200), der(b"3" * 60000)
PEM = b"# A root\r\n-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n"


def test_each_root_of_each_file_is_loaded():
    assert roots_of(ONE) == [ONE]
    assert roots_of(ONE + OTHER + THIRD) == roots_of(ONE, OTHER + THIRD) == [ONE, OTHER, THIRD]
    assert roots_of(PEM) == [PEM] and roots_of(PEM, THIRD, PEM) == [PEM, THIRD, PEM]


def test_a_file_that_holds_no_root_is_refused_by_its_name():
    for data in (b"", b"hello", b"\x30", b"\x30\x82\x01", ONE[:-1], ONE + OTHER[:50], ONE + b"\n"):
        assert roots_of(data) == (
            "ca_file islog-test-root0 holds no certificate that can be read (DER or PEM)"
        )
        assert roots_of(ONE, data).startswith("ca_file islog-test-root1 holds no certificate")


def test_pem_where_the_firmware_reads_none_is_told_as_such():
    secure.reads_pem = False
    try:
        assert roots_of(ONE, PEM) == (
            "ca_file islog-test-root1 is PEM, which this firmware cannot read, or damaged:"
            " make flash turns it into DER"
        )
        assert roots_of(ONE + OTHER) == [ONE, OTHER]
    finally:
        secure.reads_pem = True


def failing(calls, error, times):
    """The next `times` of these calls raise; returns the list of all calls from now on."""
    made = []

    def call(name):
        made.append(name)
        if name in calls and len([name for name in made if name in calls]) <= times:
            raise error

    internet.during_call = call
    return made


# What mbedtls_raise_error() and mbedtls make of a calloc() that fails: ENOMEM, as the port's own
# number and as what a stream's read gives out; SSL_ALLOC_FAILED; a bignum's alone; in RSA, in
# X.509 and in a curve's.
NO_MEMORY = (12, -12, -0x7F00, 16, -0x4290, -0x2880, -0x23EA, -0x4D80, -0x4F90)


def test_tls_that_had_no_memory_is_set_up_once_more_in_the_same_exchange():
    for number in NO_MEMORY:
        for error in (OSError(number), OSError(number, "MBEDTLS_ERR_SOMETHING_ALLOC_FAILED")):
            for way, server, calls in over_tls():
                for call in calls:
                    made = failing((call,), error, 1)
                    assert post(way, 1, SECURE) == ACCEPTED and made.count("tls") == 2
                    way.close()
                    assert internet.open_sockets == 0
                assert values(server) == [1] * len(calls)


def test_tls_without_memory_says_how_much_it_wants_and_how_much_there_is():
    for number in NO_MEMORY:
        for way, server, calls in over_tls():
            for call in calls:
                made = failing((call,), OSError(number), 9)
                assert post(way, 1, SECURE) == UNKNOWN and made.count("tls") == 2
                assert way.why.startswith("no answer (%d: TLS has too little memory" % number)
                assert "16.7 KB" in way.why and "KB of the heap are free" in way.why
                assert internet.open_sockets == 0
            internet.during_call = None
            assert post(way, 2, SECURE) == ACCEPTED and values(server) == [2]
            way.close()


def test_enomem_before_tls_is_a_port_that_has_no_connection_left():
    for number in (12, -12, 16):
        for way, _, _ in over_tls():
            made = failing(("socket",), OSError(number), 9)
            assert post(way, 1, SECURE) == UNKNOWN and made.count("socket") == 1
            assert "TLS has" not in way.why and way.why.startswith("no answer (%d" % number)
    made = failing(("connect",), OSError(12), 9)
    assert post(way, 1, SECURE) == UNKNOWN and made.count("connect") == 1
    assert way.why == "no answer (12)"
    a_server()
    for way in both():
        failing(("connect",), OSError(12), 9)
        assert post(way, 1) == UNKNOWN and way.why == "no answer (12)"


def test_memory_that_runs_out_within_an_exchange_is_told_as_such():
    for way, _, _ in over_tls():
        for number in (-0x7F00, -0x4290):
            failing(("read",), OSError(number), 9)
            post(way, 1, SECURE)
            assert "TLS has too little memory" in way.why
            way.close()


def test_memory_that_runs_out_behind_an_answers_first_byte_sends_nothing_twice():
    for way, server, _ in over_tls():
        made = failing(("read",), OSError(12), 9)
        assert post(way, 1, SECURE) == UNKNOWN
        assert values(server) == [1] * made.count("tls")
        if isinstance(way, transport.Requests):
            assert made.count("tls") == 1


def test_each_known_number_of_tls_is_told_in_words():
    for way, _, calls in over_tls():
        for number in tls_errors.NUMBERS:
            number = number if number < 0x1000 else -number
            for error in (OSError(number), OSError(number, "MBEDTLS_ERR_SSL_WHATEVER")):
                failing(calls, error, 9)
                assert post(way, 1, SECURE) == UNKNOWN and way.why == (
                    "no answer (%d: %s)" % (number, tls_errors.words(number))
                )
        # With something in its low bits; one that nobody knows; one that is no mbedtls's.
        for number, begin in ((-0x7205, "what answers"), (-0x262E, "the server's certificate")):
            failing(calls, OSError(number), 9)
            post(way, 1, SECURE)
            assert way.why.startswith("no answer (%d: %s" % (number, begin))
        for number in (-0x6C00, 110, 113, -2):
            failing(calls, OSError(number), 9)
            assert post(way, 1, SECURE) == UNKNOWN and way.why == "no answer (%d)" % number
        assert "islog.tls_errors" not in sys.modules
