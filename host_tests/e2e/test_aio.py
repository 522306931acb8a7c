"""log.run() on MicroPython's own asyncio, with real sockets: it never holds up what else the
program does, whatever the server does, and a task that is cancelled leaves nothing open. (By how
many milliseconds a ticker is late beside it, `make waits` measures.)"""

import itertools
import json
import os
import random
import time

import pytest

from tools import interpreter
from tools.interpreter import FIRMWARE
from tools.server import LocalServer
from tools.server.faults import FAULTS, Faults, front
from tools.server.front import Front, good
from tools.server.tls import Chain

from .rig import KEY, PROGRAMS

SECONDS = 200  # a busy machine is slow
pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/thread-self/status"), reason="Linux tells what has waited"
)


def settings(server, **others):
    return {
        "client_key": KEY,
        "bucket_name": "asyncio",
        "bucket_url": server.bucket_url,
        "ingest_url": server.ingest_url,
        "ntp_hosts": [server.ntp_host],
        "transport": "kept",
        "flush_interval": 0,
        "timeout": 1,
        "backoff_max": 1,
        "slow_retry": 1,
        **others,
    }


def started(folder, what, **settings):
    (folder / "settings.json").write_text(json.dumps(settings))
    program = PROGRAMS / "asyncio_ticker.py"
    arguments = program, folder / "settings.json", what
    return interpreter.start(*arguments, path=[FIRMWARE], cwd=folder, stdout=-1, stderr=-2)


def told(board):
    """What the program printed last; its books balance, and it has left nothing open."""
    printed, _ = board.communicate(timeout=SECONDS)
    assert board.returncode == 0, printed
    found = json.loads(printed.splitlines()[-1])
    status = found["status"]
    assert (status["state"], status["pending"], status["dropped"]) == ("closed", 0, 0), printed
    assert found["files"] == 0
    return found


def values(server, signal="n"):
    readings = [r for r in server.readings() if not r["repeat"] and r["signal"] == signal]
    return [reading["value"] for reading in readings]


def test_a_ticker_goes_on_through_every_fault_and_no_step_waits(tmp_path):
    script = iter(FAULTS.values())
    played = []

    def next_fault():
        for fault in itertools.chain(script, itertools.repeat(None)):
            played.append(fault)
            yield fault

    with LocalServer(KEY) as server, front(Faults(next_fault()), server, idle_s=60) as failing:
        failing.pace_s = 0.1
        with started(tmp_path, "log", **settings(failing)) as board:
            deadline = time.monotonic() + SECONDS
            while not played or played[-1]:
                assert board.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
            (tmp_path / "stop").touch()
            found = told(board)
        arrived = values(server)
    assert arrived == sorted(set(arrived)) and len(arrived) >= found["status"]["sent"]
    assert len(found["ticks"]) > 20 and found["polls"] > len(FAULTS)
    assert found["waits"] == 0


def test_without_the_kept_connection_the_ticker_would_be_held_up(tmp_path):
    """That the count tells: `requests` waits for the server inside of its one step."""
    silence = itertools.chain([FAULTS["silence"]], itertools.repeat(None))
    with LocalServer(KEY) as server, front(Faults(silence), server, idle_s=60) as failing:
        others = {"transport": "requests"}
        with started(tmp_path, "log", **settings(failing, **others)) as board:
            deadline = time.monotonic() + SECONDS
            while not values(server):
                assert board.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
            (tmp_path / "stop").touch()
            found = told(board)
    assert found["waits"] > 0


@pytest.mark.parametrize("tls", [False, True])
def test_an_idle_log_wakes_once_a_second(tmp_path, tls):
    with LocalServer(KEY, tls=tls) as server:
        ca = {"ca_file": str(server.ca_der)} if tls else {}
        with started(tmp_path, "idle", **settings(server, **ca)) as board:
            found = told(board)
        assert values(server) == [0]
    assert found["polls"] <= found["seconds"] + 2
    assert found["waits"] == 0


@pytest.mark.parametrize("tls", [False, True])
def test_cancelled_at_200_moments_nothing_is_left_open_and_nothing_is_lost(tmp_path, tls):
    rng = random.Random(17)

    def slowly(connection, store):
        time.sleep(rng.random() / 40)
        return good(connection, store)

    chain = Chain(tmp_path)
    with LocalServer(KEY) as server:
        with Front(server, slowly, chain.context() if tls else None) as slow:
            ca = {"ca_file": str(chain.ca_der)} if tls else {}
            with started(tmp_path, "cancel", **settings(slow, timeout=5, **ca)) as board:
                found = told(board)
        assert values(server) == list(range(200))
    assert found["status"]["sent"] == 200


def test_a_thread_logs_while_run_sends(tmp_path):
    with LocalServer(KEY) as server:
        with started(tmp_path, "thread", **settings(server)) as board:
            found = told(board)
        assert values(server, "from a thread") == list(range(300, 0, -1))
        arrived = values(server)
    assert arrived == sorted(arrived, reverse=True)
    assert found["status"]["sent"] == 300 + len(arrived)
