"""config.json, or the Logger's keywords -> checked settings: the one place of their rules.

Loaded while settings are checked, then forgotten (errors.call_unloading). MicroPython never frees
the text of a name that it has compiled: so the names here are, where that is possible, words that
other modules use as well. The words for a value that a check refuses are in explain.py, in the
function of the same name. (`*_` in a check: the unit of its limits, which only the words need.)
"""

from .errors import ConfigError, call_unloading, why


def text(value, most):
    return isinstance(value, str) and 0 < len(value) <= most and min(value) >= " "


def country(value):
    return isinstance(value, str) and len(value) == 2


def whole(value, first, last, *_):
    return type(value) is int and first <= value <= last


def flag(value):
    return type(value) is bool


def one_of(value, *words):
    return value in words


def key(value):
    return isinstance(value, str) and "!" <= min(value or " ") and max(value) <= "~"


def digits(value, most):
    return 0 < len(value) <= 5 and not value.strip("0123456789") and int(value) <= most


def host(value):
    # host, or host:port.
    name, colon, port = value.partition(":")
    if colon and not (digits(port, 65535) and int(port)):
        return False
    return name and min(name) > " " and not any(c in name for c in "/@[]")


def url(value):
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return False
    return key(value) and host(value.split("/", 3)[2])


def files(value, most):
    names = value if isinstance(value, (list, tuple)) else (value,)
    return names and all(text(name, most) for name in names)


def hosts(value):
    if isinstance(value, (list, tuple)):
        return all(isinstance(name, str) and host(name) for name in value)


def number(value, first, last, *_):
    return type(value) in (int, float) and first <= value <= last


def hostname(value):
    return text(value, 32) and len(value.encode()) <= 32


def rtc_memory(value):
    return call_unloading("config_parts", "rtc_memory", value)


def native(value):
    return flag(value) or value == "auto"


def wifi(value):
    wrong = call_unloading("config_wifi", "wrong", value)
    if wrong:
        raise ConfigError("wifi %s" % wrong)
    return True


# Each setting's name: (its default, its check, the limits of that). A default of `...`: the
# setting is required. Where the default is None, None is allowed whatever the check.
RULES = {  # type: dict[str, tuple]
    "client_key": (..., key),
    "bucket_name": (..., text, 200),
    "bucket_id": (None, text, 200),  # config_parts checks the rest, which depends on `api`
    "wifi": (None, wifi),
    "api": ("batch_logs", one_of, "batch_logs", "events"),
    "bucket_url": (None, url),  # by default that of the service, for each API
    "ingest_url": (None, url),
    "batch_readings": (None, whole, 1, 1000),
    "requests_per_s": (None, whole, 1, 100),
    "transport": (None, one_of, "requests", "kept"),
    "ca_file": (None, files, 128),
    "idle_close": (60, whole, 1, 86400, " seconds"),
    "ntp_hosts": (("pool.ntp.org",), hosts),
    "buffer_bytes": (8192, whole, 64, 1048576, " bytes"),
    "batch_bytes": (2048, whole, 256, 65535, " bytes"),
    "flush_interval": (10, whole, 0, 86400, " seconds"),
    "upload_interval": (0, whole, 0, 86400, " seconds"),
    "timeout": (5, whole, 1, 300, " seconds"),
    "backoff_max": (60, whole, 1, 3600, " seconds"),
    "slow_retry": (180, whole, 1, 86400, " seconds"),
    "sync_interval": (14400, whole, 1, 432000, " seconds"),
    "set_rtc": (True, flag),
    "native": ("auto", native),
    "max_clock_error": (None, whole, 1, 86400, " seconds"),
    "rtc_memory": (None, rtc_memory),
    "max_signals": (64, whole, 1, 127),
    "country": (None, country),
    "hostname": (None, hostname),
    "wifi_power": (None, one_of, "none", "performance", "powersave"),
    "wifi_reset": (True, flag),
    "txpower": (None, number, 2, 21, " dBm"),
    "watchdog": (None, whole, 5, 3600, " seconds"),
    "restart_after": (None, whole, 300, 86400, " seconds"),
    "quiet": (False, flag),
    "report_dropped": (True, flag),
    "spool_file": (None, text, 100),
    "spool_bytes": (0, whole, 0, 0x1000000, " bytes"),
}


# The service's own addresses, for each API: of the bucket call, and of batches (docs/api.md).
URLS = {
    "batch_logs": (
        "https://api.initialstate.com/api/v1/buckets",
        "https://groker.initialstate.com/batch_logs",
    ),
    "events": ("https://groker.init.st/api/buckets", "https://groker.init.st/api/events"),
}


def refuse(name, wrong, *values):
    raise ConfigError("%s %s" % (name, why(wrong, *values)))


def check(chosen, wifi=None):
    """A dict of all settings: the `chosen` ones checked, the others at their defaults. `wifi` is
    what a Logger is given in the place of the list that the file has. ConfigError."""
    if wifi is not None and not (hasattr(wifi, "isconnected") or hasattr(wifi, "poll")):
        refuse("wifi", "object")
    settings = {}
    for name, (default, call, *limits) in RULES.items():
        settings[name] = value = chosen.get(name, default)
        if value is ...:
            refuse(name, "none")
        if (value is not None or default is not None) and not call(value, *limits):
            refuse(name, call.__name__, value, *limits)
    # Last: by now client_key was found to be there. A slip in the file that makes the key itself a
    # name is reported as a missing client_key, and the key is not repeated.
    for name in chosen:
        if name not in RULES:
            refuse("unknown setting %r:" % name, "name")
    for name, url in zip(("bucket_url", "ingest_url"), URLS[settings["api"]]):
        settings[name] = settings[name] or url
    for name in ("bucket_id", "spool_file", "spool_bytes", "ca_file", "watchdog"):
        if settings[name]:  # its rule depends on other settings
            call_unloading("config_parts", "check", settings)
            break
    return settings


def load(path):
    """The checked settings of a JSON file; ConfigError also where it cannot be read."""
    return check(call_unloading("config_file", "read", path))
