"""Counts the bytes between a client and a server: a relay on the loopback interface.

What is counted is what TCP carries: HTTP heads and bodies, both ways, not the packets' own heads.
"""

import contextlib
import socket
import threading


class Relay:
    """Listens on `port` and relays each connection to (`host`, `to_port`).

    `sent`, `received`: bytes from the clients and to them; `connections`: how many there were.
    """

    def __init__(self, host, to_port):
        self._to = (host, to_port)
        self.sent = self.received = self.connections = 0
        self._listening = socket.create_server((host, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                server = socket.create_connection(self._to)
                for one, other, count in (
                    (client, server, self._count_sent),
                    (server, client, self._count_received),
                ):
                    threading.Thread(target=_copy, args=(one, other, count), daemon=True).start()

    def _count_sent(self, size):
        self.sent += size

    def _count_received(self, size):
        self.received += size


def _copy(source, sink, count):
    with contextlib.suppress(OSError):  # a side that is gone
        while data := source.recv(65536):
            count(len(data))
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
