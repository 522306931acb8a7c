"""Logs ten readings, a POST each, and prints how often each socket of `requests` was closed."""

import islog
import requests
import utime

closes = []


class Counted:
    def __init__(self, real):
        self._real = real
        self._number = len(closes)
        closes.append(0)

    def __getattr__(self, name):
        return getattr(self._real, name)

    def close(self):
        closes[self._number] += 1
        self._real.close()


class Sockets:
    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)

    def socket(self, *where):
        return Counted(self._real.socket(*where))


requests.socket = Sockets(requests.socket)
log = islog.from_config("config.json")
for n in range(10):
    log.log("n", n)
    end = utime.ticks_add(utime.ticks_ms(), 20000)
    while log.pending and utime.ticks_diff(end, utime.ticks_ms()) > 0:
        log.poll()
print("closes", closes)
