"""Imitates MicroPython's `network`: ports/esp32/network_wlan.c and extmod/network_cyw43.c.

The radio that a PC lacks, for the unit tests (any interpreter, any `time`) and for the simulated
board. Set before use, and change while running: `style` ("esp32" or "rp2"), `air` (what is in
range: ssid -> password), `join_ms`, `signal_dbm`, `lying` (a link that is gone is still reported
as up, until disconnect() or active(False)). `drop()` is a moment of lost contact, `power_cycle()`
a board switched off and on.

Facts kept, and where they come from:
- connect() before active(True) raises OSError (esp_wifi_connect; cyw43_wifi_join: EPERM).
- ESP32: a lost link or a failed attempt is tried again without end, until disconnect()
  (WIFI_EVENT_STA_DISCONNECTED). Meanwhile status() shows the last failure, and connect() raises
  OSError. connect() while up joins anew.
- CYW43: a lost link, or a failed attempt, stays as it is. status() is an unnamed 2 while there is
  no address yet. connect() while joining starts over.
- Constants have the port's own names and numbers, and only those; PM_* live on WLAN.
Invariant: what happened since the last call is worked out at the next one, from ticks_ms() alone.
"""

import time

style = "esp32"
air = {}
join_ms = 300
lying = False
signal_dbm = -57

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
_NO_ADDRESS_YET = 2  # CYW43_LINK_NOIP, which the rp2 port does not name
_HOSTNAME_MAX = 32

_IDLE = 0
_JOINING = 1
_UP = 2
_FAILED = 3

_hostname = None
_country = "XX"


def _stat(name):
    return _CONSTANTS[style][name]


class _Station:
    """What both ports share: one interface, the attempt under way, and the settings."""

    IF_STA = STA_IF
    IF_AP = AP_IF

    def __init__(self):
        self._active = False
        self._state = _IDLE
        self._reason = None  # the name of the last failure
        self._ssid = None
        self._key = None
        self._since = 0
        self._settings = {"pm": self.PM_PERFORMANCE, "txpower": 20, "channel": 6}

    def active(self, *value):
        if not value:
            return self._active
        if not value[0]:
            self._leave()
        self._active = bool(value[0])
        return self._active if style == "esp32" else None

    def connect(self, ssid=None, key=None, *, bssid=None):
        self._look()
        self._may_connect()
        for text in (ssid, key):
            if text is not None and not isinstance(text, (str, bytes)):
                raise TypeError(f"can't convert {type(text).__name__} object to str")
        if ssid is not None:
            self._ssid = ssid
            self._key = key
        self._reason = None
        self._join()

    def disconnect(self):
        self._look()
        self._may_disconnect()
        self._leave()

    def isconnected(self):
        self._look()
        return self._state == _UP

    def config(self, *query, **settings):
        if query and settings or len(query) > 1 or not (query or settings):
            raise TypeError("can query only one param")
        if settings:
            for name, value in settings.items():
                if name in ("hostname", "dhcp_hostname"):
                    hostname(value)
                elif name not in self._known():
                    raise ValueError("unknown config param")
                elif name == "txpower" and not self._active and style == "esp32":
                    raise OSError("Wifi Not Started")
                else:
                    self._settings[name] = value
            return None
        name = query[0]
        if name == "mac":
            return b"\x02\x15\x10\x09\x00\x01"
        if name in ("ssid", "essid"):
            return self._ssid or ""
        if name in ("hostname", "dhcp_hostname"):
            return hostname()
        if name not in self._known():
            raise ValueError("unknown config param")
        return self._settings[name]

    def ifconfig(self):
        if not self.isconnected():
            return ("0.0.0.0",) * 4
        return ("192.168.4.27", "255.255.255.0", "192.168.4.1", "192.168.4.1")

    def ipconfig(self, name):
        if name == "addr4":
            return self.ifconfig()[:2]
        if name == "gw4":
            return self.ifconfig()[2]
        raise ValueError("unknown config param")

    def _known(self):
        return self._settings

    def _join(self):
        self._state = _JOINING
        self._since = time.ticks_ms()

    def _leave(self):
        self._state = _IDLE
        self._reason = None

    def _in_range(self):
        return self._ssid in air and air[self._ssid] == self._key

    def _look(self):
        """Bring the state up to now."""
        if self._state == _UP:
            if not lying and not self._in_range():
                self._lost()
        elif self._state == _JOINING and time.ticks_diff(time.ticks_ms(), self._since) >= join_ms:
            if self._in_range():
                self._state = _UP
                self._reason = None
            else:
                missing = self._ssid not in air
                self._failed("STAT_NO_AP_FOUND" if missing else "STAT_WRONG_PASSWORD")


class _Esp32(_Station):
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __init__(self):
        super().__init__()
        self._settings["reconnects"] = -1

    def status(self, *query):
        self._look()
        if not query:
            if self._state == _UP:
                return _stat("STAT_GOT_IP")
            if self._reason:
                return _stat(self._reason)
            return _stat("STAT_CONNECTING" if self._state == _JOINING else "STAT_IDLE")
        if query[0] != "rssi":
            raise ValueError("unknown status param")
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._state != _UP:
            raise OSError("Wifi Not Connected")
        return signal_dbm

    def _may_connect(self):
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._state == _JOINING:
            raise OSError("Wifi Internal State Error")

    def _may_disconnect(self):
        if not self._active:
            raise OSError("Wifi Not Started")

    def _lost(self):
        self._failed("STAT_BEACON_TIMEOUT")

    def _failed(self, reason):
        # network_wlan.c names only some reasons in status(); a lost beacon shows as "connecting".
        self._reason = None if reason == "STAT_BEACON_TIMEOUT" else reason
        self._join()


class _Cyw43(_Station):
    PM_NONE = 0x10
    PM_PERFORMANCE = 0xA11142
    PM_POWERSAVE = 0x11

    def status(self, *query):
        self._look()
        if not query:
            if self._state == _UP:
                return _stat("STAT_GOT_IP")
            if self._state == _FAILED:
                return _stat(self._reason)
            if self._state == _JOINING:
                waited_ms = time.ticks_diff(time.ticks_ms(), self._since)
                late = self._in_range() and waited_ms * 2 >= join_ms
                return _NO_ADDRESS_YET if late else _stat("STAT_CONNECTING")
            return _stat("STAT_IDLE")
        if query[0] != "rssi":
            raise ValueError("unknown status param")
        return signal_dbm if self._state == _UP else 0

    def _may_connect(self):
        if not self._active:
            raise OSError(1)

    def _may_disconnect(self):
        pass  # cyw43_wifi_leave's answer is not looked at

    def _lost(self):
        self._leave()

    def _failed(self, reason):
        self._state = _FAILED
        self._reason = reason


_stations = {}


def _wlan(interface=STA_IF):
    if interface != STA_IF:
        raise NotImplementedError("this stand-in has a station interface only, no access point")
    if style not in _stations:
        _stations[style] = (_Esp32 if style == "esp32" else _Cyw43)()
    return _stations[style]


class _Wlan:
    """`WLAN`: called, the one station; its attributes, the port's class constants."""

    def __call__(self, interface=STA_IF):
        return _wlan(interface)

    def __getattr__(self, name):
        return getattr(_Esp32 if style == "esp32" else _Cyw43, name)


WLAN = _Wlan()


def __getattr__(name):
    if name in _CONSTANTS[style]:
        return _stat(name)
    raise AttributeError(name)


def country(*code):
    global _country
    if not code:
        return _country
    if len(code[0]) != 2:
        raise ValueError
    _country = code[0]


def hostname(*name):
    global _hostname
    if not name:
        return _hostname or ("mpy-esp32" if style == "esp32" else "PicoW")
    if len(name[0]) > _HOSTNAME_MAX:
        raise ValueError
    _hostname = name[0]


def drop():
    """Contact is lost for a moment: the ESP32 joins again by itself, the CYW43 stays down."""
    for station in _stations.values():
        station._look()
        if station._state == _UP and not lying:
            station._lost()


def power_cycle():
    """A board switched off and on: the interface is down, its settings are the port's own."""
    global _hostname, _country
    _stations.clear()
    _hostname = None
    _country = "XX"
