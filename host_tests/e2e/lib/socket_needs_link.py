"""Put on a board as socket.py: the built-in one, but without a link no host is found.

A PC's own network works whatever the simulated radio does. Here no name or address is found while
no network is in range (network.air), or while `resolving` is false. `asked` has every (host, port)
that was ever looked for: there is no other way to connect.
"""

import network
import usocket
from usocket import *  # noqa: F403

resolving = True
asked = set()


def getaddrinfo(host, port, *more):
    asked.add((host, port))
    if not (resolving and network.air):
        raise OSError(-2)  # EAI_NONAME
    return usocket.getaddrinfo(host, port, *more)
