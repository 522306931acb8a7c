"""A board on a serial port (serial_board.py), a server, and the commands for it."""

import contextlib
import functools
import io
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from mpremote.transport_serial import SerialTransport

from tools.device import __main__ as commands
from tools.device import image
from tools.server import LocalServer
from tools.settings import ROOT

KEY = "flash-Key+0123456789"
LIMIT_S = 240
DIGESTS = """
import binascii, hashlib, json, os
found = {}
def look(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder.rstrip("/") + "/" + name
        if kind == 0x4000:
            look(path)
        else:
            with open(path, "rb") as f:
                found[path] = binascii.hexlify(hashlib.sha256(f.read()).digest()).decode()
look("/")
print(json.dumps(found))
"""


class Device:
    """A board on a serial port, and the commands of tools.device for it.

    Its flash is the file `chip`. It is switched on by the first use of `port`."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.chip = folder / "chip"
        self._options = options
        self._board = self._port = None

    @property
    def port(self):
        if self._board is None:
            command = [sys.executable, "-m", "host_tests.flash.serial_board", self.chip]
            self._board = subprocess.Popen(
                [*command, *self._options], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            self._port = self._board.stdout.readline().strip()
        return self._port

    def cut_power(self):
        self._switch_off(signal.SIGKILL)

    def switch_off(self):
        self._switch_off(signal.SIGTERM)

    def _switch_off(self, how):
        if self._board:
            self._board.send_signal(how)
            self._board.communicate(timeout=60)
            self._board = None

    def start(self, *arguments, module="tools.device"):
        """A command as a user starts it, a process."""
        call = [sys.executable, "-m", module]
        process = subprocess.Popen(
            [*call, *map(str, arguments), "--port", self.port],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        limit = threading.Timer(LIMIT_S, process.kill)  # whoever reads its output then goes on
        limit.daemon = True
        limit.start()
        return process

    def run(self, *command):
        """(exit status, output, errors) of one of the commands; the key is in neither.

        It runs in this process: start() is for what happens to a process of its own."""
        arguments = list(map(str, command))
        if "--port" not in arguments:
            arguments += ["--port", self.port]
        out, errors = io.StringIO(), io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["tools.device", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            status = commands.main()
        assert KEY not in out.getvalue() + errors.getvalue()
        return status, out.getvalue(), errors.getvalue()

    def flash(self, *arguments):
        """What it says of a flash that does well."""
        settings = ("--config", self.config()) if "--config" not in arguments else ()
        status, output, errors = self.run("flash", "--follow", 0, *settings, *arguments)
        assert status == 0, output + errors
        return output

    def config(self, **settings):
        """The path of a config.json."""
        given = {"client_key": KEY, "bucket_name": "greenhouse"}
        given["wifi"] = [{"ssid": "home", "password": "a password"}]
        path = self.folder / "config.json"
        path.write_text(json.dumps({**given, **settings}), "utf-8")
        return path

    def mpremote(self, *arguments):
        """What the real mpremote prints."""
        command = [Path(sys.executable).parent / "mpremote", "connect", self.port, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def prints(self, source):
        """What the board prints when it runs that, as by `mpremote exec`."""
        transport = SerialTransport(self.port)
        try:
            transport.enter_raw_repl()
            printed = transport.exec(source).decode()
            transport.exit_raw_repl()
            return printed
        finally:
            transport.close()

    def put(self, path, text):
        """Somebody writes a file on the board."""
        self.prints(f"with open({path!r}, 'w') as f: f.write({text!r})")

    def digests(self):
        """{path: SHA-256} of all that is on the board, as it says itself."""
        return json.loads(self.prints(DIGESTS).splitlines()[-1])


@pytest.fixture(scope="session", autouse=True)
def compiled_once():
    """Each module is compiled once for each kind of board, not for each flash."""
    with mock.patch.object(image, "_mpy_cross", functools.cache(image._mpy_cross)):
        yield


@pytest.fixture
def new_device(tmp_path):
    devices = []

    def make(*options):
        folder = tmp_path / f"board{len(devices) + 1}" if devices else tmp_path
        folder.mkdir(exist_ok=True)
        devices.append(Device(folder, *options))
        return devices[-1]

    yield make
    for device in devices:
        device.switch_off()


@pytest.fixture
def device(new_device):
    return new_device()


@pytest.fixture
def server():
    with LocalServer(key=KEY) as server:
        yield server
