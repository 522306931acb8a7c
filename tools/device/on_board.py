# Runs on the board, in its RAM: what tools/device asks of it, one call at a time. Answers are
# JSON. Old firmware has to get as far as about(), so this is plain Python 3.4.
import binascii
import gc
import json
import os
import sys

PACKAGE = "/lib/islog"
RECORD = PACKAGE + "/flashed.json"  # what was put here: path -> SHA-256
PROGRAMS = ("/boot.py", "/main.py")  # a board may have its own
NEW = ".new"  # copied, not verified
BEFORE = ".before"  # the board's own program, or one that was changed there, set aside


def about():
    try:
        from network import WLAN

        wifi = bool(WLAN)
    except ImportError:
        wifi = False
    gc.collect()
    implementation = sys.implementation
    disk = os.statvfs("/")
    return {
        "name": implementation[0],
        "version": list(implementation[1][:3]),
        "machine": getattr(implementation, "_machine", sys.platform),
        "mpy": getattr(implementation, "_mpy", 0),
        "wifi": wifi,
        "romfs": has_romfs(),
        "heap_bytes": gc.mem_free(),
        "flash_bytes": disk[0] * disk[3],
        "block_bytes": disk[0],
        "frozen": frozen(),  # last: it takes heap
        "in_root": [path for path in ("/islog", "/islog.py", "/islog.mpy") if exists(path)],
    }


def has_romfs():
    try:
        import vfs

        return vfs.rom_ioctl(1) > 0
    except (ImportError, AttributeError):
        return False


def frozen():
    # The version of the islog in the firmware, or None.
    path = list(sys.path)
    sys.path[:] = [".frozen"]
    try:
        import islog

        return getattr(islog, "__version__", "?")
    except ImportError:
        return None
    finally:
        sys.path[:] = path


def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def digest(path):
    import hashlib

    if not exists(path):
        return None
    hashed = hashlib.sha256()
    buf = memoryview(bytearray(256))
    with open(path, "rb") as f:
        while True:
            n = f.readinto(buf)
            if not n:
                return binascii.hexlify(hashed.digest()).decode()
            hashed.update(buf[:n])


def record():
    try:
        with open(RECORD) as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def put_record(paths):
    with open(RECORD + NEW, "w") as f:
        json.dump(paths, f)
    os.rename(RECORD + NEW, RECORD)


def files(folder):
    return [entry[0] for entry in os.ilistdir(folder) if entry[1] == 0x8000]


def survey(paths):
    found = {}
    for path in paths:
        found[path] = digest(path)
        found[path + NEW] = digest(path + NEW)
    package = files(PACKAGE) if exists(PACKAGE) else []
    return {"digests": found, "record": record(), "package": package}


def make_folders(paths):
    for path in paths:
        parts = path.split("/")[1:-1]
        for i in range(len(parts)):
            folder = "/" + "/".join(parts[: i + 1])
            if not exists(folder):
                os.mkdir(folder)


def settle(copied, wanted, stale):
    # The copies take their places only where all of them are right.
    for path in copied:
        if digest(path + NEW) != wanted[path]:
            return {"damaged": path, "kept": []}
    mine = record()
    kept = []
    meanwhile = wanted.copy()
    for path in PROGRAMS:
        if path in copied and exists(path):
            if digest(path) == mine.get(path):
                meanwhile[path] = mine[path]  # ours of before, until the new one is in its place
                continue
            before, n = path + BEFORE, 1
            while exists(before):
                n += 1
                before = path + BEFORE + "." + str(n)
            os.rename(path, before)
            kept.append((path, before, path in mine))
    put_record(meanwhile)
    for path in copied:
        os.rename(path + NEW, path)
    if meanwhile != wanted:
        put_record(wanted)
    for path in stale:
        if exists(path):
            os.remove(path)
    return {"damaged": None, "kept": kept}


def where_islog_is():
    import islog

    return getattr(islog, "__file__", "a folder without modules")


def requests_there():
    # Whether `import requests` brings one that islog can use ("old", "none": it does not), and
    # what is on the board under such a name.
    paths = []
    for place in ("/requests", "/lib/requests", "/urequests", "/lib/urequests"):
        paths += [path for path in (place + ".py", place + ".mpy", place) if exists(path)]
    try:
        from requests import request

        request("GET", "nowhere", timeout=1, parse_headers=False)
    except ImportError:
        return "none", paths
    except (TypeError, AttributeError, NameError):
        return "old", paths  # one of before 2022 does not know both keywords
    except Exception:
        pass  # it has tried
    return "good", paths


def leave_network():
    # A soft reset keeps the link, with which a wrong password would look right.
    try:
        import network

        wlan = network.WLAN(network.STA_IF)
    except Exception:
        return
    for name, given in (("disconnect", ()), ("active", (False,)), ("deinit", ())):
        # Whatever its driver raises. deinit() is rp2's own: it switches the chip off.
        try:  # noqa: SIM105
            getattr(wlan, name)(*given)
        except Exception:
            pass


def unflash(names):
    mine = record()
    removed, left, back = [], [], []
    for path in sorted(mine):
        if exists(path + NEW):
            os.remove(path + NEW)
        now = digest(path)
        if now and now != mine[path] and path in PROGRAMS:
            left.append(path)
        elif now:
            os.remove(path)
            removed.append(path)
    for name in files(PACKAGE) if exists(PACKAGE) else ():
        stem, _, end = name.partition(".")
        if stem in names and end in ("py", "mpy", "py" + NEW, "mpy" + NEW):
            os.remove(PACKAGE + "/" + name)
            removed.append(PACKAGE + "/" + name)
    for path in PROGRAMS:
        if exists(path + BEFORE) and not exists(path):
            os.rename(path + BEFORE, path)
            back.append(path)
    if exists(RECORD):
        os.remove(RECORD)
    if exists(PACKAGE) and not os.listdir(PACKAGE):
        os.rmdir(PACKAGE)
    return {"removed": removed, "left": left, "back": back}


def others(limit):
    # The files that are there, at most so many of their paths, and their count. What is mounted
    # beside "/" (an entry of three) is not looked into.
    paths, count, folders = [], 0, [""]
    while folders:
        folder = folders.pop()
        for entry in os.ilistdir(folder or "/"):
            path = folder + "/" + entry[0]
            if entry[1] == 0x8000:
                count += 1
                if len(paths) < limit:
                    paths.append(path)
            elif len(entry) > 3:
                folders.append(path)
    return {"paths": sorted(paths), "count": count}


def spool():
    try:
        with open("/config.json") as f:
            name = json.load(f).get("spool_file")
    except (OSError, ValueError):
        return None
    if not name:
        return {"name": None}
    name = name if name[0] == "/" else "/" + name
    folder, _, start = name.rpartition("/")
    segments = []
    for entry in files(folder or "/") if exists(folder or "/") else ():
        if entry[: len(start) + 1] == start + "." and entry[len(start) + 1 :].isdigit():
            path = folder + "/" + entry
            segments.append([path, digest(path)])
    return {"name": name, "segments": segments}
