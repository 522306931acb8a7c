"""config.json, or the Logger's keywords -> checked settings: the one place of their rules.

Loaded for as long as settings are checked, then forgotten (errors.once); but each name that no
other module has stays in the heap, so there are few. The words for what is wrong are in
explain.py, under the names of what is checked here.
"""

import json

from .errors import ConfigError, once, why

_HEX = "0123456789abcdefABCDEF"
_NETWORK = ("ssid", "password", "bssid", "hidden", "ifconfig")


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


def wifi(value):
    # Here, as in network(), the end of a sentence; None where nothing is wrong.
    if not isinstance(value, (list, tuple)) or not value:
        return why("wifi", value)
    for i, found in enumerate(value):
        wrong = network(found)
        if wrong:
            return why("network", i, found, wrong, _NETWORK)


def network(found):
    # The name of what is wrong with an entry of wifi.
    if not isinstance(found, dict):
        return "dict"
    ssid, password, bssid, hidden, address = [found.get(name) for name in _NETWORK]
    if not isinstance(ssid, str) or not 1 <= len(ssid.encode()) <= 32 or min(ssid) < " ":
        return "ssid"
    if not isinstance(password, str) or password and min(password) < " ":
        return "password"
    if password and not 8 <= len(password.encode()) <= 64:
        return "length"
    if bssid is not None:
        parts = bssid.split(":") if isinstance(bssid, str) else ()
        if [len(part) for part in parts] != [2] * 6 or bssid.strip(":" + _HEX):
            return "bssid"
    if hidden is not None and not flag(hidden):
        return "hidden"
    if address is not None:
        if (
            not isinstance(address, (list, tuple))
            or len(address) != 4
            or not all(map(ip, address))
        ):
            return "ifconfig"
    if any(name not in _NETWORK for name in found):
        return "name"


def ip(value):
    parts = value.split(".") if isinstance(value, str) else ()
    return len(parts) == 4 and all(digits(part, 255) for part in parts)


def _rule(call, *given):
    # What a value of this kind must be: None where it is, else the end of a sentence.
    def wrong(value):
        return None if call(value, *given) else why(call.__name__, value, *given)

    return wrong


# name: (default, rule). `...`: it is required; None as a default is always allowed.
RULES = {
    "client_key": (..., _rule(key)),
    "bucket_name": (..., _rule(text, 200)),
    "bucket_id": (None, _rule(text, 200)),  # see _both()
    "wifi": (None, wifi),
    "api": ("batch_logs", _rule(one_of, "batch_logs", "events")),
    "bucket_url": (None, _rule(url)),  # by default that of the service, for each API
    "ingest_url": (None, _rule(url)),
    "batch_readings": (None, _rule(whole, 1, 1000)),
    "requests_per_s": (None, _rule(whole, 1, 100)),
    "transport": (None, _rule(one_of, "requests", "kept")),
    "ca_file": (None, _rule(files, 128)),
    "idle_close": (60, _rule(whole, 1, 86400, " seconds")),
    "ntp_hosts": (("pool.ntp.org",), _rule(hosts)),
    "buffer_bytes": (8192, _rule(whole, 64, 1048576, " bytes")),
    "batch_bytes": (2048, _rule(whole, 256, 65535, " bytes")),
    "flush_interval": (10, _rule(whole, 0, 86400, " seconds")),
    "timeout": (5, _rule(whole, 1, 300, " seconds")),
    "backoff_max": (60, _rule(whole, 1, 3600, " seconds")),
    "slow_retry": (180, _rule(whole, 1, 86400, " seconds")),
    "sync_interval": (14400, _rule(whole, 1, 432000, " seconds")),
    "set_rtc": (True, _rule(flag)),
    "max_signals": (64, _rule(whole, 1, 127)),
    "country": (None, _rule(country)),
    "hostname": (None, _rule(hostname)),
    "wifi_power": (None, _rule(one_of, "none", "performance", "powersave")),
    "wifi_reset": (True, _rule(flag)),
    "txpower": (None, _rule(number, 2, 21, " dBm")),
    "quiet": (False, _rule(flag)),
    "report_dropped": (True, _rule(flag)),
    "spool_file": (None, _rule(text, 100)),
    "spool_bytes": (0, _rule(whole, 0, 0x1000000, " bytes")),
}


def refuse(name, wrong=None):
    raise ConfigError("%s %s" % (name, why(wrong or name)))


def check(given):
    """A dict of all settings: `given` ones checked, the others at their defaults. ConfigError."""
    settings = {}
    for name, (default, wrong) in RULES.items():
        settings[name] = value = given.get(name, default)
        if value is ...:
            refuse(name, "none")
        sentence = wrong(value) if value is not None or default is not None else None
        if sentence:
            raise ConfigError("%s %s" % (name, sentence))
    # Last: a slip in the file that makes a name of the client key has been found by now.
    for name in given:
        if name not in RULES:
            refuse("unknown setting %r:" % name, "name")
    _both(settings)
    return settings


def _both(settings):
    # What depends on more than one setting.
    bucket_id = settings["bucket_id"]
    if bucket_id is None:
        pass
    elif settings["api"] == "batch_logs":
        found = [len(part) for part in bucket_id.split("-")]
        if found != [8, 4, 4, 4, 12] or bucket_id.strip("-" + _HEX):
            refuse("bucket_id", "guid")
    elif ":" in bucket_id or '"' in bucket_id or "'" in bucket_id:
        refuse("bucket_id")
    if bool(settings["spool_file"]) != bool(settings["spool_bytes"]):
        refuse("spool_file")
    if settings["spool_file"] and settings["spool_bytes"] < 10 * settings["batch_bytes"]:
        refuse("spool_bytes")
    if not settings["ca_file"]:
        return
    if settings["transport"] == "requests":
        refuse("transport")
    for name in ("bucket_url", "ingest_url"):
        if not (settings[name] or "https:").startswith("https:"):
            refuse(name)
    if not settings["set_rtc"]:
        refuse("set_rtc")
    if not settings["ntp_hosts"]:
        refuse("ntp_hosts")


def load(path):
    """The checked settings of a JSON file; ConfigError also where it cannot be read."""
    return check(read(path))


def read(path):
    """What is in a JSON file; ConfigError where that cannot be read, or not all of it."""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        refuse(path, "closed")
    if data[:3] == b"\xef\xbb\xbf":  # a mark that some editors put before UTF-8
        data = data[3:]
    given = None
    try:
        if b"\\" not in data and b"\0" not in data:  # NUL is the end for MicroPython's parser
            found = json.loads(str(data, "utf-8"))
            # It passes over a name without a value, too, and a missing bracket.
            n = [data.count(c) for c in (b'"', b"[", b"]", b"{", b"}")]
            if n[0] == 2 * _texts(found) and n[1] + n[3] == n[2] + n[4]:
                given = found
    except (ValueError, RuntimeError, AttributeError):
        pass  # (or it is another json: a file of the user's)
    if given is None:
        try:
            given, _ = once("slips", "parse", data)
        except ValueError as e:
            raise ConfigError("%s %s" % (path, e))
        except MemoryError:
            refuse(path, "json")
    if not isinstance(given, dict):
        refuse(path, "dict")
    return given


def _texts(value):
    # How many texts are in it, names included; -1: a name is none.
    n, values = 0, [value]
    while values:
        value = values.pop()
        if isinstance(value, str):
            n += 1
        elif isinstance(value, dict):
            if not all(isinstance(name, str) for name in value):
                return -1
            values.extend(value.keys())
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
    return n
