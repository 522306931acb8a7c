"""One POST -> one outcome, through MicroPython's own `requests`.

Right with requests 0.10.2 (HTTP/1.0, frozen up to MicroPython 1.28) and 1.1.1 (HTTP/1.1): the body
is bytes, the response is closed unread. A redirect would carry the key to another host: requests
copies the headers at the start of every connection, so a second copy is refused; a requests that
does not copy (before MicroPython 1.25) is stopped at the Location line. What each status means:
api.md, "What each answer means to a device".
"""

import gc

import requests
from micropython import const

ACCEPTED = const(0)
BUSY = const(1)  # 429: too fast
UNKNOWN = const(2)  # no answer, 5xx and all else: not known to be accepted
REFUSED = const(3)  # 401, 402, 403: refused for now
WRONG = const(4)  # 404, 3xx: wrong address
BAD = const(5)  # 400, 413, 422: this body is not acceptable
_REDIRECTED = const(300)


def meaning(status, is_json):
    """The outcome that an HTTP status stands for; 0 is no answer."""
    if status in (201, 202, 204) or status == 200 and is_json:
        return ACCEPTED
    if status in (400, 413, 422):
        return BAD
    if status in (401, 402, 403):
        return REFUSED
    if status == 404 or 300 <= status < 400:
        return WRONG
    return BUSY if status == 429 else UNKNOWN


class _Headers(dict):
    # requests takes a copy per connection; the second connection would be a redirect's.
    copied = False

    def copy(self):
        if self.copied:
            raise _Redirect
        self.copied = True
        return self


class _Redirect(OSError):
    pass


class Requests:
    """POSTs, each on a connection of its own; `timeout_s` is for each socket operation.

    After `post()`: `status` (0: no answer), `retry_after_s` and `date` (texts of those headers, or
    None), `why` (a few words; never with anything that the server sent), `broken` (an answer came
    that is not HTTP as requests knows it).
    """

    def __init__(self, timeout_s):
        self._timeout_s = timeout_s
        self._headers = None
        self._on_header = self._header
        self._reset()

    def _reset(self):
        self.status = 0
        self.retry_after = self.date = None
        self.why = ""
        self.broken = self._is_json = False

    def post(self, url, data, key_header=None, key=None):
        """Send `data` (bytes or a memoryview, JSON); returns an outcome, and never raises."""
        self._reset()
        self._headers = headers = _Headers()
        headers["Content-Type"] = "application/json"
        if key_header:
            headers[key_header] = key
        gc.collect()  # TLS wants a large block
        answer = None
        try:
            answer = requests.request(
                "POST",
                url,
                data=data,
                headers=headers,
                timeout=self._timeout_s,
                parse_headers=self._on_header,
            )
            self.status = answer.status_code
            self.why = "HTTP %d" % self.status
        except _Redirect:
            self.status = _REDIRECTED
            self.why = "a redirect, not followed"
        except OSError as e:
            self.why = "no answer (%s)" % (
                e.args[0] if e.args and type(e.args[0]) is int else "TLS"
            )
        except MemoryError:
            self.why = "not enough memory"
        except Exception as e:  # requests raises what its parsing trips over
            self.broken = True
            self.why = "a broken answer (%s)" % type(e).__name__
        finally:
            self._headers = None
            if answer:
                answer.close()
        if not self.status:
            gc.collect()  # requests leaves the socket of a broken answer to its finaliser
        return meaning(self.status, self._is_json)

    def _header(self, line, _):
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"retry-after":
            self.retry_after = value.strip()
        elif name == b"date":
            self.date = value.strip()
        elif name == b"content-type":
            self._is_json = b"json" in value.lower()
        elif name == b"location" and not self._headers.copied:
            raise _Redirect
