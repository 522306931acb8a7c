"""What the tests of the uplink share: one with readings in its batch, and the server of those."""

import json

import clocks
from exchanges import a_server
from islog import config, service
from islog.bytecode import PlainRing
from islog.uplink import BATCH, Uplink
from virtual_board import time

SETTINGS = {
    "client_key": "the-key",
    "bucket_name": "room",
    "bucket_url": "http://service.test/buckets",
    "ingest_url": "http://service.test/batch_logs",
}


class Sending:
    """An Uplink, its server, a clock that knows the time, a ring, and what is said of trouble."""

    def __init__(self, **given):
        settings = config.check(dict(SETTINGS, **given))
        self.server = a_server()
        self.clock = clocks.make()
        clocks.sync(self.clock)
        self.said = []
        made = service.Service(settings)
        self.uplink = Uplink(settings, made, self.clock, self.said.append)
        self.ring = PlainRing(4096, self.clock, None)
        self.ring.add_signal("t", self.uplink.batch.signal_json("t"))

    def fill(self, *values, **how):
        """Log these, and begin a batch with them; `how` is Uplink.fill()'s."""
        for value in values:
            assert self.ring.log("t", value)
        return self.uplink.fill(self.ring, self.clock, **how)

    def send(self, what=BATCH):
        """One request, to its end; returns the milliseconds of the pause that it has brought."""
        self.uplink.start(what)
        while not self.uplink.advance():
            pass
        self.clock.tick()
        return self.uplink.wait_ms()

    def send_all(self):
        """Request after request without a pause in between, until nothing is left."""
        while self.uplink.batch.count:
            self.send()

    def wait(self, ms):
        time.advance(ms)
        self.clock.tick()

    def counts(self):
        """(in the batch, sent, rejected, dropped)"""
        uplink = self.uplink
        return uplink.in_batch, uplink.sent, uplink.rejected, uplink.dropped

    def held(self):
        """What the server holds: (signal, value) each."""
        return [(signal, value) for signal, value, _ in self.server.readings]

    def refuse(self, status, is_bad):
        """Let the server answer each batch with `status` in which `is_bad(signal, value)` is true
        of a reading; returns a list that fills with the number of readings of each request."""
        sizes, take = [], self.server._batch

        def batch(headers, body):
            readings = json.loads(body)
            sizes.append(len(readings))
            bad = [r for r in readings if is_bad(r["sn"], r["v"])]
            return status if bad else take(headers, body)

        self.server._batch = batch
        return sizes
