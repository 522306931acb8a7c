"""What the tests of deep sleep share: a board whose program logs and sleeps, in virtual time."""

import sys

import network
from battery import Battery
from islog.wifi import WiFi
from virtual_board import NOW_MS, time

HOME = {"ssid": "home", "password": "home-password"}
HOUR_S = 3600
DAY_S = 86400
SLEEP_S = 300
# A start takes MicroPython on a PC five times as long as CPython: weeks are short there.
IS_SLOW = sys.implementation.name == "micropython"
OUTAGE_S = 14 * HOUR_S if IS_SLOW else 2 * DAY_S


class Sleeper(Battery):
    """A Battery whose program logs the readings 0, 1, 2 and so on, one after each start.
    `true_ms`: when each was logged, as Unix time; `statuses`: status() as it was then."""

    def __init__(self, style="esp32", **settings):
        network.air["home"] = HOME["password"]
        given = {"upload_interval": HOUR_S, "transport": "kept"}
        given.update(settings)
        super().__init__(style, boot_ms=300, **given)
        self.spool_file = settings.get("spool_file")
        self.true_ms = []
        self.statuses = []
        self.sleep_s = SLEEP_S
        self.before_sleep = None  # a function that is called before each sleep

    def main(self):
        log = self.start(wifi=WiFi([HOME]))
        self.measure()
        self.statuses.append(log.status())
        if self.before_sleep:
            self.before_sleep()
        log.sleep(self.sleep_s, deep=True)

    def measure(self):
        self.true_ms.append(NOW_MS + time.up_ms())
        assert self.logger.log("n", len(self.true_ms) - 1)

    def live(self, seconds):
        self.boots(self.main, until_s=time.up_ms() // 1000 + seconds)

    def check_books(self, logged=None):
        """At the last start, which has logged nothing since but its one reading."""
        now = self.statuses[-1]
        found = now["sent"] + now["dropped"] + now["rejected"] + now["pending"]
        assert found == (len(self.true_ms) if logged is None else logged), now

    def check_all_there(self, within_ms, but=0, more=0):
        """All readings have arrived in order, with their true times. `but`: so many of the latest
        may wait; `more`: so many may have come twice."""
        there = self.values("n")
        known = sorted(set(there))
        assert known == list(range(len(known))) and len(known) >= len(self.true_ms) - but
        assert len(there) <= len(known) + more
        self.check_times(within_ms)

    def check_times(self, within_ms):
        there = self.values("n")
        for value, found in zip(there, self.times_ms()):
            assert abs(found - self.true_ms[value]) <= within_ms, (value, found)
