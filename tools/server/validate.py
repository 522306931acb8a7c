"""What the service accepts, as data: the bodies of both calls of both API generations.

A body is parsed and checked whole before anything is stored; the first thing wrong is reported
as a `Refusal` with the documented status and a reason that a person can act on. No reason repeats
a value, so the client key cannot leak through one. Field names and limits come from Initial
State's APIs, batch_logs and events; JSON is RFC 8259, so NaN, Infinity and other encodings
than UTF-8 are refused.
"""

import json
import math
import re

BODY_LIMIT_BYTES = 1_000_000
FIRST_S, END_S = 631_152_000, 4_294_967_296  # 1990; 2106, where 32 bits of Unix seconds end
VALUE_LIMIT = 65_536  # characters; the service names none for batch_logs
_DIGITS_LIMIT = 400  # more than a double's longest integer has

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BUCKET_KEY = re.compile(r"[!#-&(-9;-~]+")


class Refusal(Exception):
    """A request that is not accepted: the HTTP `status` to answer, a readable `reason`, and

    further `headers` of the answer."""

    def __init__(self, status, reason, headers=None):
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


class Number(str):
    """A JSON number as the exact text that was sent; `value` is its int, else its double."""

    __slots__ = ()

    @property
    def finite(self):
        """Whether the number fits a double (1e400 does not)."""
        return math.isfinite(float(self))

    @property
    def value(self):
        return int(self) if self.lstrip("-").isdigit() else float(self)


def _unicode(text):
    """Whether the text can be stored: JSON's escapes can spell half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(v, limit=None):
    if not isinstance(v, str) or isinstance(v, Number):
        return f"must be a string, not {kind(v)}"
    if not v:
        return "must not be empty"
    if limit is not None and len(v) > limit:
        return f"must be at most {limit} characters, not {len(v)}"
    return None if _unicode(v) else "must be Unicode text, not half a surrogate pair"


def _text_200(v):
    return _text(v, 200)


def _text_100(v):
    return _text(v, 100)


def _text_250(v):
    return _text(v, 250)


def bucket_key(v):
    """What is wrong with a bucket key of the events API, or None."""
    wrong = _text(v, 250)
    if not wrong and not _BUCKET_KEY.fullmatch(v):  # it has to travel in a header
        return "must be printable ASCII without a space, a colon or a quote"
    return wrong


def _guid(v):
    if not isinstance(v, str) or isinstance(v, Number):
        return f"must be a guid (a string), not {kind(v)}"
    if not _GUID.fullmatch(v):
        return "must be a guid, like 01234567-89ab-cdef-0123-456789abcdef"
    return None


def _number(v):
    if not isinstance(v, Number):
        return f"must be a number, not {kind(v)}"
    if not v.finite:
        return "must be a finite number"
    if len(v) > _DIGITS_LIMIT:
        return f"must be a number of at most {_DIGITS_LIMIT} characters, not {len(v)}"
    return None


def _time(v):
    wrong = _number(v)
    if not wrong and not FIRST_S <= float(v) < END_S:
        return "must be Unix time from 1990 to 2106, in seconds"
    return wrong


def _value(v, limit=VALUE_LIMIT):
    if isinstance(v, bool):
        return None
    if isinstance(v, Number):
        return _number(v)
    if not isinstance(v, str):
        return f"must be a string, a bool or a number, not {kind(v)}"
    if len(v) > limit:
        return f"must be at most {limit} characters, not {len(v)}"
    return None if _unicode(v) else "must be Unicode text, not half a surrogate pair"


def _value_2000(v):
    return _value(v, 2000)


def kind(v):
    """JSON's word for the type of a parsed value."""
    if v is None:
        return "null"
    names = {
        bool: "a bool",
        Number: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names[type(v)]


# No other fields are allowed, and all but those of OPTIONAL are required; a rule gives what is
# wrong, or None.
BUCKET = {"bucketId": _guid, "bucketName": _text_200, "clientKey": _text}
READING = {"b": _text_200, "sn": _text_100, "v": _value, "e": _time, "tid": _guid}
EVENT_BUCKET = {"bucketKey": bucket_key, "bucketName": _text_250}
EVENT = {"key": _text_100, "value": _value_2000, "epoch": _number}
OPTIONAL = {"epoch"}


def parse(body):
    """The JSON value in `body` (bytes of UTF-8), its numbers as `Number`; raises Refusal."""
    try:
        return json.loads(
            body.decode(),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
        )
    except UnicodeDecodeError as e:
        raise Refusal(400, f"the body is not valid UTF-8 at byte {e.start}") from None
    except json.JSONDecodeError as e:
        raise Refusal(400, f"the body is not JSON: {e.msg} at character {e.pos}") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None


def bucket(body):
    """The fields of a bucket call, a dict, checked by `check_bucket` only: a key comes first."""
    fields = parse(body)
    if not isinstance(fields, dict):
        raise Refusal(400, f"the body must be an object, not {kind(fields)}")
    return fields


def check_bucket(fields, rules=BUCKET):
    """Raise the Refusal that the fields of a bucket call deserve, if any."""
    _check(fields, rules, "")


def readings(body, rules=READING):
    """The checked readings of a batch: a list of dicts named as `rules`; raises Refusal."""
    batch = parse(body)
    if not isinstance(batch, list):
        raise Refusal(400, f"the body must be an array of readings, not {kind(batch)}")
    for i, reading in enumerate(batch):
        if not isinstance(reading, dict):
            raise Refusal(400, f"reading {i}: must be an object, not {kind(reading)}")
        _check(reading, rules, f"reading {i}: ")
    return batch


def _check(fields, rules, where):
    for name, rule in rules.items():
        if name not in fields:
            if name in OPTIONAL:
                continue
            raise Refusal(400, f"{where}'{name}' is missing")
        wrong = rule(fields[name])
        if wrong:
            raise Refusal(400, f"{where}'{name}' {wrong}")
    extra = next((name for name in fields if name not in rules), None)
    if extra is not None:
        raise Refusal(400, f"{where}{extra[:40]!a} is not a field of this call")


def _no_constant(name):
    raise Refusal(400, f"{name} is not JSON: numbers must be finite")


def _no_repeats(pairs):
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal(400, "an object names the same field twice")
    return fields
