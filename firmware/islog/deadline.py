"""A socket whose operations have one deadline, for `requests` without TLS (transport.py): each
gets what remains of the time, and an answer that has begun ends with it.
"""

import errno
import time

from micropython import const

_PART = const(256)  # bytes of an answer that are read at a time
_LINE = const(1024)  # bytes; what comes behind them in a line does not matter


class Socket:
    """The part of a TCP socket that `requests` uses, with `timeout_ms` for all of it together.
    What a server says before it closes is read also where the request could not be written any
    more."""

    def __init__(self, opened, timeout_ms):
        self._socket, self._timeout_ms = opened, timeout_ms
        self._made = time.ticks_ms()
        self._text = b""  # was read, and is in no line yet
        self._failed = None  # what a write has raised
        self._answers = False  # the status line is there

    def settimeout(self, seconds):
        pass  # requests' own

    def _in_time(self):
        ms = self._timeout_ms - time.ticks_diff(time.ticks_ms(), self._made)
        if ms <= 0:
            raise OSError(errno.ETIMEDOUT)
        self._socket.settimeout(ms / 1000)
        return self._socket

    def connect(self, where):
        self._in_time().connect(where)

    def write(self, data):
        try:
            if not self._failed:
                self._in_time().write(data)
        except OSError as e:
            self._failed = e

    def readline(self):
        # The next line; b"" at the end, and where an answer has begun and its time is over.
        text = self._text
        while b"\n" not in text:
            try:
                part = self._in_time().recv(_PART)
            except OSError as e:
                if not self._answers:
                    raise self._failed or e
                text = part = b""
            if not part:
                break
            if len(text) < _LINE:
                text += part
            elif b"\n" in part:
                text += part[part.find(b"\n") :]
        size = text.find(b"\n") + 1 or len(text)
        self._text, self._answers = text[size:], True
        return text[:size]

    def close(self):
        self._socket.close()
