"""What a JSON file holds: loaded for config.json, and forgotten afterwards (config.load)."""

import json

from .errors import ConfigError, call_unloading, why


def read(path):
    """What is in a JSON file; ConfigError where that cannot be read, or not all of it."""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        raise ConfigError("%s %s" % (path, why("closed")))
    if data[:3] == b"\xef\xbb\xbf":  # a mark that some editors put before UTF-8
        data = data[3:]
    settings = None
    try:
        if b"\\" not in data and b"\0" not in data:  # NUL is the end for MicroPython's parser
            found = json.loads(str(data, "utf-8"))
            # That parser also accepts a name without a value, and a missing bracket: so the quotes
            # and brackets in the file are counted, and compared with what it has found.
            n = [data.count(c) for c in (b'"', b"[", b"]", b"{", b"}")]
            if n[0] == 2 * _texts(found) and n[1] + n[3] == n[2] + n[4]:
                settings = found
    except (ValueError, RuntimeError, AttributeError):
        pass  # (AttributeError: `json` is a file of the user's)
    if settings is None:
        try:
            settings, _ = call_unloading("config_parser", "parse", data)
        except ValueError as e:
            raise ConfigError("%s %s" % (path, e))
        except MemoryError:
            raise ConfigError("%s %s" % (path, why("json")))
    if not isinstance(settings, dict):
        raise ConfigError("%s %s" % (path, why("dict")))
    return settings


def _texts(value):
    # How many texts are in `value`, names included; -1: one of the names is no text.
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
