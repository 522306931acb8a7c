"""The server in front of the local server (tools/front.py), and how long a board was held up."""

from tools.front import Connection, Front, good

__all__ = ["Connection", "Front", "good", "longest_step_s"]


def longest_step_s(desk):
    """The longest that a program on the desk was held up, from one reading to the next."""
    at_ns = [note["ns"] for note in desk.notes()]
    return max(after - before for before, after in zip(at_ns, at_ns[1:], strict=False)) / 10**9
