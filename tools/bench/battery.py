"""A day of a board on a battery: islog beside a naive program, and one as Pimoroni's enviro.

The three programs (device/battery.py) run on real MicroPython, and send to a local server over
TLS. The board, an ESP32, its radio and its sleep are the simulator's, in virtual time. How long a
board takes for what a PC does otherwise, and what it draws meanwhile, is data: `TIMES`,
`CURRENTS_MA`.
"""

import json
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tools import interpreter
from tools.device import image
from tools.server import LocalServer
from tools.server.tls import Chain

from .measure import BUILD, DEVICE, KEY, BenchError

PROGRAMS = ("islog", "naive", "enviro")
DAY_S = 86400
CAPACITY_MAH = 2000
_HOST = "groker.test"
_HEAP = "700K"
_LIMIT_S = 120


class Datum(NamedTuple):
    figure: float
    what: str
    source: str


_GLENN = "glenn20/upy-esp32-experiments"
_MODES = "ESP32 Series Datasheet, Power Consumption by Power Modes"
_RF = "ESP32 Series Datasheet, RF Power-Consumption Specifications"
_FLASH = "W25Q16JV data sheet, AC Electrical Characteristics, typical"
TIMES = {
    "boot_ms": Datum(
        418,
        "ms from the end of deep sleep until main.py begins",
        f"{_GLENN}: an ESP32-S3, its image not verified again",
    ),
    "join_ms": Datum(664, "ms for scan and association", f"{_GLENN}: an ESP32, static address"),
    "dhcp_ms": Datum(892, "ms for DHCP", f"{_GLENN}: what an ESP32 takes more than with that"),
    "handshake_ms": Datum(
        980,
        "ms for a TLS handshake's arithmetic",
        "miguelgrinberg/microdot#34: MicroPython on an ESP32, ECDHE-ECDSA",
    ),
    "trip_ms": Datum(50, "ms to a server and back", "assumed"),
    "erase_ms": Datum(45, "ms to erase a sector of flash", _FLASH),
    "program_ms": Datum(0.4, "ms to write a page of 256 bytes", _FLASH),
}
CURRENTS_MA = {
    "asleep": Datum(0.010, "mA in deep sleep", f"{_MODES}: RTC timer and RTC memory"),
    "awake": Datum(44, "mA awake, radio off", f"{_MODES}: modem-sleep, 160 MHz, two cores, most"),
    "receive": Datum(100, "mA radio on", f"{_RF}: receive, most"),
    "transmit": Datum(240, "mA while it sends", f"{_RF}: 802.11b, 1 Mbit/s, 19.5 dBm"),
}
LOG_US = Datum(83, "µs for `log()` of a float, in bytecode", "an emulated RP2040, see below")
_SENDS_BITS_PER_S = 1000000


def days(firmware, log_float_ns, seconds=DAY_S):
    """{program: what device/battery.py prints, and requests, handshakes, readings, mah, days}.
    `log_float_ns`: what log() of a float takes here, in bytecode."""
    costs = {name: datum.figure for name, datum in TIMES.items()}
    costs["slower"] = LOG_US.figure * 1000 / log_float_ns
    modules = compiled(firmware)
    with ThreadPoolExecutor(len(PROGRAMS)) as pool:
        running = {
            program: pool.submit(a_day, program, costs, modules, seconds) for program in PROGRAMS
        }
        return {program: day.result() for program, day in running.items()}


def compiled(firmware):
    """A folder with islog as a board gets it from `make flash`."""
    code = "import sys; print(sys.implementation._mpy)"
    mpy = int(interpreter.run("-c", code).stdout)
    folder = BUILD / "mpy"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "islog").mkdir(parents=True)
    if image.why_no_mpy(mpy):
        raise BenchError("this MicroPython takes no .mpy files of mpy-cross's.")
    for path in (firmware / "islog").glob("*.py"):
        made = image.module_for(path, mpy)
        if made is None:
            shutil.copy(path, folder / "islog")
        else:
            (folder / "islog" / f"{path.stem}.mpy").write_bytes(made)
    return folder


def a_day(program, costs, modules, seconds=DAY_S):
    with tempfile.TemporaryDirectory() as folder:
        chain = Chain(folder, [_HOST])
        with LocalServer(KEY, tls=chain) as server:
            at = f"https://{_HOST}:{server.port}"
            given = {
                "costs": costs,
                "key": KEY,
                "bucket": "bench",
                "bucket_id": "123e4567-e89b-12d3-a456-426614174000",
                "bucket_url": server.bucket_url.replace(f"https://127.0.0.1:{server.port}", at),
                "ingest_url": server.ingest_url.replace(f"https://127.0.0.1:{server.port}", at),
                "ca_der": str(chain.ca_der),
                "unix_s": int(time.time()) - seconds,
                "seconds": seconds,
            }
            written = Path(folder) / "given.json"
            written.write_text(json.dumps(given))
            what = DEVICE / "battery.py", program, written
            path = [interpreter.ROOT / "tools/simulator/stand_ins", modules, DEVICE]
            try:
                done = interpreter.run(*what, path=path, heap=_HEAP, timeout=_LIMIT_S)
            except subprocess.TimeoutExpired:
                raise BenchError(f"{program}: no day in {_LIMIT_S} s.") from None
            if done.returncode:
                raise BenchError(done.stdout + done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            found["requests"] = len(server.requests)
            found["handshakes"] = server.handshakes
            found["readings"] = len(server.readings())
            if {status for _, status in server.requests} - {201, 204}:
                raise BenchError(f"{program}: the server answered {server.requests[-3:]}.")
    found["mah"] = charge_mah(found)
    found["days"] = CAPACITY_MAH / found["mah"] * seconds / DAY_S
    return found


def charge_mah(day):
    """The radio receives whenever it is on and does not send. What it sends, it sends at the
    slowest rate, without what Wi-Fi has around it."""
    sends_s = day["sent"] * 8 / _SENDS_BITS_PER_S
    seconds = {
        "asleep": day["asleep_s"],
        "awake": day["awake_s"] - day["radio_s"],
        "receive": day["radio_s"] - sends_s,
        "transmit": sends_s,
    }
    return sum(CURRENTS_MA[name].figure * seconds[name] for name in seconds) / 3600


LINES = {  # what a day's dict has, as a table shows it
    "radio_s": "radio on, s",
    "awake_s": "awake, s",
    "requests": "requests",
    "handshakes": "TLS handshakes",
    "erases": "sectors of flash erased",
    "programmed": "bytes written to flash",
    "sent": "bytes sent",
    "mah": "charge, mAh",
    "days": f"days on {CAPACITY_MAH:,} mAh",
}
HEAD = ["", *PROGRAMS, "ahead"]


def is_ahead(name, days):
    """Whether nobody is better than islog there."""
    best = max if name == "days" else min
    return days["islog"][name] == best(day[name] for day in days.values())


def lines(days):
    """The table's: what it is, each program's figure, whether islog is ahead of both, or even."""
    for name, what in LINES.items():
        figures = [days[program][name] for program in PROGRAMS]
        shown = [f"{figure:.1f}" if name == "mah" else f"{figure:,.0f}" for figure in figures]
        yield [what, *shown, "yes" if is_ahead(name, days) else "NO"]


TITLE = "A day on a battery (an ESP32)"


def text(days, table):
    """What docs/benchmarks.md has between its marks. table: report.markdown."""
    later = days["naive"]["readings"] - days["islog"]["readings"]
    waiting = (
        f" {later} of the day's numbers are still in RTC memory at its end, for the next upload."
        if later
        else ""
    )
    data = [
        [datum.what, f"{datum.figure:g}", datum.source]
        for datum in (*TIMES.values(), LOG_US, *CURRENTS_MA.values())
    ]
    return "\n\n".join(
        [
            "No board was attached. `make bench` runs three programs on MicroPython's unix port,"
            " which loads its modules anew at each start of the board, and sends what they measure"
            " to a local server over TLS. Requests, handshakes and bytes (those of TLS and NTP"
            " among them) are counted there, and flash is counted below a real littlefs. Radio and"
            " sleep are the simulator's, in virtual time. What MicroPython computes takes as much"
            " longer than on this PC as `log()` of a float in bytecode does on an emulated RP2040."
            " All else that takes time is data, and so are the currents: the second table.",
            "The naive program does all of it at each reading: it joins, asks NTP for the time,"
            " sends one `requests.post` and sleeps deeply. The next one does as Pimoroni's enviro:"
            " a JSON file in flash for each reading, whole seconds from the clock, and after every"
            " twelve readings one request for each file. islog is there as `make flash` puts it"
            " on a board, with a `config.json`, a `spool_file`, and a `ca_file`: it is the only"
            f" one of them that verifies the server.{waiting}",
            table(HEAD, lines(days)),
            "The currents are the chip's own. A board's regulator, its USB chip and its LEDs draw"
            " more, mostly in deep sleep, where 1 mA is 24 mAh a day for any program; sensors come"
            " on top, and so do joins that fail. `yes` means that neither is ahead of islog in"
            " that line.",
            table(["taken from data", "", "source"], data),
        ]
    )
