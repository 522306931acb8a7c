"""The words for what is wrong: right, loaded for one call, and missed by nothing where there is no
memory for them."""

import sys

import islog
import network
from configs import refused
from islog.errors import call_unloading


def test_why_a_network_was_not_joined_is_told_by_the_ports_own_status():
    for style, status, word in (
        ("esp32", 2, "log-in"),
        ("esp32", 15, "check the password"),
        ("esp32", 200, "move nearer"),
        ("esp32", 201, "not in range"),
        ("esp32", 202, "its password was refused"),
        ("esp32", 203, "did not let us in"),
        ("esp32", 204, "check the password"),
        ("esp32", 205, "its password was refused"),
        ("esp32", 206, "move nearer"),
        ("esp32", 207, "move nearer"),
        ("esp32", 208, "did not let us in"),
        ("esp32", 209, "did not let us in"),
        ("esp32", 210, "WPA3 only"),
        ("esp32", 211, "weaker"),
        ("esp32", 212, "too weak"),
        ("rp2", 2, "no address"),
        ("rp2", -1, "did not let us in"),
        ("rp2", -2, "not in range"),
        ("rp2", -3, "its password was refused"),
    ):
        network.style = style
        assert word in call_unloading("explain", "joining", network, status)
    for style, status in (("esp32", 1001), ("esp32", 99), ("rp2", 1), ("rp2", 0), ("rp2", None)):
        network.style = style
        assert call_unloading("explain", "joining", network, status) is None
    assert "islog.explain" not in sys.modules


def test_the_words_for_a_wrong_setting_are_loaded_for_it_alone():
    assert refused(timeout=0) == "timeout must be a whole number from 1 to 300 seconds"
    assert "islog.explain" not in sys.modules and not hasattr(islog, "explain")


def test_without_memory_for_the_words_the_setting_is_still_named():
    class NoRoom:
        """Stands in for explain.py where MicroPython cannot load it."""

        @staticmethod
        def why(*_):
            raise MemoryError

    sys.modules["islog.explain"] = islog.explain = NoRoom
    assert refused(timeout=0) == "timeout refused"
    assert "from 1 to 300" in refused(timeout=0)
