"""What is wrong, in words: the ends of the sentences that begin with the name of a setting.

Loaded only once something is wrong, and forgotten afterwards (errors.why): no decision is taken
here, and nothing but words depends on it.
"""

_WORDS = {
    "name": "see docs/settings.md",
    "none": "is missing: it is required",
    "flag": "must be true or false",
    "country": "must be a country's two letters, such as DE",
    # What settings must be for the sake of others.
    "guid": "must be a guid such as 123e4567-e89b-12d3-a456-426614174000",
    "bucket_id": "must not hold a colon or a quote",
    "spool_file": "and spool_bytes belong together: set both, or none",
    "spool_bytes": "must be at least ten times batch_bytes",
    "transport": "must be kept where ca_file is set: requests cannot verify",
    "bucket_url": "must begin with https:// where ca_file is set",
    "ingest_url": "must begin with https:// where ca_file is set",
    "set_rtc": "must be true where ca_file is set: TLS reads the board's clock",
    "ntp_hosts": "must not be empty where ca_file is set: TLS needs the time",
    # Files.
    "closed": "cannot be opened: put it in the device's root",
    "json": "is not JSON: look for a missing quote or comma",
    "dict": "must be a JSON object with the settings by name",
    "open": "cannot be opened: put it on the device",
    "ca_file": "holds no certificate that can be read (DER or PEM)",
}


def why(wrong, *values):
    """The words for what is wrong: one of the above, or what a rule of config.py, by the
    name of its check, says of a value that it refused, and of its limits."""
    return _WORDS.get(wrong) or globals()[wrong](*values)


def text(value, most):
    if not isinstance(value, str) or not value:
        return "must be a text that is not empty"
    if len(value) > most:
        return "must be at most %d characters, not %d" % (most, len(value))
    return "must not hold control characters"


def whole(value, least, most, unit=""):
    return "must be a whole number from %d to %d%s" % (least, most, unit)


def one_of(value, *names):
    return "must be one of: " + ", ".join(names)


def key(value):
    # The text of this one is never repeated.
    if not isinstance(value, str) or not value:
        return "must be the client key, a text that is not empty"
    return "must be printable ASCII without blanks"


def url(value):
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return "must be a URL that begins with http:// or https://"
    host = value.split("/", 3)[2].partition(":")[0]
    if not host or "@" in host or min(value) <= " " or max(value) > "~":
        return "must be a URL with a host and without blanks or a user name"
    return "must be a URL whose port is a number"


def hosts(value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(h, str) and h for h in value):
        return 'must be a list of texts such as ["pool.ntp.org"]'
    return "must hold host or host:port, such as pool.ntp.org:123"


def wifi(value):
    if isinstance(value, (list, tuple)):
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
    return 'must be a list such as [{"ssid": "home", "password": "its password"}]'
