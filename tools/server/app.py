"""The service as an ASGI app: what boards call, what reads back, and the page.

Every answer of trouble has a JSON body {"error": reason}, and every answer the headers that keep
a browser to this server (web.py). A page of another site cannot read here through a name that it
has made to point at this machine: reading needs an address, or a name that only a local network
has.
"""

import ipaddress
import re
import socket
import sqlite3
import sys

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response

from . import api, describe, ingest, web
from .ingest import BUCKET_PATH, INGEST_PATH
from .live import Live
from .readers import Readers
from .schema import Gone
from .sparing import Sparing
from .store import Store
from .validate import Refusal

__all__ = ["BUCKET_PATH", "INGEST_PATH", "Service"]

_REQUESTS_KEPT = 10_000
_PASSING = ("is locked", "is full", "interrupted")  # of SQLite's errors
_PATH_KEPT = 100  # characters
_TARGET_LIMIT_BYTES = 4096  # the path and the query; those that have a meaning are far shorter
_HEADERS_LIMIT = 100
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]*)?")
_LOCAL_ENDINGS = (".local", ".lan", ".home", ".home.arpa", ".internal", ".localhost")


class Service:
    """The calls, over the database `db`; `app` is the ASGI application.

    on_reading: called with each stored reading (a dict as History.readings gives it), from one
    thread at a time, before the answer goes out. on_notice: called with one sentence for each
    bucket created and each request refused. on_error: the same where the server is at fault
    (default: to stderr). Both get a sentence once and, where it comes again, a count (sparing.py).
    A sentence may hold what a board sent: it is not safe to print as it is.
    All attributes may be read, and the settings changed, from any thread."""

    def __init__(self, db, key, on_reading=None, on_notice=None, on_error=None):
        self.key = key
        self.accepted = 0  # stored since start-up, repeats not among them
        self.duplicates = 0  # repeats: stored too
        self.requests = []  # (path, cut short, and status) of the latest answers, oldest first
        self.answers = []  # for tests: (status, headers, body), each given once by an ingest call
        self.always = None  # for tests: the answer of the ingest calls while it is set
        self.always_bucket = None  # the same for the bucket calls
        self.rate = ingest.Rate()  # how many requests/s the events calls take
        self.live = Live()
        self.on_notice = Sparing(on_notice or (lambda text: None))
        self._on_reading = on_reading or (lambda reading: None)
        self._on_error = Sparing(on_error or (lambda text: print(text, file=sys.stderr)))
        self.store = Store(db, self._stored)
        self.readers = Readers(self.store.history.interrupt)
        self.app = self._guarded(self._web())

    def about(self, near):
        """What the page may know of this server: a dict of JSON values, no secret in it.

        near: whether who asks is on this machine."""
        return {"accepted": self.accepted, "duplicates": self.duplicates}

    def end_readers(self):
        """End all that is read and watched; who asks later is answered again."""
        self.live.end()
        self.readers.end()

    def tell(self, at_once=False):
        """Tell what on_notice and on_error were spared, where it is time to (or at once)."""
        self.on_notice.tell(at_once)
        self._on_error.tell(at_once)

    def _web(self):
        handlers = {
            Refusal: self._refused,
            RequestValidationError: self._invalid,
            HTTPException: self._http_error,
            ClientDisconnect: self._gone,
            sqlite3.Error: self._store_failed,
            Exception: self._failed,
        }
        app = FastAPI(
            title="islog local server",
            version="1",
            openapi_url="/api/openapi.json",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            exception_handlers=handlers,
            routes=web.routes(),
        )
        app.add_route("/healthz", self._health, methods=["GET"])
        app.include_router(ingest.router(self))
        app.include_router(api.router(self))
        describe_calls = app.openapi
        app.openapi = lambda: describe.with_keys(describe_calls())
        return app

    def _stored(self, rows):
        repeats = sum(row["repeat"] for row in rows)
        self.accepted += len(rows) - repeats
        self.duplicates += repeats
        self.live.publish(rows)
        try:
            for row in rows:
                self._on_reading(row)
        except Exception as e:  # the batch is stored: whoever shows it must not refuse it
            self._on_error(f"A reading could not be shown: {type(e).__name__}: {e}.")

    async def _health(self, request):
        return PlainTextResponse("ok\n")

    async def _refused(self, request, e):
        return self._refusal(request, e.status, e.reason, e.headers)

    async def _invalid(self, request, e):
        first = e.errors()[0]
        name = str(first["loc"][-1])[:40]
        return self._refusal(request, 400, f"{name!a}: {first['msg']}")

    async def _http_error(self, request, e):
        reasons = {
            404: f"nothing is here: the addresses are {BUCKET_PATH} and {INGEST_PATH}",
            405: "this address wants another method: boards use POST",
        }
        reason = reasons.get(e.status_code, e.detail)
        headers = e.headers
        if e.status_code == 405 and request.scope["path"] == ingest.EVENT_BUCKET_PATH:
            headers = {"Allow": "GET, POST"}  # two routes: each knows of its own method only
        return self._refusal(request, e.status_code, reason, headers)

    def _refusal(self, request, status, reason, headers=None):
        sender = request.client.host if request.client else "somebody"
        self.on_notice(f"{status} to {sender} for {_path(request)}: {reason}.")
        return _error(status, reason, headers)

    async def _gone(self, request, e):
        return Response(status_code=499)  # only `requests` sees it: the client hung up

    async def _store_failed(self, request, e):
        what = "read" if request.method == "GET" else "stored"
        self._on_error(f"The readings could not be {what}: {e}.")
        if any(word in str(e) for word in _PASSING):
            return _error(503, f"the readings could not be {what} now: {e}", {"Retry-After": "5"})
        known = f": {e}" if isinstance(e, Gone) else ""
        return _error(500, f"the readings could not be {what}{known}")

    async def _failed(self, request, e):
        self._on_error(f"The server failed at {_path(request)!a}: {type(e).__name__}: {e}.")
        return _error(500, "the server failed")

    def _guarded(self, web_app):
        extra = [(k.lower().encode(), v.encode()) for k, v in web.HEADERS.items()]

        async def app(scope, receive, send):
            async def guarded_send(message):
                if message["type"] == "http.response.start":
                    self.requests.append((scope["path"][:_PATH_KEPT], message["status"]))
                    if len(self.requests) > _REQUESTS_KEPT:
                        del self.requests[: _REQUESTS_KEPT // 2]
                    if reads:
                        sent = {name for name, _ in message["headers"]}
                        message["headers"] = [
                            *message["headers"],
                            *(header for header in extra if header[0] not in sent),
                        ]
                await send(message)

            reads = scope["method"] != "POST"
            answer = _too_long(scope) or (_misled(scope) if reads else None) or web_app
            await answer(scope, receive, guarded_send)

        return app


def _path(request):
    return request.scope["path"][:60]  # request.url fails on some of the hosts that are sent


def _too_long(scope):
    close = {"Connection": "close"}  # nothing of it is kept
    if len(scope["raw_path"]) + len(scope["query_string"]) > _TARGET_LIMIT_BYTES:
        return _error(414, f"the address is longer than {_TARGET_LIMIT_BYTES} bytes", close)
    if len(scope["headers"]) > _HEADERS_LIMIT:
        return _error(431, f"there are more than {_HEADERS_LIMIT} headers", close)
    return None


def _misled(scope):
    sent = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("l1")
    if _is_ours(sent.lower()):
        return None
    return _error(421, "read here by this machine's address, or a name of the local network")


def _is_ours(sent):
    found = _HOST.fullmatch(sent)
    if not found:
        return False
    host = found[1] or found[2].rstrip(".")
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        if found[1] or not host:
            return False
        ours = host == socket.gethostname().lower()
        return ours or "." not in host or host.endswith(_LOCAL_ENDINGS)


def _error(status, reason, headers=None):
    return JSONResponse({"error": reason}, status, headers)
