"""The page: its files, the libraries beside it, and the headers that keep it to itself.

Everything comes from this machine, and the browser is told so (Content-Security-Policy): no other
host, no inline script, no frame. Only the files named here are served, none by a path from
outside. The libraries for charts and the API page and the font are npm's, in tools/node_modules.
"""

import fcntl
import subprocess
from pathlib import Path
from shutil import which

from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

_PAGE = Path(__file__).parent / "page"
TOOLS = Path(__file__).parents[1]
_MODULES = TOOLS / "node_modules"

_FILES = {
    "/": _PAGE / "index.html",
    "/api": _PAGE / "api.html",
    "/page/swagger.js": _PAGE / "swagger.js",
    "/page/icon.svg": _PAGE / "icon.svg",
    "/page/style.css": _PAGE / "style.css",
    "/page/cards.css": _PAGE / "cards.css",
    **{
        f"/page/{name}.js": _PAGE / f"{name}.js"
        for name in ("main", "server", "bucket", "card", "chart", "range", "text", "empty")
    },
    "/lib/inter.woff2": _MODULES
    / "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "/lib/uplot.js": _MODULES / "uplot/dist/uPlot.esm.js",
    "/lib/uplot.css": _MODULES / "uplot/dist/uPlot.min.css",
    "/lib/swagger.js": _MODULES / "swagger-ui-dist/swagger-ui-bundle.js",
    "/lib/swagger.css": _MODULES / "swagger-ui-dist/swagger-ui.css",
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": _POLICY.format(styles=""),
}
# Swagger UI writes style attributes.
_API_PAGE = {"Content-Security-Policy": _POLICY.format(styles=" 'unsafe-inline'")}


class WebError(Exception):
    """The page's libraries cannot be had; the text says what to do in one sentence."""


def routes():
    """A route for each file."""
    return [Route(path, _serve(path, file), methods=["GET"]) for path, file in _FILES.items()]


def _serve(path, file):
    headers = {"Cache-Control": "no-cache", **(_API_PAGE if path == "/api" else {})}

    async def serve(request):
        if not file.is_file():
            return PlainTextResponse(
                "not installed: start the server again with npm at hand\n", 404
            )
        return FileResponse(file, headers=headers)

    return serve


def install(say):
    """Have npm install the libraries, where they are not there already; raises WebError."""
    made = _MODULES / "installed.json"
    wanted = (TOOLS / "package-lock.json").read_bytes()
    if made.is_file() and made.read_bytes() == wanted:
        return
    if not which("npm"):
        raise WebError(
            "The page's charts come from the npm registry: install Node.js with npm"
            " (on Debian and Ubuntu: apt install npm) and start again."
        )
    cache = TOOLS.parent / ".cache"
    cache.mkdir(exist_ok=True)
    with open(cache / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
        if made.is_file() and made.read_bytes() == wanted:
            return
        say("Installing the page's chart library with npm (once) ...")
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=TOOLS, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
            raise WebError(f"npm could not install the page's chart library; it says: {said[0]}")
        made.write_bytes(wanted)
