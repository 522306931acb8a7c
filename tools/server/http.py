"""uvicorn on a listening socket: ended at once from another thread, and patient with nobody.

A request's head must arrive within HEAD_LIMIT_S of its first byte, a connection may be idle for
KEEP_ALIVE_S, a reader may stall for STALL_LIMIT_S, and CONNECTIONS are open at most: else a few
slow clients would keep all others out. (The body's limit is ingest.py's.)
"""

import asyncio
import contextlib
import time

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

KEEP_ALIVE_S = 75
HEAD_LIMIT_S = 10
STALL_LIMIT_S = 30
CONNECTIONS = 250

_GRACE_S = 0.15
_TICK_S = 0.5


class Protocol(H11Protocol):
    """One connection, which knows since when its client keeps the server waiting."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.head_since = None
        self.stalled_since = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.config.on_connection()
        self.head_since = time.monotonic()

    def data_received(self, data):
        if self.head_since is None and self._between_requests():
            self.head_since = time.monotonic()
        super().data_received(data)
        if not self._between_requests():
            self.head_since = None

    def pause_writing(self):
        super().pause_writing()
        self.stalled_since = time.monotonic()

    def resume_writing(self):
        super().resume_writing()
        self.stalled_since = None

    def is_too_slow(self, now):
        return (self.head_since is not None and now - self.head_since > HEAD_LIMIT_S) or (
            self.stalled_since is not None and now - self.stalled_since > STALL_LIMIT_S
        )

    def _between_requests(self):
        return self.cycle is None or self.cycle.response_complete


class HttpServer(uvicorn.Server):
    """An ASGI `app` to be served by `run(sockets=[...])`; `end` may be called from any thread.

    ssl_context: for HTTPS. on_connection: called for each connection, after its TLS handshake.
    on_end: called first when the server ends, in its thread."""

    def __init__(self, app, ssl_context=None, on_connection=None, on_end=None):
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            limit_concurrency=CONNECTIONS,
            ssl_context_factory=(lambda config, default: ssl_context) if ssl_context else None,
        )
        config.on_connection = on_connection or (lambda: None)
        super().__init__(config)
        self._on_end = on_end or (lambda: None)
        self._loop = None
        self._wake = None

    def end(self):
        """End serving: connections are closed, requests under way get a moment."""
        self.should_exit = True
        if self._wake:  # else main_loop is still to come and will see should_exit
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._wake.set)

    async def main_loop(self):
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        while not await self.on_tick(0):  # also renews the Date header
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if connection.is_too_slow(now):
                    connection.transport.abort()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK_S)

    async def shutdown(self, sockets=None):
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        self._on_end()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _GRACE_S
        while state.connections or state.tasks:
            if time.monotonic() > deadline:
                for connection in list(state.connections):
                    connection.transport.abort()
            await asyncio.sleep(0.002)
