"""A test rig: the local server, a simulated board that sends to it, and checks of what arrived.

The board runs one of the programs in programs/. A program prints a line for each reading that it
logs (lib/notes.py); what the server holds is compared with those, and with what the test expects.
"""

import contextlib
import json
import shutil
import time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tools import simulator

KEY = "e2e-Key+0123456789"
PROGRAMS = Path(__file__).parent / "programs"
LIB = Path(__file__).parent / "lib"
CLOSE_S = Decimal("0.050")
HELD_S = 60  # what a board with a `timeout` of seconds may take to hang up
ENDED_S = 10  # what a server that has all of it may still take

# Ways to the server: transport, api, tls. The first is what a board does by default.
BATCH_LOGS = (None, "batch_logs", False)
EVENTS = (None, "events", False)
KEPT = ("kept", "batch_logs", False)
KEPT_EVENTS = ("kept", "events", False)
TLS = (None, "batch_logs", True)
TLS_EVENTS = (None, "events", True)
PLAIN_WAYS = (BATCH_LOGS, EVENTS, KEPT, KEPT_EVENTS)
BOTH = (BATCH_LOGS, KEPT_EVENTS)  # each transport and each API once


class Rig:
    """A board that runs a program of programs/, and the LocalServer that it is to use.

    folder: where the board's files are kept. way: how it sends, one of the tuples above."""

    def __init__(self, server, folder, way=BATCH_LOGS):
        self.server = server
        self.way = way
        self.flash = Path(folder) / "flash"
        self.board = None

    def board_with(
        self,
        program,
        kind="esp32",
        *,
        arguments=None,
        drift_ppm=0,
        wrap_bits=30,
        on_line=None,
        **settings,
    ):
        """A board that runs programs/`program`.py; short pauses, unless the settings say else.

        arguments: what the program finds in its file `arguments`, a text. The rest: Board's."""
        lib = self.flash / "lib"
        lib.mkdir(parents=True, exist_ok=True)
        shutil.copy(LIB / "notes.py", lib)
        if arguments is not None:
            (self.flash / "arguments").write_text(arguments)
        self.board = simulator.Board(
            kind,
            config={**self.config(), **settings},
            main=PROGRAMS / f"{program}.py",
            flash=self.flash,
            drift_ppm=drift_ppm,
            wrap_bits=wrap_bits,
            on_line=on_line,
        )
        return self.board

    def config(self):
        """The settings of a board that sends to this server."""
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
            "wifi": [{"ssid": "home", "password": "a password"}],
            "flush_interval": 1,
            "timeout": 30,  # where none is to run out, none does on a busy machine
            "backoff_max": 1,
            "slow_retry": 1,
        }

    def put_module(self, name, as_=None):
        """Copy lib/`name` to the board's root, where programs import it; as_: under that name."""
        self.flash.mkdir(exist_ok=True)
        shutil.copy(LIB / name, self.flash / (as_ or name))

    def stop(self, text=""):
        """Make the file `stop`, at which some programs end, and wait for that end."""
        (self.flash / "stop.new").write_text(text)
        (self.flash / "stop.new").rename(self.flash / "stop")
        self.wait_for_end()

    def wait_for_end(self, seconds=240):
        """The program comes to its end by itself, without an error; the key was not shown."""
        assert self.board.wait(seconds), f"still running after {seconds} s:\n{self.console()}"
        assert self.board.returncode == 0, self.console()
        assert KEY not in self.console()

    def until(self, condition, what, seconds=240):
        """Wait for something that is to happen by itself; fails with `what` where it does not."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.console()}"
            if self.board and not self.board.running:  # it will not happen any more
                seconds, deadline = min((seconds, deadline), (ENDED_S, time.monotonic() + ENDED_S))
            time.sleep(0.02)

    def until_caught_up(self):
        """Wait until as many readings have arrived as the program has logged by now."""
        logged = len(self.notes())
        self.until(lambda: self.server.accepted > logged, f"more than {logged} arrive")

    def notes(self):
        """What the program logged so far, in order, as lib/notes.py printed it: a list of dicts;
        the books balance after each reading."""
        notes = [json.loads(line[7:]) for line in self.board.lines if line.startswith("logged {")]
        for n in notes:
            assert n["logged"] == n["sent"] + n["dropped"] + n["rejected"] + n["pending"], n
        return notes

    def console(self):
        """All that the board has printed, as one text."""
        return "\n".join(self.board.lines)

    def sentences(self):
        """The firmware's own sentences, behind the one with which each start begins."""
        own = [line for line in self.board.lines if line.startswith("islog: ")]
        assert not own or own[0].startswith("islog: version ")
        return [line for line in own if not line.startswith("islog: version ")]

    def has_said(self, words):
        """Whether one of those sentences has these words in it."""
        return any(words in sentence for sentence in self.sentences())

    def until_said(self, words):
        self.until(lambda: self.has_said(words), f"a sentence with {words!r}")

    def first_arrivals(self):
        """The readings that the board's program logged, as they first came."""
        return [r for r in self.server.readings() if not r["repeat"] and not is_own(r)]

    def own_arrivals(self):
        """islog.dropped and the like: what islog says of itself."""
        return [r for r in self.server.readings() if not r["repeat"] and is_own(r)]

    def close_s(self, least_s=CLOSE_S):
        """How close a time is to the true one: as the board says that its clock is, which is
        half of what an NTP answer took. (On a busy machine that is more than usual.)"""
        said_ms = (self.board.status or {}).get("clock_error_ms") or 0
        return max(least_s, Decimal(said_ms) / 1000)

    def check_arrivals(self, notes, ahead_s=0, close_s=None):
        """The server holds just these notes, in order: signal, value, its type, and the time,
        that of a clock which is `ahead_s` ahead of the PC's; close_s: rig.close_s()."""
        close_s = close_s or self.close_s()
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

    def check_not_held_up(self, held):
        """The program went on logging while a Front held an exchange: `held`, Holds of its. It
        does not where an exchange waits for all of an answer."""
        for hold in held:
            during = [note for note in self.notes() if hold.since_ns < note["ns"] < hold.until_ns]
            assert len(during) > 2, (len(during), hold)


class Hold(NamedTuple):
    """From when to when (time.time_ns()) a Front kept a board waiting."""

    since_ns: int
    until_ns: int


def hold(connection, slow, held):
    """Keep a board waiting by slow(connection), which has no end of its own, until it hangs up; a
    Hold is then added to the list `held`. It is the board that ends it: nothing here does."""
    connection.socket.settimeout(None)
    since_ns = time.time_ns()
    with contextlib.suppress(OSError):
        slow(connection)
    held.append(Hold(since_ns, time.time_ns()))


def plain(reading):
    value = reading["value"]
    return reading["signal"], type(value), value


def off_by(reading, note, ahead_s=0):
    """By how many seconds a reading's time lies outside of the call that logged it."""
    at = Decimal(reading["epoch"]) - Decimal(ahead_s)
    return max(0, Decimal(note["ns"]) / 10**9 - at, at - Decimal(note["done_ns"]) / 10**9)


def is_own(reading):
    return reading["signal"].startswith("islog.")
