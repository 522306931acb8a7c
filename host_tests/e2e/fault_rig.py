"""A rig whose server fails the board in every way, one round after another.

What a round is, the board's program says: programs/fault_rounds.py.
"""

import contextlib
import json
import socket
import threading
from collections import deque
from urllib.request import urlopen

from tools.server import LocalServer
from tools.server.faults import Faults, front, status

from .rig import BATCH_LOGS, KEPT_EVENTS, KEY, Rig

TIMES = 34
TIMEOUT_S = 60  # where none is to run out, none does on a busy machine
BACKOFF_MAX_S = 2
SLOW_RETRY_S = 20
REFUSED = 25  # attempts while nothing listens; fault_rounds.py has the same
END = status(599)  # ends a round
GATEWAY = "127.0.0.1", 53  # asked where nothing answers (tools/simulator/on_board.py)
_making = threading.Lock()


@contextlib.contextmanager
def local_server(**settings):
    """A LocalServer, also where several threads want one: FastAPI builds an app's routes at the
    first request, and bears no other app beside it meanwhile."""
    with contextlib.ExitStack() as files:
        with _making:
            server = files.enter_context(LocalServer(KEY, **settings))
            urlopen(f"{server.url}/api/buckets").close()
        yield server


class RedirectTarget:
    """Another host, to which redirects lead; nobody may follow one. `received`: what came."""

    def __enter__(self):
        self.received = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/login"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                came, _ = self._listening.accept()
                came.settimeout(1)
                with came, contextlib.suppress(OSError):
                    self.received.append(came.recv(65536))


class FaultRig:
    """A Rig with a board that runs fault_rounds.py, and a Front that fails it as it is told.
    Where the Front refuses, it does until the board has tried often (fault_rounds.REFUSED).

    patience_s: how long a round may take. `arrived`: the values that the server holds, in order.
    `report`: what the board printed at the end of the latest round."""

    def __init__(self, way, kind, folder, redirect_target, timeout_s):
        self.transport = way[0] or "requests"
        self._redirect_target = redirect_target
        self._missing = 0  # values that never arrived: they were rejected
        self._files = contextlib.ExitStack()
        self.patience_s = 240
        self.arrived = []
        self._script = deque()  # the faults of the round that are still to come
        self._seen = 0  # lines of the console
        self._stored = b""
        self.report = None
        enter = self._files.enter_context
        self.server = enter(local_server(api=way[1], on_reading=self._arrive))
        self.faults = Faults(self._next())
        self.front = enter(front(self.faults, self.server, idle_s=60))
        self.front.answer = self.answer
        self.front.elsewhere = redirect_target.url
        self.front.pace_s = timeout_s / 10
        self.front.refused_s = None
        self.rig = Rig(self.server, folder, way)
        self.rig.put_module("resources.py")
        self.rig.put_module("socket_needs_link.py", "socket.py")
        self.rig.board_with(
            "fault_rounds",
            kind,
            on_line=self._hear,
            bucket_url=self.front.bucket_url,
            ingest_url=self.front.ingest_url,
            flush_interval=0,
            batch_bytes=1024,
            timeout=timeout_s,
            backoff_max=BACKOFF_MAX_S,
            slow_retry=SLOW_RETRY_S,
            sync_interval=432000,  # the board's time leaves the server's behind
        )
        enter(self.rig.board)
        self.wait_for_report()

    def close(self):
        self._files.close()

    def _arrive(self, reading):
        if not reading["repeat"] and reading["signal"] == "n":
            self.arrived.append(reading["value"])

    def _hear(self, line):
        if line == "refused":
            self.front.listen()

    def answer(self, connection, store):
        """As the script says. What is repeated is not stored again: it would only take time."""

        def store_once():
            if connection.body != self._stored:
                assert store() in (201, 204)
                self._stored = connection.body
            return 204

        return self.faults.answer(connection, store_once)

    def _next(self):
        while True:
            yield self._script.popleft() if self._script else None

    def begin_faults(self, *faults):
        """Begin a round with those faults, then END, then good answers."""
        self._script.extend([*faults, END])
        self.begin()

    def begin(self, words=""):
        """Begin a round; words: the trouble that it is to have, as fault_rounds.py has it."""
        self._seen = len(self.rig.board.lines)
        new = self.rig.flash / "new"
        new.write_text(words)
        new.rename(self.rig.flash / "go")

    def wait_for_report(self):
        """Wait for the end of the round: what changed in it, and what the board holds now."""
        before = self.report or {"retries": 0, "rejected": 0}
        lines = self.rig.board.lines
        found = []

        def has_reported():
            assert self.rig.board.running, self.rig.console()
            found[:] = [line for line in lines[self._seen :] if line.startswith("round {")]
            return found

        self.rig.until(has_reported, "the end of a round", self.patience_s)
        self.report = report = json.loads(found[0][len("round ") :])
        report["new retries"] = report["retries"] - before["retries"]
        report["new rejected"] = report["rejected"] - before["rejected"]
        self._check(report)
        return report

    def _check(self, report):
        arrived = self.arrived
        assert arrived == sorted(set(arrived))
        missing, self._missing = self._missing, arrived[-1] + 1 - len(arrived)
        assert self._missing - missing == report["new rejected"]
        assert (report["dropped"], report["state"]) == (0, "online")
        assert report["sent"] <= len(arrived)
        known = (self.front.port, self.server.ntp_port)
        asked = {tuple(pair) for pair in report["asked"]}
        assert asked - {GATEWAY} == {("127.0.0.1", port) for port in known}
        assert KEY not in self.rig.console()
        assert self._redirect_target.received == []


@contextlib.contextmanager
def two_rigs(folders, redirect_target, timeout_s=TIMEOUT_S):
    """A FaultRig for each transport and API, with a board of each kind."""
    with contextlib.ExitStack() as files:
        found = []
        for way, kind in ((BATCH_LOGS, "esp32"), (KEPT_EVENTS, "rp2")):
            found.append(FaultRig(way, kind, folders.mktemp("board"), redirect_target, timeout_s))
            files.callback(found[-1].close)
        yield found


def play_round(rigs, *faults, trouble=""):
    """A round with those faults, or that trouble, on all rigs at the same time.

    Returns their reports, in the same order."""
    for rig in rigs:
        if trouble:
            rig.begin(trouble)
        else:
            rig.begin_faults(*faults)
    return [rig.wait_for_report() for rig in rigs]


def once_and_often(rigs, fault, times):
    """For each rig: its transport, its report after the fault, and after so many of it."""
    ones = play_round(rigs, fault)
    manies = play_round(rigs, *[fault] * times)
    return list(zip([rig.transport for rig in rigs], ones, manies, strict=True))
