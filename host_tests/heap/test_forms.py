"""What islog takes of flash and heap by the form in which it is on a board: that the figures which
are computed are those of a MicroPython that has such a form."""

import re

import pytest
from mpremote.romfs import VfsRomWriter

from tools import interpreter, size
from tools.bench import compiled, forms, report

from .builds import DEVICE, NULL, on_unix

BENCH = size.DEVICE
_BLOCK_BYTES = 32  # of the unix port's heap
SOURCE = """
import micropython

class Meter:
    unit = "a text that is no name"

    def read(self):
        return [n for n in (lambda: range(self.unread))()]

def outside():
    class Inside:
        pass

    return Inside, b"bytes"
"""
VIPER = """
@micropython.viper
def add(a: int, b: int) -> int:
    return a + b
"""


def module(folder, text):
    (folder / "islog").mkdir(exist_ok=True)
    (folder / "islog/a_module.py").write_text(text)
    return "a_module", folder


def test_what_is_in_an_mpy_file(tmp_path):
    found = compiled.contents(size.compiled(*module(tmp_path, SOURCE)))
    assert len(found.bodies) == 3, "the module and two classes"
    assert len(found.functions) == 4, "two functions, a lambda and a list's loop"
    assert found.texts == [b"a text that is no name", b"bytes"]
    assert {"Meter", "unread", "outside"} <= found.names and "print" not in found.names
    assert not found.machine_code


@pytest.mark.parametrize("arch", forms.ARCHES)
def test_machine_code_in_an_mpy_file(tmp_path, arch):
    where = module(tmp_path, SOURCE + VIPER)
    assert size.compiled(*where) is None, "bytecode for every board"
    found = compiled.contents(size.compiled(*where, f"-march={arch}"))
    assert len(found.machine_code) == 1 and 8 <= found.machine_code[0] < 200
    assert len(found.functions) == 4


@pytest.mark.parametrize("content", [b"", b"M\x05\x00\x1f", b"PK\x03\x04"])
def test_what_is_no_mpy_file_of_this_version_is_refused(content):
    with pytest.raises(ValueError, match="no .mpy file"):
        compiled.contents(content)


@pytest.fixture(scope="module")
def package():
    """{module: its .mpy} of what `import islog` loads."""
    _, loaded = size.import_bytes()
    return {name: size.compiled(name, size.FIRMWARE, "-O3") for name in loaded}


def names_bytes(names):
    """Of these names in the unix port."""
    code = f"import names\nfor _ in names.main({chr(0).join(sorted(names))!r}): pass"
    done = interpreter.run("-c", code, path=[NULL, BENCH])
    before, after = map(int, re.findall(r"n_str_data_bytes=(\d+)", done.stdout))
    return after - before


def test_a_romfs_image_saves_as_much_heap_as_is_computed(package, tmp_path):
    forms.put_mpy(tmp_path, package)
    writer = VfsRomWriter()
    writer.opendir("islog")
    for name, content in sorted(package.items()):
        writer.mkfile(f"{name}.mpy", content)
    writer.closedir()
    image = tmp_path / "image"
    image.write_bytes(writer.finalise())
    folders = [DEVICE, NULL, BENCH]
    (from_files,) = on_unix("romfs", folders, str(tmp_path), "")
    (from_image,) = on_unix("romfs", folders, str(tmp_path), str(image))
    if from_image is None:
        pytest.skip("this MicroPython has no ROMFS")
    found = [compiled.contents(content) for content in package.values()]
    computed, names = compiled.stays_in_place(found, _BLOCK_BYTES)
    computed += names_bytes(names)
    assert from_files - from_image == pytest.approx(computed, rel=0.02)


def test_each_form_takes_less_heap_than_the_one_before_it(capsys):
    found = forms.collect()
    flash, heap = found["flash"], found["heap"]
    assert heap["frozen"] < heap["romfs"] < heap["mpy"] < heap["py"]
    assert flash["mpy"] < flash["py"]
    for arch, code in found["code"].items():
        assert 0 < code < flash[arch], f"bytes of machine code for {arch}"
    _, head, lines = report.by_form({"forms": found})
    assert len(lines) == 4 + len(found["code"])
    assert all(len(line) == len(head) for line in lines)
    forms.show(found)
    shown = capsys.readouterr().out
    assert all(f"{size:,}" in shown for size in (*heap.values(), *flash.values()))
