"""Who looks a name up: dns.py, in steps, where the port tells its DNS server; else getaddrinfo,
which keeps the program waiting for as long as it takes. Loaded only by what advances in steps.

The port tells it with `network.ipconfig("dns")`, since MicroPython 1.23 (extmod/network_lwip.c,
ports/esp32/network_common.c): the first of its DNS servers. Names that no DNS server knows are
left to getaddrinfo: those that end in .local are found by mDNS.

Where the port can tell it, dns.py is loaded at once: later its compilation would hold a step.
"""

try:
    from network import ipconfig

    from .dns import LookUp
except ImportError:  # a PC, or an old port
    ipconfig = None


def look_up(name):
    """A dns.LookUp of `name`. None: getaddrinfo is for that. OSError: there is no such name."""
    if is_address(name) or name.lower() == "localhost" or name.lower().endswith(".local"):
        return None
    server = _server()
    return LookUp(name, server) if server else None


def is_address(text):
    """Whether that is an IPv4 address, and no name."""
    parts = text.split(".")
    for part in parts:
        if not (part.isdigit() and len(part) <= 3 and int(part) <= 255):
            return False
    return len(parts) == 4


def _server():
    try:
        server = ipconfig("dns") if ipconfig else None
    except (AttributeError, OSError, RuntimeError, TypeError, ValueError):
        return None  # a port that does not tell
    # (An IPv6 address is of no use: its sockets are IPv4's. 0.0.0.0: there is none yet.)
    known = isinstance(server, str) and is_address(server) and server != "0.0.0.0"
    return server if known else None
