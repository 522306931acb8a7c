"""What is said of TLS's errors, and that TLS without memory is set up once more."""

import sys

import internet
from exchanges import SECURE, a_server, both, over_tls, post, values
from islog import tls_errors, transport
from islog.transport import ACCEPTED, UNKNOWN


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


class Collector:
    """Stands in the place of the gc module."""

    def __init__(self):
        self.collected = 0

    def collect(self):
        self.collected += 1

    def mem_free(self):
        return 100000


def test_only_where_memory_was_short_is_the_heap_collected():
    for module in (transport, tls_errors):
        module.gc, kept = Collector(), module.gc
        try:
            way, server, _ = next(over_tls())
            for i in range(3):
                assert post(way, i, SECURE) == ACCEPTED
            assert module.gc.collected == 0 and values(server) == [0, 1, 2]
        finally:
            module.gc = kept


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


def test_an_error_is_told_by_the_part_of_tls_that_it_belongs_to():
    for number, like in (
        (-0x7200, 0x7200),
        (-0x727F, 0x7200),
        (103, 104),
        (-32, 104),
        (-0x2000, 0x2000),
        (-0x2FFF, 0x2000),  # X.509
        (-0x3000, 0x4000),
        (-0x4F80, 0x4000),  # keys, RSA, curves
    ):
        assert tls_errors.words(number) == tls_errors.NUMBERS[like], number
    for number in (0, 2, 110, -113, -0x1FFF, -0x5000, -0x6C00):
        assert tls_errors.words(number) is None


def test_only_what_has_too_little_memory_is_worth_a_second_try():
    for number in NO_MEMORY:
        assert tls_errors.starved(number)
        said, again = tls_errors.reason(number, True)
        assert again and "TLS has too little memory" in said
        assert tls_errors.reason(number, False)[1] is False  # it is set up already
    for number in (2, 11, 104, 110, -0x7200, -0x7280, -0x2700, -0x6E80, -0x7F):
        assert not tls_errors.starved(number)
        assert tls_errors.reason(number, True)[1] is False
    assert tls_errors.reason(12, False) == ("no answer (12)", False)  # the port's own
