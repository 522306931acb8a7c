"""Measure a board: how the islog that is installed there starts, then log(), JSON and heap of the
one that is here. The programs are those of tools/bench/device, which send nothing.

Nothing is written to the board's flash, and its clock stays as it is: for log(), JSON and heap,
network, requests and machine are stand-ins there.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

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
STEPS = {  # of start.py
    "start": "before `import islog`",
    "imported": "`import islog`",
    "logger": "a Logger with default settings",
    "tls": "TLS set up, no handshake yet",
}
_GROWTH = re.compile(r"max new split: (\d+)")
_BLOCKS = re.compile(r"max free sz: (\d+)")


def bench_board(port):
    """Print the tables: the start, then plain bytecode, and machine code where the board can
    compile it."""
    tables = []
    print("Measuring how the islog on the board starts: some seconds ...", flush=True)
    with Board(port) as board:
        board.stop(bare=True)
        begun = started(board.run((measure.DEVICE / "start.py").read_text()))
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
                (folder / twin).unlink(missing_ok=True)
            tables.append(_measure(port, folder))
    console = Console(width=None if sys.stdout.isatty() else 110)
    show_start(console, *begun)
    for native, rows in tables:
        version = ".".join(map(str, about["version"]))
        code = "machine code" if native else "plain bytecode"
        console.print(f"\n{about['machine']}, MicroPython {version}, {code}\n", highlight=False)
        console.print(report.table(rows))


def started(said):
    """([the object of each step that was done, with "largest_bytes"], the file that was imported
    or None, why a step failed or ""), of what start.py has printed."""
    steps, file, failed = [], None, ""
    for line in said.splitlines():
        found = json.loads(line) if line.startswith("{") else {}
        if "ms" in found:
            steps.append({**found, "largest_bytes": 0})
        file = found.get("file", file)
        failed = found.get("failed", failed)
        if (growth := _GROWTH.search(line)) and steps:
            # gc_try_add_heap() in py/gc.c: what the heap can grow by is not all for one block.
            split = int(growth[1])
            steps[-1]["largest_bytes"] = max(0, min(split - 2048, split * 512 // 525))
        if (blocks := _BLOCKS.search(line)) and steps:
            free = int(blocks[1]) * steps[-1]["block_bytes"]
            steps[-1]["largest_bytes"] = max(steps[-1]["largest_bytes"], free)
    return steps, file, failed


def show_start(console, steps, file, failed):
    if file is None:
        print(f"\nHow islog starts: none is on the board that can be imported ({failed}).")
        return
    table = Table("", "ms", "heap kept", "heap free", "largest free block", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    before = steps[0]
    for step in steps:
        ms = "" if step is steps[0] else f"{step['ms']:,}"
        kept = "" if step is steps[0] else f"{step['used'] - before['used']:,}"
        sizes = f"{step['free']:,}", f"{step['largest_bytes']:,}"
        table.add_row(STEPS[step["step"]], ms, kept, *sizes)
        before = step
    console.print(f"\nHow {file} starts, in bytes:\n", highlight=False)
    console.print(table)
    if failed:
        print(f"The next step failed: {failed}")


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
