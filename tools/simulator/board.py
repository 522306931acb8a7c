"""Board: boot.py and main.py, unchanged, on a real MicroPython with real sockets.

The heap is a Pico W's; stand-ins replace only what a PC lacks (see on_board.py, which starts on
MicroPython). A board's flash is a temporary folder, which the running program sees as "/".
Invariants: the interpreter runs in a process group of its own, so a Ctrl-C in a terminal reaches
it once, through stop(); and it ends when this process does, whose end it sees on its console.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tools import interpreter
from tools.settings import ROOT, jsonfile

from .recordings import UserError, read_attached, read_recording

_HERE = Path(__file__).resolve().parent
BOARDS = ("esp32", "rp2")
DRIFT_PPM = 100000  # at most, either way
RTC_DRIFT_PPM = 500000
WRAP_BITS = (10, 30)  # 1.024 s, and what boards have: 12.4 days

# 190 KB on 32 bits, as a Pico W has after boot; `w` doubles it on 64 bits, as pointers do.
HEAP = "190wK"
STOPPED = "board: main.py is stopped"  # how on_board.py tells that it was heard
STOP_S = 2  # a program that does not sleep in that time is interrupted wherever it is
FLUSH_S = 10  # as in on_board.py: what the board takes to send the rest, once stopped
SLACK_S = 20  # a network operation that is under way may end late
_ONLY = {"esp32": "esp32", "rp2_tls": "rp2"}  # stand-ins that one kind of board has
_RESET = 64  # on_board.py's exit status for "start again"
_RESET_BY = "board: reset by "  # and what it prints then
_DEEP_SLEEP = "board: deep sleep, "  # ms: milliseconds or None, wake_reason: what ends it
_WOKEN_BY_PIN = 2  # machine.PIN_WAKE
_WATCH_S = 0.2  # so often the host looks whether a watchdog was fed


class Board:
    """One simulated board, started by `with` and stopped at its end.

    kind: "esp32" or "rp2". config: a dict, or the path of a config.json. main: the program. What
    a config.json names as its ca_file is copied from beside it, what a dict does from this
    machine (into the board's "/"); where there is no such file, the firmware says so.
    replay: the path of a recording. on_line is called with each line of the board's console.
    attached: a folder of recordings of what is attached to its pins (see read_attached). Modules
    in a folder lib beside main are on the board, too.
    flash: keep the board's files in this folder, over several runs; else it is temporary.
    drift_ppm: the board's ticks and clock run fast by that (negative: slow; at most DRIFT_PPM).
    rtc_drift_ppm: so fast is an ESP32's RTC, by which it sleeps (30000 are 3 %).
    chip: of an rp2, "rp2040" or "rp2350". skip_sleeps: its sleeps take no time; it is then ahead_s
    ahead of this machine, and so should its NTP host be.
    wrap_bits: its ticks wrap at 2**wrap_bits ms (WRAP_BITS: the least, and a board's); what it
    measures or waits for by them must be shorter than half of that.
    """

    def __init__(
        self,
        kind="esp32",
        *,
        config,
        main=None,
        replay=None,
        attached=None,
        on_line=None,
        flash=None,
        drift_ppm=0,
        rtc_drift_ppm=0,
        chip="rp2040",
        skip_sleeps=False,
        wrap_bits=WRAP_BITS[1],
    ):
        self.kind = kind
        self.lines = []
        self.status = None  # the board's log.status(), once it has ended
        self.returncode = None
        self._start = {
            "board": kind,
            "chip": chip,
            "drift_ppb": round(drift_ppm * 1000),
            "rtc_ppm": round(rtc_drift_ppm),
            "wrap_bits": wrap_bits,
            "skips": skip_sleeps,
            "cause": "power",
            "woken_by": 0,
        }
        self._on_line = on_line
        self._stopping = False
        self._deep_ms = self._deep_since = None
        self._woken = threading.Event()
        self._process = None
        self._stopped = threading.Event()  # main.py was interrupted, or has ended
        self._ended = threading.Event()
        self._bitten = threading.Event()  # a watchdog was not fed in time
        self._recording = read_recording(replay, kind) if replay else None
        self._attached = read_attached(attached) if attached else []
        self._files = contextlib.ExitStack()
        self._folder = Path(self._files.enter_context(tempfile.TemporaryDirectory("-board")))
        try:
            self._flash = Path(flash) if flash else self._folder / "flash"
            self._fill_flash(config, Path(main) if main else ROOT / "main.py")
            self._lay_out_port()
        except BaseException:
            self._files.close()
            raise

    def _fill_flash(self, config, main):
        (self._flash / "lib").mkdir(parents=True, exist_ok=True)
        package = self._flash / "lib" / "islog"
        if not package.exists():
            package.symlink_to(ROOT / "firmware" / "islog")
        for source, name in ((ROOT / "boot.py", "boot.py"), (main, "main.py")):
            _copy(source, self._flash / name)
        for module in main.parent.glob("lib/*.py"):
            _copy(module, self._flash / "lib" / module.name)
        if isinstance(config, dict):
            if config.get("ca_file"):
                config = {**config, "ca_file": self._put_files(config["ca_file"])}
            (self._flash / "config.json").write_text(json.dumps(config), "utf-8")
        else:
            _copy(Path(config), self._flash / "config.json")
            self._put_ca_file(Path(config).parent)

    def _put_files(self, ca_file):
        """Into "/"; returns the setting with their names there."""
        if not isinstance(ca_file, str):
            return [self._put_files(name) for name in ca_file]
        here = Path(ca_file)
        if not here.is_file():
            return ca_file
        _copy(here, self._flash / here.name)
        return here.name

    def _put_ca_file(self, folder):
        """The folder stands for the board's "/"."""
        try:
            names = jsonfile.read(str(self._flash / "config.json"))["ca_file"]
            names = [name.lstrip("/") for name in ([names] if isinstance(names, str) else names)]
        except (ValueError, LookupError, TypeError, AttributeError):
            return  # there is none, or the firmware will say what is wrong with that file
        for name in names:
            target = self._flash / name
            if (folder / name).is_file() and target.resolve().is_relative_to(
                self._flash.resolve()
            ):
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(folder / name, target)

    def _lay_out_port(self):
        """What the board's port has built in: modules that are found before all others."""
        port = self._folder / "port"
        port.mkdir()
        modules = [
            module
            for module in _HERE.glob("stand_ins/*.py")
            if _ONLY.get(module.stem, self.kind) == self.kind
        ]
        if self._attached:
            modules += _HERE.glob("sensors/*.py")
        for module in modules:
            (port / module.name).symlink_to(module)
        self._port = port
        self._sensor = self._folder / "celsius"
        self._wdt = self._folder / "watchdog"
        self._memory = self._folder / "memory"
        self._kept = self._folder / "clock"
        for file in (self._wdt, self._memory, self._kept):
            file.touch()
        self._celsius = _chip_celsius()
        first = self._recording[0][1] if self._recording else next(self._celsius)
        self._write_celsius(first)

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._feeder = threading.Thread(target=self._feed_sensor, daemon=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._spawn()
        self._thread.start()
        self._feeder.start()
        self._watcher.start()
        return self

    def __exit__(self, *_):
        if self.running:
            self.kill()
        self._thread.join()
        self._feeder.join()
        self._watcher.join()
        self._files.close()

    @property
    def running(self):
        return not self._ended.is_set()

    def wait(self, seconds=None):
        """Wait until the board has ended, at most so many seconds; True where it has."""
        return self._ended.wait(seconds)

    @property
    def asleep(self):
        """Whether it is in deep sleep."""
        return self._deep_since is not None

    def wake(self):
        """Somebody presses the button that wakes it from deep sleep."""
        self._woken.set()

    @property
    def rtc_memory(self):
        """What an ESP32's RTC memory holds; to be set while it is asleep."""
        kept = self._memory.read_bytes()
        return kept[2 : 2 + int.from_bytes(kept[:2], "little")]

    @rtc_memory.setter
    def rtc_memory(self, data):
        self._memory.write_bytes(len(data).to_bytes(2, "little") + data)

    @property
    def ahead_s(self):
        """By so much its sleeps that took no time have brought its true time ahead."""
        return int((self._kept.read_text().split() or ["0", "0"])[1]) / 1000000

    def stop(self):
        """Ctrl-C: main.py ends, and its log may take FLUSH_S to send the rest. Does not wait."""
        self._stopping = True
        self._woken.set()
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write("\x03")
            self._process.stdin.flush()

    def kill(self):
        """The power is cut."""
        self._stopping = True
        self._woken.set()
        self._process.kill()

    def finish(self):
        """Stop, and wait for the end, which is forced where it takes too long. -> exit status"""
        self.stop()
        if not self._stopped.wait(STOP_S):
            self._process.send_signal(signal.SIGINT)
        if not self.wait(FLUSH_S + SLACK_S):
            self.kill()
            self.wait()
        return self.returncode

    def _spawn(self):
        # What is in range: the networks that config.json names, with the right passwords.
        air = {}
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            # (Whatever is wrong with that file is for the firmware to say.)
            for network in jsonfile.read(str(self._flash / "config.json")).get("wifi") or ():
                air[network["ssid"]] = network.get("password")
        start = {
            **self._start,
            "flash": str(self._flash.resolve()),
            "celsius": str(self._sensor),
            "air": air,
            "attached": self._attached,
            "watchdog": str(self._wdt.resolve()),
            "memory": str(self._memory.resolve()),
            "clock": str(self._kept.resolve()),
        }
        (self._folder / "start.json").write_text(json.dumps(start, ensure_ascii=False), "utf-8")
        self._wdt.write_text("")
        self._bitten.clear()
        self._process = interpreter.start(
            _HERE / "on_board.py",
            self._folder / "start.json",
            path=[self._port],
            heap=HEAP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            start_new_session=True,
        )

    def _run(self):
        while True:
            with self._process.stdout as console:
                for line in console:
                    self._hear(line.rstrip("\r\n"))
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self.returncode = self._process.wait()
            if self._bitten.is_set():
                self._hear("board: reset by watchdog")
                self.returncode = _RESET
            if self.returncode != _RESET or self._stopping or self._is_stopped_asleep():
                break
            self._spawn()
        self._stopped.set()
        self._ended.set()

    def _is_stopped_asleep(self):
        if not self.asleep:
            return False
        self._wdt.write_text("")
        left_s = None
        if self._deep_ms is not None:
            left_s = max(0, self._deep_since + self._deep_ms / 1000 - time.monotonic())
        if self._woken.wait(left_s):
            self._woken.clear()
            self._start["woken_by"] = _WOKEN_BY_PIN
        self._deep_since = None
        if self._stopping:
            self.returncode = 0
        return self._stopping

    def _hear(self, line):
        if line.startswith(STOPPED):
            self._stopped.set()
        if line.startswith(_RESET_BY):
            self._start.update(cause=line[len(_RESET_BY) :], woken_by=0)
        if line.startswith(_DEEP_SLEEP):
            _, ms, _, by = line[len(_DEEP_SLEEP) :].split()
            self._start.update(cause="deepsleep", woken_by=int(by))
            self._woken.clear()
            self._deep_ms = None if ms == "None" else int(ms)
            self._deep_since = time.monotonic() if not self._start["skips"] else None
        if line.startswith("status {"):
            with contextlib.suppress(ValueError):
                self.status = json.loads(line[len("status ") :])
        self.lines.append(line)
        if self._on_line:
            self._on_line(line)

    def _watch(self):
        # The board's watchdog, which the stand-in of machine.WDT feeds by a line in a file: so
        # many feeds, so many milliseconds. It ends a program that stands still, too.
        last, since = "", time.monotonic()
        while not self._ended.wait(_WATCH_S):
            line = self._wdt.read_text()
            if line != last or not line.strip():
                last, since = line, time.monotonic()
            elif (time.monotonic() - since) * 1000 > int(line.split()[1]):
                last = ""
                self._bitten.set()
                self._process.kill()
                self._wdt.write_text("")

    def _feed_sensor(self):
        started = time.monotonic()
        if self._recording is None:
            while not self._ended.wait(1):
                self._write_celsius(next(self._celsius))
            return
        for offset_s, celsius in self._recording:
            if self._ended.wait(max(0, started + offset_s - time.monotonic())):
                return
            self._write_celsius(celsius)

    def _write_celsius(self, celsius):
        # In place, and in one piece: the board keeps the file open and reads it at any time.
        handle = os.open(self._sensor, os.O_WRONLY | os.O_CREAT)
        os.write(handle, f"{celsius!r:<40}\n".encode())
        os.close(handle)


def _copy(source, target):
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise UserError(f"There is no file {source}.") from None
    except OSError as e:
        raise UserError(f"{source} cannot be read: {e.strerror}.") from None


def _chip_celsius():
    """The temperatures of a chip in a room, one for each second: it warms up once it is switched
    on, and wanders by tenths of a degree."""
    warm, rise, wander = random.uniform(29, 33), -6.0, 0.0
    while True:
        yield warm + rise + wander
        rise -= rise / 60
        wander += random.gauss(0, 0.1) - wander / 60


def bring_interpreter():
    """Make sure that tools/micropython runs; the first time it may have to fetch one."""
    if interpreter.run("-c", "pass", capture_output=False).returncode:
        raise UserError("There is no MicroPython to run the board on; the line above says why.")


def heed_signals():
    """SIGTERM ends as Ctrl-C does, and so does SIGINT where a shell's `&` has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
