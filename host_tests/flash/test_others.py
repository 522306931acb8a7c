"""The other ways to and from a board: watch, pull-spool, test-board, mip, and a frozen package."""

import contextlib
import csv
import functools
import http.server
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from host_tests import on_real_board
from tools import interpreter, package, simulator
from tools.device import DeviceError, bench, follow, sentences, spool
from tools.server import LocalServer
from tools.settings import ROOT

from .conftest import KEY

MODULES = sorted((ROOT / "firmware/islog").glob("*.py"))

COUNTS = """
import time
n = 0
while True:
    n += 1
    print("count", n)
    time.sleep_ms(20)
"""


def test_watch_shows_what_a_program_prints_and_does_not_stop_it(device):
    device.put("/main.py", COUNTS)
    device.mpremote("reset")
    shown = []
    for _ in range(2):
        watch = device.start("watch")
        for line in watch.stdout:
            if line.startswith("count "):
                shown.append(int(line[6:]))
                if len(shown) % 10 == 0:
                    break
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
        assert watch.returncode == 0
    assert len(set(shown)) == 20 and shown == sorted(shown)  # of one run


def test_watch_shows_a_program_from_its_start_where_that_is_wanted(device):
    device.put("/main.py", "print('it begins')\n" + COUNTS)
    device.mpremote("reset")
    for options in (), ("--restart",):
        watch = device.start("watch", *options)
        shown = ""
        for line in watch.stdout:
            shown += line
            if line.startswith("count 9"):
                break
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
    assert "it begins\n" in shown and "Traceback" not in shown.partition("it begins")[2], shown


class Saying:
    """A board that prints these sentences of islog's, and whose program does not stop."""

    def __init__(self, *sentences):
        self._said = [f"islog: {sentence}\r\n".encode() for sentence in reversed(sentences)]

    def heard(self):
        return self._said.pop() if self._said else b""

    def interrupt(self):
        raise DeviceError("it goes on")

    def leave_running(self):
        pass


def test_what_the_server_refuses_is_told_at_once():
    refused = Saying("it refuses the client_key; asked again in about 10 minutes", *["more"] * 99)
    with pytest.raises(DeviceError, match="no readings were accepted yet: it refuses .* minutes"):
        follow.follow(refused, 10_000)


@pytest.mark.parametrize(
    "no_trouble",
    [
        "version 1.0, bucket b",
        "version 1.0, bucket My garden (2nd)",
        "Wi-Fi is up",
        "Wi-Fi is up (17 times in 10 minutes)",
        "the time is known",
        "the server is not verified (no ca_file): others may read the key",
    ],
)
def test_what_a_board_says_of_its_start_is_no_trouble(monkeypatch, no_trouble):
    monkeypatch.setattr(follow, "PATIENCE_S", 0)
    starts = Saying(no_trouble, no_trouble, "Wi-Fi home is not in range", no_trouble)
    with pytest.raises(DeviceError, match="no readings were accepted yet: Wi-Fi home"):
        follow.follow(starts, 10_000)
    follow.follow(Saying(no_trouble, "readings are accepted (2 times in an hour)"), 10_000)


def test_a_program_that_prints_without_newlines_is_heard_all_the_same(capsys):
    class Dots(Saying):
        def __init__(self, *pieces):
            self._said = [piece.encode() for piece in reversed(pieces)]

    for cut in range(0, 30, 3):
        said = "." * (979 + cut) + "islog: readings are accepted\r\n"
        follow.follow(Dots(*["." * 100] * 100, said[:1000], said[1000:]), 10_000)
        shown = capsys.readouterr().out
        assert shown.count(".") == 10_979 + cut and "islog: readings are accepted" in shown
    trouble = "temperature 21 islog: it refuses the client_key; asked again in about 10 minutes\n"
    with pytest.raises(DeviceError, match="were accepted yet: it refuses the client_key"):
        follow.follow(Dots(trouble), 10_000)


SAYS = """
class Logger:
    def poll(self):
        self._say("the sun shines")
        self._say("it is %d degrees in %s" % (self.celsius, self.place))
        self._say(self.sentence)
        self.on_trouble("it rains")
        self.on_trouble("it is too wet in %s" % self.place)
        print("islog:", "made in %s" % self.place)
        print("islog:", self.sentence)
        print("no sentence")
"""


def test_which_sentences_tell_no_trouble_is_read_in_the_source(tmp_path):
    (tmp_path / "sky.py").write_text(SAYS)
    good = sentences.no_trouble(tmp_path)
    for said in ("the sun shines", "it is 21 degrees in a shed", "made in Graz"):
        assert good.fullmatch(said) and good.fullmatch(said + " (3 times in 10 minutes)")
    for said in ("it rains", "it is too wet in a shed", "the sun shines not", "no sentence", ""):
        assert not good.fullmatch(said)


def test_the_spool_is_copied_whole_and_stays_on_the_board(device, tmp_path):
    config = device.config(spool_file="data/kept", spool_bytes=64000)
    device.put("/config.json", config.read_text())
    device.prints("import os; os.mkdir('/data')")
    segments = {"kept.7": "seven " * 500, "kept.12": "twelve", "kept.txt": "no segment"}
    for name, text in segments.items():
        device.put(f"/data/{name}", text)
    before = device.digests()
    to = tmp_path / "pulled"
    for _ in range(2):
        status, output, errors = device.run("pull-spool", "--to", to)
        assert status == 0, errors
        assert "2 segments of /data/kept." in output
        pulled = {path.name: path.read_text() for path in to.glob("kept.*")}
        assert pulled == {name: segments[name] for name in ("kept.7", "kept.12")}
    assert device.digests() == before
    (to / "kept.7").write_text("of another board")
    status, _, errors = device.run("pull-spool", "--to", to)
    assert status == 1 and "another board's" in errors
    assert (to / "kept.7").read_text() == "of another board"


SPOOLS = """
import islog, os, time
log = islog.from_config("config.json")
log.log("t", 21.5)
log.log("door, left", "open\\n", 1796000000)
log.log("on", True, (1796000000, 250000))
while not log.synced:
    time.sleep_ms(min(20, log.poll()))
while not log.retries:  # these three are on their way, in vain
    time.sleep_ms(min(20, log.poll()))
log.log("t", -3)
log.close()
"""


def test_what_a_board_could_not_send_is_read_from_its_spool(tmp_path):
    (tmp_path / "main.py").write_text(SPOOLS)
    with LocalServer("key") as server:
        config = {
            "client_key": "key",
            "bucket_name": "cellar",
            "bucket_url": server.bucket_url,
            "ingest_url": "http://127.0.0.1:9/nothing",  # the discard port: no server
            "ntp_hosts": [server.ntp_host],
            "wifi": [{"ssid": "home", "password": "a password"}],
            "spool_file": "kept",
            "spool_bytes": 64000,
            "flush_interval": 0,
            "timeout": 1,
        }
        began_s = time.time()
        flash = tmp_path / "flash"
        with simulator.Board(config=config, main=tmp_path / "main.py", flash=flash) as board:
            assert board.wait(240), board.lines
    table = tmp_path / "readings.csv"
    assert spool.write(flash / "kept", table) == 4
    with open(table, encoding="utf-8", newline="") as f:
        head, *rows = csv.reader(f)
    assert head == ["time", "epoch", "signal", "value"]  # as the server's own export begins
    given = [row for row in rows if row[2] != "t"]
    assert given == [
        ["2026-11-30T00:53:20.000Z", "1796000000", "door, left", "open\n"],
        ["2026-11-30T00:53:20.250Z", "1796000000.250000", "on", "true"],
    ]
    logged = [row for row in rows if row[2] == "t"]
    assert sorted(row[3] for row in logged) == ["-3", "21.5"]
    assert all(abs(float(row[1]) - began_s) < 60 for row in logged)


def test_a_board_that_keeps_no_spool_says_so(device):
    status, _, errors = device.run("pull-spool")
    assert status == 1 and errors.startswith("The board has no config.json")
    device.put("/config.json", device.config().read_text())
    status, _, errors = device.run("pull-spool")
    assert status == 1 and errors.startswith("The board keeps no spool")


def test_the_unit_tests_run_on_a_board_and_leave_nothing_there(device):
    device.put("/notes.txt", "a user's own")
    before = device.digests()
    files = "test_ring", "test_names", "test_stand_ins"  # the package, a radio, and `machine`
    run = device.start(*files, module="host_tests.on_real_board")
    output, errors = run.communicate()
    assert run.returncode == 0 and KEY not in output + errors, output
    texts = [(on_real_board.UNIT / f"{file}.py").read_text() for file in files]
    count = sum(len(re.findall("^def test_", text, re.M)) for text in texts)
    assert output.splitlines()[-1] == f"{count} passed, 0 failed" and count > 20
    assert device.digests() == before


def test_a_unit_test_that_fails_on_a_board_or_is_too_large_for_it_is_counted(
    device, tmp_path, monkeypatch
):
    (tmp_path / "test_wrong.py").write_text("def test_it():\n    assert 1 == 2\n")
    (tmp_path / "test_typo.py").write_text("def test_it(:\n")
    (tmp_path / "test_large.py").write_text("def test_it():\n    bytearray(2_000_000)\n")
    monkeypatch.setattr(on_real_board, "UNIT", tmp_path)
    assert on_real_board.test_board(device.port) == [0, 2, 1]


def test_the_benchmark_of_a_board_shows_its_figures_and_leaves_nothing_there(device):
    device.flash()
    before = device.digests()
    status, output, errors = device.run("bench-board")
    assert status == 0, output + errors
    start, machine_code, bytecode = output.split("MicroPython 1.")
    starts_as_installed(start)
    for table in (machine_code, bytecode):
        rows = {line[:32].strip(): line[32:].split() for line in table.splitlines()}
        for what in ("log(), float", "JSON, int", "heap: log(), str", "heap kept by a Logger"):
            assert float(rows[what][1].replace(",", "")) > 0, rows
        assert rows["heap: log(), float"][:2] == ["bytes", "0"]
    assert device.digests() == before


def starts_as_installed(shown):
    assert "How /lib/islog/__init__." in shown
    by_step = {}
    for line in shown.splitlines():
        step, *cells = re.split(r"  +", line.strip())
        if cells and all(cell.replace(",", "").isdigit() for cell in cells):
            by_step[step] = [int(cell.replace(",", "")) for cell in cells]
    free, largest = by_step.pop("before `import islog`")
    assert largest <= free and list(by_step) == list(bench.STEPS.values())[1:]
    for _, kept, now_free, now_largest in by_step.values():
        assert now_free == free - kept and now_largest <= min(largest, now_free)
        free, largest = now_free, now_largest
    ms, kept, _, _ = by_step["`import islog`"]
    assert ms > 0 and 30_000 < kept < 120_000
    assert 8192 + 2048 < by_step["a Logger with default settings"][1] < 40_000


def test_the_benchmark_of_a_board_says_where_no_islog_is_there(capsys):
    said = """{"step": "start", "ms": 0, "used": 4000, "free": 164000, "block_bytes": 16}
{"step": "imported", "failed": "ImportError(no module named 'islog')"}
"""
    bench.show_start(Console(), *bench.started(said))
    shown = capsys.readouterr().out
    assert "none is on the board" in shown and "no module named" in shown


def test_the_largest_block_is_what_an_allocation_can_get_where_the_heap_grows():
    said = """{"step": "start", "ms": 0, "used": 4000, "free": 164000, "block_bytes": 16}
GC: total: 64000, used: 4000, free: 60000, max new split: 104000
 No. of 1-blocks: 51, 2-blocks: 14, max blk sz: 109, max free sz: 3700
{"step": "imported", "ms": 303, "used": 44000, "free": 26000, "block_bytes": 16}
GC: total: 64000, used: 44000, free: 20000, max new split: 6000
 No. of 1-blocks: 51, 2-blocks: 14, max blk sz: 109, max free sz: 1200
"""
    steps, _, _ = bench.started(said)
    most = steps[0]["largest_bytes"]  # with what py/gc.c adds to it, it is what it can grow by
    assert most + max(2048, most * 13 // 512) in (104000 - 1, 104000)
    assert steps[1]["largest_bytes"] == 1200 * 16


@contextlib.contextmanager
def over_http(folder):
    """The address of a web server with that folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("way", ["a checkout", "an address"])
def test_mip_brings_the_whole_package(device, way):
    with over_http(ROOT) as address:
        package = f"{address}/package.json" if way == "an address" else "package.json"
        device.mpremote("mip", "install", package)
    found = [path for path in device.digests() if path.startswith("/lib/islog/")]
    assert sorted(found) == [f"/lib/islog/{path.name}" for path in MODULES]
    shown = device.prints("import islog; print(islog.__file__, islog.Logger.__name__)")
    assert shown.split() == ["/lib/islog/__init__.py", "Logger"]
    status, output, _ = device.run("unflash")
    assert status == 0 and output.count("removed") == len(MODULES)


WHAT_CAME = """
import sys
sys.path.insert(0, {place!r})
import islog
log = islog.Logger("key", "bucket", quiet=True)
print(islog.__file__, log.log("t", 21.5), log.pending)
print(sorted(n for n in sys.modules if n in ("islog.bytecode", "islog.native")))
"""


def check_compiled(shown, place):
    assert shown.splitlines() == [f"{place}/islog/__init__.mpy True 1", "['islog.bytecode']"]


def test_the_compiled_package_is_installed_by_a_boards_own_mip_and_runs_as_bytecode(tmp_path):
    site, place = tmp_path / "site", str(tmp_path / "lib")
    with over_http(tmp_path) as address:
        assert package.make(site, f"{address}/site")
        install = f"import mip; mip.install('{address}/site/package.json', target={place!r})"
        done = interpreter.run("-c", install)
        assert "Done" in done.stdout, done.stdout + done.stderr
    listed = {path.stem for path in (tmp_path / "lib/islog").iterdir()}
    assert {path.stem for path in MODULES} - listed == {"native"}
    shown = interpreter.run("-c", WHAT_CAME.format(place=place), path=())
    check_compiled(shown.stdout, place)


def test_the_compiled_package_is_installed_from_beside_its_package_json(device, tmp_path):
    run = [sys.executable, "-m", "tools.package", "--to", tmp_path]
    subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with over_http(tmp_path) as address:
        device.mpremote("mip", "install", f"{address}/package.json")
    check_compiled(device.prints(WHAT_CAME.format(place="/lib")), "/lib")
