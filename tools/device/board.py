"""The board at a port, through mpremote's transport: its raw REPL, files, and console.

Whatever goes wrong is a DeviceError. mpremote's transport is the one that its `exec`, `fs cp` and
`mount` use (its own docstring says that it may change: the version is pinned).
Facts: a soft reset in the raw REPL runs boot.py and not main.py (ports/*/main.c), which leaves the
heap as it is after start-up; unix terminals may throw away what is typed ahead, so the prompt is
waited for before Ctrl-D.
"""

import contextlib
import io
import json
import os
import struct
import termios
import time
from pathlib import Path

import serial.tools.list_ports
from mpremote.commands import show_progress_bar
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from . import DeviceError

HERE = Path(__file__).parent
ALL = "all"  # as a port: each board that is plugged in
ANSWER_S = 10
WORK_S = 120  # for the slowest question: hashing all files
_READ_S = 2  # one character
_CHUNK_BYTES = 1024  # four times mpremote's own: these boards have the heap for it
GET_MICROPYTHON = """\
Raspberry Pi Pico W: hold BOOTSEL while you plug it in, and copy the .uf2 from
  https://micropython.org/download/RPI_PICO_W/ to the drive that appears.
ESP32: take the .bin from https://micropython.org/download/?port=esp32 and write it with esptool,
  as that page says for your board."""


def find_port(port, ports=None):
    """`port`, or where that is empty the only board that is plugged in by USB."""
    if port == ALL:
        raise DeviceError("PORT=all is for make flash alone: say which board, as in PORT=/dev/...")
    if port:
        return port
    found = find_ports(ports)
    if len(found) > 1:
        raise DeviceError(
            f"Several boards are plugged in ({', '.join(found)}): say which by PORT={found[0]}"
            " (make flash PORT=all takes one after another)."
        )
    return found[0]


def find_ports(ports=None):
    """The ports of all boards that are plugged in by USB."""
    if ports is None:
        ports = serial.tools.list_ports.comports()
    # As mpremote's `auto`: what has no USB ids is a PC's own.
    found = sorted(p.device for p in ports if p.vid is not None and p.pid is not None)
    if not found:
        raise DeviceError(
            "No board is plugged in by USB: look at the cable (some only charge), or say where it"
            " is, as in PORT=/dev/ttyACM0."
        )
    return found


class _Transport(SerialTransport):
    # mpremote's own looks at `timeout_overall` only while nothing comes: a program that prints all
    # the time, and does not stop, would hold it for ever.
    def read_until(
        self, min_num_bytes, ending, timeout=10, data_consumer=None, timeout_overall=None
    ):
        if timeout_overall is None:
            return super().read_until(min_num_bytes, ending, timeout, data_consumer)
        until, data = time.monotonic() + timeout_overall, b""
        while not data.endswith(ending) and time.monotonic() < until:
            self.serial.timeout = _READ_S
            data += self.serial.read(1)
        return data


class Board:
    """A board, its port open; `with` closes it. Where an exception ends that, the board's program
    goes on: it starts anew, if it was stopped."""

    def __init__(self, port, answer_s=ANSWER_S):
        self.port = port
        self._answer_s = answer_s
        self._stopped = False  # by us, and not started anew yet
        try:
            self._transport = _Transport(port, timeout=_READ_S)
        except (TransportError, OSError, ValueError, termios.error):
            raise DeviceError(_why_closed(port)) from None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self._stopped:
            with contextlib.suppress(DeviceError):
                self.interrupt()  # it may be in the middle of something
            self.leave_running()
        with contextlib.suppress(OSError, termios.error):
            self._transport.close()

    def stop(self, bare=False):
        """Stop the program that runs, by a soft reset, and make the board ready for ask() and
        write(). bare: for run() alone, with nothing of ours in its heap."""
        self._stopped = True
        with self._sentences():
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    try:
                        self._transport.enter_raw_repl(timeout_overall=self._answer_s)
                    except TransportError:  # Ctrl-C may be lost while a program begins
                        self._transport.enter_raw_repl(timeout_overall=self._answer_s)
            except TransportError:
                self._stopped = False
                raise DeviceError(
                    f"No MicroPython answers at {self.port}. Unplug the board, plug it in again,"
                    f" and do it again, or, where it has no MicroPython yet:\n{GET_MICROPYTHON}"
                ) from None
        if not bare:
            self.load(HERE / "on_board.py")

    def interrupt(self):
        """Stop the program that runs; what it has in memory stays there, and run() sees it."""
        with self._sentences(), contextlib.redirect_stdout(io.StringIO()):
            self._transport.enter_raw_repl(soft_reset=False, timeout_overall=self._answer_s)

    def load(self, path):
        """The board runs the file: ask() then knows its functions, until the next stop()."""
        with self._sentences():
            self._transport.exec(path.read_bytes())

    def ask(self, call, *arguments):
        """What a function of on_board.py returns."""
        given = ", ".join(map(repr, arguments))
        said = self.run(f"print(json.dumps({call}({given})))")
        return json.loads(said.splitlines()[-1])

    def run(self, source, heard=None):
        """Run it; returns what it prints, or gives that to `heard` as it comes."""
        with self._sentences():
            out, error = self._transport.exec_raw(source, WORK_S, heard)
            if error:
                raise TransportExecError(out, error.decode(errors="replace"))
            return out.decode(errors="replace")

    def write(self, path, content):
        with self._sentences():
            self._transport.fs_writefile(path, content, _CHUNK_BYTES, show_progress_bar)

    def read(self, path):
        with self._sentences():
            return bytes(self._transport.fs_readfile(path, _CHUNK_BYTES, show_progress_bar))

    def mount(self, folder):
        """The folder of this machine is the board's /remote, and its working directory."""
        with self._sentences():
            self._transport.mount_local(str(folder))

    def unmount(self):
        with self._sentences():
            self._transport.umount_local()

    def restart(self):
        """A soft reset: boot.py and main.py run. What they print is for heard()."""
        with self._sentences():
            self._transport.exit_raw_repl()
            prompt = self._transport.read_until(1, b">>> ", timeout_overall=self._answer_s)
            if not prompt.endswith(b">>> "):
                raise TransportError("no prompt")
            self._transport.serial.write(b"\x04")
        self._stopped = False

    def leave_running(self):
        """As restart(), also where interrupt() did not succeed: the board then starts anew once
        its program has ended."""
        with contextlib.suppress(DeviceError):
            try:
                self.restart()
            except DeviceError:
                with self._sentences():
                    self._transport.serial.write(b"\x04")

    def heard(self, seconds=0.2):
        """The bytes that the board has printed; after so many seconds, none."""
        with self._sentences():
            port = self._transport.serial
            port.timeout = seconds
            return port.read(max(1, port.in_waiting))

    @contextlib.contextmanager
    def _sentences(self):
        try:
            yield
        except TransportExecError as e:
            said = (e.error_output.strip() or "nothing").splitlines()[-1]
            raise DeviceError(f"The board at {self.port} could not do it: {said}") from None
        except (OSError, TransportError, struct.error, termios.error):
            raise DeviceError(
                f"The board at {self.port} went away or does not answer any more: look at the"
                " cable, and do it again (what has arrived is not copied twice)."
            ) from None


def _why_closed(port):
    if "://" in port:
        return f"{port} cannot be opened."
    if not os.path.exists(port):
        return f"There is no {port}: `.venv/bin/mpremote connect list` shows what is plugged in."
    if not os.access(port, os.R_OK | os.W_OK):
        return (
            f"You may not use {port}: join the group that owns it (on Debian and Ubuntu with"
            " `sudo usermod -a -G dialout $USER`) and log in again."
        )
    return f"{port} is in use by another program, or is no serial port: close that program."
