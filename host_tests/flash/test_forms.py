"""In which form a board gets islog: .mpy, .py, or .mpy in its ROMFS; and from one to another."""

import re

import pytest

from tools import interpreter
from tools.check_package import version
from tools.device import DeviceError, flash, image, romfs
from tools.settings import ROOT

from .conftest import Device

MODULES = sorted(path.stem for path in (ROOT / "firmware/islog").glob("*.py"))
IN_LIB, IN_ROMFS, RECORD = "/lib/islog/", "/rom/lib/islog/", "/lib/islog/flashed.json"
BYTES_6_3 = 6 | 3 << 8
ARMV6M, XTENSAWIN = 4 << 10 | BYTES_6_3, 10 << 10 | BYTES_6_3
OTHER_VERSION = ARMV6M + 1

WRONG_SETTING = """
import islog, sys
try:
    islog.Logger("key", "bucket", timeot=1)
except islog.ConfigError as e:
    sys.print_exception(e)
"""


def where_it_is(device):
    """The folder of all modules of islog on the board, and the end of their names."""
    places = {}
    for path in device.digests():
        folder, _, name = path.rpartition("/")
        if folder.endswith("/islog") and path != RECORD:
            places.setdefault((folder + "/", name.rpartition(".")[1:]), []).append(
                name.rpartition(".")[0]
            )
    assert len(places) == 1, places
    ((place, names),) = places.items()
    assert sorted(names) == MODULES
    found = device.prints("import islog; print(islog.__file__)").strip()
    assert found == f"{place[0]}__init__{''.join(place[1])}"
    return place[0], "".join(place[1])


def lines_of_a_traceback(device):
    shown = device.prints(WRONG_SETTING)
    assert "ConfigError" in shown, shown
    return {int(n) for n in re.findall(r'File "[^"]*islog/.*", line (\d+)', shown)}


def test_a_board_has_it_in_the_form_that_was_asked_for_last(new_device):
    device = new_device("--romfs-kb", "128")
    partition = device.chip.with_suffix(".romfs")
    device.flash()
    assert where_it_is(device) == (IN_LIB, ".mpy")
    assert lines_of_a_traceback(device) == {1}
    device.flash("--source")
    assert where_it_is(device) == (IN_LIB, ".py")
    assert max(lines_of_a_traceback(device)) > 1
    output = device.flash("--romfs")
    assert "Written to the ROMFS: islog" in output and "verified by SHA-256" in output
    assert where_it_is(device) == (IN_ROMFS, ".mpy")
    assert RECORD in device.digests()
    before = partition.stat().st_mtime_ns, device.chip.read_bytes()
    output = device.flash("--romfs")
    assert "The ROMFS has it already" in output and "Nothing to copy" in output
    assert (partition.stat().st_mtime_ns, device.chip.read_bytes()) == before
    output = device.flash()
    assert "Taken off the ROMFS: islog, which is in /lib now" in output
    assert where_it_is(device) == (IN_LIB, ".mpy")
    device.flash("--romfs")
    status, output, _ = device.run("unflash")
    assert status == 0 and "removed /rom/lib/islog/" in output and "removed /main.py" in output
    assert device.digests() == {}


def test_a_power_cut_leaves_no_part_of_an_image_to_be_found(new_device):
    device = new_device("--romfs-kb", "128")
    device.flash()
    writing = device.start("flash", "--follow", 0, "--romfs", "--config", device.config())
    for line in writing.stdout:
        if line.strip().startswith("9/") and line.rstrip().endswith("of the ROMFS"):
            device.cut_power()
            break
    errors = writing.communicate()[1]
    assert writing.returncode == 1 and "went away or does not answer" in errors
    assert where_it_is(device) == (IN_LIB, ".mpy")
    device.flash("--romfs")
    assert where_it_is(device) == (IN_ROMFS, ".mpy")


def test_what_somebody_else_put_into_the_romfs_stays_there(new_device, tmp_path):
    device = new_device("--romfs-kb", "128")
    folder = tmp_path / "theirs"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/thing.py").write_text("A = 1\n")
    device.mpremote("romfs", "deploy", str(folder))
    before = device.digests()
    assert "/rom/lib/thing.mpy" in before
    status, _, errors = device.run("flash", "--romfs", "--config", device.config())
    assert status == 1 and "holds what is not islog's (/rom/lib/thing.mpy)" in errors
    assert device.digests() == before
    device.flash()
    assert device.run("unflash")[0] == 0
    assert device.digests() == before
    (folder / "lib/islog").mkdir()
    (folder / "lib/islog/__init__.py").write_text("'an islog of their own'\n")
    device.mpremote("romfs", "deploy", str(folder))
    before = device.digests()
    status, _, errors = device.run("flash", "--config", device.config())
    assert status == 1 and "which is found before /lib" in errors
    assert "left /rom/lib/islog/: the ROMFS holds /rom/lib/thing.mpy" in device.run("unflash")[1]
    assert device.digests() == before


def test_a_board_that_takes_no_mpy_of_ours_gets_py_and_is_told_why(new_device):
    device = new_device("--mpy", str(OTHER_VERSION))
    output = device.flash()
    sentence = "takes .mpy files of version 7, and the mpy-cross here makes version 6"
    assert f"This board's MicroPython {sentence}: islog goes there as .py." in output
    assert where_it_is(device) == (IN_LIB, ".py")
    before = device.digests()
    status, _, errors = device.run("flash", "--romfs", "--config", device.config())
    assert status == 1 and "has no ROMFS partition: flash without ROMFS=1" in errors
    assert device.digests() == before


def test_a_romfs_that_is_too_small_is_left_as_it_was(new_device):
    device = new_device("--romfs-kb", "64")
    device.flash()
    before = device.digests()
    status, _, errors = device.run("flash", "--romfs", "--config", device.config())
    assert status == 1 and "The board's ROMFS has 64 KB, and islog needs" in errors
    assert device.digests() == before


class OtherPort:
    """A board whose partition is plain memory to Python: ports/stm32/vfs_rom_ioctl.c. Its ROMFS
    has islog, which its owner has put there."""

    def load(self, path):
        pass

    def ask(self, call):
        assert call == "rom_about", "it cannot be written so"
        return {"bytes": 0, "block_bytes": 0, "holds": ["/lib/islog/__init__.mpy"]}


def test_a_romfs_that_is_written_in_another_way_is_left_to_mpremote():
    there = romfs.Romfs(OtherPort())
    with pytest.raises(DeviceError, match="in another way than an ESP32 or a Pico does"):
        there.check(b"")
    with pytest.raises(DeviceError, match="found before /lib: write it anew without islog"):
        there.check_removable()
    assert not there.remove() and "mpremote romfs deploy" in there.why_left()


def test_machine_code_is_compiled_for_the_boards_core_or_stays_source():
    for mpy in (ARMV6M, XTENSAWIN):
        assert sorted(image.package(mpy)) == [f"{name}.mpy" for name in MODULES]
    assert image.package(ARMV6M)["native.mpy"] != image.package(XTENSAWIN)["native.mpy"]
    another_sub_version, no_emitter = 4 << 10 | 6 | 2 << 8, BYTES_6_3
    for mpy in (another_sub_version, no_emitter):
        kept = [name for name in image.package(mpy) if name.endswith(".py")]
        assert kept == ["native.py"]
    assert sorted(image.package()) == [f"{name}.py" for name in MODULES]


@pytest.mark.parametrize(
    "mpy, why", [(0, "loads no .mpy"), (OTHER_VERSION, "version 7"), (5, "of version 5")]
)
def test_mpy_files_that_a_board_would_refuse_are_not_made(mpy, why, capsys):
    assert why in image.why_no_mpy(mpy)
    about = {"mpy": mpy, "romfs": True, "frozen": None}
    assert flash._form(flash.MPY, about) == flash.SOURCE
    assert f"This board's MicroPython {image.why_no_mpy(mpy)}: " in capsys.readouterr().out
    assert flash._form(flash.SOURCE, about) == flash.SOURCE
    assert capsys.readouterr().out == ""  # who asks for .py is told nothing of .mpy
    with pytest.raises(DeviceError, match="flash without ROMFS=1"):
        flash._form(flash.ROMFS, about)


@pytest.mark.parametrize(
    "form, mpy, has_romfs, advice",
    [
        (flash.SOURCE, ARMV6M, True, "to flash without SOURCE=1, or a smaller buffer_bytes"),
        (flash.SOURCE, 0, True, "a smaller buffer_bytes"),
        (flash.MPY, ARMV6M, True, "ROMFS=1, or a smaller buffer_bytes"),
        (flash.MPY, ARMV6M, False, "a smaller buffer_bytes"),
        (flash.ROMFS, ARMV6M, True, "a smaller buffer_bytes"),
    ],
)
def test_a_small_heap_is_told_what_takes_less_of_it(form, mpy, has_romfs, advice):
    settings = {"buffer_bytes": 8000, "batch_bytes": 2048}
    needed = flash.HEAP_KB[form] * 1024 + 8000 + 2048
    about = {"mpy": mpy, "romfs": has_romfs, "heap_bytes": needed}
    flash._check_heap(about, settings, "/dev/x", form)
    about["heap_bytes"] -= 1
    with pytest.raises(DeviceError) as told:
        flash._check_heap(about, settings, "/dev/x", form)
    assert str(told.value).endswith(f"with these settings: try {advice}.")


def test_micropython_imports_islog_from_the_image(tmp_path):
    mpy = int(interpreter.run("-c", "import sys; print(sys.implementation._mpy)").stdout)
    (tmp_path / "image").write_bytes(romfs.build(image.package(mpy)))
    done = interpreter.run(
        "-c",
        f"import sys, vfs; content = open('{tmp_path}/image', 'rb').read()\n"
        "vfs.mount(vfs.VfsRom(content), '/rom'); sys.path.insert(0, '/rom/lib')\n"
        "import islog; print(islog.__file__, islog.Logger('key', 'bucket', quiet=True).pending)",
        path=(),
    )
    assert done.stdout.split() == ["/rom/lib/islog/__init__.mpy", "0"], done.stderr


def test_an_islog_in_the_firmware_is_used_and_its_version_told(new_device, server):
    device = new_device("--frozen", version())
    urls = {"bucket_url": server.bucket_url, "ingest_url": server.ingest_url}
    ntp = {"ntp_hosts": [server.ntp_host], "flush_interval": 0}
    device.put("/main.py", "print('mine')")
    config = device.config(**urls, **ntp)
    status, output, errors = device.run("flash", "--config", config, "--follow", 200)
    assert status == 0, output + errors
    assert f"islog {version()} frozen in: that is used, and only main.py" in output
    assert "not the version" not in output and server.accepted > 0
    own = {"/boot.py", "/main.py", "/main.py.before", "/config.json", RECORD}
    here = {path for path in device.digests() if not path.startswith("/firmware/")}
    assert here == own
    for form in ("--source", "--romfs"):
        status, _, errors = device.run("flash", "--config", config, form)
        assert status == 1 and "has islog frozen in, which is found first: flash without" in errors
    device.switch_off()
    old = Device(device.folder, "--frozen", "0.0.9")
    output = old.flash("--config", config)
    old.switch_off()
    assert f"It is not the version that is here, {version()}," in output


def test_what_hides_the_islog_in_the_firmware_is_refused_before_anything_is_copied(new_device):
    device = new_device("--frozen", version())
    device.prints("import os; os.mkdir('/islog')")
    before = device.digests()
    status, _, errors = device.run("flash", "--config", device.config())
    assert status == 1 and "another islog, /islog, which it finds before all others" in errors
    assert device.digests() == before
