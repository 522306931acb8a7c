"""What the settings say of the service: addresses, headers, texts, and the way to get there."""

import hashlib
import os

from . import __version__, batch_logs
from .errors import ConfigError, once, why
from .payload import quote
from .transport import Requests


class Service:
    """One bucket of one API. `urls` and `headers` are pairs: for the bucket call, for batches."""

    def __init__(self, settings, bucket_id):
        api = _api(settings["api"])
        plain = {"name": settings["bucket_name"], "id": bucket_id, "key": settings["client_key"]}
        quoted = {name: str(quote(plain[name]), "utf-8") for name in plain}
        self.urls = (
            settings["bucket_url"] or api.BUCKET_URL,
            settings["ingest_url"] or api.INGEST_URL,
        )
        agent = (("User-Agent", "islog/" + __version__),)
        self.headers = (
            _filled(api.BUCKET_HEADERS, plain) + agent,
            _filled(api.HEADERS, plain) + agent,
        )
        self.bucket = (api.BUCKET % quoted).encode()
        self.fields = (api.FIELDS[0] % quoted,) + api.FIELDS[1:]
        self.batch_readings = settings["batch_readings"] or api.BATCH_READINGS
        per_s = settings["requests_per_s"] or api.REQUESTS_PER_S
        self.gap_ms = 1000 // per_s if per_s else 0


def _api(name):
    if name == "batch_logs":
        return batch_logs
    from . import events  # only where it is asked for

    return events


def _filled(headers, values):
    return tuple((name, text % values) for name, text in headers)


def checked(how, given):
    """What config.check() or config.load(), by its name, makes of what is given. The rules are not
    needed again."""
    return once("config", how, given)


def transport_for(settings):
    """The transport that the settings ask for; what it needs is loaded only then. ConfigError:
    ca_file."""
    root = settings["ca_file"]
    if (settings["transport"] or ("kept" if root else "requests")) == "requests":
        return Requests(settings["timeout"])
    from .kept import Kept

    if root:
        try:
            with open(root, "rb") as f:
                root = f.read()
        except OSError:
            raise ConfigError("ca_file %s %s" % (root, why("open")))
    try:
        return Kept(settings["timeout"], settings["idle_close"], root)
    except (OSError, ValueError):
        raise ConfigError("ca_file %s" % why("ca_file"))


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
