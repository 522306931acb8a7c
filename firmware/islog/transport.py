"""What an HTTP answer means, and one way to get one: MicroPython's own `requests`.

Right with requests 0.10.2 (HTTP/1.0, frozen up to MicroPython 1.28) and 1.1.1 (HTTP/1.1): the body
is bytes, the response is closed unread. A redirect would carry the key to another host: requests
copies the headers at the start of every connection, so a second copy is refused; a requests that
does not copy (before MicroPython 1.25) is stopped at the Location line. What each status means:
docs/api.md, "What each answer means".

An exchange is one POST and its answer. Where an exception (Ctrl-C, no memory) ends a step of it,
it is given up: `close()` ends all of it, the next `start()` knows nothing of it, and a `step()` in
between returns UNKNOWN, as for no answer.
"""

import errno
import gc
import time

from micropython import const

from .errors import ConfigError, call_unloading, in_words, no_memory, why

# The outcome of an exchange. What follows from each: the table in uplink.py.
ACCEPTED = const(0)
BUSY = const(1)  # 429, 503: too fast
UNKNOWN = const(2)  # no answer, 5xx and all else: the readings may have been accepted, or not
FORBIDDEN = const(3)  # 401, 402, 403: refused for now; 407, 511: the network wants a log-in
WRONG = const(4)  # 404, 3xx and the like: not to be had here; or the server proves no name
BAD = const(5)  # 400, 413, 422: this body is not acceptable
_REDIRECTED = const(300)  # the status that is shown for a redirect, which is never followed
_MBEDTLS = const(4096)  # errors from -4096 down are mbedtls's own numbers, those above the port's


def meaning(status, is_json):
    """The outcome that an HTTP status stands for; 0: there was no answer. A 200 that is no JSON
    comes from a captive portal or the like, and accepts nothing."""
    if status in (201, 202, 204) or status == 200 and is_json:
        return ACCEPTED
    if status in (400, 413, 422):
        return BAD
    if status in (401, 402, 403, 407, 511):
        return FORBIDDEN
    if status in (404, 405, 410, 411, 415, 426, 431) or 300 <= status < 400:
        return WRONG
    return BUSY if status in (429, 503) else UNKNOWN


def from_peer(error):
    """Whether an OSError is an answer of the other machine: a refusal, or a reset (which a refusal
    is on lwIP, extmod/modlwip.c). The `errno` module has the port's own numbers."""
    return error.args and error.args[0] in (errno.ECONNREFUSED, errno.ECONNRESET)


class Transport:
    """What a transport knows of the last exchange: the base of both.

    status       of HTTP; 0: no answer
    retry_after, date, quota  the bytes of the headers Retry-After, Date and X-RateLimit-Remaining,
                 or None
    late_ms      the answer may have lain unread for so long; below 0: nobody knows how long
    why          what happened, in a few words, which never repeat anything that the server sent
    reached      some machine answered, if only by a refusal: the link is alive
    broken       an answer came that is no HTTP
    unusable     the server did not prove its name, or `requests` itself fails; then `why` is the
                 whole sentence
    """

    def reset(self):
        """Nothing is under way, and no answer is known."""
        self._under_way = None
        self.status = 0
        self.retry_after = self.date = self.quota = None
        self.late_ms = 0
        self.why = "no answer"
        self.reached = self.broken = self.is_json = self.unusable = False

    def header(self, name, value):
        """Keep what matters of one header; `name` in lower case, both bytes."""
        if name == b"retry-after":
            self.retry_after = value
        elif name == b"date":
            self.date = value
        elif name == b"x-ratelimit-remaining":
            self.quota = value
        elif name == b"content-type":
            self.is_json = b"json" in value.lower()

    def unanswered(self, number, securing):
        """Set `why` for an exchange without an answer, by an error's number or name. Where TLS
        reported it, or was being set up (`securing`), tls_errors.py has words for it. True where
        TLS had too little memory to be set up."""
        self.why = "no answer (%s)" % number
        if type(number) is int and (securing or number <= -_MBEDTLS):
            try:
                self.why, short = call_unloading("tls_errors", "reason", number, securing)
                return short
            except (MemoryError, OSError, ImportError):
                pass
        return False

    def in_words(self, which, otherwise):
        """What the user should do about the answer: the words that explain.py has for its status,
        or else `otherwise`. `which`: 0 for the bucket call, 1 for a batch."""
        if 200 <= self.status < 500 or self.status == 511:
            return in_words(otherwise, "answer", self.status, which, otherwise)
        return otherwise


class _Headers(dict):
    # `requests` copies the headers for each connection that it opens. A second one would be to
    # where a redirect points, and take the client key there: so a second copy is refused.
    copies = 0

    def copy(self):
        self.copies += 1
        if self.copies > 1:
            raise OSError
        return self


class _Sockets:
    # `requests` finds this in the place of the socket module during a POST. It remembers the
    # socket, so that it can be closed: after a broken answer `requests` leaves it open to the
    # garbage collector, which on the unix port does not close it.
    def __init__(self, module):
        self.module = module
        self.last = None  # the socket that is not closed yet
        self.made = 0  # ticks when it was made
        self.wrap = None  # what is made of a socket on which there is no TLS

    def __getattr__(self, name):
        return getattr(self.module, name)

    def socket(self, *where):
        self.made, self.last = time.ticks_ms(), self.module.socket(*where)
        if self.wrap:
            self.last = self.wrap(self.last)
        return self.last


class Requests(Transport):
    """The transport "requests": each POST has a connection of its own, and is done in one step.
    `timeout_s` is for all of it, but for the name look-up, and for what TLS does up to an answer's
    first header: there it is for each operation. No certificate is looked at. ConfigError: this
    board has no `requests`."""

    verifies = False

    def __init__(self, timeout_s):
        try:
            import requests

            requests.request  # noqa: B018 (a folder of that name has none)
        except MemoryError:
            raise
        except Exception as e:  # a file of the user's with this name may raise anything
            raise ConfigError("transport %s" % why("requests", e))
        self._names = requests.__dict__
        # The name under which `requests` has imported the socket module: "usocket" before 2024.
        self._module = "socket" if "socket" in self._names else "usocket"
        found = self._names.get(self._module)
        if isinstance(found, _Sockets):  # a second Ctrl-C kept another Logger from taking it out
            self._sockets = found
            self.close()
            found = found.module
        self._sockets = _Sockets(found)
        self._timeout_s = timeout_s
        self._headers = None
        self.reset()

    def start(self, url, headers, data):
        """Note what step() shall POST: `data` (bytes or a memoryview, JSON) to `url`, with
        `headers`, (name, value) pairs of str. MemoryError: it was not begun."""
        self.reset()
        self.close()
        self._under_way = url, headers, data

    def step(self):
        """Go on with what was started. Returns None while it is under way, else an outcome
        (ACCEPTED and so on). Never raises anything but KeyboardInterrupt and SystemExit."""
        what = self._under_way
        self.reset()
        try:
            if what and self._post(*what):
                self.close()
                self._post(*what)  # once more, after a garbage collection
        except MemoryError:
            self.why = no_memory("not enough memory")
        finally:
            self.close()
        if not self.status:
            gc.collect()  # TLS's memory is freed by the collector alone where its set-up failed
        return meaning(_REDIRECTED if self.unusable else self.status, self.is_json)

    def _post(self, url, headers, data):
        # True where TLS had too little memory: a second try may have it, after a collection.
        # (A port that gives TLS of its heap collects by itself where no block is large enough:
        # py/malloc.c, m_tracked_calloc; py/gc.c, gc_alloc.)
        self._headers = _Headers(headers)
        self._headers["Content-Type"] = "application/json"
        self._first = None  # ticks at the answer's first header
        self._sockets.wrap = None
        if not url.startswith("https:"):
            from .deadline import Socket  # only for programs without TLS

            self._sockets.wrap = lambda opened: Socket(opened, self._timeout_s * 1000)
        try:
            self._names[self._module] = self._sockets
            response = self._names["request"](
                "POST",
                url,
                data=data,
                headers=self._headers,
                timeout=self._timeout_s,
                parse_headers=self._header,
            )
            status = response.status_code
            response.close()
            self._sockets.last = None  # it is closed, and only once
            self.broken = status < 200  # 1xx: the answer comes behind it, but requests stops here
            self.status = 0 if self.broken else status
            self.why = ("a broken answer (HTTP %d)" if self.broken else "HTTP %d") % status
        except OSError as e:
            if self._headers.copies > 1:
                self.status = _REDIRECTED
            else:
                number = e.args[0] if e.args else ""
                self.reached = type(number) is not int or number <= -_MBEDTLS or from_peer(e)
                # TLS was being set up where there is a socket (lwIP's own ENOMEM comes before),
                # and `requests` has not written the first line yet, after which it adds Host.
                securing = url.startswith("https:") and self._sockets.last is not None
                securing = securing and "Host" not in self._headers
                return self.unanswered(number if type(number) is int else "TLS", securing)
        except MemoryError:
            raise
        except Exception as e:  # requests raises whatever its parsing of an answer runs into
            self.reached = True
            if isinstance(e, (TypeError, AttributeError, ImportError, NameError)):
                self.why = why("fault", self._names, e)  # no answer makes it raise these
                self.unusable = True
            elif str(e).endswith("[]"):  # the words of the first line, none: not a byte has come
                self.why = "no answer (%s)" % "closed"
            else:
                self.broken = True
                self.why = "a broken answer (%s)" % type(e).__name__

    def _header(self, line, _):
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"location" and not self._headers.copies:
            self._headers.copies = 2
            raise OSError
        now = time.ticks_ms()
        if self._first is None:
            self._first = now
        if name == b"date":  # it was true when the server began to send
            self.late_ms = max(0, time.ticks_diff(now, self._first))
        self.header(name, value.strip())
        if not self._sockets.wrap:  # over TLS, the other lines get what remains of the time
            ms = self._timeout_s * 1000 - time.ticks_diff(now, self._sockets.made)
            self._sockets.last.settimeout(max(0, ms) / 1000)  # 0: no line, so they end

    def idle(self):
        """Nothing is kept open between two POSTs."""

    def close(self):
        """Give up what is under way, and put the socket module back. May be called at any time,
        and again where an exception has ended it in the middle."""
        self._under_way = None
        self._names[self._module] = self._sockets.module
        if self._sockets.last:
            try:
                self._sockets.last.close()
            except OSError:
                pass  # it was broken already
            self._sockets.last = None
