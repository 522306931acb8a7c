"""The setting `wifi`: a wrong network is told by its name, and its password is in no sentence."""

from configs import GOOD, refused
from islog import config


def test_a_wifi_network_is_checked_as_the_radio_would():
    for password in ("short", "x" * 65):
        sentence = refused(wifi=[{"ssid": "home", "password": password}])
        assert "network home" in sentence and "8 to 64" in sentence and password not in sentence
    assert "1 to 32 bytes" in refused(wifi=[{"ssid": "é" * 17, "password": ""}])
    for password in ("", "long enough"):
        config.check(dict(GOOD, wifi=[{"ssid": "home", "password": password}]))


def test_what_is_wrong_with_one_network_of_several_is_told_by_its_name():
    home = {"ssid": "home", "password": "its password"}
    for more, word in (
        ({"password": 1234567890}, 'quotes ("" for an open network), not a number'),
        ({"password": None}, "not null"),
        ({"password": False}, 'quotes ("" for an open network)'),
        ({"password": "its\npassword"}, "without line breaks"),
        ({"password": "abcde"}, "WEP is not supported"),
        ({"bssid": "aa:bb:cc:dd:ee"}, "bssid"),
        ({"bssid": "aa:bb:cc:dd:ee:fg"}, "bssid"),
        ({"bssid": b"abcdef"}, "bssid"),
        ({"hidden": "yes"}, "hidden"),
        ({"ifconfig": "192.168.1.50"}, "four addresses"),
        ({"ifconfig": ["192.168.1.50", "255.255.255.0", "192.168.1.1", "dns"]}, "four addresses"),
        ({"ifconfig": ["192.168.1.256"] * 4}, "four addresses"),
        ({"channel": 6}, "not 'channel'"),
    ):
        other = dict(home, ssid="garden")
        other.update(more)
        sentence = refused(wifi=[home, other])
        assert "network garden" in sentence and word in sentence and "its password" not in sentence
    assert "network 2" in refused(wifi=[home, {"password": ""}])
    assert "a text in quotes" in refused(wifi=[{"ssid": "home"}])
    assert "put [" in refused(wifi=home)


def test_what_a_radio_may_be_told_besides():
    network = {"ssid": "home", "password": "", "hidden": True, "bssid": "AA:bb:cc:dd:ee:0f"}
    network["ifconfig"] = ["192.168.1.50", "255.255.255.0", "192.168.1.1", "192.168.1.1"]
    config.check(dict(GOOD, wifi=[network], txpower=8.5, wifi_reset=False, hostname="é" * 16))
    config.check(dict(GOOD, wifi=[dict(network, bssid=None, hidden=None, ifconfig=None)]))


def test_a_client_key_that_has_slipped_in_as_a_name_is_not_repeated():
    network = {"ssid": "home", "password": "its password", "ist_Abcdefghijklmnopqrst": "shed"}
    sentence = refused(wifi=[network])
    assert "network home" in sentence and "other names" in sentence and "ist_" not in sentence
