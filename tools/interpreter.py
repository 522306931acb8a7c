"""Starts MicroPython's unix port: whoever needs one calls run() or start() here.

`tools/micropython` finds the interpreter (the machine's own, or one that it fetches). Arguments
are what it takes on its command line: a program's path and what the program gets, or "-c" and the
code itself. `path` is where modules are looked for, in that order: folders and, for what the
interpreter has built in (`requests`, `asyncio`), FROZEN, which comes last unless it is named.
`heap` limits the heap: "2M", or "190wK", in which the `w` doubles it on 64 bits, as pointers do.
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRMWARE = ROOT / "firmware"
MICROPYTHON = ROOT / "tools" / "micropython"
FROZEN = ".frozen"


def command(*arguments, heap=None):
    """The command line, a list of texts."""
    limit = ["-X", f"heapsize={heap}"] if heap else []
    return [str(argument) for argument in (MICROPYTHON, *limit, *arguments)]


def environment(path=(FIRMWARE,)):
    """The environment, a dict: this process's own, and MICROPYPATH, which replaces sys.path."""
    folders = [str(folder) for folder in path]
    if FROZEN not in folders:
        folders.append(FROZEN)
    return {**os.environ, "MICROPYPATH": ":".join(folders)}


def run(*arguments, path=(FIRMWARE,), heap=None, **options):
    """Wait for its end; returns a subprocess.CompletedProcess with what it printed, as texts.

    Its input is empty. options: subprocess.run's."""
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "encoding": "utf-8", **options}
    return subprocess.run(command(*arguments, heap=heap), env=environment(path), **options)


def start(*arguments, path=(FIRMWARE,), heap=None, **options):
    """Do not wait; returns a subprocess.Popen, of texts. options: Popen's."""
    options = {"encoding": "utf-8", **options}
    return subprocess.Popen(command(*arguments, heap=heap), env=environment(path), **options)
