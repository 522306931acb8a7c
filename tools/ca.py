"""`make ca`: the root certificates by which a board knows the hosts that it sends to, into ca.der.

    python -m tools.ca                       of the two hosts that config.json names, or, without
                                             it, Initial State's
    python -m tools.ca HOST[:PORT] ...       of these
    python -m tools.ca --root "ISRG Root X1" a known root by its name: no network is needed
    python -m tools.ca --from FILE           the root in a file, PEM or DER (a private one, say)

Known are the roots that certifi ships (Mozilla's), or those in FILE where one is named with
either of the others. HOST is spoken to as boards do, with TLS 1.2 and checks of name, dates and
chain: what fails here fails there. Written is DER, which every board reads: of several HOSTs with
different roots, one behind the other in one file.
"""

import argparse
import base64
import difflib
import socket
import ssl
import sys
import warnings
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

try:
    import certifi
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509.oid import NameOID
except ImportError:
    sys.exit("certifi or cryptography is not installed here: use `make ca`.")

from .settings import URLS, config, files, jsonfile, refusal, urls_of

TIMEOUT_S = 10
BY_NAME = "as in make ca ARGS=\"--root 'ISRG Root X1'\""
_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PEM_END = b"-----END CERTIFICATE-----"
_NO_ROOT = (
    "its chain leads to no known root: the server sends only a part of it, or the root is private,"
    " and --from must name a file that holds it"
)
# X509_V_ERR_* of OpenSSL's x509_vfy.h, and what each means to who runs this.
_WHY_NOT = {
    9: "its certificate is not valid yet (or this machine's clock is wrong)",
    10: "its certificate has expired (or this machine's clock is wrong)",
    18: "it signed its certificate itself, and --from must name a file that holds that",
    19: "its chain ends in a root that is not known, and --from must name a file that holds it",
    20: _NO_ROOT,
    21: _NO_ROOT,
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}


class CaError(Exception):
    """There is no such root; the text says why, and what to do, in one sentence."""


def read_roots(path):
    """The certificates in a file, PEM or DER (any number). CaError where there are none."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise CaError(f"There is no file {path}.") from None
    except OSError as e:
        raise CaError(f"{path} cannot be read: {e.strerror}.") from None
    roots = [root for root in certificates(data) if root]
    if not roots:
        raise CaError(f"{path} holds no certificate: it must be a PEM or a DER file.")
    return roots


def certificates(data):
    """Those in a file's bytes, None for each that cannot be read."""
    found = []
    with warnings.catch_warnings():  # some old roots have a serial number of a kind now forbidden
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for der in _ders(data):
            try:
                found.append(x509.load_der_x509_certificate(der))
            except ValueError:
                found.append(None)
    return found


def _ders(data):
    """What is between the lines of PEM, whatever is around them, or DERs one behind the other."""
    if _PEM_BEGIN in data:
        for part in data.split(_PEM_BEGIN)[1:]:
            body, end, _ = part.partition(_PEM_END)
            try:
                yield base64.b64decode(b"".join(body.split()), validate=True) if end else b""
            except ValueError:
                yield b""
        return
    while data.strip():
        size = len(data)
        if data[:2] == b"\x30\x82":  # a sequence whose length stands in two bytes (X.690)
            size = 4 + int.from_bytes(data[2:4], "big")
        yield data[:size]
        data = data[size:]


def to_der(roots):
    """The bytes of a file that holds these certificates for a board."""
    return b"".join(root.public_bytes(Encoding.DER) for root in roots)


def root_of(host, port, roots):
    """The one of `roots` that the chain of the server at host:port ends in; CaError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=to_der(roots))
    where = f"{host}:{port}"
    try:
        with (
            socket.create_connection((host, port), timeout=TIMEOUT_S) as connection,
            context.wrap_socket(connection, server_hostname=host) as tls,
        ):
            return x509.load_der_x509_certificate(_chain(tls)[-1])
    except (socket.gaierror, UnicodeError):
        raise CaError(
            f"The host {host} is not known here: check its name and this machine's network, or"
            f" bring the root by its name, {BY_NAME}."
        ) from None
    except ssl.SSLCertVerificationError as e:
        why = _WHY_NOT.get(e.verify_code, e.verify_message)
        raise CaError(f"No board would trust {where}: {why}.") from None
    except ssl.SSLError as e:
        reason = (e.reason or "no reason given").replace("_", " ").lower()
        raise CaError(
            f"{where} does not speak TLS 1.2, which boards need ({reason}): check the port."
        ) from None
    except TimeoutError:
        raise CaError(f"{where} did not answer within {TIMEOUT_S} s.") from None
    except OSError as e:
        raise CaError(f"{where} cannot be talked to: {e.strerror or e}.") from None


def _chain(tls):
    """The verified chain, from the server's certificate to the root: a list of DER."""
    if hasattr(tls, "get_verified_chain"):
        return tls.get_verified_chain()
    # Python 3.10 to 3.12 have the same thing, without a public name for it.
    chain = tls._sslobj.get_verified_chain()  # noqa: SLF001
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain]


def root_named(name, roots):
    """The one of `roots` with this name (its case aside), or with this in its name; CaError."""
    names = {name_of(root): root for root in roots}
    found = [n for n in names if n.lower() == name.lower()]
    found = found or [n for n in names if name.lower() in n.lower()]
    if len(found) == 1:
        return names[found[0]]
    if found:
        raise CaError(f"{name!r} is in the names of several roots: {_list(found)}.")
    lower = {n.lower(): n for n in names}
    close = [lower[n] for n in difflib.get_close_matches(name.lower(), lower, 3, 0.5)]
    hint = f"; similar names are {_list(close)}" if close else ""
    raise CaError(f"There is no known root named {name!r}{hint}.")


def only_root(path, roots):
    """The root where there is just one, which issued itself; CaError."""
    if len(roots) > 1:
        raise CaError(f"{path} holds {len(roots)} certificates: choose one, {BY_NAME}.")
    root = roots[0]
    if root.subject != root.issuer:
        raise CaError(
            f"{path} holds {name_of(root)}, which is no root: what is needed is its issuer's,"
            f" {_common_name(root.issuer)}."
        )
    return root


def name_of(root):
    """The name that people know a root by: its common name, or what it has of one."""
    return _common_name(root.subject)


def _common_name(name):
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return _printable(attribute.value)
    return "one without a name"


def _printable(text):
    return "".join(c if c.isprintable() else "?" for c in str(text))


def _list(names):
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def describe(root):
    """Whose it is and until when, in a few words."""
    owner = root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    owner = f" of {_printable(owner[0].value)}" if owner else ""
    return f"{name_of(root)}{owner}, valid until {root.not_valid_after_utc:%Y-%m-%d}"


def write(roots, path):
    """Write roots that hold today as DER; CaError."""
    for root in roots:
        if root.not_valid_after_utc < datetime.now(timezone.utc):
            raise CaError(f"The root has expired: it is {describe(root)}.")
    try:
        Path(path).write_bytes(to_der(roots))
    except OSError as e:
        raise CaError(f"{path} cannot be written: {e.strerror}.") from None


def _place(text):
    """(host, port) of `host`, `host:port` or a URL."""
    text = text.partition("://")[2] or text
    host, _, port = text.partition("/")[0].partition(":")
    if not host or port and not (port.isdigit() and 0 < int(port) < 65536):
        raise CaError(f"{text!r} is no host: say it as in groker.init.st or 192.168.1.20:8086.")
    return host, int(port or 443)


def settings_in(path):
    """What a config.json says, as far as it is looked at here; {} where there is none. CaError."""
    if not Path(path).exists():
        return {}
    try:
        settings = jsonfile.read(str(path))
    except config.ConfigError as e:
        raise CaError(f"{e}.") from None
    for name in ("api", *URLS):
        if settings.get(name) is not None and refusal(name, settings[name]):
            raise CaError(f"{path}: {name} {refusal(name, settings[name])}.")
    return settings


def hosts_of(settings, path):
    """The hosts that a board with these settings, which are in this file, sends to; CaError."""
    urls = [urlsplit(url) for url in urls_of(settings)]
    for url in urls:
        if url.scheme != "https":
            raise CaError(
                f"{path} sends to {url.netloc} with http://, where no certificate is shown:"
                " a board knows its server over https:// only."
            )
    return list(dict.fromkeys(url.netloc for url in urls))


def choose(host=None, name=None, path=None):
    """The root for a host, or with a name, out of a file or of certifi; CaError."""
    roots = read_roots(path or certifi.where())
    if host:
        return root_of(*_place(host), roots)
    return root_named(name, roots) if name else only_root(path, roots)


def main():
    parser = argparse.ArgumentParser(
        prog="ca",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__,
    )
    parser.add_argument("hosts", metavar="HOST[:PORT]", nargs="*", help="port: 443, if not given")
    parser.add_argument("--root", metavar="NAME", help="a root by its name, or a part of it")
    parser.add_argument("--from", metavar="FILE", dest="file", help="the roots to choose from")
    parser.add_argument("--out", metavar="FILE", default="ca.der", help="default: %(default)s")
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="take the hosts that this one names (what is done for config.json where nothing else"
        " is given)",
    )
    given = parser.parse_args()
    if bool(given.hosts) + bool(given.root) + bool(given.config) > 1:
        parser.error("give hosts, the name of a root or a config.json, and no two of them")
    path = given.config or "config.json"
    try:
        settings, hosts = settings_in(path), given.hosts
        if given.config or not (hosts or given.root or given.file):
            hosts = hosts_of(settings, path)
            whose = f"{path} sends" if settings else "Initial State's boards send"
            print(f"{whose} to {' and '.join(hosts)}.", flush=True)
        found = [choose(host, given.root, given.file) for host in hosts or [None]]
        roots = list(dict.fromkeys(found))
        write(roots, given.out)
    except CaError as e:
        print(e, file=sys.stderr)
        return 1
    for root in roots:
        verb = "is" if len(roots) == 1 else "holds"
        print(f"{given.out} {verb} the root certificate {describe(root)}.")
    name = Path(given.out).name
    if name in [file.lstrip("/") for file in files(settings.get("ca_file"))]:
        print(f"{path} names it: make flash puts it on the board.")
    else:
        print(
            f'A board uses it with "ca_file": "{name}" in its config.json'
            f' (make config ARGS="--set ca_file={name}"), once make flash has put both there.'
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
