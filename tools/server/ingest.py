"""What boards call: both generations of the service's API, as strict as documented.

    POST /api/v1/buckets   batch_logs: create or confirm a bucket; the key is a field of the body
    POST /batch_logs       store a batch of readings whole or not at all; the key is a header
    POST /api/buckets      events: create (201) or confirm (204) a bucket
    POST /api/events       the same for a batch; without a time, or with one that is ten years
                           off, a reading gets the server's

204: done, and on disk. Every refusal has a JSON body {"error": reason}: 400 (not acceptable),
408 (the body came too slowly), 413 (over a megabyte; for a bucket, over 8,000 bytes), 401 (wrong
key; batch_logs' readings: 403), 403 (no key), 429 (events, where a limit is set), 503 (more
arrives than the disk takes). The key is compared in constant time and appears in no answer; until
it is known, nothing large is kept or parsed.
"""

import asyncio
import hmac
import json
import time

import anyio
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from . import describe, validate
from .store import Busy
from .validate import Refusal

BUCKET_PATH = "/api/v1/buckets"
INGEST_PATH = "/batch_logs"
EVENT_BUCKET_PATH = "/api/buckets"
EVENT_PATH = "/api/events"
BODY_LIMIT_S = 20

_BUCKET_LIMIT_BYTES = 8000  # it is parsed before its key is known; all fields at their longest fit
_DRAIN_LIMIT_BYTES = 16 * validate.BODY_LIMIT_BYTES
_LARGE_BYTES = 20_000  # a body that takes so long to check that it had better not stop the others
_TEN_YEARS_S = 10 * 365.25 * 86400


def router(service):
    """The four calls over an app.Service."""
    api = APIRouter()

    @api.post(BUCKET_PATH, **describe.BUCKET)
    async def create_bucket(request: Request):
        body = await _body(request, _BUCKET_LIMIT_BYTES)
        if service.always_bucket:
            return _scripted(service.always_bucket)
        _check_type(request)
        fields = validate.bucket(body)
        key = fields.get("clientKey")
        if not isinstance(key, str) or not key:
            raise Refusal(403, "the client key is missing: it is the field 'clientKey'")
        if not _is_key(service, key.encode("utf-8", "replace")):
            raise Refusal(401, "the client key is not this server's")
        validate.check_bucket(fields)
        await _create(service, fields["bucketId"], fields["bucketName"])
        return Response(status_code=204)

    @api.post(INGEST_PATH, **describe.BATCH)
    async def ingest(request: Request):
        key = request.headers.get("x-is-clientkey", "").encode("latin-1")
        known = _is_key(service, key)
        body = await _body(request, validate.BODY_LIMIT_BYTES, known)
        if answer := _next_answer(service):
            return _scripted(answer)
        if not key:
            raise Refusal(403, "the client key is missing: it is the header X-IS-ClientKey")
        if not known:
            raise Refusal(403, "the client key is not this server's")
        _check_type(request)
        await _store(service, await _checked(body, validate.READING))
        return Response(status_code=204)

    @api.post(EVENT_BUCKET_PATH, **describe.EVENT_BUCKET)
    async def create_event_bucket(request: Request):
        known = _knows_access_key(service, request)
        body = await _body(request, _BUCKET_LIMIT_BYTES, known)
        if service.always_bucket:
            return _scripted(service.always_bucket)
        limits = _check_events(service, request)
        fields = validate.bucket(body)
        validate.check_bucket(fields, validate.EVENT_BUCKET)
        new = await _create(service, fields["bucketKey"], fields["bucketName"])
        return Response(status_code=201 if new else 204, headers=limits)

    @api.post(EVENT_PATH, **describe.EVENTS)
    async def ingest_events(request: Request):
        known = _knows_access_key(service, request)
        body = await _body(request, validate.BODY_LIMIT_BYTES, known)
        if answer := _next_answer(service):
            return _scripted(answer)
        limits = _check_events(service, request)
        bucket = request.headers.get("x-is-bucketkey", "")
        wrong = validate.bucket_key(bucket)
        if wrong:
            raise Refusal(400, f"the header X-IS-BucketKey {wrong}")
        events = await _checked(body, validate.EVENT)
        await _store(service, _as_readings(events, bucket, service.store.names))
        return Response(status_code=204, headers=limits)

    return api


def _next_answer(service):
    return service.answers.pop(0) if service.answers else service.always


def _is_key(service, sent):
    return hmac.compare_digest(sent, service.key.encode())


def _knows_access_key(service, request):
    return _is_key(service, request.headers.get("x-is-accesskey", "").encode("latin-1"))


def _check_events(service, request):
    """The checks that both calls of the events API begin with; returns headers of the answer."""
    if not request.headers.get("x-is-accesskey"):
        raise Refusal(403, "the access key is missing: it is the header X-IS-AccessKey")
    if not _knows_access_key(service, request):
        raise Refusal(401, "the access key is not this server's")
    limits = service.rate.take()
    if request.headers.get("accept-version") != "~0":
        raise Refusal(400, "the header Accept-Version must be ~0")
    _check_type(request)
    return limits


class Rate:
    """At most `per_s` requests in each second of the clock (None: no limit)."""

    def __init__(self, per_s=None):
        self.per_s = per_s
        self._second = 0
        self._used = 0

    def take(self):
        """Headers that tell what is left, after this request; raises Refusal (429)."""
        if self.per_s is None:
            return {}
        second = int(time.time())
        if second != self._second:
            self._second, self._used = second, 0
        self._used += 1
        headers = {
            "X-RateLimit-Limit": str(self.per_s),
            "X-RateLimit-Remaining": str(max(0, self.per_s - self._used)),
            "X-RateLimit-Reset": str(second + 1),
        }
        if self._used > self.per_s:
            reason = f"more than {self.per_s} requests in a second"
            raise Refusal(429, reason, {**headers, "Retry-After": "1"})
        return headers


def _as_readings(events, bucket, names):
    now = time.time()
    stamp = validate.Number(f"{now:.6f}")
    name = names.get(bucket, bucket)
    found = []
    for event in events:
        epoch = event.get("epoch", stamp)
        if abs(float(epoch) - now) >= _TEN_YEARS_S:
            epoch = stamp
        found.append(
            {"b": name, "sn": event["key"], "v": event["value"], "e": epoch, "tid": bucket}
        )
    return found


async def _create(service, bucket_id, name):
    new = await run_in_threadpool(service.store.create_bucket, bucket_id, name)
    service.on_notice(f"The bucket {name} is there.")
    return new


async def _checked(body, rules):
    if len(body) > _LARGE_BYTES:
        return await run_in_threadpool(validate.readings, body, rules)
    return validate.readings(body, rules)


async def _store(service, batch):
    if not batch:
        return
    try:
        await asyncio.wrap_future(service.store.submit(batch))
    except Busy:
        reason = "more readings are waiting than the disk takes"
        raise Refusal(503, reason, {"Retry-After": "1"}) from None


async def _body(request, limit_bytes, known=True):
    # Past the limit the rest is read and thrown away, so that the sender gets to see the answer.
    # So is all that comes from one whose key is not known: the call refuses it for that.
    kept, size = [], 0
    with anyio.move_on_after(BODY_LIMIT_S) as limit:
        async for chunk in request.stream():
            size += len(chunk)
            if known and size <= limit_bytes:
                kept.append(chunk)
            elif size > _DRAIN_LIMIT_BYTES:
                break
    if limit.cancelled_caught:
        reason = f"the body took longer than {BODY_LIMIT_S} s"
        raise Refusal(408, reason, {"Connection": "close"})
    if known and size > limit_bytes:
        reason = f"the body is too large: the limit is {limit_bytes} bytes"
        raise Refusal(413, reason)
    return b"".join(kept)


def _check_type(request):
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json":
        raise Refusal(400, "the header Content-Type must be application/json")


def _scripted(answer):
    status, headers, body = answer
    body = json.dumps(body) if isinstance(body, (dict, list)) else body
    return Response(None if status in (204, 304) else body, status, headers)
