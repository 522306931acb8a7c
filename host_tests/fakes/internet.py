"""What is beyond a board's antenna, in virtual time: which hosts are there, how a name is looked
up, what becomes of a packet. `requests` and `socket` here reach it. Hosts are in initial_state.py,
ntp_host.py and guest.py, connections to them in connections.py.

`hosts` maps "host:port" to what serves it; who is not there refuses connections, and so does the
gateway, but for those in `dead`: nobody answers there, or at the gateway at all with
`gateway_silent`. `names` maps a name to True, or to a list of its addresses; with `dns_silent`
none is found. `dns` (dns_host.py) tells them, too, to who asks it at the address that
network.ipconfig("dns") gives; for a name that is its own address, that of address_of(). A TCP
handshake that does not block takes `trip_ms`. While `link_up` is False nothing is heard of
anybody; else it is as network.route() says. A program's listening sockets are in `listening`;
connections.visit() comes from outside.

`during_post` is called while a POST is under way, as a soft timer callback would be; `during_call`
hears the name of each call of a socket, of a poll object and of `requests`, before it does
anything: it may raise.

Numbers of errors are the port's own (py/mperrno.h; newlib's on an ESP32). A refusal is a reset to
lwIP (tcp_in.c: ERR_RST), and a look-up waits for its seconds whatever becomes of its packets
(dns.c: DNS_MAX_RETRIES).
"""

import time

import dns_host
import network
from network_station import is_address

hosts = {}
names = {}
dead = set()
gateway_silent = dns_silent = False
_connections = []  # those of the board's sockets, with network.cuts() when they began
listening = {}  # port -> Connections that wait to be accepted
link_up = True
during_post = None
during_call = None
dns = None
trip_ms = 0
resolved = []  # names looked up, in order
udp_ports = []  # from which a host was asked: what a program has bound its socket to, or None
open_sockets = 0

_LOOK_UP_MS = 7000
_ABORT_MS = 10000
_left_behind = []  # (until when, how many bytes)
_aliases = {}  # address -> the name that hosts are known by
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


def leave_behind(size):
    """A connection is closed on which `size` bytes were not acknowledged."""
    _left_behind.append((time.up_ms() + _ABORT_MS, size))


def left_behind():
    """How many bytes of closed connections are in the network stack's memory."""
    return sum([size for until_ms, size in _left_behind if until_ms > time.up_ms()])


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


def address_of(name):
    """The IPv4 address of a name of which no other is told (RFC 5737: TEST-NET-3)."""
    for address in _aliases:
        if _aliases[address] == name:
            return address
    address = "203.0.113.%d" % (len(_aliases) + 1)
    _aliases[address] = name
    return address


def peer(host, port):
    """What is there for datagrams, or None."""
    if (host, port) == (network.dns, dns_host.PORT):
        return dns
    return hosts.get("%s:%d" % (_aliases.get(host, host), port))


def _served(host, port):
    # (whether anybody answers, what serves there).
    where = "%s:%d" % (_aliases.get(host, host), port)
    way = route()
    if way is None:
        raise error("EHOSTUNREACH")
    if way == "dead" or where in dead or gateway_silent and host == network.gateway:
        return False, None
    serves = hosts.get(where)
    return True, None if serves is None or serves.down else serves


def connect(host, port, timeout_s):
    """TCP's handshake; returns what serves there."""
    answers, serves = _served(host, port)
    if not answers:
        wait_out(timeout_s)
    if not serves:
        raise error("ECONNRESET")
    return serves


def begin_connect(host, port):
    """The same for a socket that does not block: (ms that it takes, or None; what serves there, or
    None where it is refused)."""
    answers, serves = _served(host, port)
    return trip_ms if answers else None, serves


def wait_out(timeout_s):
    """A socket's time-out passes."""
    if timeout_s is None:
        raise RuntimeError("this would block for ever")
    time.advance(int(timeout_s * 1000))
    raise error("ETIMEDOUT")


def power_cycle():
    """The board's sockets are gone."""
    global open_sockets
    listening.clear()
    _connections.clear()
    open_sockets = 0


def began(connection):
    """A socket of the board's has it."""
    _connections.append((connection, network.cuts()))


def open_connections():
    """How many the board has."""
    cuts = network.cuts()
    _connections[:] = [each for each in _connections if each[0].open and each[1] == cuts]
    return len(_connections)


network.open_connections = open_connections


def reset():
    """An empty internet with the link up."""
    global \
        link_up, \
        during_post, \
        during_call, \
        open_sockets, \
        gateway_silent, \
        dns_silent, \
        dns, \
        trip_ms
    for what in (hosts, dead, listening, _aliases, _connections):
        what.clear()
    dns = dns_host.Dns()
    trip_ms = 0
    network.dns = "192.168.4.1"
    gateway_silent = dns_silent = False
    names.clear()
    names.update({"service.test": True, "time.test": True})
    del resolved[:], udp_ports[:], _left_behind[:]
    link_up = True
    during_post = during_call = None
    open_sockets = 0
