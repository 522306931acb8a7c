"""Put on a board as socket.py: the built-in one, with a timer's callback before each call.

On a board a soft callback runs between two bytecodes of the main program, also while it is in the
middle of a POST. A PC's MicroPython has no timer; here `timer` is called at those places.
"""

import usocket
from usocket import *  # noqa: F403

timer = None


class socket:
    def __init__(self, *args):
        self._socket = usocket.socket(*args)

    def __getattr__(self, name):
        if timer:
            timer()
        return getattr(self._socket, name)
