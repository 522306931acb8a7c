"""Put islog and its program on a board, or take off again what was put there.

Files are copied beside those that they replace, verified by their SHA-256 on the board, and only
then all put in their places: an interruption leaves what was there before, or a mixture that the
next flash repairs. What is there already with the same content is not copied. The board keeps a
record of what was put there (on_board.RECORD), so that unflash touches nothing else; a boot.py or
main.py that somebody else put there is set aside and comes back. Before the program starts the
board leaves its network: a link of before would make any password look right.
"""

from . import DeviceError, image
from .board import GET_MICROPYTHON, Board
from .follow import follow

MICROPYTHON_MIN = (1, 22)
# What islog takes of a Pico W's or ESP32's heap beside its buffers: what it keeps, and what
# compiling its largest module takes (`make size`); .mpy files need no compiling.
HEAP_BYTES = 72 * 1024
HEAP_MPY_BYTES = 48 * 1024
SPARE_BLOCKS = 4


def flash(port, config_path, program, mpy=False, follow_s=90, answer_s=None):
    """DeviceError: why it could not be done, or why no readings are accepted."""
    settings = image.check_settings(config_path)
    with Board(port, *([answer_s] if answer_s else [])) as board:
        board.stop()
        about = board.ask("about")
        _check(about, settings, port, mpy)
        print(
            f"At {port}: {about['machine']}, MicroPython {_dotted(about['version'])},"
            f" {about['heap_bytes'] // 1024} KB of heap and"
            f" {about['flash_bytes'] // 1024} KB of flash free.",
            flush=True,
        )
        files = image.files(config_path, settings, program, about["mpy"] if mpy else None)
        if (settings["transport"] or ("kept" if settings["ca_file"] else "requests")) != "kept":
            _check_requests(board)
        _bring(board, files, about)
        board.ask("leave_network")
        board.restart()
        if not follow_s:
            print("The board has started anew.")
        elif settings["quiet"]:
            print("The board has started anew; `quiet` is set, so it does not tell how it goes.")
        else:
            follow(board, follow_s)


def _dotted(version):
    return ".".join(map(str, version))


def _check(about, settings, port, mpy):
    if about["name"] != "micropython":
        raise DeviceError(
            f"The board at {port} runs {about['name']}, and islog needs MicroPython:\n"
            + GET_MICROPYTHON
        )
    if tuple(about["version"]) < MICROPYTHON_MIN:
        raise DeviceError(
            f"The board at {port} runs MicroPython {_dotted(about['version'])}, and islog needs"
            f" {_dotted(MICROPYTHON_MIN)} or later:\n{GET_MICROPYTHON}"
        )
    if not about["wifi"]:
        raise DeviceError(
            f"The board at {port} ({about['machine']}) has no Wi-Fi, or its MicroPython none for"
            " it: a Pico W needs the firmware for Pico W, not the one for Pico."
        )
    needed = HEAP_MPY_BYTES if mpy else HEAP_BYTES
    needed += settings["buffer_bytes"] + settings["batch_bytes"]
    if about["heap_bytes"] < needed:
        smaller = "a smaller buffer_bytes" if mpy else "MPY=1, or a smaller buffer_bytes"
        raise DeviceError(
            f"The board at {port} has {about['heap_bytes'] // 1024} KB of heap free, and islog"
            f" needs {needed // 1024} KB with these settings: try {smaller}."
        )


def _check_requests(board):
    """islog sends with MicroPython's own `requests`, unless a file of the user's hides that."""
    state, paths = board.ask("requests_there")
    kept = 'set "transport": "kept" in config.json, which needs none'
    ours = [path for path in paths if "urequests" not in path]
    if state == "old" and ours:
        raise DeviceError(
            f"The board has an old requests, {ours[0]}, with which islog cannot send: remove it"
            f" with `mpremote fs rm -r :{ours[0]}`, for MicroPython has its own, or {kept}."
        )
    if state == "old":
        raise DeviceError(
            f"The requests that this board's MicroPython has is too old for islog: {kept}."
        )
    if state == "none":
        raise DeviceError(
            "This board's MicroPython has no requests, which islog sends with: bring it with"
            f" `mpremote mip install requests`, or {kept}."
        )
    for path in paths:
        print(
            f"{path} is on the board, too. islog can send; but MicroPython has its own requests,"
            f" and where this one is old it is better removed: `mpremote fs rm -r :{path}`."
        )


def _bring(board, files, about):
    wanted = {path: image.sha256(content) for path, content in files.items()}
    found = board.ask("survey", list(files))
    there = found["digests"]
    changed = [path for path in files if there[path] != wanted[path]]
    missing = [path for path in changed if there[path + ".new"] != wanted[path]]
    block = about["block_bytes"]
    needed = sum(len(files[path]) // block + 1 for path in missing) * block
    if missing and about["flash_bytes"] < needed + SPARE_BLOCKS * block:
        raise DeviceError(
            f"The board has {about['flash_bytes'] // 1024} KB of flash free, and what has to be"
            f" copied needs {(needed + SPARE_BLOCKS * block) // 1024} KB: remove what you do not"
            " need there (`mpremote fs`), or use MPY=1."
        )
    board.ask("make_folders", list(files))
    for i, path in enumerate(missing, 1):
        print(f"{i:3}/{len(missing)}  {path}", flush=True)
        board.write(path + ".new", files[path])
    stale = _stale(found, wanted, changed)
    if changed or stale or found["record"] != wanted:
        damaged = board.ask("settle", changed, wanted, stale)
        if damaged:
            raise DeviceError(f"{damaged} arrived damaged: do it again.")
    there = board.ask("survey", list(files))["digests"]
    for path in files:
        if there[path] != wanted[path]:
            raise DeviceError(f"{path} is not what was written: is the board's flash worn out?")
    where = board.ask("where_islog_is")
    if not where.startswith("/lib/islog/"):
        raise DeviceError(
            "The board has another islog, which it finds before /lib/islog: remove it from / with"
            " `mpremote fs rm -r :/islog`, or use a firmware that has none frozen in."
        )
    copied = f"{len(missing)} of {len(files)} files copied" if missing else "Nothing to copy"
    print(f"{copied}; all {len(files)} are there, verified by SHA-256.", flush=True)


def _stale(found, wanted, changed):
    """What was put there once and is not wanted any more; the package's folder is all ours."""
    stale = [path for path in found["record"] if path not in wanted]
    coming = {path + ".new" for path in changed}
    for name in found["package"]:
        path = f"/lib/islog/{name}"
        ours = name.endswith((".py", ".mpy", ".new"))
        if ours and path not in wanted and path not in coming and path not in stale:
            stale.append(path)
    for path in wanted:
        left = path + ".new"
        if found["digests"][left] and left not in coming and left not in stale:
            stale.append(left)
    return stale


def unflash(port):
    with Board(port) as board:
        board.stop()
        names = sorted(path.stem for path in image.PACKAGE.glob("*.py"))
        done = board.ask("unflash", names)
        board.restart()
    for path in done["removed"]:
        print(f"removed {path}")
    for path in done["left"]:
        print(f"left {path}: it was changed on the board")
    for path in done["back"]:
        print(f"put back the {path} that was there before")
    if not done["removed"]:
        print(f"Nothing of islog is on the board at {port}.")
