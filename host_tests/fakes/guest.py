"""What a program has on its board beside islog: a connection that stays open, as of MQTT (its
PINGREQ and PINGRESP), and a small web server with a visitor whose connection stays open, as of
WebREPL. Over this folder's sockets, in virtual time.

`cuts`: so often a connection that was open broke. `silent`: so often the other side was silent for
too long, and the program connected anew. `beats` went well.
"""

import select
import socket
import time

import connections
import internet

WHERE = ("broker.test", 1883)
_PORT = 80
_PATIENCE_S = 2
_MOST_SILENT = 3  # beats running: then such a program gives the connection up
_PING = b"\xc0\x00"
_PONG = b"\xd0\x00"


class Broker:
    """Serves internet.hosts["broker.test:1883"]."""

    down = False

    def connection(self):
        return _Pongs()


class _Pongs(connections.Connection):
    def send(self, data):
        super().send(data)
        while self.sent:
            self.sent = self.sent[len(_PING) :]
            self.arrive(20, _PONG)


class _Held:
    """A connection of the program's, and what became of it."""

    def __init__(self):
        self._sock = None
        self._running = 0  # beats without an answer
        self.beats = self.cuts = self.silent = 0

    def beat(self):
        """What the program does every few seconds."""
        try:
            if self._sock is None:
                self._sock = self._open()
            answered = self._sock is not None and self._exchange()
        except OSError:
            if self._sock is not None:
                self.cuts += 1
            self._drop()
            return
        self.beats += answered
        self._running = 0 if answered else self._running + 1
        if self._running >= _MOST_SILENT:
            self.silent += self._sock is not None
            self._drop()

    def _drop(self):
        self._running = 0
        if self._sock is not None:
            self._sock.close()
            self._sock = None


class Mqtt(_Held):
    """The client; it looks its broker up once."""

    def __init__(self):
        super().__init__()
        self._where = None
        internet.names[WHERE[0]] = True
        internet.hosts["%s:%d" % WHERE] = Broker()

    def _open(self):
        if self._where is None:
            self._where = socket.getaddrinfo(WHERE[0], WHERE[1], 0, socket.SOCK_STREAM)[0][-1]
        s = socket.socket(2, socket.SOCK_STREAM)
        s.settimeout(_PATIENCE_S)
        try:
            s.connect(self._where)
        except OSError:
            s.close()
            raise
        return s

    def _exchange(self):
        self._sock.write(_PING)
        poller = select.poll()
        poller.register(self._sock, select.POLLIN)
        return bool(poller.poll(_PATIENCE_S * 1000)) and self._sock.recv(2) == _PONG


class Web(_Held):
    """The server; its one visitor comes again where the connection is gone."""

    def __init__(self):
        super().__init__()
        self._listening = socket.socket(2, socket.SOCK_STREAM)
        self._listening.bind(("", _PORT))
        self._listening.listen()
        self._listening.setblocking(False)
        self._visitor = None

    def _open(self):
        self._visitor = connections.visit(_PORT)
        s, _ = self._listening.accept()
        s.setblocking(False)
        return s

    def _exchange(self):
        visitor = self._visitor
        if internet.route() == "alive":
            visitor.arrive(20, b"?")
            time.advance(20)
        visitor.sent = b""
        if self._sock.readinto(bytearray(8)):
            self._sock.write(b"!")
        return visitor.sent == b"!"
