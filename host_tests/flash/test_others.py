"""The other ways to and from a board: watch, pull-spool, test-board, mip, and a frozen package."""

import functools
import http.server
import signal
import threading
from pathlib import Path

import pytest

from tools.device import unit_tests
from tools.settings import ROOT

MODULES = sorted((ROOT / "firmware/islog").glob("*.py"))

COUNTS = """
import time
n = 0
while True:
    n += 1
    print("count", n)
    time.sleep_ms(20)
"""


def test_watch_shows_what_a_program_prints_and_does_not_stop_it(desk):
    desk.put("/main.py", COUNTS)
    desk.mpremote("reset")
    shown = []
    for _ in range(2):
        watch = desk.start("watch")
        for line in watch.stdout:
            if line.startswith("count "):
                shown.append(int(line[6:]))
                if len(shown) % 10 == 0:
                    break
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=20)
        assert watch.returncode == 0
    assert shown[0] < 100 and shown == sorted(shown)  # the same run, from its beginning


def test_the_spool_is_copied_whole_and_stays_on_the_board(desk, tmp_path):
    config = desk.config(spool_file="data/kept", spool_bytes=64000)
    desk.put("/config.json", config.read_text())
    desk.mpremote("exec", "import os; os.mkdir('/data')")
    segments = {"kept.7": "seven " * 500, "kept.12": "twelve", "kept.txt": "no segment"}
    for name, text in segments.items():
        desk.put(f"/data/{name}", text)
    before = desk.digests()
    to = tmp_path / "pulled"
    for _ in range(2):
        status, output, errors = desk.run("pull-spool", "--to", to)
        assert status == 0, errors
        assert "2 segments of /data/kept" in output
        pulled = {path.name: path.read_text() for path in to.iterdir()}
        assert pulled == {name: segments[name] for name in ("kept.7", "kept.12")}
    assert desk.digests() == before
    (to / "kept.7").write_text("of another board")
    status, _, errors = desk.run("pull-spool", "--to", to)
    assert status == 1 and "another board's" in errors
    assert (to / "kept.7").read_text() == "of another board"


def test_a_board_that_keeps_no_spool_says_so(desk):
    status, _, errors = desk.run("pull-spool")
    assert status == 1 and errors.startswith("The board has no config.json")
    desk.put("/config.json", desk.config().read_text())
    status, _, errors = desk.run("pull-spool")
    assert status == 1 and errors.startswith("The board keeps no spool")


def test_the_unit_tests_run_on_a_board_and_leave_nothing_there(desk):
    desk.put("/notes.txt", "a user's own")
    before = desk.digests()
    status, output, _ = desk.run("test-board", "test_ring", "test_wifi")
    assert status == 0, output
    count, rest = output.splitlines()[-1].split(" ", 1)
    assert int(count) > 20 and rest == "passed, 0 failed"
    assert desk.digests() == before


def test_a_unit_test_that_fails_on_a_board_is_counted(desk, tmp_path, monkeypatch):
    (tmp_path / "test_wrong.py").write_text("def test_it():\n    assert 1 == 2\n")
    (tmp_path / "test_typo.py").write_text("def test_it(:\n")
    monkeypatch.setattr(unit_tests, "UNIT", tmp_path)
    assert unit_tests.test_board(desk.port) == [0, 2, 0]


def over_http():
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=ROOT)
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


@pytest.mark.parametrize("way", ["a checkout", "an address"])
def test_mip_brings_the_whole_package(desk, way):
    package = "package.json"
    if way == "an address":
        server = over_http()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        package = f"http://127.0.0.1:{server.server_port}/package.json"
    desk.mpremote("mip", "install", package)
    found = [path for path in desk.digests() if path.startswith("/lib/islog/")]
    assert sorted(found) == [f"/lib/islog/{path.name}" for path in MODULES]
    shown = desk.mpremote("exec", "import islog; print(islog.__file__, islog.Logger.__name__)")
    assert shown.split() == ["/lib/islog/__init__.py", "Logger"]
    status, output, _ = desk.run("unflash")
    assert status == 0 and output.count("removed") == len(MODULES)
    if way == "an address":
        server.shutdown()
        server.server_close()


def test_the_manifest_names_the_package_for_freezing():
    named = []

    def package(name, files=None, base_path=".", opt=None):
        """As tools/manifestfile.py finds it: relative to the manifest."""
        named.extend((ROOT / base_path / name).rglob("*.py") if files is None else files)

    manifest = ROOT / "manifest.py"
    exec(compile(manifest.read_text(), Path(manifest), "exec"), {"package": package})
    assert sorted(named) == MODULES
