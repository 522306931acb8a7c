"""Copy a board's spool, the readings that it kept in flash, and write them as a table, too.

The board's own config.json says where it is (spool_file); its segments are named after it and
numbered. They stay on the board, which starts anew afterwards: what it had in RAM is lost.
"""

import json

from tools import counted, interpreter, table
from tools.settings import ROOT

from . import DeviceError, image
from .board import Board


def pull(port, folder):
    with Board(port) as board:
        board.stop()
        spool = board.ask("spool")
        if spool is None:
            raise DeviceError("The board has no config.json that can be read: `make flash` first.")
        if not spool["name"]:
            raise DeviceError("The board keeps no spool: its config.json has no spool_file.")
        folder.mkdir(parents=True, exist_ok=True)
        for path, digest in sorted(spool["segments"]):
            content = board.read(path)
            if image.sha256(content) != digest:
                raise DeviceError(f"{path} arrived damaged: do it again.")
            _keep(folder / path.rpartition("/")[2], content)
            print(f"{path}: {counted(len(content), 'byte')}", flush=True)
        board.restart()
    count = len(spool["segments"])
    if not count:
        print("It is empty.")
        return
    print(f"In {folder}: {counted(count, 'segment')} of {spool['name']}.")
    target = folder / "readings.csv"
    readings = write(folder / spool["name"].rpartition("/")[2], target)
    print(f"In {target}: {counted(readings, 'reading')}.")


def write(spool, target):
    """Write the readings of the segments `spool`.1, .2 ... as a table, oldest first; returns how
    many. It is the firmware that reads them, on this machine's MicroPython."""
    done = interpreter.run(ROOT / "tools/device/spooled.py", spool)
    if done.returncode:
        raise DeviceError(f"{spool}.* cannot be read: {done.stderr.strip().splitlines()[-1]}.")
    readings = [json.loads(line) for line in done.stdout.splitlines()]
    with open(target, "w", encoding="utf-8", newline="") as f:
        row = table.writer(f)
        for when, signal, value in readings:
            is_text = isinstance(value, str)
            row(when, signal, value if is_text else json.dumps(value), is_text)
    return len(readings)


def _keep(target, content):
    """A segment only grows: where it is there already with other content, it is another one."""
    if target.exists() and not content.startswith(target.read_bytes()):
        raise DeviceError(f"{target} is another board's, or an older one: use another TO=folder.")
    target.write_bytes(content)
