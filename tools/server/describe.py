"""The boards' calls in OpenAPI's words; validate.py decides, the tests hold the two together."""

from pydantic import BaseModel, Field

from . import validate


class Error(BaseModel):
    """Why a request was refused."""

    error: str = Field(description="One sentence, without the key.")


GUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_TIME = "Unix time, seconds, with a fraction"


def text(most=None, **more):
    """The schema of a text that is not empty."""
    limit = {} if most is None else {"maxLength": most}
    return {"type": "string", "minLength": 1, **limit, **more}


def value(most=None):
    """The schema of a reading's value."""
    limit = {} if most is None else {"maxLength": most}
    return {"anyOf": [{"type": "string", **limit}, {"type": "boolean"}, {"type": "number"}]}


def record(optional=(), **fields):
    """The schema of an object with just these fields."""
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def header(name, schema, description):
    return {
        "name": name,
        "in": "header",
        "required": True,
        "schema": schema,
        "description": description,
    }


def _call(summary, tag, body, *, done=None, refused=(), headers=(), scheme=None):
    reasons = {
        400: "not acceptable",
        401: "wrong key",
        403: "key missing or wrong",
        408: "the body came too slowly",
        413: "body over 1,000,000 bytes",
        429: "too fast (where a limit is set)",
        503: "more arrives than the disk takes, or the database is locked or full",
    }
    extra = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }
    if headers:
        extra["parameters"] = list(headers)
    if scheme:
        extra["security"] = [{scheme: []}]
    return {
        "summary": summary,
        "tags": [tag],
        "status_code": 204,
        "responses": {
            204: {"description": "done, and on disk"},
            **(done or {}),
            **{s: {"description": reasons[s], "model": Error} for s in (400, 408, 413, *refused)},
        },
        "openapi_extra": extra,
    }


_READING = record(
    b=text(200, description="bucket name"),
    sn=text(100, description="signal name"),
    # No maxLength: who makes up texts of such a length gets beyond what a body may have.
    v={**value(), "description": f"a text has at most {validate.VALUE_LIMIT} characters"},
    e={
        "type": "number",
        "minimum": validate.FIRST_S,
        "exclusiveMaximum": validate.END_S,
        "description": _TIME + ", from 1990 to 2106",
    },
    tid={"type": "string", "pattern": GUID, "description": "bucket id"},
)
_EVENT = record(
    optional=("epoch",),
    key=text(100, description="signal name"),
    value=value(2000),
    epoch={"type": "number", "description": _TIME + "; without it, the server's"},
)
_KEY_PATTERN = "^[!#-&(-9;-~]+$"
_VERSION = header("Accept-Version", {"type": "string", "enum": ["~0"]}, "always ~0")
_BUCKET_KEY = header(
    "X-IS-BucketKey",
    {"type": "string", "minLength": 1, "maxLength": 250, "pattern": _KEY_PATTERN},
    "which bucket: printable ASCII without a space, a colon or a quote",
)

BUCKET = _call(
    "Create or confirm a bucket",
    "boards: batch_logs",
    record(
        bucketId={"type": "string", "pattern": GUID},
        bucketName=text(200),
        clientKey=text(description="the secret"),
    ),
    refused=(401, 403, 503),
)
BATCH = _call(
    "Store readings, all or none",
    "boards: batch_logs",
    {"type": "array", "items": _READING},
    refused=(403, 503),
    scheme="client key",
)
EVENT_BUCKET = _call(
    "Create or confirm a bucket",
    "boards: events",
    record(bucketKey=text(250, pattern=_KEY_PATTERN), bucketName=text(250)),
    done={201: {"description": "created"}},
    refused=(401, 403, 429, 503),
    headers=[_VERSION],
    scheme="access key",
)
EVENTS = _call(
    "Store readings, all or none",
    "boards: events",
    {"type": "array", "items": _EVENT},
    refused=(401, 403, 429, 503),
    headers=[_VERSION, _BUCKET_KEY],
    scheme="access key",
)
_KEYS = {
    "client key": {"type": "apiKey", "in": "header", "name": "X-IS-ClientKey"},
    "access key": {"type": "apiKey", "in": "header", "name": "X-IS-AccessKey"},
}


def with_keys(description):
    """The OpenAPI `description`, knowing the two headers that carry a key."""
    description.setdefault("components", {})["securitySchemes"] = _KEYS
    return description
