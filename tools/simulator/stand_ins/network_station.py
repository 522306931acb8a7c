"""What the stand-ins of both ports' WLAN have in common: a station, an access point, their address
(extmod/modnetwork.c, ports/esp32/network_common.c, extmod/network_lwip.c). See network.py.

`port` is the module `network`, whose settings they look at while they run. `on_air` tells whether
an interface really is up; active() may say otherwise.
"""

import time

IDLE = 0
JOINING = 1
NO_ADDRESS = 2  # let in, and waiting for DHCP
UP = 3
FAILED = 4
_NOWHERE = ("0.0.0.0",) * 4
_INACTIVE_MS = (
    6000  # no beacon for so long: the link is lost (ESP-IDF, esp_wifi_set_inactive_time)
)
_MAC = b"\x02\x15\x10\x09\x00\x01"


class Station:
    IF_STA = 0
    IF_AP = 1

    def __init__(self, port):
        self._port = port
        self.access_point = AccessPoint(port, self)
        self._on_air = False
        self._on_air_since_us = 0
        self.ever_on = False
        self.cuts = 0  # so often all TCP connections were aborted
        self._active = False
        self._state = IDLE
        self._reason = 0  # of the last failure, as the port counts them
        self._ssid = None
        self._key = None
        self._bssid = None
        self._since = 0  # of the attempt, or of being let in
        self._address = None  # a static one
        self._told_dns = None
        self._deaf_since = None  # the end of a sleep in which the radio was off
        self._settings = {"channel": 1}
        self.start_radio()

    @property
    def on_air(self):
        return self._on_air

    @on_air.setter
    def on_air(self, on):
        now_us = time.up_us()
        if self._on_air:
            self._port.radio_us += now_us - self._on_air_since_us
        self._on_air = on
        self._on_air_since_us = now_us

    def active(self, *value):
        self._fault("active")
        if value:
            if value[0]:
                self._switch_on()
                self.ever_on = True
            else:
                self._switch_off()
            self._active = bool(value[0])
        return self._active if self.tells_active or not value else None

    def connect(self, ssid=None, key=None, *, bssid=None):
        self._fault("connect")
        self._look()
        for text in (ssid, key):
            if text is not None and not isinstance(text, (str, bytes)):
                raise TypeError("can't convert %s object to str" % type(text).__name__)
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        self._may_connect(ssid)
        if ssid is not None:
            self._ssid, self._key, self._bssid = ssid, key, bssid
        self._join()

    def disconnect(self):
        self._fault("disconnect")
        self._look()
        self._leave()

    def isconnected(self):
        self._fault("isconnected")
        self._look()
        return self._state == UP

    def config(self, *query, **settings):
        self._fault("config")
        self._look()
        if query and settings or len(query) > 1 or not (query or settings):
            raise TypeError("can query only one param")
        for name in settings:
            if name in ("hostname", "dhcp_hostname"):
                self._port.hostname(settings[name])
            elif name not in self._settings:
                raise ValueError("unknown config param")
            else:
                self._configure(name, settings[name])
        if settings:
            return self._configured()
        name = query[0]
        if name == "mac":
            return _MAC
        if name in ("hostname", "dhcp_hostname"):
            return self._port.hostname()
        if name in ("ssid", "essid"):
            return self._configured_ssid()
        if name not in self._settings:
            raise ValueError("unknown config param")
        return self._configured_as(name)

    def ifconfig(self, *to):
        self._fault("ifconfig")
        self._look()
        if not to:
            if self._address:
                return self._address
            if self._state != UP:
                return _NOWHERE
            port = self._port
            return (port.address, "255.255.255.0", port.gateway, port.gateway)
        if to[0] == "dhcp":
            return self._start_dhcp()
        address = tuple(to[0])
        if len(address) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(address))
        for text in address:
            if not is_address(text):
                raise ValueError("invalid arguments")
        self._set_address(address)

    def ipconfig(self, *query, **settings):
        self._fault("ipconfig")
        self._look()
        for name in settings:
            if name != "dhcp4":
                raise ValueError("unexpected key")  # (addr4 and gw4: not imitated)
            if settings[name] and self._address:
                self._set_address(None)
            elif not settings[name] and not self._address:
                self._set_address(self.ifconfig())
        if settings:
            return None
        if query[0] == "dhcp4":
            return not self._address
        if query[0] == "addr4":
            return self.ifconfig()[:2]
        if query[0] == "gw4":
            return self.ifconfig()[2]
        raise ValueError("unexpected key")

    # --- what is the same below

    def _fault(self, name):
        self._port.fault(name)

    def _configured(self):
        return None

    def _configured_ssid(self):
        return self._ssid or ""

    def _configured_as(self, name):
        if name == "channel" and self._state in (NO_ADDRESS, UP):
            return self._port.channels.get(self._ssid, 6)
        return self._settings[name]

    def start_radio(self):
        """Full power, and the port's own way to save it: what was set is lost."""
        self._settings["pm"] = self.PM_PERFORMANCE
        self._settings["txpower"] = 20

    def _set_address(self, address):
        was_up = self._state == UP
        self._address = address
        if was_up:
            self._cut()
        if self._state == UP and not address:
            self._state = NO_ADDRESS
            self._since = time.ticks_ms()

    def _join(self):
        if self._state == UP:
            self._link_down()
        self._state = JOINING
        self._since = time.ticks_ms()

    def _cut(self):
        self.cuts += 1

    def in_range(self):
        """Whether the access point that it wants is there, and lets it in."""
        air = self._port.air
        return self._is_there() and air[self._ssid] == self._key

    def _is_there(self):
        port = self._port
        if self._ssid not in port.air:
            return False
        return self._bssid is None or port.bssids.get(self._ssid) == self._bssid

    def route(self):
        """What becomes of a packet: "alive"; "dead", nobody hears it; None, there is no way."""
        self._look()
        if self._state != UP:
            return None
        is_heard = self.in_range() and not self._port.deaf and self._deaf_since is None
        return "alive" if is_heard else "dead"

    def is_linked(self):
        """Whether an access point has let it in, or its own is on the air."""
        self._look()
        return self._state in (NO_ADDRESS, UP) or self.access_point.on_air

    def radio_was_off(self, us):
        """It was off in a sleep: the link still looks up, nothing comes through."""
        self._look()
        self._on_air_since_us += us
        if self._state in (NO_ADDRESS, UP):
            self._deaf_since = time.ticks_ms()

    def dns_server(self):
        """The one that it was told when it came up last, or None."""
        self._look()
        return self._told_dns

    def lose(self):
        """Contact is lost for a moment."""
        self._look()
        if self._state == UP and not self._port.lying:
            self._lost()

    def _look(self):
        """Bring the state up to now."""
        if self._state not in (NO_ADDRESS, UP):
            self._deaf_since = None
        elif self._deaf_since is not None and self._heard_nothing_ms() >= _INACTIVE_MS:
            self._deaf_since = None
            self._lost()
        if self._state in (NO_ADDRESS, UP) and not self._port.lying and not self.in_range():
            self._lost()
        if self._state == JOINING:
            self._look_at_join()
        if self._state == NO_ADDRESS and (
            self._address or self._waited_ms() >= self._port.dhcp_ms
        ):
            self._state = UP
            self._told_dns = self._address[3] if self._address else self._port.dns
            self._got_address()

    def _heard_nothing_ms(self):
        return time.ticks_diff(time.ticks_ms(), self._deaf_since)

    def _waited_ms(self):
        return time.ticks_diff(time.ticks_ms(), self._since)

    def _look_at_join(self):
        port = self._port
        waited_ms = self._waited_ms()
        said = port.reasons.get(self._ssid)
        if isinstance(said, list):  # one after the other, the latest counts
            for after_ms, reason in said:
                if waited_ms < after_ms:
                    return
                waited_ms = self._waited_ms()
                if reason:
                    self._heard(reason)
                else:
                    self._let_in(after_ms)
            return
        if waited_ms < port.join_ms:
            return
        if not self._is_there():
            self._refused(port.constant("STAT_NO_AP_FOUND"))
        elif said:
            self._refused(said)
        elif not self.in_range():
            self._refused(port.constant("STAT_WRONG_PASSWORD"))
        else:
            self._let_in(port.join_ms)

    def _let_in(self, after_ms):
        self._state = NO_ADDRESS
        self._since = time.ticks_add(self._since, after_ms)

    def _got_address(self):
        pass


class AccessPoint:
    """WLAN(AP_IF), with its own state. `cuts`: so often its stations lost it."""

    def __init__(self, port, station):
        self._port = port
        self._station = station
        self._active = False
        self.on_air = False
        self.cuts = 0
        self.touched = 0  # calls that change something

    def active(self, *value):
        if not value:
            return self._active
        self.touched += 1
        if value[0]:
            if not (self.on_air or self._station.on_air):
                self._station.start_radio()
            self.on_air = True
        else:
            self.go()
        self._active = bool(value[0])
        return self._active if self._station.tells_active else None

    def go(self):
        """It is on the air no more, whoever it was that took it down."""
        self.cuts += self.on_air
        self.on_air = False

    def config(self, *query, **settings):
        self.touched += bool(settings)

    def isconnected(self):
        return False

    def ifconfig(self):
        return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "8.8.8.8")


class Wired:
    """A LAN interface (ports/esp32/network_lan.c, extmod/network_wiznet5k.c): up where it is
    active and `plugged` in."""

    def __init__(self, port):
        self._port = port
        self._active = False
        self.plugged = True

    def active(self, *value):
        if value:
            self._active = bool(value[0])
        return self._active

    def isconnected(self):
        self._port.fault("isconnected")
        return self._active and self.plugged

    def status(self):
        return (2 if self._active else 1) if self.plugged else 0

    def ifconfig(self):
        if not self.isconnected():
            return _NOWHERE
        return ("192.168.4.28", "255.255.255.0", self._port.gateway, self._port.gateway)

    def dns_server(self):
        return self._port.dns if self._active and self.plugged else None

    def route(self):
        if not (self._active and self.plugged):
            return None
        return "dead" if self._port.deaf else "alive"


def is_address(text):
    """Whether it is an IPv4 address."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
