"""Measure log(), JSON and heap on a board: the programs of tools/bench/device, which send nothing.

Nothing is written to the board's flash, and its clock stays as it is: network, requests and
machine are stand-ins there.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tools.bench import measure, report
from tools.settings import ROOT

from .board import Board

PROGRAMS = ("times", "heap", "inside", "naive")
TURNS = 3  # for each competitor: a board has nothing else to do
# A stand-in takes the place of what is loaded, for a built-in is found before any file.
SET_UP = """
import gc, sys
sys.path.insert(0, "/remote")
for name in {null!r}:
    sys.modules[name] = __import__("null_" + name)
"""
TIMES = """
import times
times.REPEATS, times.ROUNDS = {turns}, 1
times.main(times.logging, times.writing)
"""
HEAP = """
import heap
for _ in heap.main():
    gc.collect()
print('{{"what": "twin", "native": %s}}' % ("true" if "islog.fast" in sys.modules else "false"))
"""


def bench_board(port):
    """Print the table, for plain bytecode and for machine code where the board can compile it."""
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        null = _lay_out(folder)
        with Board(port) as board:
            board.stop()
            about = board.ask("about")
        for twin in ("with machine code, where the board can compile it", "in plain bytecode"):
            print(f"Measuring {twin}: a minute or less ...", flush=True)
            times = _run(port, folder, SET_UP.format(null=null) + TIMES.format(turns=TURNS))
            *heap, twin = _run(port, folder, SET_UP.format(null=null) + HEAP.format())
            tables.append((twin["native"], report.board_rows(times, heap, twin["native"])))
            if not twin["native"]:
                break
            (folder / measure.TWIN).unlink()
    console = Console(width=None if sys.stdout.isatty() else 110)
    for native, rows in tables:
        version = ".".join(map(str, about["version"]))
        code = "machine code" if native else "plain bytecode"
        console.print(f"\n{about['machine']}, MicroPython {version}, {code}\n", highlight=False)
        console.print(report.table(rows))


def _lay_out(folder):
    shutil.copytree(ROOT / "firmware/islog", folder / "islog")
    for name in PROGRAMS:
        shutil.copy(measure.DEVICE / f"{name}.py", folder)
    names = [path.stem for path in sorted(measure.NULL.glob("*.py"))]
    for name in names:
        shutil.copy(measure.NULL / f"{name}.py", folder / f"null_{name}.py")
    return names


def _run(port, folder, source):
    with Board(port) as board:
        board.stop()
        board.mount(folder)
        said = board.run(source)
        board.unmount()
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]
