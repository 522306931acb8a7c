"""The board's WLAN, kept joined to the first of several networks that lets it in.

    state     what poll() does in it                   and goes to
    DOWN      switches the radio on and applies the    UP, if it is linked to one of `networks`
              settings; leaves a network that is not   already; else it calls connect() for the
              one of `networks`                        next of them: JOINING
    JOINING   waits; never calls connect() again,      UP, once isconnected()
              which an ESP32 refuses while it joins    FAILED, after 15 s or a port's "failed"
    FAILED    waits for a second, disconnected, and    DOWN
              turns to the next of `networks`
    UP        where nothing answers: see below         LOST, when not isconnected() any more
    LOST      waits: an ESP32 joins again by itself,   UP, once isconnected()
              a CYW43 does not always                  DOWN, after 5 s: it disconnects

While an ESP32 joins, it tries again by itself. Its status then shows failures that it has got
over, also while it waits for an address (ports/esp32/network_wlan.c, the setting `reconnects`): so
the 15 s are waited for. A port that does not know that setting has given up where its status is a
failure (extmod/network_cyw43.c): there the 15 s are not waited for.

isconnected() may be True on a link that is dead. So, when 4 exchanges in a row got no answer at
all, and again at 8, 16, 32, 64 and each further 64, the gateway is asked (_doubt). If that is
silent, too, the board joins anew: the first time it only disconnects, from the second time on the
radio is switched off and on. The radio is also switched after as many joins in a row that failed
(_fail). What the program had set on the WLAN is put back when it is on again.

How long a state has lasted is measured once a poll(), on ticks that wrap after days. So where
nobody polled for days it may seem to have lasted for any shorter time. That prolongs a state by at
most the seconds that it may last.
"""

import time

import network
from micropython import const

from .errors import call_unloading, in_words

_DOWN = const(0)
_JOINING = const(1)
_FAILED = const(2)
UP = const(3)
_LOST = const(4)
_JOIN_MS = const(15000)  # JOINING lasts at most so long
_PATIENCE_MS = const(3000)  # before that a failure that is shown may be of the join before
_PAUSE_MS = const(1000)  # FAILED
_LOST_MS = const(5000)  # LOST
_SILENT = const(4)  # exchanges without an answer, or joins that failed, before something is done
# Failures after which a port without the setting `reconnects` does not try any more.
_GIVEN_UP = ("STAT_WRONG_PASSWORD", "STAT_NO_AP_FOUND", "STAT_CONNECT_FAIL")
# What radios raise when something fails (RuntimeError: ports/esp32/network_common.c) ...
_FAULTS = (OSError, RuntimeError, ValueError, TypeError)
# ... and what a port raises for a setting or a method that it does not have.
REFUSALS = _FAULTS + (AttributeError,)


class WiFi:
    """`networks`: {"ssid", "password"} each, tried in order; one may have a "bssid" and an
    "ifconfig" (docs/settings.md). `country`, `hostname`, `power` ("none", "performance",
    "powersave") and `txpower` (dBm) reach the network module where it knows them. With `reset`
    False a link that is up is left as it is, and the radio is never switched off. Several Loggers
    may share one object. Whatever the radio raises is a failure to join."""

    def __init__(
        self, networks, country=None, hostname=None, power=None, txpower=None, reset=True
    ):
        self.state = _DOWN
        self.ssid = None
        self._wlan = None
        self._networks = networks
        self._options = country, hostname, power, txpower
        self._reset = reset
        self._next = 0  # the index of the network that is joined, or is joined next
        self._since = 0  # ticks when the state began
        self._ready = False  # the radio is on and has its settings
        self._off = False  # it was switched off here: a CYW43's active() is True all the same
        # What the program had set on the WLAN before that: wifi_radio.settings().
        self._found = []  # type: list[tuple[str, object]]
        self._static = False  # the WLAN has a static address, of one of `networks`
        self._failures = 0  # joins in a row that failed
        self._silent = 0  # exchanges in a row without any answer
        self._doubts = False  # the link may be dead: the next poll() asks the gateway

    def poll(self, on_trouble):
        """Move on by at most one step; returns the state. To switch the radio on or off may take
        seconds, to ask the gateway two. `on_trouble(sentence)` hears why a network was not
        joined."""
        try:
            self._step(on_trouble)
        except _FAULTS as e:
            self._fail(on_trouble, "the radio answered %s" % (str(e) or type(e).__name__), True)
        return self.state

    def heard(self, answered):
        """To be called when an exchange has ended. `answered`: something came from the network, of
        whatever kind: an answer, a refused connection, or the time from NTP."""
        silent = 0 if answered else self._silent + 1
        # (Once there is a doubt, one more silent exchange, of a second Logger, does not end it.)
        self._silent, self._doubts = silent, silent > 0 and (self._doubts or _due(silent))

    def _step(self, on_trouble):
        age = time.ticks_diff(time.ticks_ms(), self._since)
        if age < 0:  # more than six days: longer than any state may last
            age = _JOIN_MS + 1
        if self.state == _FAILED:
            if age > _PAUSE_MS:
                self._next = (self._next + 1) % len(self._networks)
                self._enter(_DOWN)
        elif self.state == _DOWN and not (self._ready and self._wlan.active()):
            self._switch_on(on_trouble)
        elif quietly(self._wlan, "isconnected"):
            if self.state == _DOWN and not self._is_ours():
                on_trouble("Wi-Fi %s is left: config.json does not name it" % self.ssid)
                # A static address was that network's, and outlives a soft reset as well.
                self._static = quietly(self._wlan, "ipconfig", "dhcp4") is False
                self._wlan.disconnect()
                return
            self._failures = 0
            self._enter(UP)
            if self._doubts:
                self._doubt(on_trouble)
        elif self.state == UP:
            self._enter(_LOST)
        elif self.state == _LOST:
            if age > _LOST_MS:
                quietly(self._wlan, "disconnect")
                self._enter(_DOWN)
        elif self.state == _DOWN:
            self._join()
        elif age > _JOIN_MS or age > _PATIENCE_MS and self._has_given_up():
            why = in_words(None, "joining", network, self._wlan.status())
            self._fail(on_trouble, why or "it did not answer in 15 s")

    def _enter(self, state):
        if state != self.state:
            self._since, self.state = time.ticks_ms(), state

    def _switch_on(self, on_trouble):
        country, hostname, power, txpower = self._options
        if not self._wlan:
            self._wlan = network.WLAN(network.STA_IF)
        wlan = self._wlan
        if country and self._set(on_trouble, "country", country):
            if self._reset and hasattr(wlan, "deinit") and wlan.active():
                if not quietly(wlan, "isconnected"):
                    self._switch_off()  # a CYW43 takes it when it is switched on
        self._set(on_trouble, "hostname", hostname)
        if self._off or not wlan.active():
            wlan.active(True)
            if self._found:
                call_unloading("wifi_radio", "put_back", wlan, self._found)
            self._off = False
        elif not quietly(wlan, "isconnected"):
            quietly(wlan, "disconnect")  # else an ESP32 goes on with a join of before
        self._set(on_trouble, "wifi_power", power)
        self._set(on_trouble, "txpower", txpower)
        self._ready = True

    def _set(self, on_trouble, setting, value):
        # Pass a setting on where the port knows it. True where that changed the country.
        try:
            if value is None:
                pass
            elif setting == "txpower":
                self._wlan.config(txpower=value)
            elif setting != "wifi_power":
                call = getattr(network, setting, None)
                if call and call() != value:
                    call(value)
                    return setting == "country"
            elif hasattr(network.WLAN, "PM_NONE"):
                self._wlan.config(pm=getattr(network.WLAN, "PM_%s" % value.upper()))
        except REFUSALS as e:
            why = str(e) or type(e).__name__
            on_trouble(
                "%s was not taken by this board (%s): see docs/settings.md" % (setting, why)
            )

    def _switch_off(self):
        self._ready, self._off = False, True
        call_unloading("wifi_radio", "switch_off", self._wlan)

    def _is_ours(self):
        # Whether the link that poll() has found leads to one of `networks`.
        try:
            self.ssid = self._wlan.config("ssid")
            if isinstance(self.ssid, bytes):
                self.ssid = str(self.ssid, "utf-8")
        except UnicodeError:  # no config.json has such a name
            self.ssid = "?"
        except REFUSALS:
            self.ssid = None
        for i, chosen in enumerate(self._networks):
            if chosen["ssid"] == self.ssid:
                self._next = i
                self._address(chosen)
                return True
        return not self.ssid  # a port that does not tell

    def _join(self):
        chosen = self._networks[self._next]
        self.ssid = chosen["ssid"]
        self._enter(_JOINING)
        self._address(chosen)
        if chosen.get("bssid"):
            bssid = bytes(int(part, 16) for part in chosen["bssid"].split(":"))
            self._wlan.connect(self.ssid, chosen["password"], bssid=bssid)
        else:
            self._wlan.connect(self.ssid, chosen["password"])

    def _address(self, chosen):
        if chosen.get("ifconfig"):
            self._static = True
            self._wlan.ifconfig(tuple(chosen["ifconfig"]))
        elif self._static:
            try:
                self._wlan.ipconfig(dhcp4=True)
            except AttributeError:  # before MicroPython 1.23; an RP2 waits in vain, and goes on
                quietly(self._wlan, "ifconfig", "dhcp")
            self._static = False

    def _has_given_up(self):
        if quietly(self._wlan, "config", "reconnects"):
            return False
        status = self._wlan.status()
        for name in _GIVEN_UP:
            if status == getattr(network, name, None):
                return True
        return False

    def _fail(self, on_trouble, why, raised=False):
        self._failures += 1
        self._enter(_FAILED)
        if self._reset and self._wlan and _due(self._failures):
            if not raised:  # a radio that fails does not tell its settings right
                self._found = call_unloading("wifi_radio", "settings", self._wlan)
            self._switch_off()
        elif self._wlan:
            if raised:  # perhaps it is off, and active() is True all the same: switch it on
                self._ready, self._off = False, True
            quietly(self._wlan, "disconnect")
        on_trouble("Wi-Fi %s: %s" % (self._networks[self._next]["ssid"], why))

    def _doubt(self, on_trouble):
        # Ask the gateway whether the link is dead. If so: leave it, or switch the radio off.
        self._doubts = False
        if not self._reset:
            return
        if call_unloading("wifi_radio", "gateway_answers", self._wlan):
            self._silent = 0
            return
        what = "Wi-Fi %s: nothing answers, nor does its gateway: it is joined anew"
        on_trouble(what % (self.ssid or "link"))
        if self._silent > _SILENT:
            self._found = call_unloading("wifi_radio", "settings", self._wlan)
            self._switch_off()
        else:
            quietly(self._wlan, "disconnect")
        self._enter(_DOWN)


def quietly(wlan, name, *args, **named):
    """What the method `name` of the WLAN returns; None also where this port does not have it, or
    the radio is off or does not answer."""
    try:
        return getattr(wlan, name)(*args, **named)
    except REFUSALS:
        return None


def _due(count):
    # Whether something is done at this count of failures: 4, 8, 16, 32, 64, 128, 192 and so on.
    return count >= _SILENT and (count & count - 1 == 0 or count % 64 == 0)
