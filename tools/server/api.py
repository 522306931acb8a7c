"""Reading back over HTTP: buckets, signals, charts, exports, and the live stream.

No key is asked for: who can reach the server can read. Answers are JSON (RFC 8259); a number
appears with the digits that the board sent. Every refusal is {"error": reason}.
"""

import io
import ipaddress
import json
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response, StreamingResponse

from tools import table

from . import downloads, overview
from .describe import Error
from .validate import Refusal

_MOST_READINGS = 10_000
# Times that a calendar has are far smaller; this keeps sums of two of them finite.
_TIME_LIMIT_S = 1e15

# No URL can hold a bucket that is named "." or "..": the colon is in no bucket's key.
BucketId = Annotated[
    str,
    Path(description="as in GET /api/buckets; for `.` and `..`, `:.` and `:..`", max_length=250),
    AfterValidator(lambda sent: sent[1:] if sent in (":.", ":..") else sent),
]
Signal = Annotated[str | None, Query(description="its name", max_length=100)]
From = Annotated[
    float | None,
    Query(alias="from", ge=-_TIME_LIMIT_S, le=_TIME_LIMIT_S, description="Unix s, inclusive"),
]
To = Annotated[
    float | None,
    Query(alias="to", ge=-_TIME_LIMIT_S, le=_TIME_LIMIT_S, description="Unix s, inclusive"),
]
Most = Annotated[
    int,
    Query(alias="max", ge=2, le=_MOST_READINGS, description="how many readings at most"),
]
Value = str | bool | int | float

_CLOCK = (
    "by how much the board's clock is wrong, s, positive: ahead; null where it may be right "
    "(readings that are late by less than a year may have waited on the board)"
)


def _named(field):
    return " or ".join(overview.NAMES[field])


class Bucket(BaseModel):
    id: str
    name: str
    signals: int
    readings: int = Field(description="how many there are, repeats among them")
    last: float | None = Field(description="time of the newest reading, Unix s")
    received: float | None = Field(description="when its latest reading arrived, Unix s")
    clock_s: float | None = Field(description=_CLOCK)


class Trace(BaseModel):
    signal: str
    value: float = Field(description="the latest")
    points: list[float | None] = Field(
        description="the last value of each of 20 equal stretches of its last day (or of all its "
        "time, where that is less); null where it has none"
    )


class Board(BaseModel):
    id: str
    name: str
    state: Literal["online", "late", "silent", "empty"] = Field(
        description="late: nothing has arrived for twice every_s and a minute; silent: for five "
        "times every_s and five minutes; where every_s is null: for an hour, for a day; empty: "
        "nothing ever has"
    )
    received: float | None = Field(description="when its latest reading arrived, Unix s")
    every_s: float | None = Field(
        description="the interval that nine of ten of its latest arrivals keep"
    )
    per_minute: float | None = Field(description="readings a minute, while it sends")
    clock_s: float | None = Field(description=_CLOCK)
    dropped: float | None = Field(description="the latest islog.dropped")
    dropped_lately: float = Field(description="by how much that has grown within an hour")
    strength: Trace | None = Field(description="the signal named " + _named("strength"))
    battery: Trace | None = Field(description="the signal named " + _named("battery"))
    heap: Trace | None = Field(description="the signal named " + _named("heap"))


class Overview(BaseModel):
    now: float = Field(description="the server's time, Unix s")
    boards: list[Board]


class Reading(BaseModel):
    epoch: float = Field(description="Unix s")
    value: Value


class SignalOf(BaseModel):
    signal: str
    kind: str = Field(description="number, bool, string or mixed: of its latest readings")
    readings: int
    first: float = Field(description="time of the first reading, Unix s")
    last: Reading = Field(description="of a long text the first 2000 characters and …")
    every_s: float | None = Field(description="the interval that nine of ten readings keep")
    silent_after_s: float | None = Field(
        description="it is silent once its last reading is older: three times the interval that "
        "readings keep and the time that they usually wait before they arrive"
    )
    rate: int = Field(description="readings stamped within the last minute")


class Chart(BaseModel):
    signal: str
    first: float = Field(description="time of the signal's first reading, Unix s")
    last: float = Field(description="and of its last")
    count: int = Field(description="readings in the range")
    sampled: bool = Field(
        description="whether some were left out; extremes never are, of texts the older ones"
    )
    before: Reading | None = Field(description="the last reading before the range")
    after: Reading | None = Field(description="the first one after it")
    gaps: list[tuple[float, float | None]] = Field(
        description="where readings are missing in it: the last reading before and the first one "
        "after, Unix s; null: until now. The 1000 longest"
    )
    readings: list[Reading]


_REFUSED = {"description": "refused", "model": Error}
_FAILURES = {"4XX": _REFUSED, 503: {"description": "too many are reading", "model": Error}}


def _streamed(media_type, description):
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}, **_FAILURES}


def router(service):
    """The calls that read, over an app.Service."""
    api = APIRouter(tags=["reading back"])
    history = service.store.history
    glance = overview.Glance(history.overview)
    read = service.readers.run

    async def answer(function, *args):
        """The JSON text that the function gives, made in a reader's thread to the last byte."""
        found = await read(lambda: function(*args).encode())
        return Response(found, media_type="application/json")

    @api.get(
        "/api/buckets",
        summary="All buckets, the latest first",
        response_class=Response,
        responses={200: {"description": "a list", "model": list[Bucket]}, **_FAILURES},
    )
    async def buckets():
        return await answer(lambda: json.dumps(history.summary()))

    @api.get(
        "/api/overview",
        summary="All boards at a glance, those that need attention first",
        response_class=Response,
        responses={
            200: {"description": "all of it is one moment's", "model": Overview},
            **_FAILURES,
        },
    )
    async def at_a_glance():
        return await answer(glance.text)

    def check(bucket_id, signal=None):
        name = history.name(bucket_id)
        if name is None:
            raise Refusal(404, "there is no such bucket")
        if signal is not None and not history.has(bucket_id, signal):
            raise Refusal(404, "there is no such signal in this bucket")
        return name

    async def download(as_lines, ending, media_type, bucket_id, signal, start, end):
        bucket_name = await read(check, bucket_id, signal)
        lines = as_lines(history.export(bucket_id, signal, start, end))
        first = await read(next, lines, "")  # a failure is told while there is still a status
        name = downloads.disposition(ending, bucket_name, signal, start, end)
        return StreamingResponse(
            _text_by_text(read, first, lines),
            media_type=media_type,
            headers={"Content-Disposition": name},
        )

    @api.get(
        "/api/buckets/{bucket_id:path}/signals",
        summary="A bucket's signals and their latest values",
        response_class=Response,
        responses={200: {"description": "a list", "model": list[SignalOf]}, **_FAILURES},
    )
    async def signals(bucket_id: BucketId):
        def found():
            check(bucket_id)
            return json.dumps(history.signals(bucket_id))

        return await answer(found)

    @api.get(
        "/api/buckets/{bucket_id:path}/readings",
        summary="A signal's readings; where they are more than max, the extremes are kept",
        response_class=Response,
        responses={200: {"description": "in order of time", "model": Chart}, **_FAILURES},
    )
    async def readings(
        bucket_id: BucketId,
        signal: Annotated[str, Query(description="its name", max_length=100)],
        start: From = None,
        end: To = None,
        most: Most = 1000,
    ):
        def found():
            check(bucket_id, signal)
            return history.chart(bucket_id, signal, start, end, most)

        return await answer(found)

    @api.get(
        "/api/buckets/{bucket_id:path}/export.csv",
        summary="All readings as CSV, in order of arrival",
        response_class=StreamingResponse,
        responses=_streamed("text/csv", "time (UTC), epoch, signal, value, received, repeat"),
    )
    async def export_csv(
        bucket_id: BucketId, signal: Signal = None, start: From = None, end: To = None
    ):
        kind = "text/csv; charset=utf-8"
        return await download(_as_csv, ".csv", kind, bucket_id, signal, start, end)

    @api.get(
        "/api/buckets/{bucket_id:path}/export.jsonl",
        summary="All readings as JSON lines, in order of arrival",
        response_class=StreamingResponse,
        responses=_streamed("application/jsonl", "one object a line"),
    )
    async def export_jsonl(
        bucket_id: BucketId, signal: Signal = None, start: From = None, end: To = None
    ):
        kind = "application/jsonl"
        return await download(_as_jsonl, ".jsonl", kind, bucket_id, signal, start, end)

    @api.get(
        "/api/live",
        summary="Readings as they arrive, as server-sent events",
        response_class=StreamingResponse,
        responses=_streamed("text/event-stream", "each event: a list of readings, as JSON"),
    )
    async def live(
        bucket: Annotated[str | None, Query(description="only this one", max_length=250)] = None,
    ):
        if bucket is not None:
            await read(check, bucket)
        watcher = service.live.watch(bucket)
        if watcher is None:
            raise Refusal(429, "too many are watching already")
        return _Watched(watcher)

    @api.get("/api/server", summary="About this server")
    def about(request: Request) -> dict[str, str | int | bool | None]:
        return service.about(is_loopback(request.client.host if request.client else ""))

    return api


class _Watched(StreamingResponse):
    """A watcher's events; however it ends, also before the first one, its place is free again."""

    def __init__(self, watcher):
        headers = {"Cache-Control": "no-store"}
        super().__init__(watcher.events(), media_type="text/event-stream", headers=headers)
        self._watcher = watcher

    async def __call__(self, scope, receive, send):
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watcher.leave()


async def _text_by_text(read, text, texts):
    while text:
        yield text
        text = await read(next, texts, "", patient=True)


def _as_csv(pages):
    out = io.StringIO()
    write = table.writer(out, "received", "repeat")
    for page in pages:
        for row in page:
            is_text = isinstance(row["value"], str)
            value = row["value"] if is_text else row["text"]
            more = f"{row['received']:.3f}", int(row["repeat"])
            write(row["epoch"], row["signal"], value, is_text, *more)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    if out.tell():  # nothing but the head
        yield out.getvalue()


def _as_jsonl(pages):
    for page in pages:
        yield "".join(
            f'{{"epoch":{row["epoch"]},"signal":{json.dumps(row["signal"])},"value":{row["text"]},'
            f'"received":{row["received"]:.3f},"repeat":{json.dumps(row["repeat"])}}}\n'
            for row in page
        )


def is_loopback(host):
    """Whether an address, or a name to listen on, is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
