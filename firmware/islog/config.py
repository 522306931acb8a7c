"""config.json, or the Logger's keywords -> checked settings: the one place of their rules.

Loaded for as long as settings are checked, then forgotten (service.checked).
"""

import json

from .errors import ConfigError


def _text(most):
    def check(value):
        if not isinstance(value, str) or not value:
            return "must be a text that is not empty"
        if len(value) > most:
            return "must be at most %d characters, not %d" % (most, len(value))
        if min(value) < " ":
            return "must not hold control characters"

    return check


def _whole(least, most, unit=""):
    def check(value):
        if type(value) is not int or not least <= value <= most:
            return "must be a whole number from %d to %d%s" % (least, most, unit)

    return check


def _flag(value):
    if type(value) is not bool:
        return "must be true or false"


def _one_of(*names):
    def check(value):
        if value not in names:
            return "must be one of: " + ", ".join(names)

    return check


def _key(value):
    # The text of this one is never repeated.
    if not isinstance(value, str) or not value:
        return "must be the client key, a text that is not empty"
    for c in value:
        if not "!" <= c <= "~":
            return "must be printable ASCII without blanks"


def _guid(value):
    if isinstance(value, str):
        parts = value.split("-")
        if [len(part) for part in parts] == [8, 4, 4, 4, 12]:
            if all(c in "0123456789abcdefABCDEF" for part in parts for c in part):
                return None
    return "must be a guid such as 123e4567-e89b-12d3-a456-426614174000"


def _url(value):
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return "must be a URL that begins with http:// or https://"
    host, _, port = value.split("/", 3)[2].partition(":")
    if not host or "@" in host or min(value) <= " " or max(value) > "~":
        return "must be a URL with a host and without blanks or a user name"
    if port and not port.isdigit() or value.split("/", 3)[2].endswith(":"):
        return "must be a URL whose port is a number"


def _hosts(value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(h, str) and h for h in value):
        return 'must be a list of texts such as ["pool.ntp.org"]'
    for host in value:
        name, colon, port = host.partition(":")
        if not name or colon and not port.isdigit():
            return "must hold host or host:port, such as pool.ntp.org:123"


def _networks(value):
    if isinstance(value, (list, tuple)) and value:
        for network in value:
            if not isinstance(network, dict) or sorted(network) != ["password", "ssid"]:
                break
            ssid, password = network["ssid"], network["password"]
            if not isinstance(ssid, str) or not isinstance(password, str):
                break
            if not 1 <= len(ssid.encode()) <= 32:
                return "must have an ssid of 1 to 32 bytes"
            if password and not 8 <= len(password) <= 64:
                return "must have a password of 8 to 64 characters (or an empty one: open network)"
        else:
            return None
    return 'must be a list such as [{"ssid": "home", "password": "its password"}]'


_REQUIRED = object()
# name: (default, check); None as a default is always allowed.
RULES = {
    "client_key": (_REQUIRED, _key),
    "bucket_name": (_REQUIRED, _text(200)),
    "bucket_id": (None, _text(200)),  # see _together()
    "wifi": (None, _networks),
    "api": ("batch_logs", _one_of("batch_logs", "events")),
    "bucket_url": (None, _url),  # by default that of the service, for each API
    "ingest_url": (None, _url),
    "batch_readings": (None, _whole(1, 1000)),
    "requests_per_s": (None, _whole(1, 100)),
    "transport": (None, _one_of("requests", "kept")),
    "ca_file": (None, _text(128)),
    "idle_close": (60, _whole(1, 86400, " seconds")),
    "ntp_hosts": (("pool.ntp.org",), _hosts),
    "buffer_bytes": (8192, _whole(64, 1048576, " bytes")),
    "batch_bytes": (2048, _whole(256, 65535, " bytes")),
    "flush_interval": (10, _whole(0, 86400, " seconds")),
    "timeout": (5, _whole(1, 300, " seconds")),
    "backoff_max": (60, _whole(1, 3600, " seconds")),
    "slow_retry": (180, _whole(1, 86400, " seconds")),
    "sync_interval": (14400, _whole(1, 432000, " seconds")),
    "set_rtc": (True, _flag),
    "max_signals": (64, _whole(1, 127)),
    "report_dropped": (True, _flag),
    "spool_file": (None, _text(100)),
    "spool_bytes": (0, _whole(0, 0x1000000, " bytes")),
    "country": (None, _text(2)),
    "hostname": (None, _text(32)),
    "wifi_power": (None, _one_of("none", "performance", "powersave")),
    "quiet": (False, _flag),
}


def check(given):
    """A dict of all settings: `given` ones checked, the others at their defaults. ConfigError."""
    for name in given:
        if name not in RULES:
            raise ConfigError("unknown setting %r: see the list of settings in the README" % name)
    settings = {}
    for name, (default, rule) in RULES.items():
        value = given.get(name, default)
        if value is _REQUIRED:
            raise ConfigError("%s is missing: it is required" % name)
        wrong = rule(value) if value is not None or default is not None else None
        if wrong:
            raise ConfigError("%s %s" % (name, wrong))
        settings[name] = value
    _together(settings)
    return settings


def _together(settings):
    # What depends on more than one setting.
    bucket_id = settings["bucket_id"]
    if bucket_id is not None:
        wrong = None
        if settings["api"] == "batch_logs":
            wrong = _guid(bucket_id)
        elif any(c in bucket_id for c in ":\"'"):
            wrong = "must not hold a colon or a quote"
        if wrong:
            raise ConfigError("bucket_id %s" % wrong)
    if bool(settings["spool_file"]) != bool(settings["spool_bytes"]):
        raise ConfigError("spool_file and spool_bytes belong together: set both, or none")
    if settings["spool_file"] and settings["spool_bytes"] < 10 * settings["batch_bytes"]:
        raise ConfigError("spool_bytes must be at least ten times batch_bytes")
    if not settings["ca_file"]:
        return
    if settings["transport"] == "requests":
        raise ConfigError("transport must be kept where ca_file is set: requests cannot verify")
    for name in ("bucket_url", "ingest_url"):
        if settings[name] and not settings[name].startswith("https:"):
            raise ConfigError("%s must begin with https:// where ca_file is set" % name)
    if not settings["set_rtc"]:
        raise ConfigError("set_rtc must be true where ca_file is set: TLS reads the board's clock")
    if not settings["ntp_hosts"]:
        raise ConfigError("ntp_hosts must not be empty where ca_file is set: TLS needs the time")


def load(path):
    """The checked settings of a JSON file; ConfigError also where it cannot be read."""
    try:
        with open(path) as f:
            given = json.load(f)
    except OSError:
        raise ConfigError("%s cannot be opened: put it in the device's root" % path)
    except ValueError:
        raise ConfigError("%s is not JSON: look for a missing quote or comma" % path)
    if not isinstance(given, dict):
        raise ConfigError("%s must be a JSON object with the settings by name" % path)
    return check(given)
