"""Time and handshakes of a batch, by transport: over http, and over https.

Each way has a server of its own, so that what a server counts is one way's.
"""

import contextlib
from statistics import median

from tools.server import LocalServer

from .measure import DEVICE, KEY, BenchError, on_unix

TRANSPORTS = ("requests", "kept")
SCHEMES = ("http", "https")
READINGS = 18  # in a batch: what 2048 bytes hold
TURNS = 5
BATCHES = 20  # in a turn


def posts(firmware, rough=False):
    """{transport: {scheme: {ms (for a batch: median of the turns' means), first_ms (for the very
    first batch, which connects), handshakes}}}. The kept connection verifies the server over
    https; `requests` verifies nothing."""
    times = 1 if rough else TURNS
    with contextlib.ExitStack() as stack:
        servers = {
            (transport, scheme): stack.enter_context(LocalServer(KEY, tls=scheme == "https"))
            for transport in TRANSPORTS
            for scheme in SCHEMES
        }
        ways = []
        for (transport, _), server in servers.items():
            ways += [transport, server.ingest_url, server.ca_der or ""]
        turns = on_unix("post", [firmware, DEVICE], times, BATCHES, READINGS, *ways)
        found = {transport: {} for transport in TRANSPORTS}
        for (transport, scheme), server in servers.items():
            held, expected = len(server.readings()), times * BATCHES * READINGS
            if held != expected:
                raise BenchError(f"{transport}: the server holds {held} of {expected} readings.")
            of = [t for t in turns if (t["transport"], t["scheme"]) == (transport, scheme)]
            found[transport][scheme] = {
                "ms": median(turn["ms"] for turn in of),
                "first_ms": of[0]["first_ms"],
                "handshakes": server.handshakes,
            }
    return found
