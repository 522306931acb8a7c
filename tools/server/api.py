"""Reading back over HTTP: buckets, signals, charts, exports, and the live stream.

No key is asked for: who can reach the server can read. Answers are JSON (RFC 8259); a number
appears with the digits that the board sent. Every refusal is {"error": reason}.
"""

import io
import ipaddress
import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from tools import table

from .describe import Error
from .validate import Refusal

_MOST_READINGS = 10_000
# Times that a calendar has are far smaller; this keeps sums of two of them finite.
_TIME_LIMIT_S = 1e15

BucketId = Annotated[str, Path(description="as in GET /api/buckets", max_length=250)]
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


class Bucket(BaseModel):
    id: str
    name: str
    signals: int
    readings: int = Field(description="how many there are, repeats among them")
    last: float | None = Field(description="time of the newest reading, Unix s")


class Reading(BaseModel):
    epoch: float = Field(description="Unix s")
    value: Value


class SignalOf(BaseModel):
    signal: str
    kind: str = Field(description="number, bool, string or mixed: of its latest readings")
    readings: int
    first: float = Field(description="time of the first reading, Unix s")
    last: Reading
    every_s: float | None = Field(description="the interval that nine of ten readings keep")
    rate: int = Field(description="readings stamped within the last minute")


class Chart(BaseModel):
    signal: str
    first: float = Field(description="time of the signal's first reading, Unix s")
    last: float = Field(description="and of its last")
    count: int = Field(description="readings in the range")
    sampled: bool = Field(description="whether some were left out; extremes never are")
    before: Reading | None = Field(description="the last reading before the range")
    gaps: list[tuple[float, float]] = Field(description="where readings are missing, Unix s")
    readings: list[Reading]


_REFUSED = {"description": "refused", "model": Error}
_FAILURES = {"4XX": _REFUSED}


def _streamed(media_type, description):
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}, **_FAILURES}


def router(service):
    """The calls that read, over an app.Service."""
    api = APIRouter(tags=["reading back"])
    history = service.store.history

    @api.get("/api/buckets", summary="All buckets, the latest first", response_model=list[Bucket])
    def buckets():
        return history.summary()

    @api.get(
        "/api/buckets/{bucket_id:path}/signals",
        summary="A bucket's signals and their latest values",
        response_model=list[SignalOf],
        responses=_FAILURES,
    )
    def signals(bucket_id: BucketId):
        found = history.signals(bucket_id)
        if not found and bucket_id not in service.store.names:
            raise Refusal(404, "there is no such bucket")
        return found

    @api.get(
        "/api/buckets/{bucket_id:path}/readings",
        summary="A signal's readings; where they are more than max, the extremes are kept",
        response_class=Response,
        responses={200: {"description": "in order of time", "model": Chart}, **_FAILURES},
    )
    def readings(
        bucket_id: BucketId,
        signal: Annotated[str, Query(description="its name", max_length=100)],
        start: From = None,
        end: To = None,
        most: Most = 1000,
    ):
        found = history.chart(bucket_id, signal, start, end, most)
        if found is None:
            raise Refusal(404, "there is no such bucket or signal")
        return Response(found, media_type="application/json")

    @api.get(
        "/api/buckets/{bucket_id:path}/export.csv",
        summary="All readings as CSV, in order of arrival",
        response_class=StreamingResponse,
        responses=_streamed("text/csv", "time (UTC), epoch, signal, value, received, repeat"),
    )
    def export_csv(bucket_id: BucketId, signal: Signal = None, start: From = None, end: To = None):
        pages = history.export(bucket_id, signal, start, end)
        return _download(_as_csv(pages), "text/csv; charset=utf-8", "readings.csv")

    @api.get(
        "/api/buckets/{bucket_id:path}/export.jsonl",
        summary="All readings as JSON lines, in order of arrival",
        response_class=StreamingResponse,
        responses=_streamed("application/jsonl", "one object a line"),
    )
    def export_jsonl(
        bucket_id: BucketId, signal: Signal = None, start: From = None, end: To = None
    ):
        pages = history.export(bucket_id, signal, start, end)
        return _download(_as_jsonl(pages), "application/jsonl", "readings.jsonl")

    @api.get(
        "/api/live",
        summary="Readings as they arrive, as server-sent events",
        response_class=StreamingResponse,
        responses=_streamed("text/event-stream", "each event: a list of readings, as JSON"),
    )
    async def live(
        bucket: Annotated[str | None, Query(description="only this one", max_length=250)] = None,
    ):
        if service.live.full():
            raise Refusal(429, "too many are watching already")
        return StreamingResponse(
            service.live.stream(bucket),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    @api.get("/api/server", summary="About this server")
    def about(request: Request) -> dict[str, str | int | bool | None]:
        return service.about(is_loopback(request.client.host if request.client else ""))

    return api


def _download(lines, media_type, name):
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type=media_type, headers=headers)


def _as_csv(pages):
    out = io.StringIO()
    write = table.writer(out, "received", "repeat")
    for page in pages:
        for row in page:
            value = row["value"] if isinstance(row["value"], str) else row["text"]
            more = f"{row['received']:.3f}", int(row["repeat"])
            write(row["epoch"], row["signal"], value, *more)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
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
