"""The service as an ASGI app: both calls of the first API generation, as strict as documented.

    POST /api/v1/buckets   create or confirm a bucket; the key is a field of the body
    POST /batch_logs       store a batch of readings whole or not at all; the key is a header

204: done, and on disk. Every refusal has a JSON body {"error": reason}: 400 (not acceptable),
413 (body over a megabyte), 401 (bucket call: wrong key), 403 (no key, or wrong key for
readings), 404, 405, and 500 where the database fails. The key is compared in constant time and
appears in no answer.
"""

import hmac
import json
import sqlite3
import sys
import threading

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from . import validate
from .validate import Refusal

BUCKET_PATH = "/api/v1/buckets"
INGEST_PATH = "/batch_logs"
_REQUESTS_KEPT = 10_000
_DRAIN_LIMIT_BYTES = 16 * validate.BODY_LIMIT_BYTES


class Service:
    """The two calls, over a store.Store; `app` is the ASGI application.

    on_reading: called with each stored reading (a dict as Store.readings gives it), from one
    thread at a time, before the answer goes out. on_notice: called with one sentence for each
    bucket created and each request refused. on_error: the same where the server is at fault
    (default: to stderr). A sentence may hold what a board sent: it is not safe to print as it is.
    All attributes may be read, and the settings changed, from any thread."""

    def __init__(self, store, key, on_reading=None, on_notice=None, on_error=None):
        self.store = store
        self.key = key
        self.accepted = 0  # stored since start-up, repeats not among them
        self.duplicates = 0  # repeats: stored too
        self.requests = []  # (path, status) of the latest answers, oldest first
        self.answers = []  # for tests: (status, headers, body), each given once by the ingest call
        self.always = None  # for tests: the answer of the ingest call while it is set
        self.always_bucket = None  # the same for the bucket call
        self._on_reading = on_reading or (lambda reading: None)
        self._on_notice = on_notice or (lambda text: None)
        self._on_error = on_error or (lambda text: print(text, file=sys.stderr))
        self._lock = threading.Lock()
        routes = [
            Route("/", self._home, methods=["GET"]),
            Route("/healthz", self._health, methods=["GET"]),
            Route(BUCKET_PATH, self._create_bucket, methods=["POST"]),
            Route(INGEST_PATH, self._ingest, methods=["POST"]),
        ]
        handlers = {
            Refusal: self._refused,
            HTTPException: self._http_error,
            ClientDisconnect: self._gone,
            sqlite3.Error: self._store_failed,
            Exception: self._failed,
        }
        web = Starlette(routes=routes, exception_handlers=handlers)
        web.router.redirect_slashes = False
        self.app = self._recorded(web)

    async def _create_bucket(self, request):
        body = await _body(request)
        if self.always_bucket:
            return _scripted(self.always_bucket)
        _check_type(request)
        fields = validate.bucket(body)
        key = fields.get("clientKey")
        if not isinstance(key, str) or not key:
            raise Refusal(403, "the client key is missing: it is the field 'clientKey'")
        if not self._is_key(key.encode("utf-8", "replace")):
            raise Refusal(401, "the client key is not this server's")
        validate.check_bucket(fields)
        name = fields["bucketName"]
        await run_in_threadpool(self.store.create_bucket, fields["bucketId"], name)
        self._on_notice(f"The bucket {name} is there.")
        return Response(status_code=204)

    async def _ingest(self, request):
        body = await _body(request)
        scripted = self.answers.pop(0) if self.answers else self.always
        if scripted:
            return _scripted(scripted)
        key = request.headers.get("x-is-clientkey")
        if not key:
            raise Refusal(403, "the client key is missing: it is the header X-IS-ClientKey")
        if not self._is_key(key.encode("latin-1")):
            raise Refusal(403, "the client key is not this server's")
        _check_type(request)
        await run_in_threadpool(self._store, body)
        return Response(status_code=204)

    def _store(self, body):
        batch = validate.readings(body)
        with self._lock:
            rows = self.store.add(batch)
            repeats = sum(row["repeat"] for row in rows)
            self.accepted += len(rows) - repeats
            self.duplicates += repeats
            try:
                for row in rows:
                    self._on_reading(row)
            except Exception as e:  # the batch is stored: whoever shows it must not refuse it
                self._on_error(f"A reading could not be shown: {type(e).__name__}: {e}.")

    def _is_key(self, sent):
        return hmac.compare_digest(sent, self.key.encode())

    async def _home(self, request):
        return PlainTextResponse(
            "islog: a local server for readings, and it is running.\n"
            f"Boards send to {BUCKET_PATH} and {INGEST_PATH}.\n"
        )

    async def _health(self, request):
        return PlainTextResponse("ok\n")

    async def _refused(self, request, e):
        return self._refusal(request, e.status, e.reason)

    async def _http_error(self, request, e):
        reasons = {
            404: f"nothing is here: the addresses are {BUCKET_PATH} and {INGEST_PATH}",
            405: "this address wants another method: boards use POST",
        }
        reason = reasons.get(e.status_code, e.detail)
        return self._refusal(request, e.status_code, reason, e.headers)

    def _refusal(self, request, status, reason, headers=None):
        sender = request.client.host if request.client else "somebody"
        self._on_notice(f"{status} to {sender} for {request.url.path[:60]}: {reason}.")
        return _error(status, reason, headers)

    async def _gone(self, request, e):
        return Response(status_code=499)  # only `requests` sees it: the client hung up

    async def _store_failed(self, request, e):
        self._on_error(f"The readings could not be stored: {e}.")
        return _error(500, "the readings could not be stored")

    async def _failed(self, request, e):
        self._on_error(f"The server failed at {request.url.path[:60]!a}: {type(e).__name__}: {e}.")
        return _error(500, "the server failed")

    def _recorded(self, web):
        async def app(scope, receive, send):
            async def recording_send(message):
                if message["type"] == "http.response.start":
                    self.requests.append((scope["path"], message["status"]))
                    if len(self.requests) > _REQUESTS_KEPT:
                        del self.requests[: _REQUESTS_KEPT // 2]
                await send(message)

            await web(scope, receive, recording_send)

        return app


async def _body(request):
    # Past the limit the rest is read and thrown away, so that the sender gets to see the answer.
    kept, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= validate.BODY_LIMIT_BYTES:
            kept.append(chunk)
        elif size > _DRAIN_LIMIT_BYTES:
            break
    if size > validate.BODY_LIMIT_BYTES:
        limit = validate.BODY_LIMIT_BYTES
        raise Refusal(413, f"the body is too large: the limit is {limit} bytes")
    return b"".join(kept)


def _check_type(request):
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json":
        raise Refusal(400, "the header Content-Type must be application/json")


def _error(status, reason, headers=None):
    return JSONResponse({"error": reason}, status, headers)


def _scripted(answer):
    status, headers, body = answer
    body = json.dumps(body) if isinstance(body, (dict, list)) else body
    return Response(None if status in (204, 304) else body, status, headers)
