"""The server in front of the local server (tools/front.py), and how it held a board up."""

from tools.front import END_S, Connection, Front, good

__all__ = ["END_S", "Connection", "Front", "check_held", "good"]


def check_held(desk, since_ns, until_ns, gives_up=True):
    """The board, whose `timeout` is a second, has hung up before the front would have. gives_up:
    when that second was over; it went on logging meanwhile, for a step waits for a tenth of it.
    How quick this machine is does not matter."""
    assert until_ns - since_ns < (END_S - 1) * 10**9
    if gives_up:
        assert until_ns - since_ns > 0.7 * 10**9
        assert len([n for n in desk.notes() if since_ns < n["ns"] < until_ns]) > 4
