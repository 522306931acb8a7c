"""What islog takes of a board's flash and heap, by the form in which it is there: .py files, .mpy
files, a ROMFS image, frozen into the firmware. All are of what is always loaded.

Heap is measured on the 32-bit build (tools/wasm), which has no ROMFS and compiles no machine code:

- ROMFS: what the .mpy files keep, less what of them stays in the image (compiled.py).
- frozen: what running the modules keeps (device/frozen.py). What the firmware takes more of the
  flash is not known on a PC.
- machine code: its bytes, all of which are copied to RAM from a file. On an ESP32 they lie beside
  MicroPython's heap (esp_native_code_commit() in ports/esp32/main.c).
"""

import re
import shutil
import tempfile
from pathlib import Path

from tools import size, wasm

from . import compiled

ARCHES = {  # mpy-cross's names
    "armv6m": "Pico W",
    "armv7emsp": "Pico 2 W",
    "xtensawin": "ESP32, S2, S3",
    "rv32imc": "ESP32-C3, C6",
}
TITLE = "What is always loaded, by the form in which it is on the board"
HEAD = ["", "flash, bytes", "heap kept by import, bytes", "machine code, bytes"]
_BLOCK_BYTES = 16  # what a 32-bit build's heap is divided into
_BYTECODE = "bytecode"  # the module that is not loaded where size.TWINS are
_O3 = "-O3"


def collect(firmware=size.FIRMWARE, imported=None):
    """{"flash": {form: bytes}, "heap": {form: bytes kept by `import islog`}, "code": {arch: bytes
    of machine code}}; the forms: "py", "mpy", of "flash" each arch, of "heap" "romfs", "frozen".
    `imported`: what size.import_bytes() has returned, where that is known."""
    kept, loaded = imported or size.import_bytes(firmware)
    order = [name for name in size.modules(firmware) if name in loaded]
    always = [*order, *size.ALWAYS]
    mpy = {name: size.compiled(name, firmware, _O3) for name in always}
    flash = {
        "py": sum((firmware / f"islog/{name}.py").stat().st_size for name in always),
        "mpy": sum(map(len, mpy.values())),
    }
    heap = {"py": kept, **heap_of_mpy(firmware, order, mpy)}
    twins = [Path(twin).stem for twin in size.TWINS if (firmware / twin).exists()]
    code = {}
    for arch in ARCHES if twins else ():
        made = [size.compiled(name, firmware, _O3, f"-march={arch}") for name in twins]
        flash[arch] = flash["mpy"] - len(mpy.get(_BYTECODE, b"")) + sum(map(len, made))
        code[arch] = sum(sum(compiled.contents(one).machine_code) for one in made)
    return {"flash": flash, "heap": heap, "code": code}


def table(found):
    """[[form, flash, heap, machine code]]: the lines below HEAD, with None where nothing is known
    or nothing is there."""
    flash, heap = found["flash"], found["heap"]
    lines = [
        [".py files", flash["py"], heap["py"], None],
        [".mpy files", flash["mpy"], heap["mpy"], None],
        [".mpy files in a ROMFS image", flash["mpy"], heap["romfs"], None],
        ["frozen into the firmware", None, heap["frozen"], None],
    ]
    for arch, code in found["code"].items():
        lines.append([f".mpy for {arch} ({ARCHES[arch]})", flash[arch], None, code])
    return lines


def show(found):
    """Print it, with what it means."""
    print(f"{TITLE}:")
    print(f"{'':38}{'flash':>9}{'kept':>9}{'code':>9}")
    for what, *sizes in table(found):
        cells = ("" if size is None else f"{size:,}" for size in sizes)
        print(f"{what:38}" + "".join(f"{cell:>9}" for cell in cells))
    print("kept: heap, in bytecode. code: machine code, which from a file is copied to RAM.\n")


def heap_of_mpy(firmware, order, mpy):
    """{"mpy", "romfs", "frozen": bytes kept}. `order`: what `import islog` loads, each module
    after those that it imports; `mpy`: {module: its .mpy}."""
    with tempfile.TemporaryDirectory() as folder:
        put_mpy(folder, {name: mpy[name] for name in order})
        printed = wasm.run("kept", [size.NULL, folder, size.DEVICE], size.LOADED)
    kept = int(printed.split()[1])
    found = [compiled.contents(mpy[name]) for name in order]
    in_place, names = compiled.stays_in_place(found, _BLOCK_BYTES)
    in_place += _new_names(names)
    return {"mpy": kept, "romfs": kept - in_place, "frozen": _frozen(firmware, order)}


def put_mpy(folder, mpy):
    (Path(folder) / "islog").mkdir()
    for name, content in mpy.items():
        (Path(folder) / f"islog/{name}.mpy").write_bytes(content)


def _new_names(names):
    given = "\0".join(sorted(names))
    printed = wasm.run("names", [size.NULL, size.DEVICE], given)
    before, after = map(int, re.findall(r"n_str_data_bytes=(\d+)", printed))
    return after - before


def _frozen(firmware, order):
    with tempfile.TemporaryDirectory() as folder:
        for what in ("empty", "sources"):
            (Path(folder) / what / "islog").mkdir(parents=True)
        for name in order:
            (Path(folder) / f"empty/islog/{name}.py").write_text("")
            shutil.copy(firmware / f"islog/{name}.py", Path(folder) / "sources/islog")
        folders = [size.NULL, f"{folder}/empty", f"{folder}/sources", size.DEVICE]
        return int(wasm.run("frozen", folders, "/2", "/1", *order))
