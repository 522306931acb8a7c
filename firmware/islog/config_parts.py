"""The rules of settings that depend on each other, all of parts that a program has to ask for: a
bucket's id, spool, TLS, watchdog. Loaded only where one of them is set, for one call (config.py).
"""

from .errors import ConfigError, why

_HELD_S = 10  # a Pico waits so long at most until its network stack takes more
_TAKEN_BYTES = 2048  # in one batch it takes always


def rtc_memory(value):
    """Whether that is a part of an ESP32's RTC memory: [first byte, bytes]."""
    if type(value) not in (list, tuple) or len(value) != 2:
        return False
    first, size = value
    return type(first) is type(size) is int and first >= 0 and 256 <= size <= 2048 - first


def check(settings):
    """ConfigError: what is wrong with one of `settings`, as another is what it is. With
    `watchdog` the transport is "kept"."""
    _check_bucket_id(settings["bucket_id"], settings["api"])
    if bool(settings["spool_file"]) != bool(settings["spool_bytes"]):
        _refuse("spool_file")
    if settings["spool_file"] and settings["spool_bytes"] < 10 * settings["batch_bytes"]:
        _refuse("spool_bytes")
    if settings["ca_file"]:
        _check_tls(settings)
    if settings["watchdog"]:
        if settings["transport"] == "requests":
            _refuse("transport", "holds")
        settings["transport"] = "kept"
        if settings["watchdog"] <= _HELD_S and settings["batch_bytes"] > _TAKEN_BYTES:
            _refuse("watchdog")


def _refuse(name, wrong=None):
    raise ConfigError("%s %s" % (name, why(wrong or name)))


def _check_tls(settings):
    if settings["transport"] == "requests":
        _refuse("transport")
    for name in ("bucket_url", "ingest_url"):
        if not settings[name].startswith("https:"):
            _refuse(name)
    if not settings["set_rtc"]:
        _refuse("set_rtc")
    if not settings["ntp_hosts"]:
        _refuse("ntp_hosts")


def _check_bucket_id(bucket_id, api):
    if bucket_id is None:
        return
    if api == "batch_logs":
        found = [len(part) for part in bucket_id.split("-")]
        if found != [8, 4, 4, 4, 12] or bucket_id.strip("-0123456789abcdefABCDEF"):
            _refuse("bucket_id", "guid")
    elif ":" in bucket_id or '"' in bucket_id or "'" in bucket_id:
        _refuse("bucket_id")
