"""What is attached to the simulated board: recordings that are replayed from its power-up on.

The other stand-ins ask here what a sensor measures now. A recording is a list of rows: the
milliseconds since power-up from which it holds, its fault ("" for none), and its values. The last
row stays. The time is the true one: a sensor does not share the board's crystal, and it goes on
through the board's sleeps and restarts.
"""

import time

_recordings = {}  # (device, place): rows


def attach(devices):
    """Attach what board.py lists: [device, place, rows] each."""
    for device, place, rows in devices:
        _recordings[device, place] = rows


def places(device):
    """Where such devices are attached: pins' numbers, addresses on I2C."""
    return sorted(place for kind, place in _recordings if kind == device)


def rows(device, place):
    """All of a recording; none where there is no such device in that place."""
    return _recordings.get((device, place), ())


def now_ms():
    """Milliseconds since power-up."""
    return time.up_ms()


def row(device, place, at_ms=None):
    """(fault, values) that hold now, or then; a place where nothing is attached is silent."""
    if at_ms is None:
        at_ms = now_ms()
    found = "silent", ()
    for since_ms, fault, *values in rows(device, place):
        if since_ms > at_ms:
            break
        found = fault, values
    return found
