"""Runs the programs of device/ on both builds and returns what they print."""

import ast
import json
import shutil
import subprocess
from pathlib import Path

from tools import interpreter, wasm
from tools.server import LocalServer
from tools.size import TWINS

from .wire import Relay

ROOT = Path(__file__).resolve().parents[2]
DEVICE = Path(__file__).resolve().parent / "device"
NULL = DEVICE / "null"
BUILD = ROOT / "build/bench"
CLIENTS = ("islog", "naive", "streamer")
KEY = "a-client-key-of-24-chars"  # inside.py's
_PICO_W_HEAP = "380K"  # of objects twice as large
_READINGS = 400
_ROUNDS = 5
_ROUGH_REPEATS = 1
_ROUGH_BYTES = 4096
_LIMIT_S = 60
_BLOCK_BYTES = 16  # what the 32-bit build's heap is divided into
_HEAP_BYTES = 240 * 1024


class BenchError(Exception):
    """Why there are no figures, as a sentence or with the program's traceback."""


def variants(firmware):
    """Folders to import islog from, by name: "plain", and "native" where there is such a twin."""
    twins = {}
    for name in ("plain", "native") if (Path(firmware) / TWINS[0]).exists() else ("plain",):
        copy = BUILD / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(Path(firmware), copy, ignore=shutil.ignore_patterns("__pycache__"))
        twins[name] = copy
    for twin in TWINS:
        (twins["plain"] / twin).unlink(missing_ok=True)
    return twins


def native_log(firmware):
    """Whether the twin has machine code for log() as well."""
    twin = Path(firmware) / TWINS[0]
    names = []
    if twin.exists():
        names = [n.name for n in ast.walk(ast.parse(twin.read_text())) if hasattr(n, "name")]
    return any("log" in name or "store" in name for name in names)


def on_unix(program, folders, *args):
    """The JSON objects that device/`program`.py prints on the unix port."""
    return _on_unix(program, folders, DEVICE / f"{program}.py", *map(str, args))


def _on_unix(program, folders, *what):
    try:
        done = interpreter.run(*what, path=folders, heap=_PICO_W_HEAP, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{program}.py was not done after {_LIMIT_S} s.") from None
    if done.returncode:
        raise BenchError(done.stderr.strip() or f"{program}.py ended with {done.returncode}.")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def times(firmware, rough=False):
    """The JSON objects of times.py."""
    code = f"import times\ntimes.REPEATS = {_ROUGH_REPEATS}\ntimes.main(*times.STEPS)"
    what = ("-c", code) if rough else (DEVICE / "times.py",)
    return _on_unix("times", [NULL, firmware, DEVICE], *what)


def heap(firmware):
    """The JSON objects of heap.py, on the 32-bit build."""
    printed = wasm.run("heap", [NULL, firmware, DEVICE])
    return [json.loads(line) for line in printed.splitlines()]


def heap_native(firmware):
    """The same on the unix port, which has machine code, and objects twice as large."""
    code = "import gc, heap\nfor _ in heap.main(): gc.collect()"
    return _on_unix("heap", [NULL, firmware, DEVICE], "-c", code)


def fits_blocks(firmware, client, block_bytes):
    """Whether `client`, once running, does with blocks of `block_bytes` (32-bit build)."""
    blocks = block_bytes // _BLOCK_BYTES
    printed = wasm.run("largest", [NULL, firmware, DEVICE], client, blocks, heap_bytes=_HEAP_BYTES)
    return printed.strip() == "True"


def largest_block(firmware, client, rough=False):
    """The bytes of the largest block that `client` allocates once it is running."""
    low, high = 0, 8192
    while high - low > (_ROUGH_BYTES if rough else _BLOCK_BYTES):
        middle = (low + high) // 2
        low, high = (low, middle) if fits_blocks(firmware, client, middle) else (middle, high)
    return high


def network(firmware, rough=False):
    """{client: readings_per_s, sent and received (bytes per reading), connections (likewise)}."""
    found = {client: {} for client in CLIENTS}
    rounds = 1 if rough else _ROUNDS
    with LocalServer(KEY) as server:

        def run(ingest_url, times, *clients):
            args = (server.bucket_url, ingest_url, server.ntp_host, _READINGS, times)
            return on_unix("net", [firmware, DEVICE], *args, *clients)

        for client in CLIENTS:
            with Relay("127.0.0.1", server.port) as relay:
                through = server.ingest_url.replace(f":{server.port}/", f":{relay.port}/")
                (result,) = run(through, 1, client)
                found[client]["sent"] = relay.sent / _READINGS
                found[client]["received"] = relay.received / _READINGS
                found[client]["connections"] = relay.connections / _READINGS
                found[client]["batch"] = result["batch"]
        for result in run(server.ingest_url, rounds, *CLIENTS):
            per_s = _READINGS * 1000000 / result["us"]
            best = found[result["client"]].get("per_s", 0)
            found[result["client"]]["per_s"] = max(best, per_s)
        expected = len(CLIENTS) * _READINGS * (rounds + 1)
        if len(server.readings()) != expected:
            raise BenchError(f"The server holds {len(server.readings())} of {expected} readings.")
    return found


def builds():
    """The two interpreters, as text."""
    code = "import sys; print('.'.join(map(str, sys.implementation.version[:3])))"
    unix = interpreter.run("-c", code).stdout.strip()
    package = json.loads((wasm.HERE / "package.json").read_text())
    pin = package["dependencies"][wasm.BUILD]
    return f"MicroPython {unix} (unix port, 64 bits) and {pin} (WebAssembly, 32 bits)"
