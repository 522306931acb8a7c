"""Stands in for `socket`: what is asked of it is the time, and the answer comes at once."""

SOCK_DGRAM = 2
_NOW_S = 1796000000 + 2208988800  # in November 2026, counted from 1900


def getaddrinfo(host, port, family=0, kind=0):
    return [(2, kind, 17, "", (host, port))]


class socket:
    def __init__(self, family, kind):
        self._answer = bytearray(48)

    def setblocking(self, flag):
        pass

    def connect(self, where):
        pass

    def send(self, question):
        answer = self._answer
        answer[0] = 0x24
        answer[1] = 2
        answer[24:32] = question[40:48]
        for start in (32, 40):
            answer[start : start + 4] = _NOW_S.to_bytes(4, "big")

    def recv(self, size):
        return bytes(self._answer)

    def close(self):
        pass
