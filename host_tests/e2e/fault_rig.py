"""A board whose server fails it in every way, turn after turn (programs/fault_rounds.py)."""

import contextlib
import json
import socket
import threading
from collections import deque
from urllib.request import urlopen

from tools.server import LocalServer
from tools.server.faults import Faults, front, status

from .rig import BATCH_LOGS, KEPT_EVENTS, KEY, Desk

TIMES = 200
BACKOFF_MAX_S = 2
SLOW_RETRY_S = 20
END = status(599)  # ends a turn
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


class Witness:
    """Another host, to which redirects lead: it listens, and must hear nothing."""

    def __enter__(self):
        self.heard = []
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
                    self.heard.append(came.recv(65536))


class Victim:
    """A board that runs turns.py, in front of a server that fails it as told.

    patience_s: how long a turn may take. `arrived`: the values that the server holds, in order."""

    def __init__(self, way, kind, folder, witness):
        self.transport = way[0] or "requests"
        self._witness = witness
        self._missing = 0  # values that never arrived: they were rejected
        self._files = contextlib.ExitStack()
        self.patience_s = 300
        self.arrived = []
        self._script = deque()
        self._seen = 0  # lines of the console
        self._stored = b""
        self.turn = None  # what the board printed after the last one
        enter = self._files.enter_context
        self.server = enter(local_server(api=way[1], on_reading=self._arrive))
        self.faults = Faults(self._next())
        self.front = enter(front(self.faults, self.server, idle_s=60))
        self.front.answer = self.answer
        self.front.elsewhere = witness.url
        self.front.pace_s = 0.1
        self.desk = Desk(self.server, folder, way)
        self.desk.put("resources.py")
        self.desk.put("socket_needs_link.py", "socket.py")
        self.desk.board_with(
            "fault_rounds",
            kind,
            bucket_url=self.front.bucket_url,
            ingest_url=self.front.ingest_url,
            flush_interval=0,
            batch_bytes=1024,
            timeout=1,
            backoff_max=BACKOFF_MAX_S,
            slow_retry=SLOW_RETRY_S,
            sync_interval=432000,  # the board's time leaves the server's behind
        )
        enter(self.desk.board)
        self.ended()

    def close(self):
        self._files.close()

    def _arrive(self, reading):
        if not reading["repeat"] and reading["signal"] == "n":
            self.arrived.append(reading["value"])

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

    def begin(self, *faults):
        """A turn with those faults, then END, then good answers."""
        self._script.extend([*faults, END])
        self.go()

    def go(self, words=""):
        """A turn as turns.py has it."""
        self._seen = len(self.desk.board.lines)
        new = self.desk.flash / "new"
        new.write_text(words)
        new.rename(self.desk.flash / "go")

    def ended(self):
        """The turn has come to its end: what changed in it, and what the board holds now."""
        before = self.turn or {"retries": 0, "rejected": 0}
        lines = self.desk.board.lines
        found = []

        def told():
            assert self.desk.board.running, self.desk.console()
            found[:] = [line for line in lines[self._seen :] if line.startswith("turn {")]
            return found

        self.desk.until(told, "the end of a turn", self.patience_s)
        self.turn = turn = json.loads(found[0][5:])
        turn["new retries"] = turn["retries"] - before["retries"]
        turn["new rejected"] = turn["rejected"] - before["rejected"]
        self._check(turn)
        return turn

    def _check(self, turn):
        arrived = self.arrived
        assert arrived == sorted(set(arrived))
        missing, self._missing = self._missing, arrived[-1] + 1 - len(arrived)
        assert self._missing - missing == turn["new rejected"]
        assert (turn["dropped"], turn["state"]) == (0, "online")
        assert turn["sent"] <= len(arrived)
        known = (self.front.port, self.server.ntp_port)
        asked = {tuple(pair) for pair in turn["asked"]}
        assert asked - {GATEWAY} == {("127.0.0.1", port) for port in known}
        assert KEY not in self.desk.console()
        assert self._witness.heard == []


@contextlib.contextmanager
def two_boards(folders, witness):
    """A Victim for each transport and API, on a board of each kind."""
    with contextlib.ExitStack() as files:
        found = []
        for way, kind in ((BATCH_LOGS, "esp32"), (KEPT_EVENTS, "rp2")):
            found.append(Victim(way, kind, folders.mktemp("board"), witness))
            files.callback(found[-1].close)
        yield found


def turns(victims, *faults, words=""):
    """All boards take a turn at the same time; returns how it ended, in the same order."""
    for victim in victims:
        if words:
            victim.go(words)
        else:
            victim.begin(*faults)
    return [victim.ended() for victim in victims]


def once_and_often(victims, fault, times):
    """For each board, how it was after the fault, and after so many of it."""
    ones = turns(victims, fault)
    manies = turns(victims, *[fault] * times)
    return list(zip([victim.transport for victim in victims], ones, manies, strict=True))
