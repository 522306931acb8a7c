"""Faults on demand: every way in which a server, or what is between, fails a board.

    python -m tools.faults                                      what there is, by name
    make serve ARGS="--faults 0.3 --seed 7"                     three requests in ten fail
    make serve ARGS="--faults 503,answer-lost,good"             in turn, over and over

FAULTS is the catalogue, as data; Faults has a front.Front answer with them. A fault runs as
`front.good` does: with a Connection, and with store(), which passes the POST on to the local
server. Where it stores and then fails, the board cannot know, and sends the same again.
"""

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from .front import Front, good

_JSON = b"Content-Type: application/json\r\n"
_LONG = b"x" * 1_000_000


class UnknownFault(ValueError):
    """A name that is none; the text says so in one sentence."""


class Fault(NamedTuple):
    """early: at the accept, before anything is read. slow: it takes a board's time-out, the
    front's pace, or all of a board's memory. refuses: the readings themselves; a board drops one
    that is refused alone."""

    name: str
    what: str
    run: Callable
    early: bool = False
    slow: bool = False
    refuses: bool = False


def _answer(status, headers=b"", body=b'{"error": "on purpose"}'):
    head = b"HTTP/1.1 %d On purpose\r\n" % status + _JSON + headers
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _says(*parts, stores=False, keeps=False):
    """A fault that sends the parts and closes (keeps: goes on)."""

    def run(connection, store):
        if stores:
            store()
        connection.send(*parts)
        return keeps

    return run


def status(number, headers=b"", what="a status"):
    """The fault that is a status; name: its number."""
    run = _says(_answer(number, headers), keeps=True)
    return Fault(str(number), what, run, refuses=number in (400, 413, 422))


def _wait(number, how, what, *headers):
    return status(number, b"".join(headers), what)._replace(name=f"{number}-{how}")


def _redirect(number):
    def run(connection, store):
        to = b"Location: %s\r\n" % connection.front.elsewhere.encode()
        connection.send(_answer(number, to))
        return True

    return Fault(str(number), "a redirect to another host", run)


def _refuse(connection, store):
    connection.front.refuse(connection.front.refused_s)
    connection.reset()


def _close(connection, store):
    return False


def _reset(connection, store):
    connection.reset()


def _lose(connection, store):
    store()


def _lose_with_a_reset(connection, store):
    store()
    connection.reset()


def _continue(connection, store):
    connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    return good(connection, store)


def _close_after(connection, store):
    good(connection, store)


def _be_silent(connection, store):
    connection.wait_for_the_end()


def _drip(connection, store):
    connection.drip(b"HTTP/1.1 %d \r\n\r\n" % store(), pause_s=connection.front.pace_s)


def _drip_in_the_body(connection, store):
    connection.send(b"HTTP/1.1 500 On purpose\r\nContent-Length: 20\r\n\r\n")
    connection.drip(_LONG[:20], pause_s=connection.front.pace_s)


_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n"
_CAUGHT = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"

_CATALOGUE = (
    Fault("refused", "resets, and for 0.1 s nothing listens", _refuse),
    Fault("closed-at-once", "closes as soon as it has accepted", _close, early=True),
    Fault("reset-at-once", "resets as soon as it has accepted", _reset, early=True),
    Fault("closed-before-the-answer", "takes the request, closes", _close),
    Fault("reset-before-the-answer", "takes the request, resets", _reset),
    Fault("closed-in-the-status-line", "half a status line, closes", _says(b"HTTP/1.1 20")),
    Fault(
        "closed-after-the-status-line",
        "stores, a 204 without headers, closes",
        _says(b"HTTP/1.1 204 OK\r\n", stores=True),
    ),
    Fault("closed-in-a-header", "half a header, closes", _says(b"HTTP/1.1 500 No\r\nContent-Le")),
    Fault("closed-in-the-body", "a 500 with half its body, closes", _says(_answer(500)[:-9])),
    Fault("closed-after-the-answer", "answers well, closes", _close_after),
    Fault("answer-lost", "stores, closes without an answer", _lose),
    Fault("answer-lost-reset", "stores, resets without an answer", _lose_with_a_reset),
    Fault("silence", "takes the request, says nothing", _be_silent, slow=True),
    Fault("drip", "stores, a right answer byte by byte", _drip, slow=True),
    Fault("drip-in-the-body", "a 500, its body byte by byte", _drip_in_the_body, slow=True),
    Fault("garbage", "10 KB of all bytes there are", _says(bytes(range(256)) * 40)),
    Fault("garbage-in-a-line", "2.5 KB without a line feed", _says(bytes(range(128, 256)) * 20)),
    Fault("endless-line", "a megabyte without a line feed", _says(_LONG), slow=True),
    Fault("empty-lines", "line feeds only", _says(b"\r\n\r\n\r\n\r\n")),
    Fault("no-number", "a status that is none", _says(b"HTTP/1.1 abc OK\r\n\r\n")),
    Fault("another-protocol", "the greeting of another", _says(b"SSH-2.0-OpenSSH_9.9\r\n")),
    Fault(
        "oversized-head",
        "a 500 with 4 KB in a header, and fifty more",
        _says(b"HTTP/1.1 500 No\r\nX-A: " + _LONG[:4096] + b"\r\nX-B: c" * 50 + b"\r\n\r\n"),
    ),
    Fault("oversized-body", "a 500 with a megabyte", _says(_answer(500, body=_LONG))),
    Fault(
        "oversized-body-accepted",
        "stores, a 200 with a megabyte of JSON",
        _says(_answer(200, body=_LONG), stores=True),
    ),
    Fault("chunked", "a 503 in chunks", _says(b"HTTP/1.1 503 No\r\n" + _CHUNKS, keeps=True)),
    Fault(
        "chunked-accepted",
        "stores, a 201 in chunks",
        _says(b"HTTP/1.1 201 OK\r\n" + _CHUNKS, stores=True, keeps=True),
    ),
    Fault(
        "chunked-badly",
        "a 500 with a chunk of -5 bytes",
        _says(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello"),
    ),
    Fault("100-first", "stores, 100 Continue and then a 204", _continue),
    Fault("portal", "200 with a web page", _says(_CAUGHT, keeps=True)),
    *map(_redirect, (301, 302, 303, 307, 308)),
    *map(status, (400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 411, 413, 415, 422, 426, 431)),
    _wait(429, "seconds", "Retry-After: 7", b"Retry-After: 7\r\n"),
    _wait(429, "date", "a date far off", b"Retry-After: Wed, 21 Oct 2037 07:28:00 GMT\r\n"),
    _wait(429, "absent", "no Retry-After"),
    _wait(429, "nonsense", "a Retry-After that is none", b"Retry-After: -1e9 soon\r\n"),
    _wait(503, "seconds", "Retry-After: 7", b"Retry-After: 7\r\n"),
    *map(status, (500, 501, 502, 503, 504, 511)),
)
FAULTS = {fault.name: fault for fault in _CATALOGUE}
GOOD = Fault("good", "no fault", good)


class Faults:
    """A front's `answer` and `greet`: the next of `faults`, an iterator, for each request. None,
    or its end: there is none at present, and all is well.

    spares_single: a body with one reading only is not refused; the board would drop it. `done`
    counts what was done, by name.
    """

    def __init__(self, faults, spares_single=False):
        self.done = Counter()
        self._faults = iter(faults)
        self._spares_single = spares_single
        self._next = None
        self._lock = threading.Lock()

    def greet(self, connection):
        fault = self._take(early=True)
        return fault is None or fault.run(connection, None)

    def answer(self, connection, store):
        fault = self._take(early=False, single=self._spares_single and _count(connection) == 1)
        return fault is not None and fault.run(connection, store)  # None: it is early

    def _take(self, early, single=False):
        with self._lock:
            if self._next is None:
                self._next = next(self._faults, None)
            fault = self._next or GOOD
            if fault.early != early:
                return None
            self._next = None
            if single and fault.refuses:
                fault = GOOD
            self.done[fault.name] += 1
        return fault


def _count(connection):
    # Readings in the request, whose body is a list; the bucket call's is not.
    found = json.loads(connection.body)
    return len(found) if isinstance(found, list) else 0


def by_chance(probability, seed=None, faults=_CATALOGUE):
    """Faults without end, and GOOD: each request fails with that probability. The slow ones come
    less often, so that they do not take all the time."""
    draw = random.Random(seed)
    weights = [0.2 if fault.slow else 1 for fault in faults]
    while True:
        yield draw.choices(faults, weights)[0] if draw.random() < probability else GOOD


def named(names):
    """The faults (and GOOD) that are named in a text, with commas. Raises UnknownFault."""
    known = {**FAULTS, GOOD.name: GOOD}
    found = [name.strip() for name in names.split(",")]
    for name in found:
        if name not in known:
            raise UnknownFault(f"There is no fault {name!r}: see python -m tools.faults.")
    return [known[name] for name in found]


def asked_for(text, seed=None):
    """Faults as a command line says: a probability, or names that come in turn."""
    try:
        probability = float(text)
    except ValueError:
        return Faults(itertools.cycle(named(text)))
    if not 0 <= probability <= 1:
        raise UnknownFault(f"A probability is from 0 to 1, not {text}.")
    return Faults(by_chance(probability, seed), spares_single=True)


def front(faults, server, context=None, **more):
    """A Front with these faults."""
    return Front(server, faults.answer, context, faults.greet, **more)


def main():
    for fault in (*_CATALOGUE, GOOD):
        print(f"{fault.name:30}{fault.what}")
    return 0
