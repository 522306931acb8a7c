"""Readings as they arrive, to whoever watches: server-sent events (WHATWG HTML, 9.2).

Each watcher has a buffer of _BUFFERED_BYTES. One that does not keep up is told "lost" and reads
back what it missed; it never slows the server down or fills its memory.
"""

import asyncio
import contextlib
import json
import threading

_BUFFERED_BYTES = 500_000
_WATCHERS = 64
_TOGETHER_S = 0.1  # readings that arrive within it travel together
_SIGN_OF_LIFE_S = 15


class Live:
    """The watchers of one server; `publish` may be called from any thread."""

    def __init__(self):
        self._watchers = set()

    def full(self):
        """Whether no further watcher is taken."""
        return len(self._watchers) >= _WATCHERS

    def publish(self, rows):
        """Tell the watchers of these stored readings (rows as History.readings gives them)."""
        watchers = list(self._watchers)
        if not watchers:
            return
        told = [(row["bucket"], _as_json(row)) for row in rows]
        for watcher in watchers:
            watcher.add(told)

    def end(self):
        """End every stream: the server is about to stop."""
        for watcher in list(self._watchers):
            watcher.close()

    def watch(self, bucket_id=None):
        """A new watcher of one bucket (None: of all), until it leaves; None where all places are

        taken. To be called in the event loop."""
        if self.full():
            return None
        watcher = _Watcher(bucket_id, self._watchers.discard)
        self._watchers.add(watcher)
        return watcher


class _Watcher:
    def __init__(self, bucket_id, leave):
        self.closed = False
        self.woken = asyncio.Event()
        self._bucket_id = bucket_id
        self._leave = leave
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._texts, self._bytes = [], 0
        self._lost = False

    def leave(self):
        self._leave(self)

    async def events(self):
        """What it is told, in bytes, until it leaves."""
        yield b"retry: 1000\n\n"
        while not self.closed:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.woken.wait(), _SIGN_OF_LIFE_S)
            if not self.woken.is_set():
                yield b": still here\n\n"
                continue
            self.woken.clear()
            texts, lost = self.take()
            if lost:
                yield b"event: lost\ndata: {}\n\n"
            elif texts:
                yield b"data: [" + b",".join(texts) + b"]\n\n"
            if not self.closed:
                await asyncio.sleep(_TOGETHER_S)

    def add(self, told):
        """Have these readings told: (bucket, JSON in bytes) of each."""
        texts = [text for bucket, text in told if self._bucket_id in (None, bucket)]
        if not texts:
            return
        with self._lock:
            self._bytes += sum(map(len, texts))
            if self._bytes > _BUFFERED_BYTES:
                self._texts, self._lost = [], True
            elif not self._lost:
                self._texts += texts
        self._wake()

    def take(self):
        """The readings so far and whether some were lost (then there are none)."""
        with self._lock:
            texts, self._texts, self._bytes = self._texts, [], 0
            lost, self._lost = self._lost, False
        return texts, lost

    def close(self):
        self.closed = True
        self._wake()

    def _wake(self):
        with contextlib.suppress(RuntimeError):  # the loop has ended: so has the watcher
            self._loop.call_soon_threadsafe(self.woken.set)


def _as_json(row):
    names = {name: row[name] for name in ("bucket", "signal")}
    return f'{json.dumps(names)[:-1]},"epoch":{row["epoch"]},"value":{row["text"]}}}'.encode()
