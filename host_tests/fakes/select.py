"""Imitates the part of `select` that islog uses (extmod/modselect.c), over this folder's sockets:
while nothing is there to be read, and nothing may be written, virtual time passes.

Nothing is ready while a connect is under way. Where that has failed, lwIP says so
(extmod/modlwip.c, lwip_socket_ioctl), and an ESP32's select() says that the socket is ready for
everything (ports/esp32/modsocket.c)."""

import internet
import network

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


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
        internet.call("poll")
        (sock, events) = list(self._asked.values())[0]
        if not sock.connection:  # a datagram socket
            return [(sock, POLLIN)] if sock.has_heard(timeout_ms) else []
        if sock.aborted():  # an ESP32's select() says that it is ready as well
            return [(sock, POLLERR | (events if network.style == "esp32" else 0))]
        if sock.connects(timeout_ms):
            return []
        if sock.failed():
            return [(sock, events | (0 if network.style == "esp32" else POLLERR | POLLHUP))]
        wait_ms = 0 if events & POLLOUT else timeout_ms  # there is always room
        there = sock.connection.wait(None if wait_ms < 0 else wait_ms)
        found = events & POLLOUT | (POLLIN if there else 0)
        return [(sock, found)] if found else []
