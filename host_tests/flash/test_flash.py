"""`make flash` and `make unflash`: what is on the board afterwards, whatever was there before."""

import functools
import hashlib
import os
import pty
import re
import shutil
import signal
import ssl
import time
import tty
from collections import namedtuple

import pytest
import trustme

from tools import interpreter
from tools.device import DeviceError, board, flash, follow, image
from tools.device.sentences import no_trouble
from tools.server import LocalServer
from tools.settings import ROOT

from .conftest import KEY, LIMIT_S

MODULES = sorted((ROOT / "firmware/islog").glob("*.py"))
RECORD = "/lib/islog/flashed.json"
STOPPED_AT = 9  # files that have been copied when a flash is interrupted


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def compiled():
    mpy = int(interpreter.run("-c", "import sys; print(sys.implementation._mpy)").stdout)
    package = image.package(mpy)
    assert {name.rpartition(".")[2] for name in package} == {"mpy"}
    return {f"/lib/islog/{name}": image.sha256(package[name]) for name in package}


def expected(config):
    files = dict(compiled())
    files["/boot.py"], files["/main.py"] = sha256(ROOT / "boot.py"), sha256(ROOT / "main.py")
    files["/config.json"] = sha256(config)
    return files


def check(device):
    """islog and nothing else is on the board, and it can be imported."""
    found = device.digests()
    assert found.pop(RECORD)
    assert found == expected(device.folder / "config.json")
    assert device.prints("import islog; print(islog.from_config)").startswith("<function")


def sending_to(server, **settings):
    urls = {"bucket_url": server.bucket_url, "ingest_url": server.ingest_url}
    return {**urls, "ntp_hosts": [server.ntp_host], "flush_interval": 1, **settings}


def interrupt(device, cut, *arguments):
    """Begin a flash, and cut it off where some files have been copied."""
    flash = device.start("flash", "--follow", 0, *arguments)
    for line in flash.stdout:
        if line.strip().startswith(f"{STOPPED_AT}/"):
            cut(flash)
            break
    else:
        raise AssertionError("it ended too early")
    return flash.wait(60), flash.communicate()[1]


def test_a_new_board_sends_its_readings_and_a_second_flash_copies_nothing(device, server):
    config = device.config(**sending_to(server))
    status, output, errors = device.run("flash", "--config", config, "--follow", 200)
    assert status == 0, output + errors
    assert output.rstrip().endswith("islog: readings are accepted")
    assert server.accepted > 0
    check(device)
    before = device.chip.read_bytes()
    status, output, _ = device.run("flash", "--config", config, "--follow", 200)
    assert status == 0
    assert "Nothing to copy" in output and not re.search(r"^ *\d+/\d+ ", output, re.MULTILINE)
    assert device.chip.read_bytes() == before


def test_only_what_changed_is_copied_and_what_is_gone_goes(device):
    device.flash()
    device.put("/lib/islog/gone.py", "# of an earlier version")
    device.put("/lib/mine.py", "# a user's own")
    device.put("/lib/islog/ring.mpy", "changed on the board")
    device.put("/lib/islog/clock.py", "# it would be found before clock.mpy")
    output = device.flash("--config", device.config(bucket_name="another"))
    copied = re.findall(r"^ *\d+/\d+  (\S+)$", output, re.MULTILINE)
    assert copied == ["/lib/islog/ring.mpy", "/config.json"]
    found = device.digests()
    assert found.pop("/lib/mine.py") and found.pop(RECORD)
    assert found == expected(device.folder / "config.json")


def test_a_flash_that_was_killed_is_repaired_by_the_next(device):
    config = device.config()
    status, _ = interrupt(device, lambda flash: flash.kill(), "--config", config)
    assert status == -9
    output = device.flash()
    copied = int(re.search(r"(\d+) of \d+ files copied", output)[1])
    assert copied <= len(expected(config)) - STOPPED_AT + 1  # what had arrived is not copied again
    check(device)


def test_a_power_cut_during_a_flash_leaves_what_was_there(device):
    device.flash()
    config = device.folder / "config.json"
    status, errors = interrupt(
        device, lambda _: device.cut_power(), "--source", "--config", config
    )
    assert status == 1 and "went away or does not answer" in errors
    found = device.digests()
    assert expected(config).items() <= found.items()
    assert "function" in device.prints("import islog; print(islog.from_config)")
    device.flash()
    check(device)


def test_a_program_that_was_there_before_comes_back(device):
    device.put("/main.py", "print('mine')")
    device.put("/notes.txt", "a user's own")
    before = device.digests()
    output = device.flash()
    assert "The board had its own /main.py, which is kept as /main.py.before." in output
    assert "had its own" not in device.flash()
    status, output, _ = device.run("unflash")
    assert status == 0
    assert "removed /config.json" in output and "put back the /main.py" in output
    assert "left /notes.txt: make flash did not put it there" in output
    assert device.digests() == before
    status, output, _ = device.run("unflash")
    assert status == 0 and "Nothing of islog is on the board" in output
    assert device.digests() == before


def test_a_program_that_was_changed_on_the_board_is_left_there(device):
    device.flash()
    device.put("/main.py", "print('changed')")
    status, output, _ = device.run("unflash")
    assert status == 0 and "left /main.py: it was changed on the board" in output
    assert list(device.digests()) == ["/main.py"]


def test_no_program_is_lost_whoever_wrote_it_and_when(device):
    device.put("/main.py", "print('mine')")
    device.flash()
    device.put("/main.py", "print('changed')")
    status, output, _ = device.run("unflash")
    assert status == 0 and "left /main.py.before: the board's own program of before" in output
    before = device.digests()
    output = device.flash()
    assert "The board had its own /main.py, which is kept as /main.py.before.2." in output
    found = device.digests()
    assert found["/main.py.before"] == before["/main.py.before"]
    assert found["/main.py.before.2"] == before["/main.py"]


def test_what_was_changed_on_the_board_is_kept_by_the_next_flash(device, tmp_path):
    device.flash()
    device.put("/main.py", "print('changed there')")
    changed = device.digests()["/main.py"]
    output = device.flash()
    assert "/main.py was changed on the board, and is kept as /main.py.before.\n" in output
    assert device.digests()["/main.py.before"] == changed
    another = tmp_path / "another.py"
    another.write_text("print('another')")
    assert "/main.py.before" not in device.flash("--main", another)  # ours goes without a word
    found = device.digests()
    assert found["/main.py"] == sha256(another) and "/main.py.before.2" not in found


def lively(device):
    """A program is on the board, and it has nothing else: what it prints."""
    device.put("/main.py", STILL_THERE)
    device.mpremote("reset")
    return b"still there"


def goes_on(device, word):
    with board.Board(device.port) as console:
        hear(console, word)


NEVER_STOPS = """
import time
while True:
    try:
        while True:
            print("still there")
            time.sleep_ms(5)
    except KeyboardInterrupt:
        pass
"""
STILL_THERE = """
import time
while True:
    print("still there")
    time.sleep_ms(20)
"""


def test_a_board_that_is_refused_goes_on_with_its_own_program(device):
    word = lively(device)
    config = device.config(buffer_bytes=400_000, batch_bytes=1024)
    status, _, errors = device.run("flash", "--config", config)
    assert status == 1 and "KB of heap" in errors
    goes_on(device, word)


def test_a_board_whose_flash_was_stopped_by_hand_goes_on_with_its_own_program(device):
    before = image.sha256(STILL_THERE.encode())
    word = lively(device)
    config = device.config()
    status, errors = interrupt(
        device, lambda flash: flash.send_signal(signal.SIGINT), "--config", config
    )
    assert status == 130 and errors.startswith("\nStopped; ")
    goes_on(device, word)
    assert device.digests()["/main.py"] == before


def test_a_program_that_prints_and_does_not_stop_is_not_waited_for_for_ever(device):
    device.put("/main.py", NEVER_STOPS)
    device.mpremote("reset")
    with board.Board(device.port, answer_s=1) as console:
        hear(console, b"still there")
        with pytest.raises(DeviceError, match="No MicroPython answers at"):
            console.stop()


@pytest.mark.parametrize("path", ["/islog.py", "/islog/__init__.py"])
def test_another_islog_is_named_before_anything_is_copied(device, path):
    if path.count("/") > 1:
        device.prints("import os; os.mkdir('/islog')")
    device.put(path, "mine = True")
    before = device.digests()
    status, _, errors = device.run("flash", "--config", device.config())
    name = path.replace("/__init__.py", "")
    assert status == 1 and f"has another islog, {name}, which" in errors
    assert f"`.venv/bin/mpremote fs rm -r :{name}`" in errors
    assert device.digests() == before


def test_what_unflash_leaves_is_told(device):
    device.prints("import os; os.mkdir('/data')")
    device.flash("--config", device.config(spool_file="data/kept", spool_bytes=64000))
    files = ("/data/kept.7", "/data/kept.12", "/data/notes", "/lib/driver.py", "/islog.restart")
    for path in files:
        device.put(path, "something")
    status, output, _ = device.run("unflash")
    assert status == 0 and "left /data/kept.7 /data/kept.12: the spool, readings" in output, output
    assert "left /islog.restart: in it islog counts" in output
    for path in ("/data/notes", "/lib/driver.py"):
        assert f"left {path}: make flash did not put it there\n" in output
    assert output.count("left ") == 4 and set(device.digests()) == set(files)
    device.put("/config.json", device.config().read_text())
    status, output, _ = device.run("unflash")
    assert "left /config.json: make flash did not put it there; it may hold the client" in output
    for i in range(45):
        device.put(f"/data/{i}", "")
    status, output, _ = device.run("unflash")
    assert output.count("make flash did not put it") == flash.MAX_LISTED - 1, output
    assert output.endswith(f"left {45 + len(files) + 1 - flash.MAX_LISTED} files more\n")


def test_the_certificate_and_the_modules_that_the_program_needs_come_with_it(device, tmp_path):
    folder = tmp_path / "program"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/sensor.py").write_text("from bus import read\nCELSIUS = read()\n")
    (folder / "lib/bus.py").write_text("def read(): return 21\n")
    (folder / "lib/other.py").write_text("import another\n")
    (folder / "program.py").write_text("import sensor\nprint('measured', sensor.CELSIUS)\n")
    (tmp_path / "certs").mkdir()
    certificate = tmp_path / "certs/ca.pem"
    root = trustme.CA().cert_pem
    root.write_to_path(certificate)
    config = device.config(ca_file="/certs/ca.pem")
    device.flash("--config", config, "--main", folder / "program.py")
    found = device.digests()
    assert found["/certs/ca.pem"] == hashlib.sha256(der(root)).hexdigest()
    for name in ("sensor.py", "bus.py"):  # the program's, and that module's
        assert found[f"/lib/{name}"] == sha256(folder / "lib" / name)
    assert "/lib/other.py" not in found
    assert found["/main.py"] == sha256(folder / "program.py")
    device.flash()
    assert not {"/certs/ca.pem", "/lib/sensor.py", "/lib/bus.py"} & set(device.digests())


def der(pem):
    return ssl.PEM_cert_to_DER_cert(pem.bytes().decode())


def notepad(pem):
    """As it looks behind an editor: with a mark, text around it, and other ends of lines."""
    return (
        b"\xef\xbb\xbfThe root\r\n" + pem.bytes().replace(b"\n", b"\r\n") + b"\r\nas of today\r\n"
    )


def test_whatever_holds_a_root_goes_to_the_board_as_der(device, tmp_path):
    one, two, key = trustme.CA(), trustme.CA(), trustme.CA().private_key_pem.bytes()
    one, two = one.cert_pem, two.cert_pem
    both = der(one) + der(two)
    files = {
        "ca.der": (der(one), der(one)),
        "two.der": (both, both),
        "ca.pem": (one.bytes(), der(one)),
        "two.pem": (one.bytes() + two.bytes(), both),
        "edited.pem": (notepad(one) + notepad(two), both),
        "with_key.pem": (key + one.bytes() + key, der(one)),  # which is nobody else's
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    device.flash("--config", device.config(ca_file=list(files)))
    found = device.digests()
    for name, (_, wanted) in files.items():
        assert found["/" + name] == hashlib.sha256(wanted).hexdigest(), name
    output = device.flash("--config", device.config(ca_file=list(files)))
    assert "Nothing to copy" in output


def test_a_pico_that_reads_no_pem_verifies_the_server_whose_root_is_pem_here(device, tmp_path):
    with LocalServer(key=KEY, tls=True) as server:
        shutil.copy(server.ca_file, tmp_path / "ca.pem")
        config = device.config(**sending_to(server, ca_file="ca.pem"))
        status, output, errors = device.run("flash", "--config", config, "--follow", 200)
        assert status == 0, output + errors
        assert server.accepted > 0 and "is not verified" not in output


PEM = trustme.CA().cert_pem.bytes()
DER = ssl.PEM_cert_to_DER_cert(PEM.decode())


@pytest.mark.parametrize(
    "content, what",
    [
        (b"", "is no certificate"),
        (b"hello\n", "is no certificate"),
        (b"\x30\x82\x01\x00", "is no certificate"),
        (trustme.CA().private_key_pem.bytes(), "is no certificate"),
        (PEM[:300], "is no certificate"),
        (PEM.decode().encode("utf-16"), "is no certificate"),
        (PEM + PEM[:300], "holds one that is damaged"),
        (PEM.replace(b"M", b"N", 9), "is no certificate"),
        (DER + DER[:-9], "holds one that is damaged"),
        (DER + b"?", "holds one that is damaged"),
    ],
)
def test_a_file_without_a_whole_root_is_refused_before_a_board_is_asked_for(device, content, what):
    (device.folder / "root").write_bytes(content)
    config = device.config(ca_file="root")
    status, output, errors = device.run("flash", "--config", config, "--port", "/dev/nothing")
    assert (status, output) == (1, "")
    assert errors.startswith(f"root, which config.json names as ca_file, {what}"), errors
    assert errors.count("\n") == 1 and "`make ca`" in errors


OLD = """
def request(method, url, data=None, json=None, headers={}, stream=None):
    raise OSError
"""


@pytest.mark.parametrize("path", ["/requests.py", "/requests/__init__.py"])
def test_an_old_requests_that_hides_micropythons_own_is_named_before_anything_is_copied(
    device, path
):
    if path.count("/") > 1:
        device.prints("import os; os.mkdir('/requests')")
    device.put(path, OLD)
    before = device.digests()
    status, _, errors = device.run("flash", "--config", device.config())
    name = path.replace("/__init__.py", "")
    assert status == 1 and f"an old requests, {name}, with which islog cannot send" in errors
    assert f"mpremote fs rm -r :{name}`" in errors and '"transport": "kept"' in errors
    assert device.digests() == before
    device.flash("--config", device.config(transport="kept"))
    device.mpremote("fs", "rm", "-r", f":{name}")
    device.flash()
    check(device)


def test_an_old_copy_that_is_not_in_the_way_is_told(device):
    device.prints("import os; os.mkdir('/lib')")
    device.put("/lib/requests.py", OLD)
    device.put("/urequests.py", OLD)
    output = device.flash()
    for path in ("/lib/requests.py", "/urequests.py"):
        assert f"{path} is on the board, too" in output


def test_a_board_without_requests_is_told_what_needs_none(device):
    device.put("/requests.py", "raise ImportError('no module')")
    status, _, errors = device.run("flash", "--config", device.config())
    assert status == 1 and "has no requests" in errors and '"transport": "kept"' in errors


@pytest.mark.parametrize("kind", ["rp2", "esp32"])
def test_a_mistyped_password_does_not_look_right_because_of_the_link_of_before(
    new_device, server, kind, monkeypatch
):
    device = new_device("--kind", kind, "--air", '{"home": "a password"}')
    config = device.config(**sending_to(server))
    status, output, errors = device.run("flash", "--config", config, "--follow", 200)
    assert status == 0, output + errors
    wrong = [{"ssid": "home", "password": "a pasword"}]
    config = device.config(**sending_to(server, wifi=wrong, bucket_name="mistyped"))
    monkeypatch.setattr(follow, "PATIENCE_S", 0)  # this trouble lasts: the first word is enough
    status, output, errors = device.run("flash", "--config", config, "--follow", 200)
    assert status == 1 and "no readings were accepted yet: Wi-Fi home" in errors, output + errors
    assert not [b for b in server.buckets() if b["name"] == "mistyped"]


@pytest.mark.parametrize(
    "options, sentence",
    [
        (("--lacks", "wifi"), "has no Wi-Fi"),
        (("--lacks", "age"), "runs MicroPython 1.21.0, and islog needs 1.22 or later"),
        (("--heap", "64wK"), "KB of heap free, and islog needs"),
        (("--size-kb", "64"), "KB of flash free, and what has to be copied needs"),
    ],
)
def test_a_board_that_cannot_run_islog_is_left_as_it_was(new_device, options, sentence):
    device = new_device(*options)
    device.put("/main.py", "print('mine')")
    before = device.digests()
    status, _, errors = device.run("flash", "--config", device.config())
    assert status == 1
    assert sentence in errors
    assert device.digests() == before


@pytest.mark.parametrize(
    "text, settings, sentence",
    [
        (
            "{",
            {},
            "config.json is not JSON: line 1, column 2 ends where a closing bracket is missing.",
        ),
        (None, {"timeot": 5}, "config.json: unknown setting 'timeot'"),
        (None, {"client_key": f"{KEY} {KEY}"}, "config.json: client_key must be printable ASCII"),
        (None, {"ca_file": "no.der"}, "There is no no.der, which config.json names as ca_file"),
        (
            None,
            {"ca_file": "config.json"},
            "config.json, which config.json names as ca_file, is no",
        ),
    ],
)
def test_settings_that_a_board_would_refuse_are_refused_before_one_is_asked_for(
    device, text, settings, sentence
):
    config = device.config(**settings)
    if text:
        config.write_text(text)
    status, output, errors = device.run("flash", "--config", config, "--port", "/dev/nothing")
    assert (status, output) == (1, "")
    assert sentence in errors and errors.count("\n") == 1, errors


def test_the_firmware_says_what_flash_listens_for():
    assert no_trouble().fullmatch(follow.ACCEPTED)
    assert follow.REFUSED in "".join(path.read_text() for path in MODULES)


def hear(console, word):
    """Listen until the board says that, over and over."""
    heard, until = b"", time.monotonic() + LIMIT_S
    while word not in heard:
        assert time.monotonic() < until, heard
        heard = heard[-20:] + console.heard()


def refused_on_the_way(device, server, tmp_path, program, **settings):
    """The last line of `make flash` with that program, which then runs on the board."""
    path = tmp_path / "program.py"
    path.write_text(program)
    config = device.config(**sending_to(server, **settings))
    status, _, errors = device.run("flash", "--config", config, "--main", path, "--follow", 200)
    assert status == 1 and errors.count("\n") == 1, errors
    assert errors.startswith("islog is on the board, but no readings were accepted yet: ")
    assert "docs/troubleshooting.md" in errors
    with board.Board(device.port) as console:  # it goes on there
        hear(console, b"running")
    return errors


RUNS = """
import islog, time
log = islog.from_config("config.json")
while True:
    print("running")
    log.log("t", 21.5)
    time.sleep_ms(min(50, log.poll()))
"""


def test_where_nothing_arrives_the_board_is_asked_why_and_goes_on(device, server, tmp_path):
    said = refused_on_the_way(device, server, tmp_path, RUNS, client_key="another-key")
    assert "client_key" in said
    pending = re.search(r"log\.status\(\) says: state refused, (\d+) pending, 0 rejected\.", said)
    assert int(pending[1]) > 0


def test_where_only_none_is_logged_that_is_what_is_said(device, server, tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "PATIENCE_S", 0)
    # The first thing said is the trouble, whether or not the firmware says this one aloud.
    program = RUNS.replace("21.5", "None").replace(
        'print("running")', 'print("running" if log.rejected else "islog: a first word")'
    )
    said = refused_on_the_way(device, server, tmp_path, program, flush_interval=0)
    assert "accepted yet: t: no number was there (None). log.status() says: state " in said
    assert re.search(r", 0 pending, [1-9]\d* rejected, so there is nothing to send\.", said), said


IN_A_FUNCTION = "def main():" + RUNS.replace("\n", "\n    ") + "\nmain()\n"
CLOSES = "try:" + RUNS.replace("\n", "\n    ") + "\nfinally:\n    log.close()\n"


@pytest.mark.parametrize("program", [IN_A_FUNCTION, CLOSES])
def test_where_the_logger_cannot_be_asked_the_board_goes_on_all_the_same(
    device, server, tmp_path, program
):
    another = {"client_key": "another-key", "timeout": 1}
    said = refused_on_the_way(device, server, tmp_path, program, **another)
    assert "client_key" in said and "status" not in said


def test_who_ends_the_watching_hears_that_the_board_goes_on(device, server):
    config = device.config(**sending_to(server, flush_interval=60))
    flash = device.start("flash", "--config", config)
    for line in flash.stdout:
        if "islog: version" in line:
            flash.send_signal(signal.SIGINT)
            break
    _, errors = flash.communicate(timeout=60)
    assert flash.returncode == 130
    assert errors == "\nStopped; islog is on the board, which goes on.\n"


STUBBORN = """
import os, time
start = "again" if "started" in os.listdir("/") else "first"
open("/started", "w").close()
try:
    while True:
        print("running", start)
        time.sleep_ms(20)
except KeyboardInterrupt:
    pass
time.sleep_ms(1500)
"""


def test_a_program_that_does_not_stop_in_time_starts_anew_once_it_has(device, monkeypatch):
    monkeypatch.setattr(board, "_READ_S", 0.1)
    device.put("/main.py", STUBBORN)
    device.mpremote("reset")
    with board.Board(device.port, answer_s=0.4) as console:
        hear(console, b"first")
        with pytest.raises(DeviceError):
            console.interrupt()
        console.leave_running()
        hear(console, b"again")


def test_a_program_that_ends_is_told_with_its_error(device, tmp_path):
    program = tmp_path / "wrong.py"
    program.write_text("raise ValueError('no sensor is there')\n")
    status, _, errors = device.run("flash", "--config", device.config(), "--main", program)
    assert status == 1
    assert errors == "main.py has ended: ValueError: no sensor is there\n"
    program.write_text("print('hello')\n")
    status, _, errors = device.run("flash", "--config", device.config(), "--main", program)
    assert (status, errors) == (1, "main.py has ended.\n")


def test_who_forgets_to_poll_is_asked_whether_the_program_does(device, server, tmp_path):
    program = tmp_path / "program.py"
    config = device.config(**sending_to(server))
    for text in RUNS, IN_A_FUNCTION:  # the second one's Logger cannot be asked for its status
        program.write_text(text.replace("min(50, log.poll())", "50"))
        status, _, errors = device.run(
            "flash", "--config", config, "--main", program, "--follow", 4
        )
        assert status == 1 and "does main.py call log.poll() again and again?" in errors, errors


def test_the_port_is_found_where_one_board_is_plugged_in():
    port = namedtuple("port", ("device", "vid", "pid"))
    pc = port("/dev/ttyS0", None, None)
    first, second = port("/dev/ttyACM0", 0x2E8A, 5), port("/dev/ttyUSB0", 0x10C4, 0xEA60)
    assert board.find_port("", [pc, first]) == "/dev/ttyACM0"
    assert board.find_port("/dev/x", [pc, first, second]) == "/dev/x"
    with pytest.raises(DeviceError, match="/dev/ttyACM0, /dev/ttyUSB0.*PORT=/dev.*PORT=all"):
        board.find_port("", [second, first])
    assert board.find_ports([second, pc, first]) == ["/dev/ttyACM0", "/dev/ttyUSB0"]
    with pytest.raises(DeviceError, match="PORT=all is for make flash alone"):
        board.find_port("all", [second, first])
    with pytest.raises(DeviceError, match="No board is plugged in"):
        board.find_port("", [pc])
    with pytest.raises(DeviceError, match="There is no /dev/nothing"):
        board.Board("/dev/nothing")


def test_a_board_without_micropython_is_told_how_to_get_it():
    _, other = pty.openpty()  # nobody answers at its other end
    tty.setraw(other)
    told = pytest.raises(DeviceError, match="(?s)No MicroPython answers.*BOOTSEL.*esptool")
    with board.Board(os.ttyname(other), answer_s=1) as silent, told:
        silent.stop()
