"""What `make flash` checks before it asks for a board, and several boards one after another."""

import io
import json
import shutil
from collections import namedtuple

import pytest

from tools.device import board
from tools.server import LocalServer
from tools.server import settings as local
from tools.settings import ROOT

from .conftest import KEY

NOWHERE = ("--port", "/dev/nothing")
OPEN = [{"ssid": "home", "password": ""}]
IDS = ("e661010203040506", "e661010203040507")


@pytest.fixture
def plugged_in(monkeypatch):
    """These devices are what the PC sees on its USB."""

    def plug_in(*devices):
        port = namedtuple("port", ("device", "vid", "pid"))
        ports = [port(device.port, 0x2E8A, 5) for device in devices]
        monkeypatch.setattr(board.serial.tools.list_ports, "comports", lambda: ports)

    plug_in()
    return plug_in


def sentence(device, *command):
    """The one line with which `make flash` ends before anything is done."""
    status, output, errors = device.run("flash", "--follow", 0, *command)
    assert (status, output) == (1, ""), output
    assert errors.count("\n") == 1, errors
    return errors


def test_this_machines_own_faults_are_told_before_a_board_is_missed(device, plugged_in):
    any_port = ("--port", "")
    said = sentence(device, *any_port, "--config", device.folder / "none.json")
    assert said == (
        f"There is no {device.folder}/none.json: `make config"
        f' ARGS="--file {device.folder}/none.json"` writes it.\n'
    )
    config = ("--config", device.config())
    said = sentence(device, *any_port, *config, "--main", ROOT / "examples/dth22.py")
    assert said == "There is no program examples/dth22.py.\n"
    program = device.folder / "wrong.py"
    program.write_text("import islog\nwhile True\n")
    said = sentence(device, *any_port, *config, "--main", program)
    assert said.startswith(f"{program}, line 2: ")
    program.write_text("print(1)\0")
    assert "wrong.py" in sentence(device, *any_port, *config, "--main", program)
    assert "No board is plugged in" in sentence(device, *any_port, *config)


def test_what_was_never_filled_in_is_refused(device, tmp_path):
    example = sentence(device, "--config", ROOT / "config.example.json", *NOWHERE)
    assert example.startswith(
        "config.example.json still has an example's client_key, wifi, bucket_name: `make config`"
    )
    with LocalServer(key=KEY) as server:  # which writes a file for boards, too
        ready = local.write_board_config(tmp_path, server, "192.168.1.5")
    assert f"{ready} still has an example's wifi" in sentence(device, "--config", ready, *NOWHERE)
    given = json.loads((ROOT / "config.example.json").read_text())
    (network,) = given["wifi"]
    for half in ({"ssid": "home"}, {"password": "a real one"}):
        mixed = device.config(wifi=[{**network, **half}])
        assert "still has an example's wifi" in sentence(device, "--config", mixed, *NOWHERE)
    key = device.config(client_key=given["client_key"])
    assert "still has an example's client_key:" in sentence(device, "--config", key, *NOWHERE)
    status, _, errors = device.run(
        "flash", "--config", device.config(bucket_name=given["bucket_name"]), *NOWHERE
    )
    assert status == 1 and errors.startswith("There is no /dev/nothing")  # it works
    odd = device.config(wifi=["home", {"ssid": 7}, None])
    assert "wifi network 1 must be such as" in sentence(device, "--config", odd, *NOWHERE)


@pytest.mark.parametrize("answer", ["y\n", "no\n", "\n", ""])
def test_a_network_without_a_password_is_asked_about_on_a_terminal(device, monkeypatch, answer):
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    config = device.config(wifi=OPEN * 2)
    status, output, errors = device.run("flash", "--config", config, *NOWHERE)
    assert status == 1 and output.count("Is it an open network?") == 1
    if answer == "y\n":
        assert errors.startswith("There is no /dev/nothing")
    else:
        assert errors == (f"Then its password belongs into {config}: `make config` asks for it.\n")


def test_without_a_terminal_an_open_network_is_told_in_one_line(device):
    config = device.config(wifi=OPEN)
    _, output, errors = device.run("flash", "--config", config, *NOWHERE)
    assert output == f"Wi-Fi home has no password in {config}: taken for an open network.\n"
    assert errors.startswith("There is no /dev/nothing")


def test_an_example_brings_only_the_driver_that_it_needs(device):
    for example, driver in (("dht22", False), ("bme280", True)):
        device.flash("--main", ROOT / f"examples/{example}.py")
        assert ("/lib/bme280_driver.py" in device.digests()) == driver


def test_all_boards_are_flashed_and_one_that_fails_is_in_the_table(new_device, plugged_in):
    good, small, last = new_device(), new_device("--size-kb", "64"), new_device()
    plugged_in(good, small, last)
    config = good.config()
    command = ("flash", "--follow", 0, "--config", config, "--port", "all")
    status, output, errors = good.run(*command)
    assert status == 1 and errors.endswith("1 of 3 boards failed.\n")
    assert f"3 boards get {config}. Each sends to a bucket of its own; all of these" in output
    assert "named greenhouse" in output and "CONFIG=fleet/{id}.json" in output
    table = {line.split()[0]: line for line in output.splitlines()[-3:]}
    for device in (good, last):
        assert table[device.port].endswith(f"{config}  has started anew")
        assert "/main.py" in device.digests()
    assert "FAILED: The board has" in table[small.port] and small.digests() == {}
    plugged_in(good, last)
    status, output, errors = good.run(*command)
    assert (status, errors) == (0, "") and output.count("Nothing to copy") == 2


def test_each_board_gets_the_file_with_its_id(new_device, plugged_in, tmp_path):
    boards = [new_device("--id", board_id) for board_id in IDS]
    plugged_in(*boards)
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    command = ("flash", "--follow", 0, "--config", fleet / "{id}.json", "--port", "all")
    shutil.copy(boards[0].config(bucket_name="first"), fleet / f"{IDS[0]}.json")
    status, _, errors = boards[0].run(*command)
    assert status == 1 and errors.endswith("No board was changed.\n")
    assert f"The board at {boards[1].port} is {IDS[1]}. There is no {fleet}/{IDS[1]}" in errors
    assert boards[0].digests() == boards[1].digests() == {}
    shutil.copy(boards[0].config(bucket_name="second"), fleet / f"{IDS[1]}.json")
    status, output, errors = boards[0].run(*command)
    assert (status, errors) == (0, "")
    for device, name, board_id in zip(boards, ("first", "second"), IDS, strict=True):
        assert f"The board at {device.port} is {board_id}: it gets {fleet}/{board_id}" in output
        told = device.prints("import json; print(json.load(open('/config.json'))['bucket_name'])")
        assert told.strip() == name
    one = ("flash", "--follow", 0, "--config", fleet / "{id}.json", "--port", boards[1].port)
    status, output, _ = boards[1].run(*one)
    assert status == 0 and "Nothing to copy" in output and "result" not in output


@pytest.mark.parametrize(
    "name, value",
    [
        ("bucket_id", "123e4567-e89b-12d3-a456-426614174000"),
        ("ifconfig", ["10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1"]),
    ],
)
def test_what_boards_cannot_share_is_refused_before_one_is_changed(
    new_device, plugged_in, name, value
):
    boards = new_device(), new_device()
    plugged_in(*boards)
    settings = {name: value}
    if name == "ifconfig":
        settings = {"wifi": [{"ssid": "home", "password": "a password", name: value}]}
    said = sentence(boards[0], "--config", boards[0].config(**settings), "--port", "all")
    assert f"has {name}, which 2 boards cannot share" in said and "CONFIG=fleet/{id}.json" in said
    assert [device.digests() for device in boards] == [{}, {}]
