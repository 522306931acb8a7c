"""Which names are looked up in steps, and which are left to the port."""

import dns_host
import network
from islog import dns, names
from networks import NAME, station


def test_names_that_no_dns_server_knows_are_left_to_the_port():
    assert station(after_ms=0) and names.look_up(NAME) is None  # there is no DNS server yet
    station()
    for name in ("192.0.2.1", "localhost", "LOCALHOST", "desk.local", "Desk.LOCAL"):
        assert names.look_up(name) is None
    for name in (NAME, "desk", "local.test", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.test"):
        assert names.look_up(name)
    # The port tells of an IPv6 server, of none, or does not tell at all.
    for server in ("fe80::1", "0.0.0.0", "", None):
        station(server)
        assert names.look_up(NAME) is None
    station()
    for error in (OSError(1), RuntimeError("Wifi Unknown Error"), ValueError(), AttributeError()):
        network.failing["ipconfig"] = error
        assert names.look_up(NAME) is None
    network.failing.clear()
    assert names.look_up(NAME)
    ipconfig = names.ipconfig
    try:
        names.ipconfig = None  # a port without it
        assert names.look_up(NAME) is None
    finally:
        names.ipconfig = ipconfig
    assert dns_host.PORT == dns.PORT == 53
