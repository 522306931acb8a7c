"""Imitates the part of `socket` that islog's clock uses (extmod/modlwip.c), over `internet`."""

import time

import internet

SOCK_DGRAM = 2
_TIMED_OUT = 110


def getaddrinfo(host, port, family=0, kind=0):
    return [(2, kind, 17, "", (internet.resolve(host), port))]


class socket:
    def __init__(self, family, kind):
        self._answer = None
        self._timeout_s = None
        self._peer = None
        internet.open_sockets += 1
        self._open = True

    def settimeout(self, seconds):
        self._timeout_s = seconds

    def connect(self, where):
        self._peer = internet.hosts.get("%s:%d" % where)

    def send(self, data):
        if not internet.link_up:
            raise OSError(113)
        self._answer = self._peer.answer(data) if self._peer else None
        return len(data)

    def recv(self, size):
        if self._answer is None:
            if self._timeout_s is None:
                raise RuntimeError("this would block for ever")
            time.advance(self._timeout_s * 1000)
            raise OSError(_TIMED_OUT)
        return self._answer[:size]

    def close(self):
        if self._open:
            internet.open_sockets -= 1
        self._open = False
