"""The server in front of the local server (tools/server/front.py), and how it held a board up."""

from tools.server.front import END_S, Connection, Front, good

__all__ = ["Connection", "Front", "check_held", "good"]


def check_held(desk, held_s):
    """A board with a `timeout` of a second has hung up before the front would have; its program
    was never held up as long, as it would be by an exchange that waits for all of it."""
    assert held_s < END_S - 1
    at_ns = [note["ns"] for note in desk.notes()]
    longest_ns = max(after - before for before, after in zip(at_ns, at_ns[1:], strict=False))
    assert longest_ns < 0.9 * 10**9
