"""LocalServer: the service and its clock on real sockets, in threads of this process.

`stop` and `start` are an outage of the HTTP side: the port is closed and opened again, what is
stored stays, the clock goes on (`ntp_silent` is its outage). `close` ends both and the
database.
"""

import contextlib
import errno
import socket
import tempfile
import threading

from . import tls as tls_chain
from .api import is_loopback
from .app import BUCKET_PATH, INGEST_PATH, Service
from .http import HttpServer
from .ingest import EVENT_BUCKET_PATH, EVENT_PATH, Rate
from .settings import network_address
from .sntp import SntpServer


class PortError(OSError):
    """A port cannot be had; the text says which and why in one sentence."""


class LocalServer(Service):
    """A local Initial State and an SNTP server; running from `start` or `with` on.

    key: the client key that boards must send. db: a SQLite file, or ":memory:". host: the IPv4
    address or name to listen on. port, ntp_port: 0 for any free one. on_reading, on_notice,
    on_error: see Service. tls: True for HTTPS with a root made for this run, a folder to keep the
    root in, or a tls.Chain; then `ca_file` and `ca_der` are the root's paths (PEM for this
    machine, DER for a board), and `handshakes` counts. api:
    which generation's addresses `bucket_url` and `ingest_url` are, "batch_logs" or "events" (the
    server speaks both). events_per_s: how many requests the events calls take in a second (the
    service itself: 3; None: any number). config_file: named on the page of this machine.
    Raises StoreError for the database, PortError (from `start`) for a port."""

    def __init__(
        self,
        key,
        db=":memory:",
        host="127.0.0.1",
        port=0,
        ntp_port=0,
        on_reading=None,
        on_notice=None,
        on_error=None,
        *,
        tls=False,
        api="batch_logs",
        events_per_s=None,
        config_file=None,
    ):
        super().__init__(db, key, on_reading, on_notice, on_error)
        self.host = host
        self.port = port
        self.ntp_port = ntp_port
        self.ntp_silent = False
        self.ntp_offset_s = 0.0
        self.ntp_delay_s = 0.0
        self.api = api
        self.rate = Rate(events_per_s)
        self.config_file = config_file
        self.handshakes = 0
        self._sntp = None
        self._http = None
        self._thread = None
        self._tls_folder = tempfile.TemporaryDirectory() if tls is True else None
        if tls and not isinstance(tls, tls_chain.Chain):
            names = (self.address, network_address(), "127.0.0.1", "localhost")
            tls = tls_chain.Chain(self._tls_folder.name if self._tls_folder else tls, names)
        self._tls = tls or None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc):
        self.close()

    def start(self):
        """Listen (on the same ports as before, if there was a before); returns the server."""
        if self._thread:
            return self
        listening = _listen(self.host, self.port)
        try:
            if not self._sntp:
                with _plain_errors(self.host, self.ntp_port, "UDP port"):
                    self._sntp = SntpServer(self.host, self.ntp_port, self)
        except BaseException:
            listening.close()
            raise
        self.port = listening.getsockname()[1]
        self.ntp_port = self._sntp.port
        self._http = HttpServer(
            self.app,
            self._tls.context() if self._tls else None,
            self._on_connection,
            self.end_readers,
            self._on_error,
            self.tell,
        )
        self._thread = threading.Thread(
            target=self._http.run, args=([listening],), name="http", daemon=True
        )
        self._thread.start()
        return self

    def stop(self):
        """Close the listening socket and every connection; requests under way get a moment."""
        if not self._thread:
            return
        self._http.end()
        self._thread.join()
        self._thread = None
        self.tell(at_once=True)

    def close(self):
        """Stop for good: HTTP, clock and database. The counters can still be read."""
        self.stop()
        if self._sntp:
            self._sntp.close()
            self._sntp = None
        self.readers.close()
        self.store.close()
        if self._tls_folder:
            self._tls_folder.cleanup()

    def buckets(self):
        """See History.buckets."""
        return self.store.history.buckets()

    def readings(self, bucket_id=None):
        """See History.readings."""
        return self.store.history.readings(bucket_id)

    def connections(self):
        """The open connections (http.Protocol)."""
        return list(self._http.server_state.connections)

    @property
    def address(self):
        """The name or IPv4 address under which this machine reaches the server."""
        return "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host

    @property
    def ca_file(self):
        """Path of the root certificate (PEM) that HTTPS is verified with; None without HTTPS."""
        return str(self._tls.ca_file) if self._tls else None

    @property
    def ca_der(self):
        """Path of the same as DER, which every board reads."""
        return str(self._tls.ca_der) if self._tls else None

    @property
    def url(self):
        """Where the page is."""
        return f"{'https' if self._tls else 'http'}://{self.address}:{self.port}"

    @property
    def bucket_url(self):
        return self.url + (EVENT_BUCKET_PATH if self.api == "events" else BUCKET_PATH)

    @property
    def ingest_url(self):
        return self.url + (EVENT_PATH if self.api == "events" else INGEST_PATH)

    @property
    def ntp_host(self):
        return f"{self.address}:{self.ntp_port}"

    def about(self, near):
        everywhere = self.host in ("", "0.0.0.0")
        return {
            "address": network_address() if everywhere else self.address,
            "network_address": network_address(),
            "port": self.port,
            "ntp_port": self.ntp_port,
            "tls": self._tls is not None,
            "network": not is_loopback(self.host),
            "config_file": str(self.config_file) if near and self.config_file else None,
            **super().about(near),
        }

    def _on_connection(self):
        if self._tls:
            self.handshakes += 1


def check_ports(host, port, ntp_port, faults=False):
    """Raise PortError where a port cannot be had; faults: the one after `port` is needed too."""
    for number in (port, port + 1) if faults and port else (port,):
        _listen(host, number).close()
    with (
        _plain_errors(host, ntp_port, "UDP port"),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as clock,
    ):
        clock.bind((host, ntp_port))


def _listen(host, port):
    # asyncio gives TCP_NODELAY to what it knows to be TCP only; without it, a body waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _plain_errors(host, port, "port"):
            listening.bind((host, port))
            listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return listening


@contextlib.contextmanager
def _plain_errors(host, port, what):
    try:
        yield
    except (OSError, OverflowError) as e:
        if getattr(e, "errno", None) == errno.EADDRINUSE:
            text = (
                f"The {what} {port} of {host} is in use: end the other program or choose another."
            )
        else:
            text = f"The {what} {port} of {host} cannot be listened on: {e}."
        raise PortError(text) from None
