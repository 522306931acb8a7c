"""A board in virtual time: Board() is a Logger with its server, reset() a new start of all fakes,
before each test. `time` is the stand-in, for pytest's own `time` is the PC's."""

import os
import sys
import time

import initial_state
import internet
import machine
import network
import ntp_host
import requests

_folder = None  # of the spool, once a test has asked for it
NOW_MS = 1796000000123  # Unix time at virtual time 0: in November 2026


def reset():
    """Everything as after the first power-up of a new board: time, radio, internet, flash."""
    time.reset()
    forget()
    _remove_flash()
    internet.reset()
    network.reset()
    machine.power_cycle()
    machine.style = network.style
    requests.__version__ = "1.1.1"


def forget():
    """What a power cut ends without a close(): no Logger uses a spool any more."""
    segments = sys.modules.get("islog.spool_segments")
    if segments:
        segments._users.clear()


def flash():
    """A path for the spool in an empty folder: what a board keeps when its power is cut."""
    global _folder
    _remove_flash()
    _folder = "/tmp/islog-flash-%x" % int.from_bytes(os.urandom(4), "big")
    os.mkdir(_folder)
    return _folder + "/spool"


def _remove_flash():
    global _folder
    if _folder:
        for name in os.listdir(_folder):
            os.remove(_folder + "/" + name)
        os.rmdir(_folder)
        _folder = None


def files(path):
    """The spool's files, oldest first."""
    folder, _, start = path.rpartition("/")
    names = [name for name in os.listdir(folder) if name.startswith(start + ".")]
    return [folder + "/" + name for name in sorted(names, key=lambda n: int(n.split(".")[1]))]


def raises(kind, call, *args, **named):
    """The exception of `kind` that the call raises; an AssertionError where it raises none."""
    try:
        call(*args, **named)
    except kind as e:
        return e
    raise AssertionError("no %s was raised" % kind.__name__)


class Board:
    """A Logger, its `server` (an initial_state.Server) and `ntp`; `settings` are the Logger's.
    `logged` counts the calls that `log()` below made: the books are checked after each."""

    def __init__(self, wifi=None, **settings):
        import islog

        self.make_hosts(settings)
        self.logger = islog.Logger(wifi=wifi, **self._given)
        self.logged = 0

    def make_hosts(self, settings):
        """Its server and its NTP host, and what a Logger needs to know of them."""
        self.server = initial_state.Server()
        self.ntp = ntp_host.Ntp(NOW_MS)
        internet.hosts["service.test:80"] = self.server
        internet.hosts["time.test:123"] = self.ntp
        given = {
            "client_key": "the-key",
            "bucket_name": "room",
            "bucket_url": "http://service.test/buckets",
            "ingest_url": "http://service.test/batch_logs",
            "ntp_hosts": ["time.test"],
            "quiet": True,
        }
        given.update(settings)
        self._given = given

    def reboot(self, **settings):
        """Power is back after a cut: what was in RAM is gone, the ticks begin anew. `settings`
        are those that somebody has changed meanwhile."""
        import islog

        time.restart_ticks()
        forget()
        self._given.update(settings)
        self.logger = islog.Logger(**self._given)
        self.logged = 0

    def log(self, signal, value, epoch=None):
        stored = self.logger.log(signal, value, epoch)
        self.logged += 1
        self.check_books()
        return stored

    def check_books(self):
        log = self.logger
        there = log.pending
        if log.state == "closed":  # what is in flash is for the next start
            assert there == 0
            there = log.spooled
        assert self.logged == log.sent + log.dropped + log.rejected + there

    def run(self, seconds):
        """Poll as main.py would, for `seconds` of virtual time."""
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end:
            time.advance(max(1, min(self.logger.poll(), end - time.up_ms())))
            self.check_books()

    def values(self, signal=None):
        """The values that the server holds, in order of arrival; islog's own only by name."""
        return [
            v
            for name, v, _ in self.server.readings
            if name == signal or signal is None and not name.startswith("islog.")
        ]

    def times_ms(self):
        """The times that the server holds, as whole milliseconds; not those of islog's own."""
        out = []
        for name, _, e in self.server.readings:
            if name.startswith("islog."):
                continue
            seconds, _, fraction = e.partition(".")
            out.append(int(seconds) * 1000 + int((fraction + "000")[:3]))
        return out
