"""`python -m tools.server` as a process: its promises after kill -9, its end, its terminal."""

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from tools.server import __main__ as command_line
from tools.server.store import Store

from .conftest import KEY, BoardClient, reading

CHECKOUT = Path(__file__).parents[2]


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Command:
    """The command on free ports with its files in `folder`; `output` is what it has printed."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.port = free_port()
        self._bytes = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.server", "--folder", folder, "--port", str(self.port)]
            + ["--ntp-port", str(free_port(socket.SOCK_DGRAM)), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=CHECKOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for("Ctrl-C ends")

    @property
    def output(self):
        return self._bytes.decode(errors="replace")

    def wait_for(self, text):
        deadline = time.monotonic() + 60
        while text not in self.output:
            assert time.monotonic() < deadline, f"{text!r} was not printed: {self.output!r}"
            time.sleep(0.005)

    def end(self, number=signal.SIGINT):
        """Send the signal; returns the exit status, all output being read by then."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        self.process.stdout.close()
        return status

    def _read(self):
        while some := self.process.stdout.read(4096):
            self._bytes += some


@pytest.fixture
def run(tmp_path):
    started = []

    def start(*options):
        started.append(Command(tmp_path / "kept", *options))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.end(signal.SIGKILL)


def test_kill_9_loses_nothing_that_was_acknowledged(run):
    def stream(number):
        board = BoardClient(command.port)
        try:
            for i in range(10**6):
                if board.send([reading(sn=f"{number}", v=i, e=10**9 + i)])[0] == 204:
                    acknowledged.append((f"{number}", i))
        except (OSError, ValueError):
            return

    command = run("--key", KEY)
    acknowledged = []
    boards = [threading.Thread(target=stream, args=(n,)) for n in range(20)]
    for thread in boards:
        thread.start()
    deadline = time.monotonic() + 60
    while len(acknowledged) < 300:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    command.end(signal.SIGKILL)
    for thread in boards:
        thread.join()
    store = Store(str(command.folder / "readings.db"))
    kept = {(r["signal"], r["value"]) for r in store.history.readings()}
    store.close()
    assert len(acknowledged) >= 300 and kept >= set(acknowledged)


def test_a_key_is_made_kept_private_and_never_printed(run):
    command = run()
    key = (command.folder / "client_key").read_text().strip()
    config = json.loads((command.folder / "config.json").read_text())
    assert len(key) >= 32 and config["client_key"] == key
    assert config["ingest_url"] == f"http://127.0.0.1:{command.port}/batch_logs"
    # Whoever refuses the example's network refuses this one: neither is anybody's own.
    assert config["wifi"] == json.loads((CHECKOUT / "config.example.json").read_text())["wifi"]
    assert "`make config` takes it from there" in command.output
    for name in ("client_key", "config.json"):
        assert (command.folder / name).stat().st_mode & 0o777 == 0o600
        assert str(command.folder / name) in command.output
    assert (command.folder / ".gitignore").read_text() == "*\n"
    board = BoardClient(command.port, key)
    assert (board.create_bucket()[0], board.send([reading()])[0]) == (204, 204)
    board.key = "another"
    assert (board.create_bucket()[0], board.send([reading()])[0]) == (401, 403)
    assert command.end() == 0
    assert key not in command.output and "another" not in command.output
    again = run()
    board = BoardClient(again.port, key)
    assert board.send([reading()])[0] == 204
    assert again.end(signal.SIGTERM) == 0
    assert again.output.endswith("Stopped: 0 readings accepted and 1 a second time.\n")


def test_https_and_the_events_api_are_in_the_boards_config(run):
    command = run("--tls", "--api", "events")
    config = json.loads((command.folder / "config.json").read_text())
    base = f"https://127.0.0.1:{command.port}/"
    assert f"The page is {base}\n" in command.output
    assert config["ingest_url"] == base + "api/events" and config["api"] == "events"
    assert config["bucket_url"] == base + "api/buckets" and config["ca_file"] == "ca.der"
    context = ssl.create_default_context(cafile=command.folder / "ca.pem")
    with urllib.request.urlopen(base + "api/server", context=context, timeout=60) as answer:
        about = json.loads(answer.read())
    assert about["tls"] and about["config_file"] == str(command.folder / "config.json")
    assert about["network"] is False


def test_readings_are_shown_and_hostile_ones_cannot_touch_the_terminal(run):
    command = run("--key", KEY)
    board = BoardClient(command.port)
    hostile = "\x1b[2J\x1b]0;title\x07\r\n\x9b31m\u202e\u2028[red]\x00" + "z" * 5000
    assert board.create_bucket(bucketName=hostile[:200])[0] == 204
    assert board.send([reading(b=hostile[:200], sn=hostile[:100], v=hostile, e=10**9)])[0] == 204
    assert board.send([reading(sn="\x1b[31m", v=True)])[0] == 204
    assert board.post("/%1b%5b31m%0a", b"")[0] == 404
    assert board.send([reading(sn="last", v=21.50)])[0] == 204
    assert command.end() == 0
    assert command.output.endswith("\nStopped: 3 readings accepted.\n")
    assert all(c.isprintable() or c == "\n" for c in command.output)
    lines = command.output.split("\n")
    shown = [line for line in lines if re.match(r"\S+  .{16}  .{24}  ", line)]
    assert len(shown) == 3 and max(len(line) for line in shown) <= 80
    assert re.match(r"\d\d:\d\d:\d\d\.000  \\x1b\[2J\\x1b\]0;", shown[0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.914  kitchen +last +21.5", shown[2])


def test_what_cannot_be_had_ends_it_with_one_sentence(server, tmp_path):
    options = ("--key", KEY, "--folder", tmp_path, "--port", server.port, "--ntp-port", 0)
    done = subprocess.run(
        [sys.executable, "-m", "tools.server", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=CHECKOUT,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"The port {server.port} of 127.0.0.1 is in use[^\n]*\n", done.stderr)


@pytest.fixture
def refused(monkeypatch, capsys):
    """What the command says on stderr when it does not start; it runs in this process."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process has its own

    def start(*options):
        monkeypatch.setattr(sys, "argv", ["tools.server", *map(str, options)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        said = str(ended.value)
        assert "\n" not in said and capsys.readouterr() == ("", "")
        return said

    return start


FREE = ("--port", 0, "--ntp-port", 0)


def test_a_second_server_leaves_what_is_the_firsts_as_it_is(run, refused, tmp_path):
    first = run()
    there = {
        p: p.read_bytes() for p in first.folder.iterdir() if p.name in ("config.json", "lock")
    }
    said = refused("--folder", first.folder, "--db", first.folder / "other.db", *FREE)
    number = first.process.pid
    assert said.startswith(
        f"The folder {first.folder} is in use by another server (process {number})"
    )
    assert there == {path: path.read_bytes() for path in there}
    assert not (first.folder / "other.db").exists()
    # Nor do two with a folder each share a database.
    database = first.folder / "readings.db"
    (tmp_path / "link.db").symlink_to(database)
    for path in (database, tmp_path / "link.db"):
        elsewhere = tmp_path / f"beside {path.name}"
        said = refused("--folder", elsewhere, "--db", path, *FREE)
        assert said.startswith(
            f"The database {path} is in use by another server (process {number})"
        )
        assert "--db" in said and not (elsewhere / "config.json").exists()
    # Both locks go with the process, however that ends.
    first.process.kill()
    first.process.wait()
    assert run().end() == 0


def test_a_port_in_use_is_told_before_anything_is_written(server, refused, tmp_path):
    folder = tmp_path / "new"
    taken = ("--folder", folder, "--tls")
    assert "in use" in refused(*taken, "--port", server.port, "--ntp-port", 0)
    assert "UDP port" in refused(*taken, "--port", 0, "--ntp-port", server.ntp_port)
    while True:
        free = free_port()
        with socket.socket() as next_one:
            try:
                next_one.bind(("127.0.0.1", free + 1))
            except OSError:
                continue
            next_one.listen()
            said = refused(*taken, "--port", free, "--ntp-port", 0, "--faults", "0.5")
            assert f"The port {free + 1} of" in said
            break
    assert not folder.exists()


def test_a_database_that_cannot_be_had_is_told(refused, tmp_path):
    said = refused("--key", KEY, "--folder", tmp_path, *FREE, "--db", "/")
    assert said.startswith("The database / cannot be used")
