"""What the end-to-end tests have on the desk: a server, a board with a program, and notes.

A board's program prints a line for each reading that it logs (lib/notes.py); what the server
holds is compared with those, and with what the test itself expects.
"""

import json
import shutil
import time
from decimal import Decimal
from pathlib import Path

from tools import simulate

KEY = "e2e-Key+0123456789"
PROGRAMS = Path(__file__).parent / "programs"
LIB = Path(__file__).parent / "lib"
CLOSE_S = Decimal("0.050")

# Ways to the server: transport, api, tls. The first is what a board does by default.
BATCH_LOGS = (None, "batch_logs", False)
EVENTS = (None, "events", False)
KEPT = ("kept", "batch_logs", False)
KEPT_EVENTS = ("kept", "events", False)
TLS = (None, "batch_logs", True)
TLS_EVENTS = (None, "events", True)
PLAIN_WAYS = (BATCH_LOGS, EVENTS, KEPT, KEPT_EVENTS)
BOTH = (BATCH_LOGS, KEPT_EVENTS)  # each transport and each API once


class Desk:
    """One board with one of the programs in programs/, and the server that it is to use."""

    def __init__(self, server, folder, way=BATCH_LOGS):
        self.server = server
        self.way = way
        self.flash = Path(folder) / "flash"
        self.board = None

    def board_with(self, program, kind="esp32", *, drift_ppm=0, wrap_bits=30, **settings):
        """A board that runs programs/`program`.py; short pauses, unless the settings say else."""
        lib = self.flash / "lib"
        lib.mkdir(parents=True, exist_ok=True)
        shutil.copy(LIB / "notes.py", lib)
        self.board = simulate.Board(
            kind,
            config={**self.config(), **settings},
            main=PROGRAMS / f"{program}.py",
            flash=self.flash,
            drift_ppm=drift_ppm,
            wrap_bits=wrap_bits,
        )
        return self.board

    def config(self):
        """Settings of a board on this desk."""
        transport, api, tls = self.way
        settings = {"api": api}
        if transport:
            settings["transport"] = transport
        if tls:
            settings["ca_file"] = self.server.ca_der
        if api == "events":
            settings["requests_per_s"] = 100
        return {
            **settings,
            "client_key": KEY,
            "bucket_name": "end to end",
            "bucket_url": self.server.bucket_url,
            "ingest_url": self.server.ingest_url,
            "ntp_hosts": [self.server.ntp_host],
            "wifi": [{"ssid": "desk", "password": "a password"}],
            "flush_interval": 1,
            "timeout": 2,
            "backoff_max": 1,
            "slow_retry": 1,
        }

    def put(self, name, as_=None):
        """Copy lib/`name` to the board's root, where programs import it; as_: under that name."""
        self.flash.mkdir(exist_ok=True)
        shutil.copy(LIB / name, self.flash / (as_ or name))

    def end(self):
        """Let a program that waits for the file `stop` end, and check its end as ended() does."""
        (self.flash / "stop").touch()
        self.ended()

    def ended(self, seconds=240):
        """The program has come to its end by itself, without an error; the key was not shown."""
        assert self.board.wait(seconds), f"still running after {seconds} s:\n{self.console()}"
        assert self.board.returncode == 0, self.console()
        assert KEY not in self.console()

    def until(self, condition, what, seconds=240):
        """Wait for something that is to happen by itself; fails with `what` where it does not."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.console()}"
            time.sleep(0.02)

    def notes(self):
        """What the program logged so far, in order; the books balance after each reading."""
        notes = [json.loads(line[7:]) for line in self.board.lines if line.startswith("logged {")]
        for n in notes:
            assert n["logged"] == n["sent"] + n["dropped"] + n["rejected"] + n["pending"], n
        return notes

    def console(self):
        return "\n".join(self.board.lines)

    def told(self):
        """The firmware's own sentences, behind the one with which each start begins."""
        own = [line for line in self.board.lines if line.startswith("islog: ")]
        assert not own or own[0].startswith("islog: version ")
        return [line for line in own if not line.startswith("islog: version ")]

    def first_arrivals(self):
        """The readings that the board's program logged, as they first came."""
        return [r for r in self.server.readings() if not r["repeat"] and not is_own(r)]

    def own_arrivals(self):
        """islog.dropped and the like: what islog says of itself."""
        return [r for r in self.server.readings() if not r["repeat"] and is_own(r)]

    def check_arrivals(self, notes, ahead_s=0, close_s=CLOSE_S):
        """The server holds just these notes, in order: signal, value, its type, and the time,
        that of a clock which is `ahead_s` ahead of the PC's."""
        arrived = self.first_arrivals()
        assert [plain(r) for r in arrived] == [plain(n) for n in notes]
        for reading, note in zip(arrived, notes, strict=True):
            assert off_by(reading, note, ahead_s) <= close_s, (reading, note)

    def check_books(self):
        """Every reading that was logged is accounted for, at the board and at the server."""
        status = self.board.status
        stored = [n for n in self.notes() if n["outcome"] in (True, False)]
        assert len(stored) == status["sent"] + status["dropped"] + status["rejected"]
        assert status["pending"] == 0
        assert self.server.accepted == status["sent"] + len(self.own_arrivals())


def plain(reading):
    value = reading["value"]
    return reading["signal"], type(value), value


def off_by(reading, note, ahead_s=0):
    """By how many seconds a reading's time lies outside of the call that logged it."""
    at = Decimal(reading["epoch"]) - Decimal(ahead_s)
    return max(0, Decimal(note["ns"]) / 10**9 - at, at - Decimal(note["done_ns"]) / 10**9)


def is_own(reading):
    return reading["signal"].startswith("islog.")
