"""Imitates MicroPython's `network`: extmod/modnetwork.c, ports/esp32/modnetwork_globals.h. Its
WLAN is that of network_wlan.py (an ESP32) or of network_cyw43.py (a Pico W), whose docstrings say
what each does.

The radio that a PC lacks, for the simulated board and for the unit tests (any interpreter). Set
before use, and change while running:
- `style`: "esp32" or "rp2".
- `air`: what is in range, ssid -> password; `bssids`: ssid -> 6 bytes, where a test asks for one;
  `channels`: ssid -> its channel, where that is not 6. `scans_from`: the channels at which an
  ESP32 began the scans of its last four joins (network_wlan.c: config(channel=) sets that).
- `join_ms` until an access point lets the board in, `dhcp_ms` from then until it has an address;
  `address` and `gateway` are what it gets, and `dns`, its DNS server ("0.0.0.0", where it is told
  none: on a PC names are the PC's own to look up).
- `reasons`: ssid -> the number with which that access point refuses; or what happens in each
  attempt, a list of (ms since connect(), number; 0: it is let in).
- `lying`: a link that is gone is still reported as up, until disconnect() or active(False).
  `deaf`: a link is there, and nothing comes through until the radio was off. `wedged`: a CYW43
  does not answer until deinit(). `failing_bring_ups`: so often it does not even start.
- `failing`: what a call raises: name of a method, or "WLAN", "hostname", "country" -> an
  exception, a list of them for one call each (None: that one works), or a function.
- `open_connections`: a function that tells how many TCP connections are open, where one knows.
`drop()` is a moment of lost contact, `power_cycle()` a board switched off and on. Of a sleep
machine_sleep.py tells with radio_was_off(), and asks keeps_awake().

Constants have the port's own names and numbers, and only those; PM_* live on WLAN.
Invariant: what happened since the last call is worked out at the next one, from ticks_ms() alone.
"""

import sys

from network_cyw43 import Cyw43 as _Cyw43
from network_station import Station as _Station  # noqa: F401
from network_station import Wired
from network_wlan import Esp32 as _Esp32

style = "esp32"
air = {}
bssids = {}
channels = {}
scans_from = []
reasons = {}
failing = {}
join_ms = 300
dhcp_ms = 50
address = "192.168.4.27"
gateway = "192.168.4.1"
dns = "0.0.0.0"
lying = deaf = wedged = False
failing_bring_ups = 0
signal_dbm = -57
open_connections = int
radio_us = 0  # true time for which a station was on the air, see radio_on_us()
hostname_max = 32  # MICROPY_PY_NETWORK_HOSTNAME_MAX_LEN

STA_IF = 0
AP_IF = 1

_CONSTANTS = {
    "esp32": {
        "STAT_IDLE": 1000,
        "STAT_CONNECTING": 1001,
        "STAT_GOT_IP": 1010,
        "STAT_BEACON_TIMEOUT": 200,
        "STAT_NO_AP_FOUND": 201,
        "STAT_WRONG_PASSWORD": 202,
        "STAT_ASSOC_FAIL": 203,
        "STAT_CONNECT_FAIL": 203,
        "STAT_HANDSHAKE_TIMEOUT": 204,
        "STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY": 210,
        "STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD": 211,
        "STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD": 212,
    },
    "rp2": {
        "STAT_IDLE": 0,
        "STAT_CONNECTING": 1,
        "STAT_GOT_IP": 3,
        "STAT_CONNECT_FAIL": -1,
        "STAT_NO_AP_FOUND": -2,
        "STAT_WRONG_PASSWORD": -3,
    },
}

_port = sys.modules[__name__]
_hostname = None
country_code = "XX"
_stations = {}
_wired = []


def constant(name):
    return _CONSTANTS[style][name]


def fault(name):
    """What a call of that name raises before it does anything."""
    what = failing.get(name)
    if isinstance(what, list):
        what = what.pop(0) if what else None
    if isinstance(what, BaseException):
        raise what
    if what:
        what()


def station():
    """The one station; what WLAN() returns."""
    if style not in _stations:
        _stations[style] = (_Esp32 if style == "esp32" else _Cyw43)(_port)
    return _stations[style]


class _Wlan:
    """`WLAN`: called, one of the two interfaces; its attributes, the port's class constants."""

    def __call__(self, interface=STA_IF):
        fault("WLAN")
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        return station() if interface == STA_IF else station().access_point

    def __getattr__(self, name):
        return getattr(_Esp32 if style == "esp32" else _Cyw43, name)


WLAN = _Wlan()


def LAN(*pins, **settings):
    """A wired interface, also under the name that an rp2's has."""
    _wired.append(Wired(_port))
    return _wired[-1]


WIZNET5K = LAN


def __getattr__(name):
    if name in _CONSTANTS[style]:
        return constant(name)
    raise AttributeError(name)


def country(*code):
    global country_code
    fault("country")
    if not code:
        return country_code
    if len(code[0]) != 2:
        raise ValueError
    country_code = code[0]


def hostname(*name):
    global _hostname
    fault("hostname")
    if not name:
        return _hostname or ("mpy-esp32" if style == "esp32" else "mpy-rp2")
    if len(name[0].encode()) > hostname_max:
        raise ValueError
    _hostname = name[0]


def ipconfig(query):
    """Of the board: its first DNS server, also that of a link that has gone since."""
    fault("ipconfig")
    if query != "dns":
        raise ValueError("unexpected key")
    if dns == "0.0.0.0":
        return dns
    told = [_stations[name].dns_server() for name in _stations]
    told += [wired.dns_server() for wired in _wired]
    told = [server for server in told if server]
    return told[-1] if told else "0.0.0.0"


def route():
    """What becomes of a packet that leaves the board: see Station.route(). "alive", too, where no
    interface was ever switched on: such a board has its network by other means."""
    found = [wired.route() for wired in _wired]
    if style in _stations and _stations[style].ever_on:
        found.append(_stations[style].route())
    if not found or "alive" in found:
        return "alive"
    return "dead" if "dead" in found else None


def cuts():
    """So often all TCP connections were aborted."""
    return sum(station.cuts for station in _stations.values())


def drop():
    """Contact is lost for a moment: the ESP32 joins again by itself, the CYW43 stays down."""
    for station in _stations.values():
        station.lose()


def keeps_awake():
    """Whether lwIP's timer runs on an rp2: a link is up, or a TCP connection is open
    (ports/rp2/mpnetworkport.c)."""
    linked = [wired for wired in _wired if wired.isconnected()]
    linked += [station for station in _stations.values() if station.is_linked()]
    return bool(linked) or open_connections() > 0


def radio_on_us():
    """For so long a station has been on the air, since reset(): microseconds of true time."""
    for station in _stations.values():
        station.on_air = station.on_air
    return radio_us


def radio_was_off(us):
    """An esp32 was in lightsleep, where its radio has no power (ESP-IDF's guide to sleep)."""
    for station in _stations.values():
        station.radio_was_off(us)


def power_cycle():
    """A board switched off and on: the interface is down, its settings are the port's own."""
    global _hostname, country_code, wedged, deaf
    radio_on_us()
    _stations.clear()
    del _wired[:]
    _hostname = None
    country_code = "XX"
    wedged = deaf = False


def reset():
    """A new board, in an empty place."""
    global style, lying, failing_bring_ups, join_ms, dhcp_ms, gateway, signal_dbm, hostname_max
    global radio_us
    power_cycle()
    radio_us = 0
    for what in (air, bssids, channels, scans_from, reasons, failing):
        what.clear()
    style = "esp32"
    lying = False
    failing_bring_ups = 0
    join_ms = 300
    dhcp_ms = 50
    gateway = "192.168.4.1"
    signal_dbm = -57
    hostname_max = 32
