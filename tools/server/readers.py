"""Those who read back: READERS at a time, in threads of their own.

So boards, whose batches have other threads, never wait for a reader, however many ask. Whoever has
waited for WAIT_S is told to come again (503). When the server ends, nobody waits for them: what is
still to begin is refused, and what runs is interrupted.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from .validate import Refusal

READERS = 3
WAIT_S = 20


class Readers:
    """interrupt: called at the end, to end what runs; it then raises what it likes."""

    def __init__(self, interrupt):
        self._interrupt = interrupt
        self._pool = ThreadPoolExecutor(READERS, "reader")
        self._asked = set()

    async def run(self, function, *args, patient=False):
        """What the function gives, called in a reader's thread once there is a free one.

        Raises Refusal (503) after WAIT_S of waiting for that, unless `patient`, and what the
        function raises."""
        asked = self._pool.submit(function, *args)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        answer = asyncio.wrap_future(asked)
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # is seen
        try:
            done, _ = await asyncio.wait([answer], timeout=None if patient else WAIT_S)
            if not done and not asked.cancel():  # it has begun
                await asyncio.wait([answer])
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if asked.cancelled():
            reason = "the server is about to stop" if done else "too many are reading already"
            raise Refusal(503, reason, {"Retry-After": "5"})
        return answer.result()

    def end(self):
        """Wait for nobody: the server is about to stop."""
        for asked in list(self._asked):
            asked.cancel()
        self._interrupt()

    def close(self):
        self.end()
        self._pool.shutdown()
