"""A 32-bit MicroPython, in which objects are as large as on a board: the WebAssembly build.

`run()` runs a program there with files of this checkout. It needs Node.js 18 or later; the build
itself comes from npm, pinned by package-lock.json, and is installed beside it where missing.

What this build is not: it has no sockets, network, machine or requests; floats are doubles (which
take as many bytes of heap as a board's); call frames lie on a stack of their own, so that their
heap does not show; docstrings are kept where a board drops them (so they are blanked here).
"""

import ast
import base64
import functools
import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = "@micropython/micropython-webassembly-pyscript"  # its name in package.json
_MODULES = HERE / "node_modules"
AXE = _MODULES / "axe-core/axe.min.js"  # for the tests of the page
_NODE_MIN = 18
_HEAP_BYTES = 1 << 20


class WasmError(Exception):
    """Why a program did not run, or the traceback of what it raised."""


@functools.cache
def install():
    """Install what package.json pins where it is not there, or not that version; needs npm once.
    A process looks once."""
    node = shutil.which("node")
    version = ""
    if node:
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    if not version.startswith("v") or int(version[1:].split(".")[0]) < _NODE_MIN:
        raise WasmError(f"Node.js {_NODE_MIN} or later is needed, with npm: install it.")
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
    found = {name: _MODULES / name / "package.json" for name in pinned}
    if all(
        file.is_file() and json.loads(file.read_text())["version"] == pinned[name]
        for name, file in found.items()
    ):
        return
    if not shutil.which("npm"):
        raise WasmError("npm is needed, once, to fetch what the tests bring from it: install it.")
    print("Fetching MicroPython's WebAssembly build and axe with npm (once) ...", flush=True)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, cwd=HERE, stdin=subprocess.DEVNULL).returncode:
        raise WasmError("npm could not fetch them (see above): check the network, try again.")


def without_docstrings(source):
    """`source` with every docstring blanked, and every line still where it was."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is None:
            continue
        text = node.body[0]
        indent = lines[text.lineno - 1][: text.col_offset]
        lines[text.lineno - 1 : text.end_lineno] = [""] * (text.end_lineno - text.lineno + 1)
        lines[text.lineno - 1] = indent + "0"
    return "\n".join(lines) + "\n"


def _files(folder, mount, docstrings):
    for path in sorted(Path(folder).rglob("*py")):
        if path.suffix not in (".py", ".mpy") or not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".py" and not docstrings:
            content = without_docstrings(content.decode()).encode()
        yield f"{mount}/{path.relative_to(folder)}", base64.b64encode(content).decode()


def run(program, folders, *args, heap_bytes=_HEAP_BYTES, docstrings=False):
    """What main(*args) of the module `program`, a generator (see run.mjs), prints there.

    `folders`: what it may import from, in that order. `heap_bytes`: the heap at the start; it
    grows. `docstrings`: keep them, for what compiling needs. WasmError: the program raised.
    """
    return run_all([job(program, folders, *args, heap_bytes=heap_bytes, docstrings=docstrings)])


def job(program, folders, *args, heap_bytes=_HEAP_BYTES, docstrings=False):
    """What run_all() takes, for the same."""
    mounts = [f"/{i}" for i in range(len(folders))]
    files = {}
    for folder, mount in zip(folders, mounts, strict=True):
        files.update(_files(folder, mount, docstrings))
    path = [*mounts, ".frozen"]
    what = {"files": files, "path": path, "program": program, "args": repr(list(args))}
    return {**what, "heap_bytes": heap_bytes}


def run_all(jobs):
    """What they print, one after the other, each in an interpreter of its own."""
    install()
    node = subprocess.run(
        ["node", str(HERE / "run.mjs")],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
    )
    if node.returncode:
        raise WasmError(node.stderr.strip() or f"Node.js ended with status {node.returncode}")
    return node.stdout
