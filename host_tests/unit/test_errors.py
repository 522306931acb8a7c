"""What an error says, and that a module which is loaded for one call is forgotten after it."""

import sys

import islog
from islog import ConfigError
from islog.errors import call_unloading, in_words, no_memory, stumbled, why
from virtual_board import raises


class Words:
    """Stands in for explain.py: its why() does what `then` does."""

    def __init__(self, then):
        self.why = then

    def __enter__(self):
        sys.modules["islog.explain"] = islog.explain = self

    def __exit__(self, *_):
        assert is_forgotten("explain")


def is_forgotten(name):
    return "islog." + name not in sys.modules and not hasattr(islog, name)


def raising(error):
    def call(*_):
        raise error

    return call


def test_a_call_returns_what_the_module_returns_and_the_module_is_forgotten():
    for _ in range(3):
        text = b"Sun, 06 Nov 1994 08:49:37 GMT"
        assert call_unloading("dates", "http_date", text) == 784111777
        assert is_forgotten("dates")


def test_a_module_is_forgotten_also_where_its_call_raises():
    raises(ValueError, call_unloading, "config_parser", "parse", b"{")
    assert is_forgotten("config_parser")
    raises(TypeError, call_unloading, "dates", "http_date")
    raises(AttributeError, call_unloading, "dates", "no_such_name")
    assert is_forgotten("dates")
    with Words(raising(KeyboardInterrupt())):
        raises(KeyboardInterrupt, call_unloading, "explain", "why")
    raises(ImportError, call_unloading, "no_such_module", "name")


def test_without_the_words_a_sentence_says_less_and_nothing_is_raised():
    for error in (MemoryError(), OSError(5), ImportError("explain"), KeyError("wrong")):
        with Words(raising(error)):
            assert why("flag", 5) == "refused"
        with Words(raising(error)):
            assert in_words("HTTP 404", "why", 404) == "HTTP 404"
    assert why("flag", 5) == "must be true or false"
    with Words(raising(KeyboardInterrupt())):
        raises(KeyboardInterrupt, why, "flag", 5)


def test_a_sentence_about_memory_says_how_much_is_free():
    said = no_memory("there is none")
    assert said.startswith("there is none (") and said.endswith(" KB free)")
    assert int(said.split("(")[1].split(" ")[0]) >= 0


def test_a_step_that_went_wrong_is_told_by_what_it_raised():
    assert stumbled(MemoryError()).startswith("there was no memory for the next step (")
    for error, what in (
        (RuntimeError("Wifi"), "RuntimeError"),
        (OSError(5), "OSError"),
        (AttributeError("time"), "AttributeError"),
        (ImportError("no module named 'x'"), "no module named 'x'"),
    ):
        said = stumbled(error)
        assert said == "the next step went wrong (%s), which is tried again" % what
    with Words(raising(MemoryError())):
        assert stumbled(ValueError()).endswith("(ValueError), which is tried again")
        assert "(refused)" in stumbled(ImportError("x"))


def test_a_wrong_setting_is_a_value_error():
    assert issubclass(ConfigError, ValueError)
