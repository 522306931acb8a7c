"""Imitates the part of `select` that islog uses (extmod/modselect.c), over this folder's sockets:
while nothing is there to be read, virtual time passes."""

POLLIN = 1
POLLOUT = 4


class poll:
    def __init__(self):
        self._asked = {}

    def register(self, sock, events=POLLIN | POLLOUT):
        self._asked[id(sock)] = (sock, events)

    def modify(self, sock, events):
        if id(sock) not in self._asked:
            raise OSError(2)
        self._asked[id(sock)] = (sock, events)

    def poll(self, timeout_ms=-1):
        (sock, events) = list(self._asked.values())[0]
        if events & POLLOUT:  # there is always room
            return [(sock, POLLOUT)]
        if sock.line.wait(None if timeout_ms < 0 else timeout_ms):
            return [(sock, POLLIN)]
        return []
