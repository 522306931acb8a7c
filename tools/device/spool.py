"""Copy a board's spool, the readings that it kept in flash, to this machine.

The board's own config.json says where it is (spool_file); its segments are named after it and
numbered. They stay on the board, which starts anew afterwards: what it had in RAM is lost.
"""

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
            print(f"{path}: {len(content)} bytes", flush=True)
        board.restart()
    count = len(spool["segments"])
    print(f"{count} segments of {spool['name']} are in {folder}." if count else "It is empty.")


def _keep(target, content):
    """A segment only grows: where it is there already with other content, it is another one."""
    if target.exists() and not content.startswith(target.read_bytes()):
        raise DeviceError(f"{target} is another board's, or an older one: use another TO=folder.")
    target.write_bytes(content)
