"""The two programs for boards on a battery, in examples/, unchanged on simulated boards whose
sleeps take no time: each reading is there once, in order, with its time, the battery's voltage
among them."""

from tools import simulator
from tools.server import LocalServer

from .ntp_server import NtpServer, good
from .rig import KEY
from .test_examples import EXAMPLES, RECORDINGS

INTERVAL_S = 1200
READINGS = 10  # in 50 minutes, so in three uploads
SIGNALS = {"temperature", "pressure", "humidity", "battery"}

# Before the program: it tells the true time at which each reading is logged.
TELLING = """
import islog as _islog, time as _time, utime as _utime
def _from_config(path, _from_config=_islog.from_config):
    log = _from_config(path)
    def log_object(readings, log_object=log.log_object):
        ahead_us = _time._advanced_us - _time._pc_base_us
        print("logged at", _utime.time_ns() // 1000 + ahead_us, "sent", log.sent)
        return log_object(readings)
    log.log_object = log_object
    return log
_islog.from_config = _from_config
"""


def attached(folder, pin, volts_at_pin):
    """The BME280 of the other examples, and a battery whose voltage falls all the time: 1 mV at
    the pin a minute."""
    folder.mkdir()
    name = "bme280-0x76.csv"
    (folder / name).write_text((RECORDINGS / name).read_text())
    rows = [f"{60 * n},{volts_at_pin - n / 1000:.3f}\n" for n in range(200)]
    (folder / f"voltage-{pin}.csv").write_text("timestamp,volts\n" + "".join(rows))
    return folder


def run(folder, program, kind, at_pins, **imitated):
    """Let it live until so many readings have arrived. -> the board; of each signal, (time,
    value) in order of arrival; the true times at which it logged; how many of these times found
    that more had been sent."""
    lib = folder / "lib"
    lib.mkdir()
    driver = "bme280_driver.py"
    (lib / driver).write_text((EXAMPLES / "lib" / driver).read_text())
    main = folder / f"{program}.py"
    main.write_text(TELLING + (EXAMPLES / f"{program}.py").read_text())
    found = {signal: [] for signal in SIGNALS}
    with (
        LocalServer(key=KEY) as server,
        NtpServer(lambda question: good(question, board.ahead_s)) as ntp,
    ):
        config = {
            "client_key": KEY,
            "bucket_name": program,
            "bucket_url": server.bucket_url,
            "ingest_url": server.ingest_url,
            "ntp_hosts": [ntp.host],
            "wifi": [{"ssid": "home", "password": "a password"}],
            "upload_interval": INTERVAL_S,
            "transport": "kept",
            "spool_file": "/spool",
            "spool_bytes": 65536,
        }
        board = simulator.Board(
            kind, config=config, main=main, attached=at_pins, skip_sleeps=True, **imitated
        )
        with board:
            while server.accepted < READINGS * len(SIGNALS):
                assert not board.wait(0.02), "\n".join(board.lines)
            board.finish()
        for reading in server.readings():
            found[reading["signal"]].append((float(reading["epoch"]), reading["value"]))
    told = [line.split() for line in board.lines if line.startswith("logged at")]
    logged = [int(words[2]) / 1e6 for words in told]
    return board, found, logged, len({words[4] for words in told})


def check(off_s, board, found, logged, uploads):
    """All of it is there; the latest may still be on the board."""
    for signal, readings in found.items():
        assert READINGS - 3 <= len(readings) <= len(logged)
        for (at_s, _), true_s in zip(readings, logged, strict=False):
            assert abs(at_s - true_s) <= off_s, (signal, at_s - true_s)
    assert 3 <= uploads <= len(logged) // 2
    assert board.status["dropped"] == board.status["lost"] == 0
    volts = [value for _, value in found["battery"]]
    return volts[0], [before - after for before, after in zip(volts, volts[1:], strict=False)]


def round_mv(volts):
    return round(volts * 1000)


def test_an_esp32_that_sleeps_deeply_by_a_clock_that_is_three_percent_slow(tmp_path):
    at_pins = attached(tmp_path / "attached", 34, 2)
    board, *found = run(tmp_path, "battery", "esp32", at_pins, rtc_drift_ppm=-30000)
    first, steps = check(1, board, *found)
    assert 3.998 <= first <= 4
    assert set(map(round_mv, steps)) <= {10, 12}  # 309 s, and what a start takes
    assert sum("board: deep sleep" in line for line in board.lines) >= READINGS - 1


def test_a_pico_w_that_sleeps_lightly(tmp_path):
    at_pins = attached(tmp_path / "attached", 29, 1.5)
    board, *found = run(tmp_path, "battery_pico", "rp2", at_pins)
    first, steps = check(0.05, board, *found)
    assert abs(first - 4.5) < 0.001
    assert set(map(round_mv, steps)) <= {10, 20}  # 15 or 18, to a hundredth of a volt
