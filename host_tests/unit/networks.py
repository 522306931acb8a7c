"""What the tests of look-ups and connects share: a board whose network tells its DNS server."""

import internet
import machine
import network
import secure
import virtual_board
from initial_state import Server
from islog import keepalive
from virtual_board import time

NAME = "service.test"
TIMEOUT_S = 5


def station(dns_server="192.168.4.1", after_ms=1000):
    """The station, that long after it was to join a network with this DNS server."""
    network.dns = dns_server
    network.power_cycle()
    network.air["home"] = "home-password"
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("home", "home-password")
    time.advance(after_ms)
    return wlan


def joined(style="esp32", name=NAME):
    """A new board there: a server, and a kept connection that is to be opened to it."""
    virtual_board.reset()
    network.style = machine.style = style
    assert station().isconnected()
    server = Server()
    internet.hosts[name + ":80"] = internet.hosts[name + ":443"] = server
    return server, kept()


def kept():
    way = keepalive.Keepalive(TIMEOUT_S, 60)
    way._tls = secure.SSLContext(secure.PROTOCOL_TLS_CLIENT)
    return way


def home():
    """A WiFi for a Logger, whose network is in range."""
    from islog.wifi import WiFi

    network.air["home"] = "home-password"
    return WiFi([{"ssid": "home", "password": "home-password"}])
