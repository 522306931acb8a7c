"""What TLS asks of a server: to prove its name by a certificate, or nothing. Loaded for one call.

mbedtls checks a certificate's dates against the board's RTC (on a PC, against the PC's clock). Of
a buffer that holds several certificates in DER it takes the first and ignores the others, without
an error (mbedtls_x509_crt_parse()): so they are separated by their lengths (X.690) and loaded one
by one. PEM is passed on as it is, for ports whose mbedtls has a parser for it (a Pico W's has none
up to MicroPython 1.28).
"""

import tls

from .errors import ConfigError, why


def context(names):
    """An SSLContext that accepts a server only if its certificate was signed by a root in the
    files `names` (a name, or a list of them; DER or PEM). None: it accepts any server.
    ConfigError: what is wrong with a file."""
    made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED if names else tls.CERT_NONE
    for name in (names,) if isinstance(names, str) else names or ():
        try:
            with open(name, "rb") as f:
                data = f.read()
        except OSError:
            raise ConfigError("ca_file %s %s" % (name, why("open")))
        try:
            _load(made, data)
        except (OSError, ValueError):
            wrong = "pem" if b"-----BEGIN" in data else "root"
            raise ConfigError("ca_file %s %s" % (name, why(wrong)))
    return made


def _load(made, data):
    if not data:
        raise ValueError
    while data:
        size = len(data)
        if data[:2] == b"\x30\x82":  # a sequence whose length stands in two bytes
            size = 4 + int.from_bytes(data[2:4], "big")
        made.load_verify_locations(data[:size])
        data = data[size:]
