"""The board's WLAN, kept joined to the first of several networks that lets it in.

    state     leaves when                              does
    DOWN      at once                                  activates the radio, asks the next network
    JOINING   isconnected(): UP                        waits; never calls connect() again, which
              a named failure, or 15 s: FAILED         an ESP32 refuses while it joins
    FAILED    its pause is over: DOWN                  has disconnected; the next network is next
    UP        not isconnected() any more: LOST
    LOST      isconnected(): UP                        waits: an ESP32 joins again by itself
              5 s: DOWN                                disconnects, for a CYW43 does not always

Only a status equal to a *named* failure is one: CYW43's unnamed "no address yet" and the reasons
that an ESP32 passes through are waited out (ports/esp32/network_wlan.c, extmod/network_cyw43.c).

A state's age is looked at once a poll, on ticks that wrap: where nobody polled for days it may
seem to be anything from 0 on, so a state lasts at most its own time longer, and never for days.
"""

import time

import network
from micropython import const

_DOWN = const(0)
_JOINING = const(1)
_FAILED = const(2)
UP = const(3)
_LOST = const(4)
_JOIN_MS = const(15000)
_PATIENCE_MS = const(3000)  # an ESP32 shows a failure while it tries again
_PAUSE_MS = const(1000)
_LOST_MS = const(5000)
_FAILURES = (
    ("STAT_WRONG_PASSWORD", "its password was refused"),
    ("STAT_NO_AP_FOUND", "it is not in range"),
    ("STAT_CONNECT_FAIL", "it did not let us in"),
)


class WiFi:
    """`networks`: {"ssid", "password"} each, tried in order. `country` (two letters), `hostname`
    and `power` ("none", "performance", "powersave") reach the network module where it knows them.
    OSErrors of the radio are failures to join; nothing raises."""

    def __init__(self, networks, country=None, hostname=None, power=None):
        self.state = _DOWN
        self.ssid = None
        self._networks = networks
        self._next = 0
        self._since = 0
        self._power = power and power.upper()
        if country and hasattr(network, "country"):
            network.country(country)
        if hostname and hasattr(network, "hostname"):
            network.hostname(hostname)
        self._wlan = network.WLAN(network.STA_IF)

    def poll(self, trouble):
        """Move on by at most one step; returns the state. Never waits. `trouble(sentence)` hears
        why a network was not joined."""
        wlan = self._wlan
        age = time.ticks_diff(time.ticks_ms(), self._since)
        if age < 0:  # of more than six days
            age = _JOIN_MS + 1
        if wlan.isconnected():
            self._enter(UP)
        elif self.state == UP:
            self._enter(_LOST)
        elif self.state == _LOST:
            if age > _LOST_MS:
                self._quietly(wlan.disconnect)
                self._enter(_DOWN)
        elif self.state == _DOWN:
            self._join(trouble)
        elif self.state == _JOINING:
            why = "it did not answer in 15 s" if age > _JOIN_MS else None
            for name, named in _FAILURES:
                if age > _PATIENCE_MS and wlan.status() == getattr(network, name, None):
                    why = named
            if why:
                self._fail(trouble, why)
        elif age > _PAUSE_MS:
            self._next = (self._next + 1) % len(self._networks)
            self._enter(_DOWN)
        return self.state

    def cycle(self):
        """Switch the radio off and on: a link that lies about being up is made anew."""
        self._quietly(self._wlan.active, False)
        self._enter(_DOWN)

    def _enter(self, state):
        if state != self.state:
            self._since, self.state = time.ticks_ms(), state

    def _join(self, trouble):
        chosen = self._networks[self._next]
        self.ssid = chosen["ssid"]
        self._enter(_JOINING)
        try:
            if not self._wlan.active():
                self._wlan.active(True)
                pm = getattr(network.WLAN, "PM_%s" % self._power, None)
                if pm is not None:
                    self._wlan.config(pm=pm)
            self._wlan.connect(self.ssid, chosen["password"])
        except OSError as e:
            self._fail(trouble, "the radio answered %s" % e)

    def _fail(self, trouble, why):
        trouble("Wi-Fi %s: %s" % (self.ssid, why))
        self._quietly(self._wlan.disconnect)
        self._enter(_FAILED)

    def _quietly(self, call, *args):
        # A setting that this port does not know, or an interface that is already off.
        try:
            call(*args)
        except (OSError, ValueError):
            pass
