"""The page: its files, the libraries beside it, and the headers that keep it to itself.

Everything comes from this machine, and the browser is told so (Content-Security-Policy): no other
host, no inline script, no frame. Only these files are served, listed at the start: none is looked
for by a path from outside. The libraries for charts (uPlot) and for the API page (Swagger UI)
come with two packages of which only those files are used: their Python code is never run.
"""

from importlib.metadata import distribution
from pathlib import Path

from starlette.responses import FileResponse
from starlette.routing import Route

_PAGE = Path(__file__).parent / "page"
_UPLOT = Path(distribution("youplot").locate_file("youplot/vendor"))
_SWAGGER = Path(distribution("fastapi-swagger").locate_file("fastapi_swagger/resources"))

_FILES = {
    "/": _PAGE / "index.html",
    "/api": _PAGE / "api.html",
    **{
        f"/page/{file.name}": file
        for file in sorted(_PAGE.iterdir())
        if file.suffix in (".js", ".css", ".svg")
    },
    "/lib/uplot.js": _UPLOT / "uplot.iife.min.js",
    "/lib/uplot.css": _UPLOT / "uplot.min.css",
    "/lib/swagger.js": _SWAGGER / "swagger-ui-bundle.js",
    "/lib/swagger.css": _SWAGGER / "swagger-ui.css",
}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
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


def routes():
    """A route for each file."""
    return [Route(path, _serve(path, file), methods=["GET"]) for path, file in _FILES.items()]


def _serve(path, file):
    headers = {"Cache-Control": "no-cache", **(_API_PAGE if path == "/api" else {})}

    async def serve(request):
        return FileResponse(file, headers=headers)

    return serve
