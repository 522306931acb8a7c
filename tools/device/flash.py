"""Put islog and its program on a board, or take off again what was put there.

Files are copied beside those that they replace, verified by their SHA-256 on the board, and only
then all put in their places: an interruption leaves what was there before, or a mixture that the
next flash repairs. What is there already with the same content is not copied. The board keeps a
record of what was put there (on_board.RECORD), so that unflash touches nothing else; a boot.py or
main.py that somebody else put there is set aside and comes back. Before the program starts the
board leaves its network: a link of before would make any password look right.
The package is in one form and one place: .mpy or .py in /lib/islog, or .mpy in the ROMFS
(romfs.py). What another flash left of the others goes once the new one is there and verified.
Where the board's firmware has it frozen in, that is used, and the package is brought in no form.
"""

from tools.check_package import version

from . import DeviceError, image
from .board import GET_MICROPYTHON, Board
from .follow import follow
from .romfs import PLACE as IN_ROMFS
from .romfs import Romfs, build

MPY, SOURCE, ROMFS = "mpy", "source", "romfs"  # the forms
FROZEN = "frozen"  # the form that the board's firmware has: nothing is brought
MICROPYTHON_MIN = (1, 22)
# What islog takes of a Pico W's or ESP32's heap beside its buffers: what it keeps and, as source,
# what compiling its largest module takes (`make size`). From a ROMFS it keeps 15 KB less
# (measured on an emulated RP2040), and frozen 8 KB less again.
HEAP_KB = {SOURCE: 72, MPY: 48, ROMFS: 33, FROZEN: 25}
SPARE_BLOCKS = 4
MAX_LISTED = 40  # files that unflash leaves
_IN_LIB = "/lib/islog/"
_OTHER_ISLOG = (
    "The board has another islog, {}, which it finds before {}: remove it with `.venv/bin/mpremote"
    " fs rm -r :{}`."
)


def flash(port, given, form=MPY, follow_s=90):
    """Put islog and `given`, an image.Image, on the board; returns how that ended, in words.
    DeviceError: why it could not be done, or why no readings are accepted."""
    settings, files = given.settings, given.files
    with Board(port) as board:
        board.stop()
        about = board.ask("about")
        _check(about, port)
        if about["in_root"]:
            path = about["in_root"][0]
            raise DeviceError(_OTHER_ISLOG.format(path, "all others", path))
        print(
            f"At {port}: {about['machine']}, MicroPython {_dotted(about['version'])},"
            f" {about['heap_bytes'] // 1024} KB of heap and"
            f" {about['flash_bytes'] // 1024} KB of flash free.",
            flush=True,
        )
        form = _form(form, about)
        _check_heap(about, settings, port, form)
        romfs = Romfs(board) if about["romfs"] else None
        package = {} if form == FROZEN else image.package(None if form == SOURCE else about["mpy"])
        if form == ROMFS:
            content = build(package)
            romfs.check(content)
        else:
            files = {**{_IN_LIB + name: package[name] for name in package}, **files}
            if romfs:
                romfs.check_removable()
        if (settings["transport"] or ("kept" if settings["ca_file"] else "requests")) != "kept":
            _check_requests(board)
        found, missing = _compare(board, files, about, form)
        if form == ROMFS:
            anew = romfs.put(content)
            _bring(board, files, found, missing)
        else:
            _bring(board, files, found, missing)
            anew = romfs is not None and romfs.remove()
            if anew:
                place = "the firmware" if form == FROZEN else "/lib"
                print(f"Taken off the ROMFS: islog, which is in {place} now.", flush=True)
        if anew:
            board.stop()  # a start, without which the ROMFS is not what it is now
        if form != FROZEN:
            _check_place(board, IN_ROMFS if form == ROMFS else _IN_LIB)
        board.ask("leave_network")
        board.restart()
        if not follow_s:
            print("The board has started anew.")
            return "has started anew"
        if settings["quiet"]:
            print("The board has started anew; `quiet` is set, so it does not tell how it goes.")
            return "has started anew, and is quiet"
        try:
            follow(board, follow_s, settings["flush_interval"])
        except KeyboardInterrupt:
            raise KeyboardInterrupt("islog is on the board, which goes on") from None
        return "readings are accepted"


def _dotted(version):
    return ".".join(map(str, version))


def _check(about, port):
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


def _form(wanted, about):
    """The form in which this board can have the package."""
    if about["frozen"] is not None:
        return _frozen(wanted, about)
    if wanted == ROMFS and not about["romfs"]:
        raise DeviceError(
            "This board's MicroPython has no ROMFS partition: flash without ROMFS=1, or build a"
            " MicroPython that has one, see docs/porting.md."
        )
    why = image.why_no_mpy(about["mpy"])
    if wanted == SOURCE or not why:
        return wanted
    if wanted == ROMFS:
        raise DeviceError(f"This board's MicroPython {why}: flash without ROMFS=1.")
    print(f"This board's MicroPython {why}: islog goes there as .py.", flush=True)
    return SOURCE


def _frozen(wanted, about):
    """The firmware has the package, which is found before all others but one in /."""
    if wanted != MPY:
        raise DeviceError(
            "This board's firmware has islog frozen in, which is found first: flash without"
            f" {'ROMFS' if wanted == ROMFS else 'SOURCE'}=1."
        )
    there, here = about["frozen"], version()
    print(
        f"This board's firmware has islog {there} frozen in: that is used, and only main.py,"
        " config.json and what belongs to them are copied.",
        flush=True,
    )
    if there != here:
        print(
            f"It is not the version that is here, {here}, by which config.json was checked: where"
            f" the board refuses a setting, build its firmware anew, or use islog {there} here.",
            flush=True,
        )
    return FROZEN


def _check_heap(about, settings, port, form):
    needed = HEAP_KB[form] * 1024 + settings["buffer_bytes"] + settings["batch_bytes"]
    if about["heap_bytes"] >= needed:
        return
    smaller = "a smaller buffer_bytes"
    if form == SOURCE and not image.why_no_mpy(about["mpy"]):
        smaller = "to flash without SOURCE=1, or " + smaller
    elif form == MPY and about["romfs"]:
        smaller = "ROMFS=1, or " + smaller
    raise DeviceError(
        f"The board at {port} has {about['heap_bytes'] // 1024} KB of heap free, and islog needs"
        f" {needed // 1024} KB with these settings: try {smaller}."
    )


def _check_requests(board):
    """islog sends with MicroPython's own `requests`, unless a file of the user's hides that."""
    state, paths = board.ask("requests_there")
    kept = 'set "transport": "kept" in config.json, which needs none'
    ours = [path for path in paths if "urequests" not in path]
    if state == "old" and ours:
        raise DeviceError(
            f"The board has an old requests, {ours[0]}, with which islog cannot send: remove it"
            f" with `.venv/bin/mpremote fs rm -r :{ours[0]}`, for MicroPython has its own, or"
            f" {kept}."
        )
    if state == "old":
        raise DeviceError(
            f"The requests that this board's MicroPython has is too old for islog: {kept}."
        )
    if state == "none":
        raise DeviceError(
            "This board's MicroPython has no requests, which islog sends with: bring it with"
            f" `.venv/bin/mpremote mip install requests`, or {kept}."
        )
    for path in paths:
        print(
            f"{path} is on the board, too. islog can send; but MicroPython has its own requests,"
            " and where this one is old it is better removed:"
            f" `.venv/bin/mpremote fs rm -r :{path}`."
        )


def _compare(board, files, about, form):
    """What is there, and the files that have to be copied; DeviceError: there is no room."""
    wanted = {path: image.sha256(content) for path, content in files.items()}
    found = board.ask("survey", list(files))
    there = found["digests"]
    missing = [path for path in files if wanted[path] not in (there[path], there[path + ".new"])]
    block = about["block_bytes"]
    needed = sum(len(files[path]) // block + 1 for path in missing) * block
    if missing and about["flash_bytes"] < needed + SPARE_BLOCKS * block:
        compiled = form == SOURCE and not image.why_no_mpy(about["mpy"])
        less = ", or flash without SOURCE=1" if compiled else ""
        raise DeviceError(
            f"The board has {about['flash_bytes'] // 1024} KB of flash free, and what has to be"
            f" copied needs {(needed + SPARE_BLOCKS * block) // 1024} KB: remove what you do not"
            f" need there (`.venv/bin/mpremote fs`){less}."
        )
    return found, missing


def _bring(board, files, found, missing):
    wanted = {path: image.sha256(content) for path, content in files.items()}
    changed = [path for path in files if found["digests"][path] != wanted[path]]
    board.ask("make_folders", [*files, _IN_LIB])
    for i, path in enumerate(missing, 1):
        print(f"{i:3}/{len(missing)}  {path}", flush=True)
        board.write(path + ".new", files[path])
    stale = _stale(found, wanted, changed)
    if changed or stale or found["record"] != wanted:
        done = board.ask("settle", changed, wanted, stale)
        if done["damaged"]:
            raise DeviceError(f"{done['damaged']} arrived damaged: do it again.")
        for path, kept, ours in done["kept"]:
            had = (
                f"{path} was changed on the board, and"
                if ours
                else f"The board had its own {path}, which"
            )
            print(f"{had} is kept as {kept}.", flush=True)
    there = board.ask("survey", list(files))["digests"]
    for path in files:
        if there[path] != wanted[path]:
            raise DeviceError(f"{path} is not what was written: is the board's flash worn out?")
    copied = f"{len(missing)} of {len(files)} files copied" if missing else "Nothing to copy"
    print(f"{copied}; all {len(files)} are there, verified by SHA-256.", flush=True)


def _check_place(board, place):
    where = board.ask("where_islog_is")
    if not where.startswith(place):
        raise DeviceError(_OTHER_ISLOG.format(where, place, where.partition("/__init__")[0]))


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
        spool = board.ask("spool") or {"name": None}
        names = sorted(path.stem for path in image.PACKAGE.glob("*.py"))
        done = board.ask("unflash", names)
        romfs = Romfs(board) if board.ask("has_romfs") else None
        if romfs and romfs.remove():
            done["removed"].append(IN_ROMFS)
        others = board.ask("others", MAX_LISTED)
        board.restart()
    for path in done["removed"]:
        print(f"removed {path}")
    for path in done["back"]:
        print(f"put back the {path} that was there before")
    if romfs and romfs.has_islog and IN_ROMFS not in done["removed"]:
        print(f"left {IN_ROMFS}: {romfs.why_left()}")
    if not done["removed"]:
        print(f"Nothing of islog is on the board at {port}.")
    segments = sorted((path for path, _ in spool.get("segments", ())), key=_by_number)
    for path in done["left"]:
        print(f"left {path}: it was changed on the board")
    if segments:
        print(
            f"left {' '.join(segments)}: the spool, readings that were not sent (`make flash`, and"
            " then `make pull-spool`, fetches them)"
        )
    told = {*segments, *done["left"], *done["back"]}
    for path in others["paths"]:
        if path not in told:
            print(f"left {path}: {_what_is_left(path)}")
    if others["count"] > len(others["paths"]):
        print(f"left {others['count'] - len(others['paths'])} files more")


def _by_number(segment):
    return int(segment.rpartition(".")[2])


def _what_is_left(path):
    if path == "/islog.restart":
        return "in it islog counts the board's restarts"
    if path.startswith(tuple(f"{program}.before" for program in ("/boot.py", "/main.py"))):
        return "the board's own program of before, which make flash has set aside"
    key = "; it may hold the client key" if path == "/config.json" else ""
    return f"make flash did not put it there{key}"
