"""Why something can never be a reading, in words that name what was given."""

from islog import mistakes
from virtual_board import raises


def test_a_wrong_signal_is_told_by_what_is_wrong_with_it():
    for thing, kind, words in (
        (5, TypeError, "a signal is a str, not int"),
        (None, TypeError, "a signal is a str, not NoneType"),
        (b"t", TypeError, "a signal is a str, not bytes"),
        ("", ValueError, "not 0"),
        ("s" * 101, ValueError, "not 101"),
        ("islog.mine", ValueError, "choose another name"),
    ):
        assert words in str(raises(kind, mistakes.signal, thing))


def test_a_wrong_value_is_told_by_what_it_is():
    for thing, kind, words in (
        (2**63, ValueError, "64 bits"),
        ("é" * 501, ValueError, "not 1002"),
        ([1], TypeError, "not list"),
        (b"21.5", TypeError, "not bytes"),
        ({}, TypeError, "not dict"),
    ):
        assert words in str(raises(kind, mistakes.value, thing))


def test_what_holds_no_readings_is_told_by_its_type():
    for thing, name in ((5, "int"), ("text", "str"), (None, "NoneType")):
        error = raises(TypeError, mistakes.collection, thing)
        assert str(error) == "log_object takes a dict or a list, not %s" % name
