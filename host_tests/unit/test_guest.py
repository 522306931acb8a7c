"""islog beside a program's own connections, for an hour of each trouble that a network can have.

What the program has open is cut where the link itself is dead, and in no other trouble; what it
has set on the radio is there afterwards.
"""

import guest
import internet
import islog
import machine
import network
import virtual_board
from islog.wifi import WiFi
from samples import paired
from virtual_board import Board, time

HOME = {"ssid": "home", "password": "home-password"}
STATIC = ("192.168.4.99", "255.255.255.0", "192.168.4.1", "192.168.4.1")
STYLES = ("esp32", "rp2")
TRANSPORTS = ("requests", "kept")
SILENT = "drop"  # what the server's answer is then


def shared_boards(*transports):
    """A SharedBoard for each port, and for each transport."""
    for style, transport in paired(STYLES, transports or TRANSPORTS):
        virtual_board.reset()
        network.style = machine.style = style
        network.air["home"] = HOME["password"]
        yield SharedBoard(transport)


class SharedBoard:
    """A board with islog, and a program's own MQTT client and web server on it."""

    def __init__(self, transport, wifi=None):
        self.wlan = network.WLAN(network.STA_IF)
        wifi = wifi or WiFi([HOME])
        self.board = Board(wifi=wifi, transport=transport, buffer_bytes=32768)
        self.mqtt = guest.Mqtt()
        self.web = guest.Web()
        self.guests = self.mqtt, self.web
        self.logged = 0
        self.run(1)
        assert self.is_well()

    def run(self, minutes):
        for _ in range(minutes * 6):
            self.board.log("n", self.logged)
            self.logged += 1
            self.board.run(10)
            for one in self.guests:
                one.beat()

    def broken(self):
        """So often a connection of the program was cut, or given up."""
        return sum(one.cuts + one.silent for one in self.guests)

    def is_well(self, minutes=1):
        """Whether all works within these minutes."""
        beats = [one.beats for one in self.guests]
        self.run(minutes)
        self.board.run(60)
        beating = all(one.beats > before for one, before in zip(self.guests, beats))
        return beating and self.board.values() == list(range(self.logged))


def an_hour_without_a_cut(shared):
    radio = network.cuts()
    shared.run(60)
    assert shared.broken() == 0 and network.cuts() == radio


def test_a_server_that_refuses_for_an_hour_cuts_nothing():
    for shared in shared_boards():
        shared.board.server.down = True
        an_hour_without_a_cut(shared)
        shared.board.server.down = False
        assert shared.is_well()


def test_a_dead_server_behind_a_live_link_cuts_nothing():
    for shared in shared_boards():
        internet.dead.add("service.test:80")
        an_hour_without_a_cut(shared)
        internet.dead.clear()
        assert shared.is_well()


def test_a_server_that_is_silent_after_it_has_accepted_cuts_nothing():
    for shared in shared_boards():
        shared.board.server.always = SILENT
        an_hour_without_a_cut(shared)
        shared.board.server.always = None
        assert shared.is_well()


def test_a_silent_dns_server_and_a_name_that_is_gone_cut_nothing():
    for shared in shared_boards("kept"):
        internet.dns_silent = True
        shared.run(30)
        internet.dns_silent = False
        del internet.names["service.test"]
        an_hour_without_a_cut(shared)
        internet.names["service.test"] = True
        assert shared.is_well()


def test_an_ntp_that_is_blocked_cuts_nothing():
    for shared in shared_boards("requests"):
        shared.board.ntp.silent = True
        time.advance(5 * 3600 * 1000)  # it is due
        an_hour_without_a_cut(shared)
        assert shared.board.values()[-5:] == list(range(shared.logged))[-5:]


def test_an_answer_that_takes_too_much_at_once_is_no_dead_link():
    for shared in shared_boards():
        shared.board.server.always = (500, {}, b"oops")
        an_hour_without_a_cut(shared)
        shared.board.server.always = None
        assert shared.is_well()


def test_a_link_that_has_died_is_made_anew_when_its_access_point_is_back():
    for shared in shared_boards("kept"):
        network.lying = True
        network.air.clear()
        shared.run(30)
        assert shared.broken()
        network.lying = False
        network.air["home"] = HOME["password"]
        shared.run(3)
        assert shared.is_well()


def test_a_link_that_hears_nothing_comes_back_once_the_radio_was_off():
    for shared in shared_boards():
        network.deaf = True
        shared.run(20)
        assert not network.deaf and network.cuts() <= 2
        assert shared.is_well()


def test_a_chip_that_does_not_answer_comes_back_once_its_power_was_off():
    for shared in shared_boards():
        if network.style == "rp2":
            shared.wlan.config(txpower=8)
            network.wedged = network.deaf = True
            shared.run(20)
            assert not network.wedged and shared.is_well()
            assert shared.wlan.config("txpower") in (8, 20), "nothing that no radio knows"


def test_what_the_program_has_set_is_there_after_the_radio_was_off():
    for shared in shared_boards("kept"):
        wlan = shared.wlan
        power = 8.5 if network.style == "esp32" else 8
        wlan.config(txpower=power, pm=wlan.PM_POWERSAVE)
        wlan.ifconfig(STATIC)
        shared.run(2)
        cuts = network.cuts()
        network.deaf = True
        shared.run(20)
        assert network.cuts() > cuts and shared.is_well()
        assert wlan.config("txpower") == power and wlan.config("pm") == wlan.PM_POWERSAVE
        assert wlan.ifconfig() == STATIC and wlan.ipconfig("dhcp4") is False


def test_an_access_point_of_the_program_is_never_touched():
    for shared in shared_boards("kept"):
        point = network.WLAN(network.AP_IF)
        point.active(True)
        touched = point.touched
        network.lying = True
        network.air.clear()
        shared.run(20)
        network.lying = False
        network.air["home"] = HOME["password"]
        shared.run(3)
        assert shared.is_well()
        assert point.on_air and not point.cuts and point.touched == touched


def test_of_two_loggers_on_one_radio_only_one_has_a_dead_server():
    for shared in shared_boards():
        internet.names["other.test"] = True
        internet.dead.add("other.test:80")
        other = islog.Logger(
            "the-key",
            "other",
            wifi=shared.board.logger._wifi,
            bucket_url="http://other.test/buckets",
            ingest_url="http://other.test/batch_logs",
            ntp_hosts=["time.test"],
            transport="requests",
            quiet=True,
        )
        cuts = network.cuts()
        for _ in range(60):
            other.log("n", 1)
            for _ in range(20):
                other.poll()
                shared.board.run(1)
            shared.run(1)
            shared.board.run(10)
            late = shared.logged - len(shared.board.values())
            assert late <= 6, "a minute's readings at most are on their way"
        assert other.pending and shared.broken() == 0 and network.cuts() == cuts
        assert shared.is_well()


def test_a_link_that_the_program_looks_after_is_left_to_it():
    for style, transport in paired(STYLES, TRANSPORTS):
        virtual_board.reset()
        network.style = machine.style = style
        network.air["home"] = HOME["password"]
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.connect("home", HOME["password"])
        time.advance(1000)
        shared = SharedBoard(transport, wifi=wlan)
        cuts = network.cuts()
        for trouble in ("down", "dead"):
            shared.board.server.down = trouble == "down"
            if trouble == "dead":
                internet.dead.add("service.test:80")
            an_hour_without_a_cut(shared)
        network.deaf = True
        shared.run(60)
        assert network.cuts() == cuts, "that is for the program to mend"
        network.deaf = False
        internet.dead.clear()
        assert shared.is_well(3)


def test_a_wired_interface_is_left_to_the_program():
    for transport in TRANSPORTS:
        virtual_board.reset()
        lan = network.LAN()
        lan.active(True)
        shared = SharedBoard(transport, wifi=lan)
        lan.plugged = False
        shared.run(10)
        assert shared.board.logger.state == "offline"
        lan.plugged = True
        assert shared.is_well(3) and network.cuts() == 0
