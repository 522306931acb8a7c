"""A Logger under asyncio: run(), aflush(), aclose() and `async with`. Loaded where one is used.

The steps are those of poll() and flush(), but none waits: what it would wait for, the task does.

    after a step with                       the task waits
    an exchange that waits for the server   until its stream can be read, or the exchange's time or
                                            a second is over
    an exchange that waits otherwise        20 ms (for a connection, for room to write)
    an SNTP question                        5 ms, since its round trip is measured
    nothing under way                       as long as poll() says: a second at most

A stream is waited for by asyncio itself: reading no bytes of it waits until there are some
(asyncio's stream.Stream.read). Only one task can wait so for a stream, which is `watched` then: a
second one, where run() and aflush() are at work together, looks every 20 ms.

Cancelling comes where a task waits, so between two steps. asyncio.wait_for_ms() would lose one
that comes just as the time is over (it waits for its runner then, which takes the cancelling for
its own), so two tasks and an Event do its work here.
"""

import asyncio
import time

from micropython import const

_LONGEST_MS = const(1000)
_NAP_MS = const(20)
_GLANCE_MS = const(5)


class Awaitable:
    """What is awaited of the Logger `log`."""

    def __init__(self, log):
        self._log = log
        self._waited_ms = 1  # so long the latest wait for a stream was to be, at most

    async def run(self):
        """Poll until close(). Cancelled, it gives up what is under way; the batch stays, and run()
        may be called again."""
        log = self._log
        try:
            while log.state != "closed":
                try:
                    await self._wait(self._poll(False), _LONGEST_MS)
                except MemoryError:  # for a coroutine or a task
                    await asyncio.sleep_ms(_NAP_MS)
        except BaseException:
            log._uplink.give_up()
            log._time.close()
            self._release()
            raise

    async def aflush(self, timeout=30):
        """flush(), while other tasks go on. Cancelled, it leaves what is under way to the next
        poll()."""
        log = self._log
        remaining_ms = None if timeout is None else int(timeout * 1000)
        last = time.ticks_ms()
        try:
            while log.pending:
                try:
                    wait_ms = self._poll(True)
                    if remaining_ms is not None:
                        now = time.ticks_ms()
                        remaining_ms -= time.ticks_diff(now, last)
                        last = now
                        if remaining_ms <= 0:
                            break
                    await self._wait(wait_ms, remaining_ms or _LONGEST_MS)
                except MemoryError:
                    await asyncio.sleep_ms(_NAP_MS)
        except BaseException:
            self._release()
            raise
        return not log.pending

    async def aclose(self):
        """close(), while other tasks go on. Cancelled, it leaves the log open."""
        log = self._log
        await self.aflush(log._timeout_s)
        if log.state == "closed":
            return True
        transport = log._uplink.transport
        try:
            transport.outside_ms = 1
            log._timeout_s = 0  # the attempt was made: what is left is one step, and flash
            return log.close()
        finally:
            transport.outside_ms = 0

    async def __aenter__(self):
        return self._log

    async def __aexit__(self, *_):
        await self.aclose()

    def _release(self):
        log = self._log
        if log._spool and log.state != "closed":
            log._spool.release()

    def _poll(self, flushing):
        transport, timekeeper = self._log._uplink.transport, self._log._time
        try:
            transport.outside_ms, timekeeper.waits = self._waited_ms, False
            return self._log._poll(flushing)
        finally:
            transport.outside_ms, timekeeper.waits = 0, True

    async def _wait(self, wait_ms, most_ms):
        uplink = self._log._uplink
        transport = uplink.transport
        self._waited_ms = 1
        if uplink.doing:  # on a connection that is kept: the other transport has come to an end
            wait_ms = _NAP_MS
            stream = transport.awaited
            if stream and getattr(transport, "watched", None) is not stream:
                most_ms = max(1, min(most_ms, _LONGEST_MS, transport._remaining_ms))
                self._waited_ms = most_ms
                try:
                    transport.watched = stream
                    await _until_readable(stream, most_ms)
                    return
                finally:
                    transport.watched = None
        elif self._log._time.asking:
            wait_ms = _GLANCE_MS
        await asyncio.sleep_ms(min(wait_ms, most_ms))


async def _until_readable(stream, most_ms):
    woken = asyncio.Event()
    tasks = [None, None]  # type: list[asyncio.Task | None]
    try:
        tasks[0] = asyncio.create_task(_wake_later(woken, most_ms))
        tasks[1] = asyncio.create_task(_wake_readable(woken, stream))
        await woken.wait()
    finally:
        for task in tasks:
            if task:
                task.cancel()


async def _wake_later(woken, ms):
    await asyncio.sleep_ms(ms)
    woken.set()


async def _wake_readable(woken, stream):
    try:
        await asyncio.StreamReader(stream).read(0)
    except (OSError, MemoryError):  # it was closed meanwhile
        await asyncio.sleep_ms(_NAP_MS)
    woken.set()
