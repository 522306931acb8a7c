"""Imitates the part of MicroPython's `asyncio` that islog and its tests use (extmod/asyncio, 1.13
and later), in virtual time: while no task can go on, time passes up to the next one that can.

A stream is waited for by one task at a time, an AssertionError for the second (core.IOQueue);
one that is closed meanwhile wakes its task (extmod/modlwip.c: POLLNVAL). `wake_ups`
counts how often time went by until a task could go on.
"""

import time

wake_ups = 0
_ready = []  # tasks in the order of their times: [(when (up_ms), count, task)]
_streams = []  # (stream, task): who waits for what
_count = 0
_current = None


class CancelledError(BaseException):
    pass


class Task:
    def __init__(self, coro):
        self.coro = coro
        self.waits_in = None  # the list that it is in: of an Event, of a Task
        self.exc = None  # to be thrown into it
        self.waiting = []
        self.outcome = None
        self.ended = False

    def done(self):
        return self.ended

    def cancel(self):
        if self.ended:
            return False
        if self is _current:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.waits_in, Task):
            task = task.waits_in
        _forget(task)
        _push(task)
        task.exc = CancelledError
        return True

    def __await__(self):
        if not self.ended:
            self.waiting.append(_current)
            _current.waits_in = self
            yield
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    __iter__ = __await__


class Event:
    def __init__(self):
        self._waiting = []
        self._is_set = False

    def is_set(self):
        return self._is_set

    def set(self):
        while self._waiting:
            _push(self._waiting.pop(0))
        self._is_set = True

    async def wait(self):
        if not self._is_set:
            self._waiting.append(_current)
            _current.waits_in = self._waiting
            await _Once()
        return True


class StreamReader:
    def __init__(self, stream):
        self._stream = stream

    async def read(self, n=-1):
        assert n == 0  # all else is not islog's
        assert self._stream not in [stream for stream, _ in _streams]
        _streams.append((self._stream, _current))
        _current.waits_in = _streams
        await _Once()
        return b""


class _Once:
    def __await__(self):
        yield

    __iter__ = __await__


def create_task(coro):
    task = Task(coro)
    _push(task)
    return task


def current_task():
    return _current


async def sleep_ms(ms):
    _push(_current, max(0, ms))
    await _Once()


def new_event_loop():
    """Forget all tasks."""
    global wake_ups
    wake_ups = 0
    del _ready[:], _streams[:]


def run(coro):
    """Run it, and all other tasks, until it ends."""
    main = create_task(coro)
    while not main.ended:
        _turn()
    if isinstance(main.outcome, BaseException):
        raise main.outcome
    return main.outcome


def _push(task, after_ms=0):
    global _count
    _count += 1
    task.waits_in = None
    _ready.append((time.up_ms() + after_ms, _count, task))
    _ready.sort(key=lambda entry: entry[:2])


def _forget(task):
    for entry in list(_ready):
        if entry[2] is task:
            _ready.remove(entry)
    for entry in list(_streams):
        if entry[1] is task:
            _streams.remove(entry)
    where = task.waits_in
    if isinstance(where, list) and task in where:
        where.remove(task)


def _readable_in_ms(stream):
    sock = getattr(stream, "_sock", stream)  # of secure.py
    if not sock._open or sock.aborted() or getattr(stream, "_error", None):
        return 0
    arriving = sock.connection.arriving
    return max(0, arriving[0][0] - time.up_ms()) if arriving else None


def _turn():
    global _current, wake_ups
    waits = [entry[0] - time.up_ms() for entry in _ready[:1]]
    waits += [ms for ms in (_readable_in_ms(stream) for stream, _ in _streams) if ms is not None]
    if not waits:
        raise RuntimeError("no task can ever go on")
    if min(waits) > 0:
        wake_ups += 1
        time.advance(min(waits))
    for entry in list(_streams):
        if _readable_in_ms(entry[0]) == 0:
            _streams.remove(entry)
            _push(entry[1])
    if not _ready or _ready[0][0] > time.up_ms():
        return
    _, _, task = _ready.pop(0)
    exc, task.exc = task.exc, None
    _current = task
    try:
        if exc:
            task.coro.throw(exc)
        else:
            task.coro.send(None)
    except StopIteration as e:
        task.outcome = e.value
        task.ended = True
    except (CancelledError, Exception) as e:
        task.outcome = e
        task.ended = True
    finally:
        _current = None
    if task.ended:
        for other in task.waiting:
            _push(other)
