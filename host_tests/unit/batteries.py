"""What the tests of a board that lives on a battery share: its program, and how long its radio is
on. In virtual time."""

import machine
import network
from islog.wifi import WiFi
from virtual_board import Board, time

HOME = {"ssid": "home", "password": "home-password"}
HOUR_S = 3600
DAY_S = 86400


class Battery(Board):
    """A Board with islog's WiFi, whose program logs the readings 0, 1, 2 and so on. `on_ms`: so
    long the radio was on; `joins`: so often it was switched on; `true_ms`: when each reading was
    logged, as Unix time."""

    def __init__(self, style="esp32", wifi=None, **settings):
        network.style = machine.style = style
        network.air["home"] = HOME["password"]
        self.on_ms = self.joins = 0
        self.true_ms = []
        given = {"upload_interval": HOUR_S, "transport": "kept"}
        given.update(settings)
        self.wifi = wifi or WiFi([HOME])
        super().__init__(wifi=self.wifi, **given)

    def is_on(self):
        return network.station().on_air

    def measure(self):
        self.true_ms.append(self.ntp.now_ms())
        self.log("n", len(self.true_ms) - 1)

    def sleep(self, ms):
        self.on_ms += ms if self.is_on() else 0
        time.advance(ms)

    def live(self, seconds, every_s=300, poll_s=None):
        """A program's loop: a reading each `every_s`, and in between poll() as it asks for it, but
        each 4 s while nothing is under way; or each `poll_s`."""
        end = time.up_ms() + seconds * 1000
        due = time.up_ms()
        while time.up_ms() < end:
            if time.up_ms() >= due:
                self.measure()
                due += every_s * 1000
            before, was_on = time.up_ms(), self.is_on()
            wait_ms = self.logger.poll()
            self.joins += self.is_on() and not was_on
            self.on_ms += time.up_ms() - before if was_on or self.is_on() else 0
            self.check_books()
            if poll_s:
                wait_ms = poll_s * 1000
            elif wait_ms == 1000 and not self.logger.uploading:
                wait_ms = min(4000, max(1, due - time.up_ms()))
            self.sleep(max(1, min(wait_ms, end - time.up_ms())))

    def check_all_there(self, within_ms, but=0):
        """All readings have arrived once, in order, with their true times; `but`: so many of the
        latest may wait."""
        there = self.values("n")
        assert there == list(range(len(there))) and len(there) >= len(self.true_ms) - but
        for found, true in zip(self.times_ms(), self.true_ms):
            assert abs(found - true) <= within_ms
