"""The check of the setting `wifi`, loaded for that one call (config.py). Words: explain.py."""

from .errors import why

_HEX = "0123456789abcdefABCDEF"
_NETWORK = ("ssid", "password", "bssid", "hidden", "ifconfig")


def wrong(value):
    """What is wrong with a `wifi`, as the end of a sentence; None where nothing is."""
    if not isinstance(value, (list, tuple)) or not value:
        return why("wifi", value)
    for i, found in enumerate(value):
        name = _wrong(found)
        if name:
            return why("network", i, found, name, _NETWORK)


def _wrong(found):
    # What is wrong with one network, as a key of explain._NETWORK; None: nothing.
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
    if hidden is not None and type(hidden) is not bool:
        return "hidden"
    if address is not None:
        parts = address if isinstance(address, (list, tuple)) else ()
        if [_is_address(part) for part in parts] != [True] * 4:
            return "ifconfig"
    if any(name not in _NETWORK for name in found):
        return "name"


def _is_address(value):
    parts = value.split(".") if isinstance(value, str) else ()
    return len(parts) == 4 and all(_is_byte(part) for part in parts)


def _is_byte(text):
    return 0 < len(text) <= 3 and not text.strip("0123456789") and int(text) <= 255
