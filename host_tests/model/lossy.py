"""Imitates an Initial State server (docs/api.md, both generations) behind a bad network: a random
share of the requests ends in one of the ways of that page's last table, or in none of them.

What it holds is what it accepted, whether or not the board came to hear of that.
"""

import json
import random

import initial_state
from virtual_board import time

RETRY_AFTER = (None, "0", "2", "30", "5000", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-5", "1.5")
RETRY_AFTER += ("9" * 40, "")
JSON = {"Content-Type": "application/json"}

# Whether the request was carried out before things went wrong: never, always, or by chance.
NEVER, ALWAYS, PERHAPS = 0, 1, 2
KINDS = {
    "silence": PERHAPS,
    "reset": PERHAPS,
    "closed": PERHAPS,
    "garbage": PERHAPS,
    "half": PERHAPS,
    "drip": PERHAPS,
    "late": PERHAPS,
    "portal": NEVER,
    "no type": PERHAPS,
    "server error": PERHAPS,
    "unnamed": PERHAPS,
    "key": NEVER,
    "nothing here": NEVER,
    "redirect": NEVER,
    "bad body": NEVER,
    "early": NEVER,
    "too fast": NEVER,
    # Good answers of the less usual sorts.
    "json": ALWAYS,
    "chunked": ALWAYS,
    "big": ALWAYS,
    "location": ALWAYS,
    "continue": ALWAYS,
    "more": ALWAYS,
    "limit": ALWAYS,
    "idle": ALWAYS,
}
STATUSES = {
    "server error": (500, 501, 502, 503, 504),
    "unnamed": (205, 206, 405, 408, 409, 410, 418, 451, 599, 700, 999),
    "key": (401, 402, 403),
    "redirect": (301, 302, 303, 307, 308, 300, 304),
    "bad body": (400, 413, 422),
    "early": (413, 403, 429, 503),
}
_TEXTS = {
    "batch_logs": ("sn", "v", "e", ',"e":', ["b", "e", "sn", "tid", "v"]),
    "events": ("key", "value", "epoch", ',"epoch":', ["epoch", "key", "value"]),
}


class Server(initial_state.Server):
    """`timeout_ms`: how long a board waits for a byte; `blocking`: it is requests' stand-in that
    asks, for which silence takes that long here. `heard(signal, value, e)` is called for
    each reading that is stored. `poison`: a body with these bytes in it is refused."""

    def __init__(self, api, heard):
        super().__init__()
        self.api = api
        self.heard = heard
        self.timeout_ms = 5000
        self.blocking = False
        self.mix = 0, ()  # in hundredths; names of KINDS
        self.poison = None
        self.dated = None  # a function: Unix ms for the Date header
        self.drawn = {}  # kind: how often
        self.wrong = []  # requests that no board should send
        self.misheard = ()  # kinds of good answers that this board's HTTP may not understand
        self.unheard = 0  # requests that were carried out, and then not answered well
        self.refused_alone = 0
        self.requests = 0
        self.early = self._early
        self.said_early = 0  # the status of the latest answer, where it came before the body
        self._how = None

    def _early(self, headers):
        # Some are answered from the headers alone, as by a proxy that limits a body's size.
        if "early" not in self.mix[1] or random.randrange(100) >= self.mix[0]:
            return None
        if random.choice(self.mix[1]) != "early":
            return None
        self.requests += 1
        self.drawn["early"] = self.drawn.get("early", 0) + 1
        self.said_early = random.choice(STATUSES["early"])
        self.refused_alone += self.said_early == 413  # perhaps: what it was about is not read
        return self.said_early, {}, b""

    def _answer(self, method, path, headers, body):
        self._how = None
        if random.randrange(100) >= self.mix[0]:
            return self._good(method, path, headers, body)
        kind = random.choice(self.mix[1])
        if kind == "early":  # it had its chance
            return self._good(method, path, headers, body)
        self.drawn[kind] = self.drawn.get(kind, 0) + 1
        carried = KINDS[kind] == ALWAYS or KINDS[kind] == PERHAPS and random.randrange(2)
        if carried:
            good = self._good(method, path, headers, body)
            if good != 204:
                return good
            if KINDS[kind] != ALWAYS or kind in self.misheard:
                self.unheard += 1
        return self._bad(kind, path, body, carried)

    def _good(self, method, path, headers, body):
        try:
            assert method == "POST"
            if path == "/buckets":
                return 204 if self._is_bucket(headers, body) else 400
            assert path == "/batch_logs"
            return self._store(headers, body)
        except (AssertionError, ValueError, KeyError, TypeError) as e:
            self.wrong.append("%s %s %s: %s" % (path, type(e).__name__, e, body))
            return 500

    def _is_bucket(self, headers, body):
        bucket = json.loads(body)
        if self.api == "events":
            assert headers["X-IS-AccessKey"] == self.key
            assert sorted(bucket) == ["bucketKey", "bucketName"]
            return True
        assert sorted(bucket) == ["bucketId", "bucketName", "clientKey"]
        assert bucket["clientKey"] == self.key
        return initial_state.is_guid(bucket["bucketId"])

    def _store(self, headers, body):
        if self.poison and self.poison in body:
            return self._refused(body)
        header = "X-IS-ClientKey" if self.api == "batch_logs" else "X-IS-AccessKey"
        assert headers[header] == self.key
        signal, value, epoch, before, names = _TEXTS[self.api]
        text = body.decode()
        batch = json.loads(text)
        assert isinstance(batch, list) and batch
        for reading in batch:
            assert sorted(reading) == names
            assert 0 < len(reading[signal]) <= 100
        times = [part.split("}", 1)[0] for part in text.split(before)[1:]]
        assert len(times) == len(batch)
        for i in range(len(batch)):
            self.heard(batch[i][signal], batch[i][value], times[i])
        return 204

    def _refused(self, body):
        if len(json.loads(body)) == 1:
            self.refused_alone += 1
        return 400

    def _bad(self, kind, path, body, carried):
        self._how = kind
        if kind in ("silence", "late") or kind == "drip" and self.blocking:
            if self.blocking:
                time.advance(self.timeout_ms)
            if self.blocking or kind == "silence":
                raise OSError(110)
        if kind == "reset":
            raise OSError(104)
        if kind == "garbage":
            return "garbage", {}, noise(random.randrange(300))
        if kind == "closed" or kind == "half" and self.blocking:
            return "garbage", {}, b""
        if kind == "portal":
            return 200, {"Content-Type": "text/html"}, b"<html>log in</html>"
        if kind == "no type":
            return 200, {}, b"fine"
        if kind == "nothing here":
            return 404, {}, b""
        if kind == "redirect":
            where = {"Location": random.choice(("http://elsewhere.test/x", "/x", "", "//x"))}
            status = random.choice(STATUSES[kind])
            return status, where if status != 304 else {}, b""
        if kind == "bad body":
            if path == "/batch_logs":
                self._refused(body)
            return random.choice(STATUSES[kind]), {}, b"{}"
        if kind == "too fast":
            said = random.choice(RETRY_AFTER)
            return 429, {} if said is None else {"Retry-After": said}, b""
        if kind in STATUSES:
            return random.choice(STATUSES[kind]), {}, b"x" * random.randrange(400)
        if kind == "json":
            return 200, dict(JSON), b"{}"
        if kind == "chunked":
            fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
            return 200, fields, b"2\r\n{}\r\n1;x=y\r\n \r\n0\r\nX: y\r\n\r\n"
        if kind == "big":
            return 200, dict(JSON), b" " * 6000
        if kind == "location":
            return 201, {"Location": "/readings/1"}, b""
        if not carried:
            return 503, {}, b""
        return random.choice((201, 202, 204)), {"X-RateLimit-Remaining": "0"}, b""

    def handle(self, method, path, headers, body):
        if self.dated:
            self.date = http_date(self.dated() // 1000)
        self.requests += 1
        try:
            return super().handle(method, path, headers, body)
        finally:
            del self.posts[:]  # there will be many

    def pieces(self, raw, keep):
        how = self._how
        end = [] if keep else [(0, b"")]
        if how == "half":
            end = [(0, random.choice((b"", None)))] if random.randrange(3) else []
            raw = raw[: random.randrange(len(raw))]
        elif how == "late":
            return [(self.timeout_ms + 500, raw)] + end
        elif how == "drip":
            return [(1000, raw[i : i + 1]) for i in range(len(raw))]
        elif how == "continue":
            raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\n" + raw
        elif how == "more":
            raw += noise(20)
        elif how == "idle" and keep:
            end = [(random.randrange(40000), random.choice((b"", None)))]
        at = random.randrange(len(raw) + 1) if random.randrange(3) == 0 else 0
        return [(0, raw[:at]), (random.randrange(90), raw[at:])] + end if at else [(0, raw)] + end


def noise(size):
    """Random bytes."""
    return bytes([random.getrandbits(8) for _ in range(size)])


def http_date(unix_s):
    """A Date header (RFC 9110, 5.6.7)."""
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(unix_s - time.epoch_s)
    names = "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    clock = "%02d:%02d:%02d GMT" % (hour, minute, second)
    return "%s, %02d %s %d %s" % (names[weekday], day, names[6 + month], year, clock)


class RedirectTarget:
    """The host to which redirects lead; nobody may follow one: `seen` counts who does."""

    down = False

    def __init__(self):
        self.seen = 0

    def connection(self):
        self.seen += 1
        raise OSError(111)

    def handle(self, method, path, headers, body):
        self.seen += 1
        return 204
