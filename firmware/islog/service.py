"""What is sent, by the settings: headers (with the client key), the JSON around a reading, the
limits of the API; with what: the transport, and what asks NTP; and how a Logger begins. Loaded for
one call, and forgotten.
The two generations of Initial State's API: docs/api.md.
"""

import gc
import hashlib
import os

from micropython import const

from . import __version__
from .batch import quote
from .errors import ConfigError, call_unloading, why
from .timekeeper import Sntp
from .transport import Requests

# With `native` "auto": where less heap is free, the 6 KB of machine code are better kept for what
# needs them, for a Logger with its buffers takes 13 and a TLS connection 30 at its peak.
_NATIVE_BYTES = const(65536)
_SIGNAL_BYTES = const(107)  # of a signal of 100 ASCII characters with its quotes, and ',"v":'
_NUMBER_BYTES = const(26)  # as in intake.py


class Service:
    """What Uplink needs for one bucket, from checked `settings`. ConfigError: ca_file is wrong, or
    the board has no `requests`.

    bucket_id       the id that the server knows the bucket by
    bucket_call     (URL, headers, body) of the request that creates the bucket
    ingest          (URL, headers) for batches; headers are a tuple of (name, value)
    fields          the JSON texts in a reading before the signal, the value and the time
    batch_readings  at most so many readings in one request
    gap_ms          at least so long from the beginning of one request to the next; 0: no limit
    ring, batch     the classes of ring and batch: native.py's or bytecode.py's
    transport       a Requests (transport.py) or a Keepalive (keepalive.py)
    ntp             a timekeeper.Sntp, which looks names up as the transport does
    is_unverified   the server need not prove its name, though TLS is used
    """

    def __init__(self, settings):
        self.bucket_id = settings["bucket_id"] or guid(settings["bucket_name"])
        api = _events if settings["api"] == "events" else _batch_logs
        account = settings["bucket_name"], self.bucket_id, settings["client_key"]
        bucket_headers, body, headers, self.fields, limits = api(*account)
        agent = (("User-Agent", "islog/" + __version__),)
        self.bucket_call = settings["bucket_url"], bucket_headers + agent, body.encode()
        self.ingest = settings["ingest_url"], headers + agent
        batch_readings, requests_per_s = limits
        self.batch_readings = settings["batch_readings"] or batch_readings or 0xFFFF
        requests_per_s = settings["requests_per_s"] or requests_per_s
        self.gap_ms = -(-1000 // requests_per_s) if requests_per_s else 0
        self.ring, self.batch = _storage(settings["native"])
        self.transport, sntp = _transport(settings)
        self.ntp = sntp(settings["ntp_hosts"], settings["timeout"])
        self.is_unverified = self.ingest[0].startswith("https:") and not self.transport.verifies

    def begin(self, log, settings):
        """Tell the console of `log`, a Logger that is complete, and give it what is only there
        where the settings ask for it (parts.py). ConfigError: it cannot have that, or a request
        would be too short for a reading."""
        if log._uplink.batch.room <= _SIGNAL_BYTES + _NUMBER_BYTES:
            raise ConfigError("batch_bytes %s" % why("batch_bytes"))
        if not settings["quiet"]:
            print("islog:", "version %s, bucket %s" % (__version__, settings["bucket_name"]))
            if self.is_unverified:
                print("islog:", "the server is not verified (no ca_file): others may read the key")
        for name in "spool_file upload_interval max_clock_error watchdog restart_after".split():
            if settings[name]:
                return call_unloading("parts", "begin", log, settings, self.bucket_id)


# For each generation of the API: (headers of the bucket call, its body, headers of batches,
# `fields`, (readings in a batch, requests a second; 0: the API has no limit)).


def _batch_logs(bucket_name, bucket_id, client_key):
    name, guid, key = _json(bucket_name), _json(bucket_id), _json(client_key)
    return (
        (),
        '{"bucketId":%s,"bucketName":%s,"clientKey":%s}' % (guid, name, key),
        (("X-IS-ClientKey", client_key),),
        ('{"b":%s,"tid":%s,"sn":' % (name, guid), ',"v":', ',"e":'),
        (0, 0),
    )


def _events(bucket_name, bucket_id, client_key):
    headers = ("X-IS-AccessKey", client_key), ("Accept-Version", "~0")
    return (
        headers,
        '{"bucketKey":%s,"bucketName":%s}' % (_json(bucket_id), _json(bucket_name)),
        headers + (("X-IS-BucketKey", bucket_id),),
        ('{"key":', ',"value":', ',"epoch":'),
        (10, 3),
    )


def _json(text):
    return str(quote(text), "utf-8")


def _storage(native):
    # The classes of ring and batch, by the setting `native`.
    if native is True or native and gc.mem_free() >= _NATIVE_BYTES:
        try:
            from .native import FastBatch, FastRing

            return FastRing, FastBatch
        except (ImportError, SyntaxError, AttributeError, ValueError, MemoryError):
            pass  # the port cannot compile it, or its .mpy is for another core
    from .bytecode import PlainBatch, PlainRing

    return PlainRing, PlainBatch


def _transport(settings):
    # The transport, and the class of what asks NTP. keepalive.py and what belongs to it are loaded
    # only where the settings ask for it.
    ca_file = settings["ca_file"]
    if (settings["transport"] or ("kept" if ca_file else "requests")) == "requests":
        return Requests(settings["timeout"]), Sntp
    from .keepalive import Keepalive

    transport = Keepalive(settings["timeout"], settings["idle_close"], ca_file)
    if not settings["ntp_hosts"]:
        return transport, Sntp
    from .sntp_steps import SteppedSntp  # what it looks names up with is in memory now

    return transport, SteppedSntp


def guid(bucket_name):
    """A bucket id made of the bucket's name and the board's unique id: the same after a reboot or
    a re-flash, so that the readings go on in the same bucket. (On a port without a unique id it is
    a random one at each start.)"""
    try:
        from machine import unique_id
    except ImportError:
        board = os.urandom(8)
    else:
        board = unique_id()
    digest = hashlib.sha256(board + b"\0" + bucket_name.encode()).digest().hex()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
