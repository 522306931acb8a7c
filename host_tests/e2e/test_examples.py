"""The programs in examples/, unchanged on simulated boards: what a sensor says is on the server,
and one that fails now and then stops nothing.

All run at once, on both kinds of board, against the recordings in tools/simulator/sensors. The
values that should arrive come from those files; a BME280's by its data sheet's formulas in
floating point (8.1), where the example's driver uses those in integers.
"""

import csv
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import groupby, product
from urllib.request import urlopen

import pytest

from tools import simulator
from tools.interpreter import ROOT
from tools.server import LocalServer

from .rig import KEY, PROGRAMS

EXAMPLES = ROOT / "examples"
RECORDINGS = ROOT / "tools/simulator/sensors/recordings"
NAMES = ("dht22", "ds18b20", "bme280", "button")
KINDS = ("esp32", "rp2")
SECONDS = 200  # a quiet machine takes ten


def recorded(name, *columns):
    """The rows of a recording without a fault: (seconds, values ...)."""
    with open(RECORDINGS / f"{name}.csv", newline="") as f:
        rows = [row for row in csv.DictReader(f) if not row.get("fault")]
    return [tuple(float(row[name]) for name in ("timestamp", *columns)) for row in rows]


class ExampleBoards:
    """Simulated boards by name and kind, each with a program, and what the server has of each."""

    def __init__(self, server):
        self.server = server
        self.by_name = {}
        self.runs = {}

    def config(self, bucket_name):
        return {
            "client_key": KEY,
            "bucket_name": bucket_name,
            "bucket_url": self.server.bucket_url,
            "ingest_url": self.server.ingest_url,
            "ntp_hosts": [self.server.ntp_host],
            "wifi": [{"ssid": "home", "password": "a password"}],
            "flush_interval": 1,
        }

    def add(self, main, name, kind, **settings):
        config = {**self.config(f"{name} {kind}"), **settings}
        board = simulator.Board(kind, config=config, main=main, attached=RECORDINGS)
        self.by_name[name, kind] = board
        return board

    def arrived(self, name, kind, signal):
        """(time, value) of each reading of a signal, in order."""
        return [
            (float(reading["epoch"]), reading["value"])
            for reading in self.server.readings()
            if reading["bucket_name"] == f"{name} {kind}" and reading["signal"] == signal
        ]

    def run(self, name, kind, signal, until):
        """Let a board run until its values have come to `until` of them; then stop it."""
        board = self.by_name[name, kind]
        deadline = time.monotonic() + SECONDS
        while not until([value for _, value in self.arrived(name, kind, signal)]):
            assert board.running and time.monotonic() < deadline, "\n".join(board.lines)
            time.sleep(0.2)
        assert board.finish() == 0, "\n".join(board.lines)


ENOUGH = {
    "dht22": ("temperature", lambda values: 22.3 in values),
    "ds18b20": ("temperature", lambda values: 20.125 in values),
    "bme280": ("temperature", lambda values: any(value > 26 for value in values)),
    "button": ("presses", lambda values: 4 in values),
}


@pytest.fixture(scope="module")
def boards():
    with LocalServer(key=KEY) as server, ExitStack() as running:
        boards = ExampleBoards(server)
        for kind in KINDS:
            for name in NAMES:
                running.enter_context(boards.add(EXAMPLES / f"{name}.py", name, kind))
            running.enter_context(boards.add(PROGRAMS / "sensor_errors.py", "refused", kind))
        with ThreadPoolExecutor(len(NAMES) * len(KINDS)) as pool:
            for name, kind in product(NAMES, KINDS):
                boards.runs[name, kind] = pool.submit(boards.run, name, kind, *ENOUGH[name])
        yield boards


def check_run(boards, name, kind):
    """It ran until it was stopped, and all that was stored was accepted; its status."""
    boards.runs[name, kind].result()
    status = boards.by_name[name, kind].status
    of_board = [r for r in boards.server.readings() if r["bucket_name"] == f"{name} {kind}"]
    assert status["sent"] == len(of_board)
    assert status["dropped"] == status["pending"] == 0
    return status


def without_repeats(readings):
    return [value for value, _ in groupby(value for _, value in readings)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dht22_is_logged_and_what_it_does_not_answer_is_counted(boards, kind):
    status = check_run(boards, "dht22", kind)
    for signal in ("temperature", "humidity"):
        values = [row[1] for row in recorded("dht22-15", signal)]
        arrived = without_repeats(boards.arrived("dht22", kind, signal))
        assert [round(value, 3) for value in arrived] == values[: len(arrived)]
        assert len(arrived) == 3
    console = boards.by_name["dht22", kind].lines
    assert any(line.startswith("DHT22: OSError") for line in console)
    assert "DHT22: Exception('checksum error',)" in console
    failed = sum(line.startswith("DHT22: ") for line in console)
    assert status["rejected"] == 2 * failed


@pytest.mark.parametrize("kind", KINDS)
def test_a_ds18b20_is_logged_and_a_restart_of_it_is_no_85_degrees(boards, kind):
    status = check_run(boards, "ds18b20", kind)
    values = [row[1] for row in recorded("ds18b20-13", "temperature")]
    arrived = without_repeats(boards.arrived("ds18b20", kind, "temperature"))
    assert arrived == values[: len(arrived)] and 85 not in arrived
    # The first, the one after it was silent, the one after it was garbled and restarted.
    assert arrived == [19.1875, -10.125, 20.125]
    assert "DS18B20: Exception('CRC error',)" in boards.by_name["ds18b20", kind].lines
    assert status["rejected"] >= 3


def bme280_in_floats(temperature, pressure, humidity):
    """Degrees, hPa, % by the data sheet's floating point formulas, for the stand-in's chip."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9 = (
        *(27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    )
    h1, h2, h3, h4, h5, h6 = 75, 366, 0, 309, 50, 30
    fine = (temperature / 16384 - t1 / 1024) * t2
    fine += (temperature / 131072 - t1 / 8192) ** 2 * t3
    v = fine / 2 - 64000
    w = v * v * p6 / 32768 + v * p5 * 2
    w = w / 4 + p4 * 65536
    v = (1 + (p3 * v * v / 524288 + p2 * v) / 524288 / 32768) * p1
    pascal = (1048576 - pressure - w / 4096) * 6250 / v
    pascal += (p9 * pascal * pascal / 2147483648 + pascal * p8 / 32768 + p7) / 16
    x = fine - 76800
    x = (humidity - (h4 * 64 + h5 / 16384 * x)) * (
        h2 / 65536 * (1 + h6 / 67108864 * x * (1 + h3 / 67108864 * x))
    )
    return fine / 5120, pascal / 100, x * (1 - h1 * x / 524288)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bme280_is_logged_with_the_values_of_its_data_sheet(boards, kind):
    status = check_run(boards, "bme280", kind)
    # The example of Bosch's data sheets: 25.08 degrees, 100653.27 Pa.
    celsius, hectopascal, _ = bme280_in_floats(519888, 415148, 28600)
    assert round(celsius, 2) == 25.08 and round(hectopascal * 100, 2) == 100653.27

    rows = recorded("bme280-0x76", "temperature", "pressure", "humidity")
    expected = [bme280_in_floats(*raw) for _, *raw in rows]
    for i, signal in enumerate(("temperature", "pressure", "humidity")):
        arrived = without_repeats(boards.arrived("bme280", kind, signal))
        assert len(arrived) == 3
        assert arrived == pytest.approx([values[i] for values in expected[:3]], abs=0.02)
    failed = sum(line.startswith("BME280: ") for line in boards.by_name["bme280", kind].lines)
    assert failed >= 1
    assert status["rejected"] == 3 * failed


PRESSED_S = (1.5, 3.1, 4.4, 7.2)


@pytest.mark.parametrize("kind", KINDS)
def test_each_press_of_a_button_is_logged_once_and_when_it_was(boards, kind):
    check_run(boards, "button", kind)
    went_down = [at for at, level in recorded("button-14", "level") if not level]
    assert set(PRESSED_S) < set(went_down)  # the others are its contacts' bouncing
    arrived = boards.arrived("button", kind, "presses")
    assert [value for _, value in arrived] == [1, 2, 3, 4]
    for i in range(1, 4):
        since_s = arrived[i][0] - arrived[i - 1][0]
        late_s = since_s - (PRESSED_S[i] - PRESSED_S[i - 1])
        assert since_s > 0 and abs(late_s) < 3, arrived  # a busy machine hears them late


NO_PIN = ["ValueError", "invalid pin"]
REFUSED = {
    "DHT22 at once": {"esp32": ["OSError", 116], "rp2": ["OSError", 110]},
    "DHT22 after two seconds": 21.4,
    "DHT22 too soon again": {"esp32": ["OSError", 116], "rp2": ["OSError", 110]},
    "DHT22 that is not there": {"esp32": ["OSError", 116], "rp2": ["OSError", 110]},
    "DS18B20 before a conversion": 85.0,
    "DS18B20 during a conversion": 85.0,
    "DS18B20 after a conversion": -10.125,
    "DS18B20 by another ROM": ["Exception", "CRC error"],
    "DS18B20 that is not there": ["OneWireError"],
    "I2C scan": [0x76],
    "I2C address without a chip": {"esp32": ["OSError", 19], "rp2": ["OSError", 5]},
    "BME280 asleep": [0x80, 0, 0, 0x80, 0, 0, 0x80, 0],
    "I2C on other pins": {"esp32": [0x76], "rp2": ["ValueError", "bad SCL pin"]},
    "I2C that does not exist": ["ValueError", "I2C(2) doesn't exist"],
    "pin 99": NO_PIN,
    "pin 36 as output": {
        "esp32": ["ValueError", "pin can only be input"],
        "rp2": NO_PIN,
    },
    "pulled up, open": 1,
    "a button that is up": 1,
    "volts": {"esp32": 1976000, "rp2": NO_PIN},
    "volts at a pin that measures none": {
        "esp32": NO_PIN,
        "rp2": ["ValueError", "Pin doesn't have ADC capabilities"],
    },
    "VSYS at once": {"esp32": NO_PIN, "rp2": False},
    "VSYS while pin 25 is high": {"esp32": NO_PIN, "rp2": True},
    "VSYS while the radio is on": {"esp32": NO_PIN, "rp2": False},
    "pin 26 while the radio is on": {"esp32": ["OSError", 116], "rp2": 0},
    "VSYS afterwards": {"esp32": NO_PIN, "rp2": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_attached_refuses_what_the_real_thing_refuses(boards, kind):
    board = boards.by_name["refused", kind]
    assert board.wait(SECONDS) and board.returncode == 0, "\n".join(board.lines)
    told = dict(json.loads(line[5:]) for line in board.lines if line.startswith("told "))
    assert told == {
        what: answer[kind] if isinstance(answer, dict) else answer
        for what, answer in REFUSED.items()
    }


# What a port does that the stand-ins do not by themselves: (board, what is put before main.py,
# signals that then arrive, signals that do not).
PORTS = {
    # ports/esp32/network_wlan.c, esp_exceptions(): the link is gone, isconnected() says it is up.
    "the strength of a link that is going": (
        "esp32",
        """
import network
def status(self, *query):
    if query:
        raise {error}
    return 1010
network._Esp32.status = status
""",
        ("temperature", "uptime"),
        ("signal strength",),
    ),
    # ports/esp32/modesp32.c: the first ESP32 has raw_temperature(), the others mcu_temperature().
    "the first ESP32": (
        "esp32",
        """
import esp32
del esp32.mcu_temperature
esp32.raw_temperature = lambda: 128
""",
        ("temperature", "uptime", "signal strength"),
        (),
    ),
    "a chip that has neither": (
        "esp32",
        """
import esp32
del esp32.mcu_temperature
""",
        ("uptime", "signal strength"),
        ("temperature",),
    ),
    # ports/rp2/machine_adc.c: 8 on an RP2350B, whose 4 is a pin.
    "an RP2350B": (
        "rp2",
        """
import machine
machine.ADC.CORE_TEMP = 8
""",
        ("temperature", "uptime", "signal strength"),
        (),
    ),
    # A port without an ADC, or whose ADC has no such channel (ports/rp2/machine_adc.c).
    "a chip without an ADC": (
        "rp2",
        """
import machine
del machine.ADC
""",
        ("uptime", "signal strength"),
        ("temperature",),
    ),
    "an ADC without that channel": (
        "rp2",
        """
import machine
def adc(channel):
    raise ValueError("Pin doesn't have ADC capabilities")
machine.ADC = adc
""",
        ("uptime", "signal strength"),
        ("temperature",),
    ),
}
ERRORS = (
    "OSError('Wifi Not Connected')",
    "RuntimeError('Wifi Unknown Error 0x300f')",
    "OSError(5)",
    "ValueError('unknown status param')",
)


def test_main_goes_on_whatever_the_port_raises(tmp_path):
    programs = {}
    for name, (kind, before, here, not_here) in PORTS.items():
        for error in ERRORS if "{error}" in before else ERRORS[:1]:
            main = tmp_path / f"{len(programs)}.py"
            program = (ROOT / "main.py").read_text()
            main.write_text(before.replace("{error}", error) + program)
            programs[f"{name} {error}"] = main, kind, here, not_here
    with LocalServer(key=KEY) as server, ExitStack() as stack:
        boards = ExampleBoards(server)
        for name, (main, kind, _, _) in programs.items():
            stack.enter_context(boards.add(main, name, kind))
        for name, (_, kind, here, not_here) in programs.items():
            boards.run(name, kind, "uptime", lambda values: len(values) >= 3)
            for signal in here:
                assert len(boards.arrived(name, kind, signal)) >= 2, (name, signal)
            for signal in not_here:
                assert not boards.arrived(name, kind, signal), (name, signal)
            if name.startswith("the first ESP32"):
                celsius = [value for _, value in boards.arrived(name, kind, "temperature")]
                assert {round(value, 2) for value in celsius} == {53.3}


def test_a_bme280_that_has_just_been_plugged_in_stops_nothing(tmp_path):
    (tmp_path / "lib").mkdir()
    driver = (EXAMPLES / "lib/bme280_driver.py").read_text()
    (tmp_path / "lib/bme280_driver.py").write_text(driver)
    main = tmp_path / "bme280.py"
    main.write_text(
        """
import machine
class Blank:
    def __init__(self, *_, **__):
        self.left = 3
    def readfrom_mem(self, address, register, size):
        self.left -= register == 0xF7
        return b"\x60" if register == 0xD0 else bytes(size) if self.left >= 0 else b"\x40" * size
    def writeto_mem(self, *_):
        pass
machine.I2C = Blank
"""
        + (EXAMPLES / "bme280.py").read_text()
    )
    with LocalServer(key=KEY) as server:
        boards = ExampleBoards(server)
        with boards.add(main, "blank", "rp2"):
            boards.run("blank", "rp2", "temperature", lambda values: len(values) >= 1)
        assert boards.by_name["blank", "rp2"].status["rejected"] >= 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_station_of_asyncio_tasks_logs_and_shows_its_page(tmp_path, kind):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    main = tmp_path / "asyncio_station.py"
    program = (EXAMPLES / "asyncio_station.py").read_text()
    assert program.count("PORT = 80\n") == 1
    main.write_text(program.replace("PORT = 80\n", f"PORT = {port}\n"))
    pages = []

    def has_shown_pages(values):
        if values:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
                pages.append(page.read().decode())
        return 22.3 in values and pages[-1].startswith("online, ")

    with LocalServer(key=KEY) as server:
        boards = ExampleBoards(server)
        with boards.add(main, "station", kind, transport="kept"):
            boards.run("station", kind, "temperature", has_shown_pages)
        arrived = without_repeats(boards.arrived("station", kind, "temperature"))
    recorded_ones = [value for _, value in recorded("dht22-15", "temperature")]
    assert [round(value, 3) for value in arrived] == recorded_ones[: len(arrived)]
    assert any(line.startswith("DHT22: ") for line in boards.by_name["station", kind].lines)
    assert int(pages[-1].split()[1]) > 0


def test_examples_are_short():
    programs = [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("lib/*.py")]
    others = {"asyncio_station", "battery", "battery_pico"}
    assert {path.stem for path in programs} >= {*NAMES, *others}
    for path in programs:
        lines = path.read_text().splitlines()
        assert len(lines) < 40, f"{path} has {len(lines)} lines"


@pytest.mark.parametrize(
    "name, text, complaint",
    [
        ("notes.txt", "", "There are no recordings"),
        ("dht22.csv", "", "must be named after what it records"),
        ("lamp-4.csv", "", "devices are dht22, ds18b20, bme280, button, voltage"),
        ("button-4.csv", "timestamp\n0\n", "names timestamp and level"),
        (
            "button-4.csv",
            "timestamp,level,fault\n0,1,silent\n",
            "'silent' is no fault of a button",
        ),
        ("dht22-4.csv", "timestamp,temperature,humidity\n0,1,\n", "line 2: the value '' is no"),
        ("dht22-4.csv", "timestamp,temperature,humidity\n", "holds no readings"),
    ],
)
def test_simulate_says_what_is_wrong_with_what_is_attached(tmp_path, name, text, complaint):
    (tmp_path / name).write_text(text)
    with pytest.raises(simulator.UserError, match=complaint):
        simulator.read_attached(tmp_path)
