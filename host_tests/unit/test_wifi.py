"""Joining, and joining again, on both ports' ways of reporting."""

import internet
import network
from islog import ConfigError
from islog.wifi import UP, WiFi
from joining import HOME, SHED, boards, heard, seconds_to, sentences
from virtual_board import Board, raises, time


def lie():
    """The access point is gone, and the link says that it is up."""
    network.lying = True
    network.air.clear()
    internet.link_up = False


def stop_lying():
    network.lying = False
    network.air["home"] = "home-password"
    internet.link_up = True


def up(**settings):
    """A WiFi that has joined the network at home."""
    network.air["home"] = "home-password"
    wifi = WiFi([HOME], **settings)
    seconds_to(wifi, UP)
    return wifi


def joined_before(ssid, password):
    """The WLAN, joined by the program that ran before a soft reset."""
    network.air[ssid] = password
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect(ssid, password)
    time.advance(1000)
    assert wlan.isconnected()
    return wlan


def test_the_first_network_that_is_there_is_joined():
    for _ in boards():
        network.air["shed"] = "shed-password"
        wifi = WiFi([HOME, SHED])
        assert seconds_to(wifi, UP) < 20
        assert wifi.ssid == "shed"
        assert sentences == ["Wi-Fi home: it is not in range"]


def test_a_wrong_password_is_said_without_it_and_tried_again():
    for _ in boards():
        network.air["home"] = "changed"
        wifi = WiFi([HOME])
        for _ in range(200):
            wifi.poll(heard)
            time.advance(100)
        assert set(sentences) == {"Wi-Fi home: its password was refused"}
        network.air["home"] = "home-password"
        assert seconds_to(wifi, UP) < 20


def test_a_slow_access_point_is_waited_for():
    for _ in boards():
        network.air["home"] = "home-password"
        network.join_ms = 9000
        assert 8 <= seconds_to(WiFi([HOME]), UP) <= 10
        network.join_ms = 300


def test_a_failure_that_an_esp32_shows_while_it_tries_again_is_waited_out():
    for style in boards():
        if style == "esp32":
            wifi = WiFi([HOME])
            for _ in range(15):
                wifi.poll(heard)
                time.advance(100)
            assert network.WLAN().status() == network.STAT_NO_AP_FOUND
            network.air["home"] = "home-password"
            assert seconds_to(wifi, UP) < 2 and sentences == []


def test_a_moment_of_lost_contact_is_mended_by_either_port():
    for _ in boards():
        wifi = up()
        network.drop()
        assert wifi.poll(heard) != UP
        assert seconds_to(wifi, UP) < 10


def test_a_router_that_reboots_is_found_again():
    for _ in boards():
        wifi = up()
        network.air.clear()
        for _ in range(3000):
            wifi.poll(heard)
            time.advance(100)
        network.air["home"] = "home-password"
        assert seconds_to(wifi, UP) < 25


def test_a_link_that_lies_is_joined_anew_and_then_made_anew():
    for style in boards():
        wifi = up()
        lie()
        for _ in range(3):
            wifi.heard(False)
            assert wifi.poll(heard) == UP
        wifi.heard(False)
        assert wifi.poll(heard) != UP and network.WLAN().active(), "a new join first"
        network.air["home"] = "home-password"
        assert seconds_to(wifi, UP) < 25
        network.air.clear()
        for _ in range(4):
            wifi.heard(False)
        assert wifi.poll(heard) != UP
        if style == "esp32":
            assert not network.WLAN().active(), "then it is switched off"
        stop_lying()
        assert seconds_to(wifi, UP) < 25
        assert set(sentences) == {
            "Wi-Fi home: nothing answers, nor does its gateway: it is joined anew"
        }


def test_with_a_gateway_that_answers_a_silent_server_is_no_dead_link():
    for _ in boards():
        wifi = up()
        for _ in range(300):
            wifi.heard(False)
            assert wifi.poll(heard) == UP
        assert sentences == []


def test_a_radio_that_is_to_be_left_alone_is_left_alone():
    for _ in boards():
        wifi = up(reset=False)
        lie()
        for _ in range(300):
            wifi.heard(False)
            assert wifi.poll(heard) == UP
        stop_lying()


def test_an_answer_in_between_ends_the_doubt():
    for _ in boards():
        wifi = up()
        internet.link_up = False
        for i in range(300):
            wifi.heard(i % 4 == 3)
            assert wifi.poll(heard) == UP
        internet.link_up = True


def test_a_link_to_a_network_of_before_is_left():
    for _ in boards():
        wlan = joined_before("old home", "old-password")
        network.air["home"] = "home-password"
        wifi = WiFi([SHED, HOME], hostname="greenhouse", power="none")
        assert seconds_to(wifi, UP) < 30
        assert wifi.ssid == wlan.config("ssid") == "home"
        assert wlan.config("pm") == network.WLAN.PM_NONE and network.hostname() == "greenhouse"
        assert sentences == [
            "Wi-Fi old home is left: config.json does not name it",
            "Wi-Fi shed: it is not in range",
        ]


def test_a_wrong_password_is_not_taken_for_good_because_of_a_link_of_before():
    for _ in boards():
        joined_before("old home", "old-password")
        network.air["home"] = "home-password"
        wifi = WiFi([{"ssid": "home", "password": "mistyped"}])
        for _ in range(300):
            assert wifi.poll(heard) != UP
            time.advance(100)
        assert sentences[-1] == "Wi-Fi home: its password was refused"


def test_a_link_to_one_of_the_networks_is_kept_and_gets_the_settings():
    for _ in boards():
        wlan = joined_before("home", "home-password")
        wifi = WiFi([SHED, HOME], power="none", txpower=8)
        for _ in range(3):
            wifi.poll(heard)
            assert wlan.isconnected()
        assert wifi.state == UP and wifi.ssid == "home" and sentences == []
        assert wlan.config("pm") == network.WLAN.PM_NONE and wlan.config("txpower") == 8


def test_settings_reach_the_network_module_where_it_knows_them():
    for style in boards():
        up(country="DE", hostname="greenhouse", power="none")
        assert network.country() == "DE" and network.hostname() == "greenhouse"
        none = {"esp32": 0, "rp2": 16}[style]
        assert network.WLAN(network.STA_IF).config("pm") == none


def test_a_board_logs_through_a_router_that_reboots():
    for _ in boards():
        network.air["home"] = "home-password"
        internet.link_up = False
        board = Board(wifi=WiFi([HOME]), flush_interval=1)
        internet.link_up = True
        for i in range(300):
            if i == 100:
                network.air.clear()
                internet.link_up = False
            if i == 200:
                network.air["home"] = "home-password"
                internet.link_up = True
            board.log("t", i)
            board.run(1)
            if i == 150:
                assert board.logger.state == "offline"
        board.run(60)
        assert board.values() == list(range(300)) and board.logger.state == "online"


def test_no_answer_several_times_running_cycles_the_radio():
    for _ in boards():
        network.air["home"] = "home-password"
        board = Board(wifi=WiFi([HOME]), flush_interval=0)
        board.run(5)
        lie()
        board.log("t", 1)
        board.run(120)
        assert board.logger.state == "offline"
        stop_lying()
        board.run(120)
        assert board.values() == [1]


def test_a_link_that_lies_is_made_anew_also_where_the_time_was_never_known():
    for _ in boards():
        network.air["home"] = "home-password"
        board = Board(wifi=WiFi([HOME]), flush_interval=0)
        board.ntp.silent = True
        board.run(60)
        assert board.logger.state == "no time" and board.server.buckets
        lie()
        board.log("t", 1)
        board.run(600)
        assert board.logger.state == "offline"
        board.ntp.silent = False
        stop_lying()
        board.run(900)
        assert board.values() == [1]


def test_without_wifi_settings_the_network_module_is_never_imported():
    import sys

    kept = sys.modules.pop("network")
    try:
        board = Board(wifi=None, flush_interval=0)
        board.log("t", 1)
        board.run(3)
        assert board.values() == [1] and "network" not in sys.modules
    finally:
        sys.modules["network"] = kept


class Wired:
    """Imitates a `network.LAN` or `network.WIZNET5K` (ports/esp32/network_lan.c): the program has
    set it up, and whoever else touches it makes the test fail."""

    def __init__(self):
        self.plugged = False

    def isconnected(self):
        return self.plugged


def test_a_wired_interface_is_waited_for_and_never_touched():
    for _ in boards():
        wired = Wired()
        internet.link_up = False
        board = Board(wifi=wired, flush_interval=0)
        board.log("t", 1)
        board.run(60)
        assert board.logger.state == "offline" and not board.server.posts
        wired.plugged = internet.link_up = True
        board.run(5)
        assert board.values() == [1] and board.logger.state == "online"
        wired.plugged = internet.link_up = False
        board.log("t", 2)
        board.run(600)
        assert board.logger.state == "offline"
        wired.plugged = internet.link_up = True
        board.run(60)
        assert board.values() == [1, 2]


def test_what_is_no_network_is_refused_as_wifi():
    for _ in boards():
        text = str(raises(ConfigError, Board, wifi=[HOME]))
        assert "isconnected()" in text and "home-password" not in text


def test_two_loggers_share_one_radio():
    for _ in boards():
        network.air["home"] = "home-password"
        wifi = WiFi([HOME])
        one = Board(wifi=wifi, flush_interval=0)
        two = Board(
            wifi=wifi,
            flush_interval=0,
            bucket_url="http://other.test/buckets",
            ingest_url="http://other.test/batch_logs",
        )
        internet.names["other.test"] = True
        internet.hosts["other.test:80"] = two.server
        internet.hosts["service.test:80"] = one.server
        for i in range(100):
            one.log("t", i)
            two.log("t", -i)
            for _ in range(10):
                one.run(0.05)
                two.run(0.05)
        one.run(20)
        two.run(20)
        assert one.values() == list(range(100)) and two.values() == [-i for i in range(100)]
