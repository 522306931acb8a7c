"""LocalServer: the service and its clock on real sockets, in threads of this process.

`stop` and `start` are an outage of the HTTP side: the port is closed and opened again, what is
stored stays, the clock goes on (`ntp_silent` is its outage). `close` ends both and the
database.
"""

import asyncio
import contextlib
import errno
import socket
import threading
import time

import uvicorn

from .app import BUCKET_PATH, INGEST_PATH, Service
from .sntp import SntpServer
from .store import Store

_KEEP_ALIVE_S = 75
_GRACE_S = 0.15
_TICK_S = 0.5


class PortError(OSError):
    """A port cannot be had; the text says which and why in one sentence."""


class LocalServer(Service):
    """A local Initial State and an SNTP server; running from `start` or `with` on.

    key: the client key that boards must send. db: a SQLite file, or ":memory:". host: the IPv4
    address or name to listen on. port, ntp_port: 0 for any free one. on_reading, on_notice,
    on_error: see Service. Raises StoreError for the database, PortError (from `start`) for a
    port."""

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
    ):
        super().__init__(Store(db), key, on_reading, on_notice, on_error)
        self.host = host
        self.port = port
        self.ntp_port = ntp_port
        self.ntp_silent = False
        self.ntp_offset_s = 0.0
        self.ntp_delay_s = 0.0
        self._sntp = None
        self._http = None
        self._thread = None

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
        config = uvicorn.Config(
            self.app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._http = _Http(config)
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

    def close(self):
        """Stop for good: HTTP, clock and database. The counters can still be read."""
        self.stop()
        if self._sntp:
            self._sntp.close()
            self._sntp = None
        self.store.close()

    def buckets(self):
        """See Store.buckets."""
        return self.store.buckets()

    def readings(self, bucket_id=None):
        """See Store.readings."""
        return self.store.readings(bucket_id)

    @property
    def address(self):
        """The name or IPv4 address under which this machine reaches the server."""
        return "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host

    @property
    def bucket_url(self):
        return f"http://{self.address}:{self.port}{BUCKET_PATH}"

    @property
    def ingest_url(self):
        return f"http://{self.address}:{self.port}{INGEST_PATH}"

    @property
    def ntp_host(self):
        return f"{self.address}:{self.ntp_port}"


class _Http(uvicorn.Server):
    """uvicorn's server, but ended from another thread, and at once instead of at its next tick."""

    def __init__(self, config):
        super().__init__(config)
        self._loop = None
        self._wake = None

    def end(self):
        self.should_exit = True
        if self._wake:  # else main_loop is still to come and will see should_exit
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._wake.set)

    async def main_loop(self):
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        while not await self.on_tick(0):  # also renews the Date header
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK_S)

    async def shutdown(self, sockets=None):
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _GRACE_S
        while state.connections or state.tasks:
            if time.monotonic() > deadline:
                for connection in list(state.connections):
                    connection.transport.abort()
            await asyncio.sleep(0.002)


def _listen(host, port):
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
