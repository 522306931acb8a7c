"""The commands; see tools/device/__init__.py."""

import argparse
import sys
from pathlib import Path

try:
    from tools.settings import ROOT

    from . import DeviceError, flash, fleet, follow, spool
    from .board import find_port
except ImportError as e:
    sys.exit(f"{e.name} is not installed here: use `make flash`, which brings it.")


def parser():
    top = argparse.ArgumentParser("python -m tools.device", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    helps = {
        "flash": "put islog, the program and config.json on the board",
        "watch": "show what the board prints",
        "unflash": "take off what flash put there",
        "pull-spool": "copy the readings that it keeps in flash",
        "bench-board": "measure its start, log(), JSON and heap on it",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text, description=text)
        every = "; all: each, one after another" if name == "flash" else ""
        command.add_argument("--port", default="", help=f"default: the only board{every}")
        if name == "flash":
            form = command.add_mutually_exclusive_group()
            form.set_defaults(form=flash.MPY)
            form.add_argument(
                "--source",
                dest="form",
                action="store_const",
                const=flash.SOURCE,
                help="the package as .py, whose tracebacks have line numbers",
            )
            form.add_argument(
                "--romfs",
                dest="form",
                action="store_const",
                const=flash.ROMFS,
                help="the package into the board's ROMFS partition",
            )
            command.add_argument(
                "--config",
                type=Path,
                default=ROOT / "config.json",
                help=f"its config.json; {fleet.ID} in the name is the board's id",
            )
            command.add_argument("--main", type=Path, default=ROOT / "main.py")
            command.add_argument(
                "--follow", type=float, default=90, help="seconds to watch for accepted readings"
            )
        if name == "watch":
            command.add_argument(
                "--restart",
                action="store_true",
                help="start its program anew first; what that has not sent yet is lost",
            )
        if name == "pull-spool":
            command.add_argument("--to", type=Path, default=Path("spool"), help="a folder")
    return top


def run(given):
    if given.command == "flash":
        fleet.flash_boards(given.port, given.config, given.main, given.form, given.follow)
        return
    port = find_port(given.port)
    if given.command == "watch":
        follow.watch(port, given.restart)
    elif given.command == "unflash":
        flash.unflash(port)
    elif given.command == "pull-spool":
        spool.pull(port, given.to)
    else:
        from . import bench  # with the local server: the others need not wait a second for that

        bench.bench_board(port)


def main():
    given = parser().parse_args()
    try:
        run(given)
        return 0
    except DeviceError as e:
        print(e, file=sys.stderr)
        return 1
    except KeyboardInterrupt as e:
        if given.command == "watch":
            return 0
        how = str(e)
        if given.command == "flash" and not how:
            how = "`make flash` again copies what is missing"
        print(f"\nStopped{how and '; '}{how}.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
