"""Asks the gateway for a sign of life, switches the radio off, and keeps what the program had set
on it meanwhile. When each is done is decided in wifi.py; this is loaded for one call."""

import socket
import time

import network
from micropython import const

from .transport import from_peer
from .wifi import REFUSALS, quietly

_GATEWAY_S = const(2)
_DNS = const(53)  # a port at which a router answers, or refuses, which is an answer as well
_SILENT_MS = const(900)  # each call to a CYW43 chip that does not answer takes a second


def gateway_answers(wlan):
    """Whether the gateway gives any sign of life; it is waited for two seconds."""
    s = None
    try:
        try:
            gateway = wlan.ifconfig()[2]
        except AttributeError:
            gateway = wlan.ipconfig("gw4")
        where = socket.getaddrinfo(gateway, _DNS, 0, socket.SOCK_STREAM)[0]
        s = socket.socket(where[0], where[1], where[2])
        s.settimeout(_GATEWAY_S)
        s.connect(where[-1])
        return True
    except OSError as e:
        return bool(from_peer(e))
    except REFUSALS:
        return False
    finally:
        if s:
            s.close()  # nothing is left to be sent, so this does not fail


def settings(wlan):
    """What the program has set on the WLAN and is lost when the radio is switched off: a list of
    (name of a parameter of config(), or "" for ifconfig(); value). Empty where the chip does not
    answer: then the port returns what lay in its buffer before (extmod/network_cyw43.c)."""
    found = []
    began = time.ticks_ms()
    for name in ("pm", "txpower"):
        value = quietly(wlan, "config", name)
        if value is not None:
            found.append((name, value))
    if quietly(wlan, "ipconfig", "dhcp4") is False:
        address = quietly(wlan, "ifconfig")
        if address and address[0] != "0.0.0.0":
            found.append(("", address))
    return found if time.ticks_diff(time.ticks_ms(), began) < _SILENT_MS else []


def put_back(wlan, found):
    """Set again what settings() has found."""
    for name, value in found:
        if name:
            quietly(wlan, "config", **{name: value})
        else:
            quietly(wlan, "ifconfig", value)


def rest(wifi):
    """Switch the radio of a WiFi off, until its next poll() joins again."""
    wlan = wifi._wlan
    if wlan:
        if wifi._ready:
            wifi._found = settings(wlan) or wifi._found
        wifi._ready, wifi._off = False, True
        switch_off(wlan)
    wifi._enter(0)  # DOWN


def switch_off(wlan):
    """Switch the radio off. A CYW43 keeps its power until deinit(), which would end an access
    point as well (extmod/network_cyw43.c)."""
    try:
        deinit = hasattr(wlan, "deinit") and not network.WLAN(network.AP_IF).active()
    except REFUSALS:
        deinit = False
    if deinit:
        quietly(wlan, "deinit")
    else:
        quietly(wlan, "active", False)
