"""A certificate chain for HTTPS: a root of the server's own, an authority under it, a certificate.

The root is made on first use and kept (with its key, readable by its owner only), since boards
carry it to know the server by; what is below it is made anew at every start, for the addresses of
the day. Made by trustme, with keys on the curve P-256: short, and quick for a board.
"""

import os
import ssl
from datetime import datetime, timezone
from pathlib import Path

import trustme

CA_FILE = "ca.pem"
DER_FILE = "ca.der"  # the same, as boards read it
_KEY_FILE = "ca.key"
_UNTIL = datetime(2038, 1, 1, tzinfo=timezone.utc)


class Chain:
    """The chain whose root lies in `folder`, for a server with the `names` (hosts, addresses).

    not_before, not_after: when the server's certificate holds (aware datetimes), to make a bad
    one on purpose. ca_file, ca_der: the root's paths, PEM for a PC and DER for a board. Raises
    OSError or ValueError for the files."""

    def __init__(self, folder, names=("127.0.0.1", "localhost"), not_before=None, not_after=None):
        self.folder = Path(folder)
        self.ca_file = self.folder / CA_FILE
        self.ca_der = self.folder / DER_FILE
        root = self._root()
        self.ca_der.write_bytes(ssl.PEM_cert_to_DER_cert(root.cert_pem.bytes().decode()))
        self._leaf = root.create_child_ca().issue_cert(
            *dict.fromkeys(names), not_before=not_before, not_after=not_after or _UNTIL
        )

    def context(self):
        """An ssl.SSLContext for the server's side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._leaf.configure_cert(context)
        return context

    def _root(self):
        key_file = self.folder / _KEY_FILE
        if self.ca_file.exists() and key_file.exists():
            return trustme.CA.from_pem(self.ca_file.read_bytes(), key_file.read_bytes())
        root = trustme.CA(organization_name="islog", organization_unit_name="local server")
        with os.fdopen(os.open(key_file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as f:
            f.write(root.private_key_pem.bytes())
        root.cert_pem.write_to_path(str(self.ca_file))
        return root
