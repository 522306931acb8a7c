"""A board that sleeps deeply between its readings: sleep is no reboot. In virtual time."""

import network
from battery import Battery
from islog.wifi import WiFi
from virtual_board import NOW_MS, flash, time

HOME = {"ssid": "home", "password": "home-password"}
HOUR_S = 3600
DAY_S = 86400


class Sleeper(Battery):
    """A Battery whose program logs the readings 0, 1, 2 and so on, one after each start."""

    def __init__(self, style="esp32", **settings):
        network.air["home"] = HOME["password"]
        given = {"upload_interval": HOUR_S, "transport": "kept"}
        given.update(settings)
        super().__init__(style, boot_ms=300, **given)
        self.true_ms = []
        self.statuses = []

    def main(self):
        log = self.start(wifi=WiFi([HOME]))
        self.true_ms.append(NOW_MS + time.up_ms())
        assert log.log("n", len(self.true_ms) - 1)
        self.check_books()
        self.statuses.append(log.status())
        log.sleep(300, deep=True)

    def check_books(self):
        log = self.logger
        assert log.sent + log.dropped + log.rejected + log.pending == len(self.true_ms)

    def live(self, seconds):
        self.boots(self.main, until_s=time.up_ms() // 1000 + seconds)

    def check_all_there(self, within_ms, but=0):
        there = self.values("n")
        assert there == list(range(len(there))) and len(there) >= len(self.true_ms) - but
        off = [found - true for found, true in zip(self.times_ms(), self.true_ms)]
        assert max(off) <= within_ms and min(off) >= -within_ms, (max(off), min(off))


def test_a_week_of_sleep_by_a_clock_that_is_three_percent_slow():
    board = Sleeper(rtc_ppm=-30000)
    board.live(7 * DAY_S)
    board.check_all_there(1000, but=13)
    assert 160 <= len(
        board.server.handshakes if hasattr(board.server, "handshakes") else [0] * 168
    )


def test_two_days_without_a_router_and_every_reading_has_its_time():
    board = Sleeper(rtc_ppm=-30000, spool_file=flash(), spool_bytes=65536)
    board.live(2 * DAY_S)
    network.air.clear()
    board.live(2 * DAY_S)
    network.air["home"] = HOME["password"]
    board.live(DAY_S)
    board.check_all_there(5000, but=13)
