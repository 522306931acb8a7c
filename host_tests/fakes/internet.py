"""What is beyond a board's antenna, in virtual time: which hosts are there, how a name is looked
up, what becomes of a packet. `requests` and `socket` here reach it. Hosts are in initial_state.py,
ntp_host.py and guest.py, connections to them in connections.py.

`hosts` maps "host:port" to what serves it; who is not there refuses connections, and so does the
gateway, but for those in `dead`: nobody answers there, or at the gateway at all with
`gateway_silent`. `names` maps a name to True, or to a list of its addresses; with `dns_silent`
none is found. While `link_up` is False nothing is heard of anybody; else it is as network.route()
says. A program's listening sockets are in `listening`; connections.visit() comes from outside.

`during_post` is called while a POST is under way, as a soft timer callback would be; `during_call`
hears the name of each call of a socket, of a poll object and of `requests`, before it does
anything: it may raise.

Numbers of errors are the port's own (py/mperrno.h; newlib's on an ESP32). A refusal is a reset to
lwIP (tcp_in.c: ERR_RST), and a look-up waits for its seconds whatever becomes of its packets
(dns.c: DNS_MAX_RETRIES).
"""

import time

import network
from network_station import is_address

hosts = {}
names = {}
dead = set()
gateway_silent = dns_silent = False
listening = {}  # port -> Connections that wait to be accepted
link_up = True
during_post = None
during_call = None
resolved = []  # names looked up, in order
open_sockets = 0

_LOOK_UP_MS = 7000
_NUMBERS = {
    "rp2": {"ETIMEDOUT": 110, "ECONNABORTED": 103, "EHOSTUNREACH": 113, "no name": -2},
    "esp32": {"ETIMEDOUT": 116, "ECONNABORTED": 113, "EHOSTUNREACH": 118, "no name": -202},
}
_OF_BOTH = {"ECONNRESET": 104, "EBADF": 9, "EAGAIN": 11}


def error(name):
    """The OSError of that name."""
    return OSError(_OF_BOTH.get(name) or _NUMBERS[network.style][name])


def call(name):
    """What each fake says before it does what it is called for."""
    if during_call:
        during_call(name)


def route():
    """What becomes of a packet: "alive"; "dead", nobody hears it; None, there is no way."""
    return network.route() if link_up else "dead"


def resolve(name):
    """The look-up that getaddrinfo does: OSError where there is no such name."""
    call("look-up")
    if is_address(name):
        return name
    resolved.append(name)
    if dns_silent or route() != "alive":
        time.advance(_LOOK_UP_MS)
        raise error("no name")
    if name not in names:
        raise error("no name")
    return name


def addresses(name):
    """Those that a look-up of `name` finds, in its order."""
    found = names.get(resolve(name), True)
    return [name] if found is True else found


def connect(host, port, timeout_s):
    """TCP's handshake; returns what serves there."""
    where = "%s:%d" % (host, port)
    way = route()
    if way is None:
        raise error("EHOSTUNREACH")
    if way == "dead" or where in dead or gateway_silent and host == network.gateway:
        wait_out(timeout_s)
    serves = hosts.get(where)
    if serves is None or serves.down:
        raise error("ECONNRESET")
    return serves


def wait_out(timeout_s):
    """A socket's time-out passes."""
    if timeout_s is None:
        raise RuntimeError("this would block for ever")
    time.advance(int(timeout_s * 1000))
    raise error("ETIMEDOUT")


def reset():
    """An empty internet with the link up."""
    global link_up, during_post, during_call, open_sockets, gateway_silent, dns_silent
    for what in (hosts, dead, listening):
        what.clear()
    gateway_silent = dns_silent = False
    names.clear()
    names.update({"service.test": True, "time.test": True})
    del resolved[:]
    link_up = True
    during_post = during_call = None
    open_sockets = 0
