"""A board at its desk, for the tests: `reset()` before each, `Board()` for one with a server."""

import time

import internet
import machine
import network
import requests

NOW_MS = 1796000000123  # Unix time at virtual time 0: in November 2026


def reset():
    """Everything as after power-up."""
    time.reset()
    internet.reset()
    network.power_cycle()
    machine.power_cycle()
    network.style = machine.style = "esp32"
    network.air.clear()
    network.lying = False
    requests.__version__ = "1.1.1"


def raises(kind, call, *args, **named):
    """The exception of `kind` that the call raises; an AssertionError where it raises none."""
    try:
        call(*args, **named)
    except kind as e:
        return e
    raise AssertionError("no %s was raised" % kind.__name__)


class Board:
    """A Logger, its `server` (an internet.Server) and `ntp`; `settings` are the Logger's.
    `logged` counts the calls that `log()` below made: the books are checked after each."""

    def __init__(self, wifi=None, **settings):
        import islog

        self.server = internet.Server()
        self.ntp = internet.Ntp(NOW_MS)
        internet.hosts["service.test:80"] = self.server
        internet.hosts["time.test:123"] = self.ntp
        given = {
            "client_key": "the-key",
            "bucket_name": "desk",
            "bucket_url": "http://service.test/buckets",
            "ingest_url": "http://service.test/batch_logs",
            "ntp_hosts": ["time.test"],
            "quiet": True,
        }
        given.update(settings)
        self.logger = islog.Logger(wifi=wifi, **given)
        self.logged = 0

    def log(self, signal, value, epoch=None):
        stored = self.logger.log(signal, value, epoch)
        self.logged += 1
        self.check_books()
        return stored

    def check_books(self):
        log = self.logger
        assert self.logged == log.sent + log.dropped + log.rejected + log.pending

    def run(self, seconds):
        """Poll as main.py would, for `seconds` of virtual time."""
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end:
            time.advance(max(1, min(self.logger.poll(), end - time.up_ms())))
            self.check_books()

    def values(self, signal=None):
        """The values that the server holds, in order of arrival."""
        return [v for name, v, _ in self.server.readings if signal in (None, name)]

    def times_ms(self):
        """The times that the server holds, as whole milliseconds."""
        out = []
        for _, _, e in self.server.readings:
            seconds, _, fraction = e.partition(".")
            out.append(int(seconds) * 1000 + int((fraction + "000")[:3]))
        return out
