"""What radios do that no document promises: they raise, pass through failures, wedge, forget."""

import guest
import internet
import joining
import network
from islog.wifi import UP, WiFi
from joining import HOME, SHED, heard, seconds_to, sentences
from samples import paired
from virtual_board import Board, time

OF_RADIO = "WLAN active connect disconnect isconnected status config ifconfig".split()
OF_RADIO += ["hostname", "country", "deinit"]
FAULTS = (
    RuntimeError("Wifi Unknown Error 0x0101"),
    OSError("WiFi Out of Memory"),
    OSError("Wifi Internal State Error"),
    OSError(110),
    OSError(1),
    ValueError(),
)


def boards(*styles):
    """As joining.boards(), with the network at home in range."""
    for style in joining.boards(*styles):
        network.air["home"] = HOME["password"]
        yield style


def test_whatever_a_radio_raises_a_board_goes_on():
    failures = [(name, fault) for name in OF_RADIO for fault in FAULTS]
    for (name, fault), style in paired(failures, ("esp32", "rp2")):
        for _ in boards(style):
            network.failing[name] = [fault] * 3
            board = Board(wifi=WiFi([HOME], "DE", "greenhouse", "none", 8), flush_interval=0)
            board.log("n", 1)
            board.run(90)
            network.failing[name] = [None, fault, fault]
            network.drop()
            board.log("n", 2)
            board.run(90)
            assert board.values() == [1, 2], (name, fault, style)
            assert board.logger.state == "online"


def test_a_radio_that_raises_for_minutes_is_told_and_joins_once_it_does_not():
    for _ in boards():
        network.failing["connect"] = [RuntimeError("Wifi Unknown Error 0x0101")] * 10000
        board = Board(wifi=WiFi([HOME]), flush_interval=0)
        board.log("n", 1)
        board.run(600)
        assert board.logger.state == "offline"
        told = "Wi-Fi home: the radio answered Wifi Unknown Error 0x0101"
        assert told in board.logger.last_error
        network.failing.clear()
        board.run(30)
        assert board.values() == [1]


def test_failures_that_an_esp32_passes_through_end_no_attempt():
    for _ in boards("esp32"):
        network.reasons["home"] = [(1070, 202), (3490, 201), (3660, 0)]
        assert seconds_to(WiFi([HOME])) == 3 and sentences == []


def test_an_address_that_comes_late_ends_no_attempt():
    for _ in boards():
        network.dhcp_ms = 13000
        network.reasons["home"] = [(500, 202), (900, 0)] if network.style == "esp32" else 0
        assert seconds_to(WiFi([HOME])) in (13, 14) and sentences == []


def test_a_chip_that_does_not_start_is_started_again():
    for _ in boards("rp2"):
        network.failing_bring_ups = 3
        assert seconds_to(WiFi([HOME])) < 60


def test_a_chip_that_has_wedged_before_it_could_join_loses_its_power():
    for _ in boards("rp2"):
        wifi = WiFi([HOME])
        wifi.poll(heard)
        network.wedged = True
        assert seconds_to(wifi, UP, 600) < 400 and not network.wedged


def test_a_join_that_a_driver_never_finishes_is_begun_anew_with_the_radio_switched():
    for _ in boards():
        network.join_ms = 1 << 28
        wifi = WiFi([HOME])
        for _ in range(3000):
            assert wifi.poll(heard) != UP
            time.advance(100)
        network.join_ms = 300
        assert seconds_to(wifi) < 25
        assert set(sentences) == {"Wi-Fi home: it did not answer in 15 s"}


def test_only_the_access_point_that_is_asked_for_is_joined():
    for _ in boards():
        network.bssids["home"] = b"\x02\x00\x00\x00\x00\x02"
        wifi = WiFi([dict(HOME, bssid="02:00:00:00:00:01")])
        for _ in range(200):
            assert wifi.poll(heard) != UP
            time.advance(100)
        assert set(sentences) == {"Wi-Fi home: it is not in range"}
        network.bssids["home"] = b"\x02\x00\x00\x00\x00\x01"
        assert seconds_to(wifi) < 25


def test_a_static_address_goes_with_its_network():
    for _ in boards():
        network.air["shed"] = SHED["password"]
        address = ["192.168.4.99", "255.255.255.0", "192.168.4.1", "192.168.4.1"]
        wifi = WiFi([dict(HOME, ifconfig=address), SHED])
        seconds_to(wifi)
        wlan = network.WLAN(network.STA_IF)
        assert wlan.ifconfig() == tuple(address)
        del network.air["home"]
        time.advance(1000)
        while not (wifi.poll(heard) == UP and wifi.ssid == "shed"):
            time.advance(100)
        assert wlan.ipconfig("dhcp4") is True and wlan.ifconfig()[0] == network.address


def test_a_setting_that_this_radio_does_not_take_is_told_and_the_rest_is_applied():
    for style in boards():
        network.hostname_max = 16
        wifi = WiFi([HOME], "DE", "a-greenhouse-behind-the-house", "none", 8.5)
        seconds_to(wifi)
        wlan = network.WLAN(network.STA_IF)
        assert wlan.config("pm") == wlan.PM_NONE and network.country() == "DE"
        told = [sentence.split(" ")[0] for sentence in sentences]
        if style == "esp32":
            assert told == ["hostname"] and wlan.config("txpower") == 8.5
        else:  # it wants whole dBm
            assert wlan.config("txpower") in (8, 20) and set(told) <= {"hostname", "txpower"}


def test_settings_of_the_board_are_applied_again_after_each_switch_of_the_radio():
    for style in boards():
        wifi = WiFi([HOME], power="none", txpower=8)
        seconds_to(wifi)
        network.deaf = True
        for _ in range(16):
            wifi.heard(False)
            for _ in range(50):
                wifi.poll(heard)
                time.advance(100)
        wlan = network.WLAN(network.STA_IF)
        assert not network.deaf and seconds_to(wifi) < 25, style
        assert wlan.config("pm") == wlan.PM_NONE and wlan.config("txpower") == 8


def test_a_gateway_that_says_nothing_costs_a_dead_server_s_board_a_few_cuts_an_hour():
    for _ in boards():
        board = Board(wifi=WiFi([HOME]), flush_interval=10)
        mqtt = guest.Mqtt()
        board.run(30)
        internet.dead.add("service.test:80")
        internet.gateway_silent = True
        for i in range(360):
            board.log("n", i)
            board.run(10)
            mqtt.beat()
        assert network.cuts() <= 6 and mqtt.cuts + mqtt.silent <= 6 and mqtt.beats > 300


def always(fault):
    def call():
        raise fault

    return call


def test_a_country_or_a_hostname_that_is_never_taken_keeps_no_board_off_the_network():
    for name in ("country", "hostname"):
        for fault in FAULTS:
            for _ in boards():
                network.failing[name] = always(fault)
                assert seconds_to(WiFi([HOME], "DE", "greenhouse")) < 5
                assert sentences and set(s.split()[0] for s in sentences) == {name}


def test_a_static_address_is_given_back_on_a_port_without_ipconfig():
    static = ["192.168.4.50", "255.255.255.0", "192.168.4.1", "192.168.4.1"]
    for _ in boards():
        network.air["shed"] = SHED["password"]
        network.failing["ipconfig"] = always(AttributeError("ipconfig"))
        wifi = WiFi([dict(HOME, ifconfig=static), SHED])
        seconds_to(wifi)
        del network.air["home"]
        assert wifi.poll(heard) != UP
        seconds_to(wifi)
        assert wifi.ssid == "shed" and network.station().ifconfig()[0] == network.address


def test_a_name_that_is_no_utf_8_is_none_of_ours_and_bytes_are_read():
    for answer, left in ((b"home", 0), (UnicodeError(), 1), (b"caf\xe9", 1)):
        for _ in boards():
            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            wlan.connect("home", HOME["password"])
            time.advance(1000)

            def config(name, answer=answer):
                if isinstance(answer, Exception):
                    raise answer
                return answer

            wlan._configured_ssid = lambda call=config: call("ssid")
            wifi = WiFi([HOME])
            for _ in range(3):
                wifi.poll(heard)
            assert sentences == ["Wi-Fi ? is left: config.json does not name it"] * left
            assert wlan.isconnected() is not bool(left)


def test_the_static_address_of_a_network_of_before_goes_with_it():
    for _ in boards():
        network.air["shed"] = SHED["password"]
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.ifconfig(("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1"))
        wlan.connect("shed", SHED["password"])
        time.advance(1000)
        assert wlan.isconnected() and wlan.ifconfig()[0] == "10.0.0.9"
        board = Board(wifi=WiFi([HOME]), flush_interval=0)
        board.log("n", 1)
        board.run(30)
        assert board.values() == [1] and wlan.ifconfig()[0] == network.address


class WithoutIfconfig:
    """A port on which ipconfig() is all there is, as is planned for MicroPython 2."""

    def __init__(self, wlan):
        self._wlan = wlan

    def __getattr__(self, name):
        if name == "ifconfig":
            raise AttributeError(name)
        return getattr(self._wlan, name)


def test_a_gateway_is_asked_also_where_a_port_has_no_ifconfig():
    from islog import wifi_radio

    for _ in boards():
        seconds_to(WiFi([HOME]))
        wlan = WithoutIfconfig(network.station())
        assert wifi_radio.gateway_answers(wlan) is True
        network.gateway, network.deaf = "192.168.4.1", True
        assert wifi_radio.gateway_answers(wlan) is False


def test_a_radio_that_is_not_to_be_switched_off_is_switched_on_again_all_the_same():
    for _ in boards("rp2"):
        network.failing_bring_ups = 3
        wifi = WiFi([HOME], reset=False)
        seconds_to(wifi)
        network.station().deinit()  # the program has done that
        assert wifi.poll(heard) != UP
        assert seconds_to(wifi) < 30


def test_what_is_asked_of_the_other_interface_may_fail_as_well():
    for _ in boards():
        wifi = WiFi([HOME])
        wifi.poll(heard)
        network.failing["WLAN"] = always(RuntimeError("Wifi Unknown Error 0x0101"))
        network.failing["connect"] = always(OSError("Wifi Internal State Error"))
        for _ in range(600):
            wifi.poll(heard)
            time.advance(100)
        network.failing.clear()
        seconds_to(wifi)


def test_the_doubt_of_one_logger_outlasts_an_exchange_of_the_other():
    for _ in boards():
        wifi = WiFi([HOME])
        seconds_to(wifi)
        network.deaf = True
        for _ in range(5):
            wifi.heard(False)  # the fifth is the other's, under way meanwhile
        assert wifi.poll(heard) != UP
        assert sentences == [
            "Wi-Fi home: nothing answers, nor does its gateway: it is joined anew"
        ]
