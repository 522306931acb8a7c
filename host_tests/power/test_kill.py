"""A simulated board is killed with -9 while it spools and replays, again and again."""

import random
import re
import time
from pathlib import Path

from host_tests.e2e.rig import KEY
from tools import simulator
from tools.server import LocalServer

PROGRAM = Path(__file__).parent / "device/spooling.py"
CLOSE_S = 2  # for a PC that is busy; to the millisecond: test_flash.py, in virtual time
SEED = 20261131  # four of eight boots end with nobody there: these spool
BOOT = 1000000  # readings that one boot cannot reach


class KilledBoard:
    """A board that runs device/spooling.py and loses its power, its flash, and what it said."""

    def __init__(self, server, flash):
        self.server = server
        self.flash = flash
        self.boots = 0
        self.logged = {}  # n: when, Unix seconds
        self.kept = set()  # n that were reported as spooled
        self.starts = []  # (spooled, lost) that each boot found
        self.runs = 0  # boots that reported something

    def board(self):
        self.flash.mkdir(exist_ok=True)
        (self.flash / "first").write_text(str(self.boots * BOOT))
        self.boots += 1
        config = {
            "client_key": KEY,
            "bucket_name": "power",
            "bucket_id": "e5b6cf8e-1b5f-4a5c-9d3c-0c5a5b0a7a10",
            "bucket_url": self.server.bucket_url,
            "ingest_url": self.server.ingest_url,
            "ntp_hosts": [self.server.ntp_host],
            "flush_interval": 0,
            "backoff_max": 1,
            "timeout": 2,
            "buffer_bytes": 1024,
            "batch_bytes": 1024,
            "spool_file": "/spool",
            "spool_bytes": 400000,
            "quiet": True,
        }
        return simulator.Board(config=config, main=PROGRAM, flash=self.flash)

    def hear(self, lines):
        kept = len(self.kept)
        for line in lines:
            said = re.fullmatch(r"(boot|log|spooled) (\d+) (\d+)\.", line)
            if not said:
                continue
            a, b = int(said[2]), int(said[3])
            if said[1] == "boot":
                self.starts.append((a, b))
            elif said[1] == "log":
                self.logged[a] = b / 1e9
            else:
                self.kept.update(range(a, b))
        self.runs += len(self.kept) > kept

    def live(self, chance):
        """One boot, up to a kill at a moment that `chance` chooses."""
        up = chance.random() < 0.6
        changes = chance.random() < 0.4
        (self.server.start if up else self.server.stop)()
        early = chance.random() < 0.1
        with self.board() as board:
            if not early:
                self._wait_for("boot", board)
            time.sleep(chance.uniform(0.0, 0.4))
            if changes:
                (self.server.stop if up else self.server.start)()
            if up == changes and not early:  # nobody takes what it logs
                self._wait_for("spooled", board)
            time.sleep(chance.uniform(0.0, 0.4))
            board.kill()
            assert board.wait(60)
        self.hear(board.lines)

    def _wait_for(self, word, board):
        until = time.monotonic() + 60
        while not any(line.startswith(word) for line in board.lines):
            assert board.running and time.monotonic() < until, board.lines
            time.sleep(0.01)

    def settle(self):
        """A last boot, until nothing is left."""
        self.server.start()
        (self.flash / "stop").touch()
        with self.board() as board:
            assert board.wait(240), board.lines[-5:]
        assert board.returncode == 0, board.lines[-20:]
        self.hear(board.lines)
        assert not list(self.flash.glob("spool.*"))


def test_all_that_was_reported_as_spooled_arrives_though_the_board_is_killed(tmp_path, long):
    chance = random.Random(SEED)
    kills = 50 if long else 8
    with LocalServer(key=KEY) as server:
        killed = KilledBoard(server, tmp_path / "flash")
        for _ in range(kills):
            killed.live(chance)
        killed.settle()
        readings = server.readings()
    assert killed.runs > kills // 4, "boots that reported readings as spooled"
    first = {}
    for reading in readings:
        if reading["signal"].startswith("islog."):
            continue
        n = reading["value"]
        assert reading["signal"] == f"n{n % 3}"
        late = float(reading["epoch"]) - killed.logged[n]
        assert -CLOSE_S <= late <= CLOSE_S + _pause(killed.logged, n), (n, late)
        first.setdefault(n, reading)
    missing = sorted(killed.kept - set(first))
    assert not missing, f"{len(missing)} of {len(killed.kept)}, such as {missing[:9]}"
    assert list(first) == sorted(first), "in order, the first time that each came"


def _pause(logged, n):
    # The PC may have done something else between the note of a reading and the reading.
    return logged[n + 1] - logged[n] if n + 1 in logged else 1
