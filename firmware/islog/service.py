"""What the settings say of the service: addresses, headers, texts, and the way to get there."""

import hashlib
import sys

from . import batch_logs
from .clock import board_id
from .errors import ConfigError
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
        self.headers = _filled(api.BUCKET_HEADERS, plain), _filled(api.HEADERS, plain)
        self.bucket = (api.BUCKET % quoted).encode()
        self.fields = (api.FIELDS[0] % quoted,) + api.FIELDS[1:]
        self.batch_readings = settings["batch_readings"] or api.BATCH_READINGS
        per_s = settings["requests_per_s"] or api.REQUESTS_PER_S
        self.gap_ms = 1000 // per_s if per_s else 0


def checked(how, given):
    """What config.check() or config.load(), by its name, makes of what is given. The rules are not
    needed again: the 8 KB of heap that they take are given back."""
    from . import config

    try:
        return getattr(config, how)(given)
    finally:
        package = sys.modules[__name__.rpartition(".")[0]]
        del sys.modules[config.__name__]
        del package.config


def _api(name):
    if name == "batch_logs":
        return batch_logs
    from . import events  # only where it is asked for

    return events


def _filled(headers, values):
    return tuple((name, text % values) for name, text in headers)


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
            raise ConfigError("ca_file %s cannot be opened: put it on the device" % root)
    try:
        return Kept(settings["timeout"], settings["idle_close"], root)
    except (OSError, ValueError):
        raise ConfigError("ca_file holds no certificate that can be read (DER or PEM)")


def guid(bucket_name):
    """The bucket id that this board has for a bucket name: the same after a reboot or a re-flash,
    so that the readings go on in the same bucket."""
    digest = hashlib.sha256(board_id() + b"\0" + bucket_name.encode()).digest().hex()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
