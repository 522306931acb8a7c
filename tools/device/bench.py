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
from tools.size import TWINS

from . import stand_ins
from .board import Board

PROGRAMS = ("times", "heap", "inside", "naive")
STAND_INS = sorted(measure.NULL.glob("*.py"))
# Else compiling what is measured scatters the heap, and a Logger finds no room in one piece.
TIDY = """
import gc
gc.threshold(16384)
import islog
gc.threshold(-1)
"""
TIMES = """
import times
times.REPEATS, times.ROUNDS = 3, 1  # a board has nothing else to do
times.main(times.logging, times.writing)
"""
HEAP = """
import gc
import heap
for _ in heap.main():
    gc.collect()
print('{"what": "twin", "native": %s}' % ("true" if "islog.native" in sys.modules else "false"))
"""


def bench_board(port):
    """Print the table, for plain bytecode and for machine code where the board can compile it."""
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(ROOT / "firmware/islog", folder / "islog")
        for name in PROGRAMS:
            shutil.copy(measure.DEVICE / f"{name}.py", folder)
        stand_ins.put(STAND_INS, folder)
        with Board(port) as board:
            board.stop()
            about = board.ask("about")
        print(
            "Measuring, with machine code where it can be compiled: a minute or less ...",
            flush=True,
        )
        tables.append(_measure(port, folder))
        if tables[0][0]:
            print("Measuring plain bytecode: a minute or less ...", flush=True)
            for twin in TWINS:
                (folder / twin).unlink()
            tables.append(_measure(port, folder))
    console = Console(width=None if sys.stdout.isatty() else 110)
    for native, rows in tables:
        version = ".".join(map(str, about["version"]))
        code = "machine code" if native else "plain bytecode"
        console.print(f"\n{about['machine']}, MicroPython {version}, {code}\n", highlight=False)
        console.print(report.table(rows))


def _measure(port, folder):
    # (whether it was machine code, the rows)
    times = _printed(port, folder, TIDY + TIMES)
    *heap, twin = _printed(port, folder, HEAP)
    return twin["native"], report.board_rows(times, heap, twin["native"])


def _printed(port, folder, program):
    with Board(port) as board:
        board.stop()
        board.mount(folder)
        stands = stand_ins.load([path.stem for path in STAND_INS])
        said = board.run(stands + program)
        board.unmount()
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]
