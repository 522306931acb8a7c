"""What the settings say of the service: addresses, headers, texts, and the way to get there."""

import hashlib
import os

from . import __version__
from .errors import once
from .payload import quote
from .transport import Requests


def plan(settings):
    """(bucket_id, transport, bucket call, batches, fields, batch_readings, gap_ms), for Uplink.

    The bucket call is (URL, headers, body), batches are (URL, headers); fields: batch_logs.api();
    batch_readings: at most in a batch; gap_ms: at least between two. ConfigError: ca_file.
    """
    bucket_id = settings["bucket_id"] or guid(settings["bucket_name"])
    account = settings["bucket_name"], bucket_id, settings["client_key"]
    url, headers, body, ingest_url, ingest_headers, fields, most, per_s = once(
        settings["api"], "api", *account, lambda text: str(quote(text), "utf-8")
    )
    agent = (("User-Agent", "islog/" + __version__),)
    per_s = settings["requests_per_s"] or per_s
    return (
        bucket_id,
        _transport(settings),
        (settings["bucket_url"] or url, headers + agent, body.encode()),
        (settings["ingest_url"] or ingest_url, ingest_headers + agent),
        fields,
        settings["batch_readings"] or most or 0xFFFF,
        -(-1000 // per_s) if per_s else 0,
    )


def _transport(settings):
    # What it needs is loaded only where it is asked for.
    root = settings["ca_file"]
    if (settings["transport"] or ("kept" if root else "requests")) == "requests":
        return Requests(settings["timeout"])
    from .kept import Kept

    return Kept(settings["timeout"], settings["idle_close"], root)


def guid(bucket_name):
    """The bucket id that this board has for a bucket name: the same after a reboot or a re-flash,
    so that the readings go on in the same bucket. (A port without a unique id: a random one.)"""
    try:
        from machine import unique_id
    except ImportError:
        board = os.urandom(8)
    else:
        board = unique_id()
    digest = hashlib.sha256(board + b"\0" + bucket_name.encode()).digest().hex()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
