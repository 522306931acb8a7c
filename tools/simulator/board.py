"""A board on the desk: boot.py and main.py, unchanged, on a real MicroPython with real sockets.

Used as a program (`tools/simulate.py --help`), and by tools/demo.py and the end-to-end tests
through `Board`. The heap is a Pico W's; stand-ins replace only what a PC lacks: `network`,
`machine`, `esp32`, and the board's clock (`time`). A board's flash is a temporary folder, which
the running program sees as "/".
Invariants: the interpreter runs in a process group of its own, so a Ctrl-C in a terminal reaches
it once, through stop(); and it ends when this process does, whose end it sees on its console.
"""

import argparse
import contextlib
import csv
import glob
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from tools.settings import jsonfile

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MICROPYTHON = ROOT / "tools" / "micropython"
BOARDS = ("esp32", "rp2")
DRIFT_PPM = 100000  # at most, either way
WRAP_BITS = (10, 30)  # 1.024 s, and what boards have: 12.4 days

# 190 KB on 32 bits, as a Pico W has after boot; `w` doubles it on 64 bits, as pointers do.
HEAP = "190wK"
STOPPED = "board: main.py is stopped"  # how on_board.py tells that it was heard
STOP_S = 2  # a program that does not sleep in that time is interrupted wherever it is
FLUSH_S = 10  # as in on_board.py: what the board takes to send the rest, once stopped
SLACK_S = 20  # a network operation that is under way may end late
_ONLY = {"esp32": "esp32", "rp2_tls": "rp2"}  # stand-ins that one kind of board has
_RESET = 64  # on_board.py's exit status for "start again"
_ADC_CELSIUS = (-1400.0, 430.0)  # what an rp2's converter can say at all
_ATTACHED = HERE / "sensors" / "recordings"
# What can be attached to a board's pins: the columns of its recording, and the faults it can have.
_DEVICES = {
    "dht22": (("temperature", "humidity"), ("silent", "garbled")),
    "ds18b20": (("temperature",), ("silent", "garbled", "restarted")),
    "bme280": (("temperature", "pressure", "humidity"), ("silent",)),  # as its converters give it
    "button": (("level",), ()),
}


class UserError(Exception):
    """What the user can put right, in one sentence."""


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
        wrap_bits=WRAP_BITS[1],
    ):
        self.kind = kind
        self.lines = []
        self.status = None  # the board's log.status(), once it has ended
        self.returncode = None
        self._clock = (str(round(drift_ppm * 1000)), str(wrap_bits))
        self._on_line = on_line
        self._stopping = False
        self._process = None
        self._stopped = threading.Event()  # main.py was interrupted, or has ended
        self._ended = threading.Event()
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
            for module in HERE.glob("stand_ins/*.py")
            if _ONLY.get(module.stem, self.kind) == self.kind
        ]
        self._attached_list = ""
        if self._attached:
            modules += HERE.glob("sensors/*.py")
            self._attached_list = self._folder / "attached.json"
            self._attached_list.write_text(json.dumps(self._attached), "utf-8")
        for module in modules:
            (port / module.name).symlink_to(module)
        self._environment = dict(os.environ, MICROPYPATH=f"{port}:.frozen")
        self._sensor = self._folder / "celsius"
        self._write_celsius(self._recording[0][1] if self._recording else _host_celsius())

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._feeder = threading.Thread(target=self._feed_sensor, daemon=True)
        self._spawn()
        self._thread.start()
        self._feeder.start()
        return self

    def __exit__(self, *_):
        if self.running:
            self._stopping = True
            self._process.kill()
        self._thread.join()
        self._feeder.join()
        self._files.close()

    @property
    def running(self):
        return not self._ended.is_set()

    def wait(self, seconds=None):
        """Wait until the board has ended, at most so many seconds; True where it has."""
        return self._ended.wait(seconds)

    def stop(self):
        """Ctrl-C: main.py ends, and its log may take FLUSH_S to send the rest. Does not wait."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._process.stdin.write("\x03")
            self._process.stdin.flush()

    def kill(self):
        """The power is cut."""
        self._stopping = True
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
        (self._folder / "air.json").write_text(json.dumps(air, ensure_ascii=False), "utf-8")
        self._process = subprocess.Popen(
            [
                MICROPYTHON,
                "-X",
                f"heapsize={HEAP}",
                HERE / "on_board.py",
                self.kind,
                self._flash.resolve(),
                self._sensor,
                self._folder / "air.json",
                *self._clock,
                self._attached_list,
            ],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
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
            if self.returncode != _RESET or self._stopping:
                break
            self._spawn()
        self._stopped.set()
        self._ended.set()

    def _hear(self, line):
        if line.startswith(STOPPED):
            self._stopped.set()
        if line.startswith("status {"):
            with contextlib.suppress(ValueError):
                self.status = json.loads(line[len("status ") :])
        self.lines.append(line)
        if self._on_line:
            self._on_line(line)

    def _feed_sensor(self):
        started = time.monotonic()
        if self._recording is None:
            while not self._ended.wait(1):
                self._write_celsius(_host_celsius())
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


def _host_celsius():
    """This machine's own temperature, or, where it tells none, one that rises with its load."""
    for path in sorted(glob.glob("/sys/class/thermal/thermal_zone*/temp")):
        with contextlib.suppress(OSError, ValueError):
            return int(Path(path).read_text()) / 1000
    return round(25 + 20 * os.getloadavg()[0] / (os.cpu_count() or 1), 2)


def read_recording(path, kind="esp32"):
    """A CSV file with `timestamp,value` columns -> [(seconds since its first row, value)].

    timestamp: Unix seconds or ISO 8601, never going back. value: a number, degrees Celsius.
    """
    rows = []
    for where, offset_s, row in _read_rows(path, ("value",)):
        celsius = _number(row["value"], where)
        if kind == "rp2" and not _ADC_CELSIUS[0] <= celsius <= _ADC_CELSIUS[1]:
            raise UserError(
                f"{where}: an rp2's temperature sensor cannot say {row['value']};"
                " use --board esp32."
            )
        rows.append((offset_s, celsius))
    return rows


def read_attached(folder):
    """A folder of recordings named DEVICE-PLACE.csv -> [device, place, rows] each.

    DEVICE is one of _DEVICES; PLACE a pin's number, a BME280's address on I2C. Columns: timestamp
    as in read_recording, those of the device, and, if it likes, `fault`: what goes wrong from that
    row on (its values may then be empty). rows: [milliseconds, fault, values ...], the first at 0.
    """
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise UserError(f"There are no recordings (DEVICE-PLACE.csv) in {folder}.")
    return [_read_device(path) for path in paths]


def _read_device(path):
    device, _, place = path.stem.partition("-")
    if device not in _DEVICES or not re.fullmatch(r"[0-9]+|0x[0-9a-f]+", place):
        raise UserError(
            f"{path} must be named after what it records and where that is attached, as in"
            f" dht22-15.csv; devices are {', '.join(_DEVICES)}."
        )
    columns, faults = _DEVICES[device]
    rows = []
    for where, offset_s, row in _read_rows(path, columns):
        fault = (row.get("fault") or "").strip()
        if fault and fault not in faults:
            known = ", ".join(faults) or "none"
            raise UserError(f"{where}: {fault!r} is no fault of a {device}: known are {known}.")
        texts = [row[name] for name in columns]
        empty = fault and not any(texts)
        values = [] if empty else [_number(text, where) for text in texts]
        rows.append([round(offset_s * 1000), fault, *values])
    return [device, int(place, 0), rows]


def _read_rows(path, columns):
    """(where, seconds since the first row, row) for each row of a recording."""
    first_s = last_s = None
    try:
        with open(path, encoding="utf-8-sig", newline="") as f:
            reader = csv.DictReader(f)
            if not {"timestamp", *columns} <= set(reader.fieldnames or ()):
                named = " and ".join(["timestamp", *columns])
                raise UserError(f"{path} must begin with a line that names {named}.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                at_s = _seconds(row["timestamp"], where)
                if last_s is not None and at_s < last_s:
                    raise UserError(f"{where}: the timestamp is earlier than the one before it.")
                first_s = at_s if first_s is None else first_s
                last_s = at_s
                yield where, at_s - first_s, row
    except FileNotFoundError:
        raise UserError(f"There is no recording {path}.") from None
    except OSError as e:
        raise UserError(f"The recording {path} cannot be read: {e.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{path} is no CSV file in UTF-8.") from None
    if first_s is None:
        raise UserError(f"{path} holds no readings.")


def _number(text, where):
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where}: the value {text!r} is no number.")
    return value


def _seconds(text, where):
    with contextlib.suppress(TypeError, ValueError):
        return float(text)
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        raise UserError(
            f"{where}: the timestamp {text!r} is neither Unix seconds nor ISO 8601."
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


def bring_interpreter():
    """Make sure that tools/micropython runs; the first time it may have to fetch one."""
    if subprocess.run([MICROPYTHON, "-c", "pass"], stdin=subprocess.DEVNULL).returncode:
        raise UserError("There is no MicroPython to run the board on; the line above says why.")


def _parser():
    parser = argparse.ArgumentParser(
        prog="simulate", description="Run boot.py and main.py on a simulated board, until Ctrl-C."
    )
    parser.add_argument("--board", choices=BOARDS, default="esp32")
    parser.add_argument("--config", metavar="FILE", help="default: config.json of this project")
    parser.add_argument("--seconds", metavar="N", type=float, help="stop main.py after N seconds")
    parser.add_argument(
        "--replay",
        metavar="FILE.csv",
        help="what the board measures as its temperature: a recording with timestamp,value"
        " columns, at its own pace; after its end the last value stays",
    )
    parser.add_argument(
        "--attached",
        metavar="FOLDER",
        default=_ATTACHED,
        help="recordings of the sensors and buttons at the board's pins, named as in dht22-15.csv"
        " (default: those that examples/ need)",
    )
    parser.add_argument(
        "--main",
        metavar="FILE",
        help="another program in place of main.py; modules in a folder lib beside it come with it",
    )
    parser.add_argument(
        "--drift",
        metavar="PPM",
        type=float,
        default=0,
        help="the board's ticks and clock run fast by so many parts per million against this"
        " machine (negative: slow); its program can read the true time as utime.time_ns()",
    )
    parser.add_argument(
        "--wrap",
        metavar="BITS",
        type=int,
        default=WRAP_BITS[1],
        help="the board's ticks_ms() starts again at 2**BITS, from 10 (a second) to 30 (12.4 days,"
        " as on boards: the default); its pauses and time-outs must be shorter than half of that",
    )
    return parser


def run(arguments):
    config = arguments.config or ROOT / "config.json"
    if not arguments.config and not config.exists():
        raise UserError(
            "There is no config.json: make one with make config, or name another file with"
            " --config."
        )
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise UserError("--seconds must be more than 0.")
    if not abs(arguments.drift) <= DRIFT_PPM:
        raise UserError(f"--drift must be from -{DRIFT_PPM} to {DRIFT_PPM} parts per million.")
    if not WRAP_BITS[0] <= arguments.wrap <= WRAP_BITS[1]:
        raise UserError("--wrap must be from {} to {} bits.".format(*WRAP_BITS))
    board = Board(
        arguments.board,
        config=config,
        main=arguments.main,
        replay=arguments.replay,
        attached=arguments.attached,
        on_line=lambda line: print(line, flush=True),
        drift_ppm=arguments.drift,
        wrap_bits=arguments.wrap,
    )
    bring_interpreter()
    with board:
        try:
            if board.wait(arguments.seconds):
                return board.returncode
        except KeyboardInterrupt:
            print(flush=True)
        try:
            code = board.finish()
        except KeyboardInterrupt:
            return 130
        if code < 0:
            raise UserError("The board did not stop, and was switched off.")
        return code


def heed_signals():
    """SIGTERM ends as Ctrl-C does, and so does SIGINT where a shell's `&` has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def main():
    heed_signals()
    try:
        return run(_parser().parse_args())
    except UserError as e:
        print(e, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
