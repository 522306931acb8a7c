"""The words for what is wrong: with a setting or a file (the end of a sentence that begins with
its name), a Wi-Fi network that was not joined, an answer of the server, a certificate.

Loaded only where something is wrong, for one call (errors.in_words). Nothing is decided here:
where there is no memory to load it, all goes on with fewer words.
"""

import sys
import time

_WORDS = {
    "name": "see docs/settings.md",
    "none": "is missing: it is required",
    "flag": "must be true or false",
    "rtc_memory": "must be [first byte, bytes], 256 bytes or more, within 2048",
    "country": "must be a country's two letters, such as DE",
    # Settings that do not fit together.
    "guid": "must be a guid such as 123e4567-e89b-12d3-a456-426614174000",
    "bucket_id": "must not hold a colon or a quote",
    "spool_file": "and spool_bytes belong together: set both, or none",
    "spool_bytes": "must be at least ten times batch_bytes",
    "batch_bytes": "is too small for a reading with this bucket_name",
    "transport": "must be kept where ca_file is set: requests cannot verify",
    "holds": "must be kept where watchdog is set: requests may hold a poll() for any time",
    "bucket_url": "must begin with https:// where ca_file is set",
    "ingest_url": "must begin with https:// where ca_file is set",
    "set_rtc": "must be true where ca_file is set: TLS reads the board's clock",
    "ntp_hosts": "must not be empty where ca_file is set: TLS needs the time",
    "watchdog": "must be more than 10 where batch_bytes is over 2048: a Pico may wait so long",
    "restarts": "is for boards: machine has no reset() here",
    "object": "must be a WiFi object here, or one with isconnected(); the list is for config.json",
    # Files.
    "closed": "cannot be opened: put it in the device's root",
    "json": "is not JSON: look for a missing quote or comma",
    "dict": "must be a JSON object with the settings by name",
    "open": "cannot be opened: put it on the device",
    "root": "holds no certificate that can be read (DER or PEM)",
    "pem": "is PEM, which this firmware cannot read, or damaged: make flash turns it into DER",
}


# The modules that islog uses and that MicroPython has built in, so that they have no file. (ssl
# and asyncio may be files that are frozen in.)
_BUILT_IN = "array binascii errno hashlib json machine network os random select socket struct time"


def why(wrong, *values):
    """The words for what is wrong. `wrong` is a key of _WORDS; or the name of a function below,
    which gets `values`. For a check of config.py that has refused a value, that is the function of
    the same name here; its `values` are that value and the limits of the check."""
    return _WORDS.get(wrong) or globals()[wrong](*values)


def requests(e):
    return 'needs requests, which cannot be loaded (%s): set "transport": "kept"' % e


def fault(names, e):
    """For an exception that `requests` has raised and that no answer of a server makes it raise:
    the file is damaged, or is another module. (One from before 2022 knows no `timeout`.) `names`:
    that module's."""
    file = names.get("__file__", "requests")
    words = '%s (%s) fails, which is no answer: delete that file, or set "transport": "kept"'
    return words % (file, type(e).__name__)


def stumbled(e):
    """What has gone wrong where a module of MicroPython's lacks something: a file hides it; else
    the exception."""
    return hidden() or (e if isinstance(e, ImportError) else type(e).__name__)


def hidden():
    """The sentence for a file on the board that has the name of a built-in module and is loaded in
    its place (py/builtinimport.c); None where there is no such file."""
    for name in _BUILT_IN.split():
        file = getattr(sys.modules.get(name), "__file__", None) or "/"
        if file[0] != "/" or file.startswith("/lib/"):
            return "%s hides MicroPython's own %s: give that file another name" % (file, name)


def text(value, most):
    if not isinstance(value, str) or not value:
        return "must be a text that is not empty"
    if len(value) > most:
        return "must be at most %d characters, not %d" % (most, len(value))
    return "must not hold control characters"


def whole(value, least, most, unit=""):
    return "must be a whole number from %d to %d%s" % (least, most, unit)


def native(value):
    return 'must be true, false or "auto"'


def one_of(value, *names):
    return "must be one of: " + ", ".join(names)


def key(value):
    # The client key is never repeated in a sentence.
    if not isinstance(value, str) or not value:
        return "must be the client key, a text that is not empty"
    return "must be printable ASCII without blanks"


def url(value):
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return "must be a URL that begins with http:// or https://"
    host = value.split("/", 3)[2]
    if "[" in host or host.count(":") > 1:
        return "must be a URL with a name or an IPv4 address: IPv6 is not supported"
    if host[:1] in ("", ":") or "@" in host or min(value) <= " " or max(value) > "~":
        return "must be a URL with a host and without blanks or a user name"
    return "must be a URL whose port is a number from 1 to 65535"


def files(value, most):
    return "must be a file's name of at most %d characters, or a list of such names" % most


def hosts(value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(h, str) and h for h in value):
        return 'must be a list of texts such as ["pool.ntp.org"]'
    if any("[" in host or host.count(":") > 1 for host in value):
        return "must hold names or IPv4 addresses: IPv6 is not supported"
    return "must hold host or host:port, such as pool.ntp.org:123, with a port from 1 to 65535"


def no_watchdog(e):
    if isinstance(e, AttributeError):
        return "cannot be had on this board: machine has no WDT"
    said = str(e) or type(e).__name__
    return "must be so many seconds as this board's watchdog can wait (%s)" % said


def number(value, least, most, unit):
    return "must be a number from %d to %d%s" % (least, most, unit)


def hostname(value):
    if not isinstance(value, str) or not 0 < len(value.encode()) <= 32:
        return "must be a text of 1 to 32 bytes in UTF-8"
    return "must not hold control characters"


def wifi(value):
    if isinstance(value, dict):
        return "must be a list: put [ before its { and ] behind its }"
    return 'must be a list such as [{"ssid": "home", "password": "its password"}]'


_NETWORK = {
    "dict": 'network %s must be such as {"ssid": "home", "password": "its password"}',
    "ssid": "network %s must have an ssid, a text of 1 to 32 bytes in UTF-8",
    "password": 'network %s must have a password, a text in quotes ("" for an open network)',
    "length": "network %s must have a password of 8 to 64 characters"
    ' ("" for an open network), not %d',
    "bssid": 'network %s must have a bssid such as "aa:bb:cc:dd:ee:ff"',
    "hidden": "network %s must have true or false as hidden",
    "ifconfig": "network %s must have four addresses as ifconfig: its own, netmask, gateway, DNS",
    "name": "network %s must have nothing but ssid, password, bssid, hidden and ifconfig, not %s",
}


_NAME_MAX = 16  # characters


def network(i, found, wrong, known):
    """The end of the sentence for entry `i` of the setting `wifi`, which is `found`. `wrong`: a
    key of _NETWORK; `known`: the names that an entry may have."""
    words = _NETWORK[wrong]
    if wrong in ("dict", "ssid"):
        return words % (i + 1)
    name = found["ssid"]
    if wrong == "password":
        return words % name + _instead(found)
    if wrong == "length":
        size = len(found["password"].encode())
        return words % (name, size) + " (WEP is not supported)" * (size < 8)
    if wrong == "name":
        # A long one is not repeated: it may be the client key, by a slip in the file.
        others = [repr(name) for name in found if name not in known and len(name) <= _NAME_MAX]
        return words % (name, min(others or ("other names",)))
    return words % name


def _instead(found):
    # What is there in place of a password: its kind, for itself it is never told.
    value = found.get("password", "")
    if value is None:
        return ", not null"
    if type(value) in (int, float):
        return ", not a number"
    return ", without line breaks and tabs" * (isinstance(value, str) and value != "")


# Why a network was not joined, such as a wrong password, by the name that a port has in its
# `network` module for the status (extmod/modnetwork.c, ports/esp32/modnetwork_globals.h).
_JOINING = (
    ("STAT_WRONG_PASSWORD", "its password was refused"),
    ("STAT_NO_AP_FOUND", "it is not in range"),
    ("STAT_HANDSHAKE_TIMEOUT", "its handshake was not finished: check the password"),
    ("STAT_CONNECT_FAIL", "it did not let us in"),
    ("STAT_ASSOC_FAIL", "it did not let us in"),
    ("STAT_BEACON_TIMEOUT", "its signal was lost: move nearer"),
    (
        "STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY",
        "it has no security that this board knows (WPA3 only, WEP, enterprise): allow WPA2",
    ),
    (
        "STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD",
        "its security is weaker than a password asks for: allow WPA2",
    ),
    ("STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD", "its signal is too weak: move nearer"),
)
# Statuses for which an ESP32's port has no name (esp_wifi_types_generic.h, wifi_err_reason_t).
_ESP32 = {
    2: "its log-in ran out of time: check the password, or move nearer",
    15: "its handshake was not finished: check the password",
    203: "it did not let us in",
    205: "its password was refused",  # as newer ports take it: network_wlan_status()
    206: "its signal was lost: move nearer",  # the access point has started anew
    207: "its signal was lost: move nearer",  # it was left for another one of that name
    208: "it did not let us in",  # it is busy
    209: "it did not let us in",  # it takes the board for one that is there already
}


def joining(network, status):
    """Why a network was not joined: the words for the `status` of the WLAN; None: there are none.
    `network` is the module."""
    for name, words in _JOINING:
        if status == getattr(network, name, name):
            return words
    if hasattr(network, "STAT_HANDSHAKE_TIMEOUT"):
        return _ESP32.get(status)
    # A CYW43's status between these two is CYW43_LINK_NOIP: joined, but without an address.
    is_late = type(status) is int and status > getattr(network, "STAT_CONNECTING", status)
    if is_late and status < getattr(network, "STAT_GOT_IP", 0):
        return "it gave no address: look at its DHCP"


# What the user should do, for HTTP statuses that do not pass by themselves. %s: the setting.
_ANSWERS = {
    401: "the client key or the address is refused (HTTP 401): check client_key and bucket_url",
    402: "the account is over its limit (HTTP 402): look at it on the server",
    403: "the client key is refused (HTTP 403): check client_key",
    404: "nothing is at this address (HTTP 404): check %s",
    405: "nothing takes readings at this address (HTTP 405): check %s",
    407: "a proxy wants a log-in (HTTP 407): log in to this network, or take another",
    410: "nothing is at this address any more (HTTP 410): check %s",
    411: "the body's length was lost on the way (HTTP 411): look for a proxy that takes it away",
    415: "what answered takes no JSON (HTTP 415): check %s",
    426: "what answered wants another protocol (HTTP 426): check %s, perhaps https:// is missing",
    431: "the headers are too large for what answered (HTTP 431): check client_key and %s",
    511: "this network wants a log-in (HTTP 511): log in to this network, or take another",
    300: "a redirect was answered, which is never followed: check %s, or log in to this network",
    200: "what answered is not the API (HTTP 200, no JSON): check %s, or log in to this network",
}


def answer(status, which, otherwise):
    """The sentence for the HTTP status of an answer to the bucket call (`which` is 0) or a batch
    (1); `otherwise` where _ANSWERS has none."""
    text = _ANSWERS.get(300 if 300 <= status < 400 else status, otherwise)
    return text % ("bucket_url", "ingest_url")[which] if "%s" in text else text


def certificate(text, host):
    """Why a server's certificate was refused. `text` is what mbedtls_x509_crt_verify_info() says,
    a line for each thing that is wrong."""
    if "signed" not in text and "CN" in text:
        return "is not for %s: check the URL" % host
    if "signed" not in text and ("expired" in text or "future" in text):
        date = "%d-%02d-%02d" % time.gmtime()[:3]
        return "is not valid on this board's date, %s" % date
    return "does not come from ca_file: check it, and the network"
