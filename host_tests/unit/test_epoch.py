"""A time that the caller gives: what can be one, and its digits."""

from islog.epoch import as_int, as_text
from virtual_board import raises

FIRST, LAST = 978307200, 4294967295  # 2001, 2106


def test_a_time_is_one_int_and_comes_back_with_the_digits_that_were_given():
    for epoch, text in (
        (FIRST, "978307200"),
        (LAST, "4294967295"),
        ((FIRST, 0), "978307200.000000"),
        ((1416262288, 913554), "1416262288.913554"),
        ((1416262288, 1), "1416262288.000001"),
        ((LAST, 999999), "4294967295.999999"),
    ):
        whole = as_int(epoch)
        assert type(whole) is int and -(2**63) <= whole < 2**63
        assert as_text(whole) == text


def test_a_time_before_2001_or_behind_2106_is_refused_with_the_number():
    for seconds in (-1, 0, FIRST - 1, LAST + 1, 2**64, 849315200):
        for epoch in (seconds, (seconds, 5)):
            assert "not %d" % seconds in str(raises(ValueError, as_int, epoch))
    for micros in (-1, 1000000):
        assert "not %d" % micros in str(raises(ValueError, as_int, (FIRST, micros)))


def test_what_is_no_time_is_a_type_error():
    for epoch in (True, "now", b"1", [FIRST, 1], (FIRST,), (FIRST, 1, 2), (FIRST, 1.0), (1.5, 2)):
        assert "int seconds, or a tuple" in str(raises(TypeError, as_int, epoch))
    raises(TypeError, as_int, (FIRST, True))
    raises(TypeError, as_int, ("now", 5))


def test_a_float_is_rounded_to_microseconds_and_never_to_the_next_second():
    for epoch in (float("nan"), float("inf"), -float("inf"), -0.5):
        raises(ValueError, as_int, epoch)
    if 1416262288.5 == 1416262289.0:  # single precision, which is right to 128 s there
        assert "pass (seconds, microseconds)" in str(raises(ValueError, as_int, 1416262288.5))
        return
    assert as_text(as_int(1416262288.5)) == "1416262288.500000"
    assert as_text(as_int(1416262288.9999998)) == "1416262288.999999"
