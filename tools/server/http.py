"""uvicorn on a listening socket: ended at once from another thread, and patient with nobody.

A request's head must arrive within HEAD_LIMIT_S of its first byte, a connection may be idle for
KEEP_ALIVE_S, a reader may stall for STALL_LIMIT_S: else a few slow clients would keep all others
out. How many connections there are is door.py's affair, the body's limit ingest.py's.
"""

import asyncio
import contextlib
import time

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import door

KEEP_ALIVE_S = 75
HEAD_LIMIT_S = 10  # of a TLS handshake, too
STALL_LIMIT_S = 30
HEAD_LIMIT_BYTES = 16_384  # a head may be twice as long, by chance

_GRACE_S = 0.15
_TICK_S = 0.5


class Protocol(H11Protocol):
    """One connection, which knows since when its client keeps the server waiting."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.head_since = None
        self.stalled_since = None
        self.ended = self.loop.create_future()

    def connection_made(self, transport):
        super().connection_made(transport)
        self.config.on_connection()
        self.head_since = time.monotonic()

    def data_received(self, data):
        if self.head_since is None and self._between_requests():
            self.head_since = time.monotonic()
        # In slices, for the parser measures only heads that are not whole yet.
        for i in range(0, len(data), HEAD_LIMIT_BYTES):
            super().data_received(data[i : i + HEAD_LIMIT_BYTES])
            if self.transport.is_closing():
                return
        if not self._between_requests():
            self.head_since = None

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self.ended.set_result(None)

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
    on_end: called first when the server ends, in its thread. on_trouble: called with a sentence
    for what goes wrong with connections. on_tick: called now and then."""

    def __init__(
        self,
        app,
        ssl_context=None,
        on_connection=None,
        on_end=None,
        on_trouble=None,
        on_tick=None,
    ):
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
            limit_concurrency=door.CONNECTIONS + 1,  # requests whose client has gone, too
            h11_max_incomplete_event_size=HEAD_LIMIT_BYTES,
            ssl_context_factory=(lambda config, default: ssl_context) if ssl_context else None,
        )
        config.on_connection = on_connection or (lambda: None)
        super().__init__(config)
        self._on_end = on_end or (lambda: None)
        self._on_trouble = on_trouble or (lambda text: None)
        self._on_tick = on_tick or (lambda: None)
        self._doors = []
        self._loop = None
        self._wake = None

    def end(self):
        """End serving: connections are closed, requests under way get a moment."""
        self.should_exit = True
        if self._wake:  # else main_loop is still to come and will see should_exit
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._wake.set)

    async def startup(self, sockets=None):
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._failed)
        await self.lifespan.startup()
        self._doors = [door.Door(s, self._serve_one, self._on_trouble) for s in sockets]
        self.started = True

    async def _serve_one(self, accepted):
        def protocol():
            state = self.lifespan.state
            return Protocol(self.config, self.server_state, state, _loop=self._loop)

        tls = self.config.ssl
        _, made = await self._loop.connect_accepted_socket(
            protocol, accepted, ssl=tls, ssl_handshake_timeout=HEAD_LIMIT_S if tls else None
        )
        await made.ended

    def _failed(self, loop, context):
        reason = context.get("exception") or ""
        self._on_trouble(f"A connection failed: {context['message']}: {reason!r:.200}.")

    async def main_loop(self):
        self._wake = asyncio.Event()
        while not await self.on_tick(0):  # also renews the Date header
            self._on_tick()
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if connection.is_too_slow(now):
                    connection.transport.abort()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK_S)

    async def shutdown(self, sockets=None):
        for one in self._doors:
            one.close()
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
