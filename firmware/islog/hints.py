"""What to do about an answer, in words: the statuses that do not pass by themselves."""

_HINTS = {
    401: "the client key or the address is refused (HTTP 401): check client_key and bucket_url",
    402: "the account is over its limit (HTTP 402): look at it on the server",
    403: "the client key is refused (HTTP 403): check client_key",
    404: "nothing is at this address (HTTP 404): check %s",
    405: "nothing takes readings at this address (HTTP 405): check %s",
    407: "a proxy wants a log-in (HTTP 407): log in to this network, or take another",
    410: "nothing is at this address any more (HTTP 410): check %s",
    411: "the body's length was lost on the way (HTTP 411): look for a proxy that takes it away",
    415: "what answered takes no JSON (HTTP 415): check %s",
    426: "what answered wants another protocol (HTTP 426): check %s, perhaps https:// is missing",
    431: "the headers are too large for what answered (HTTP 431): check client_key and %s",
    511: "this network wants a log-in (HTTP 511): log in to this network, or take another",
    300: "a redirect was answered, which is never followed: check %s, or log in to this network",
    200: "what answered is not the API (HTTP 200, no JSON): check %s, or log in to this network",
}


def hint(status, which, otherwise):
    """The sentence for an HTTP status that answers the bucket call (`which` is 0) or a batch."""
    text = _HINTS.get(300 if 300 <= status < 400 else status, otherwise)
    return text % ("bucket_url", "ingest_url")[which] if "%s" in text else text
