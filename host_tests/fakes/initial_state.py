"""An Initial State server, first generation, as strict as docs/api.md. It keeps the state of the
real one: tests ask its `readings` what arrived."""

import json
import time

from connections import HttpConnection

MAX_BUCKET_NAME = 200
MAX_SIGNAL = 100


class Server:
    """`answers`: scripted (status, headers, body) for the next batches, used up first; an entry
    may also be "drop" (no answer), "lost" (accepted, answer lost) or "garbage", which is then all
    that comes. `always` and `always_bucket`: the same for every call, until None. `early`: a
    function of a batch's headers that may answer in the same way, or None; the connection is then
    closed with the body unread."""

    def __init__(self, key="the-key"):
        self.key = key
        self.latency_ms = 20
        self.down = False
        self.answers = []
        self.always = None
        self.always_bucket = None
        self.early = None
        self.buckets = {}
        self.readings = []  # (signal, value, e as sent)
        self.batches = []  # bodies of accepted batches, as sent
        self.posts = []  # (path, status) of each request
        self.date = None
        self.seen_keys = []  # where the key came: paths
        self.agents = []  # the User-Agent of each request

    def connection(self):
        """A new one to it."""
        return HttpConnection(self)

    def pieces(self, raw, keep):
        """How the bytes of an answer come: (after ms, bytes) each."""
        return [(0, raw)] if keep else [(0, raw), (0, b"")]

    def handle(self, method, path, headers, body):
        """(status, headers, body) of one request; OSError where no answer comes."""
        self.agents.append(headers.get("User-Agent"))
        time.advance(self.latency_ms)
        answer = self._answer(method, path, headers, body)
        if isinstance(answer, int):
            answer = (answer, {}, b"")
        self.posts.append((path, answer[0]))
        if self.date:
            answer[1]["Date"] = self.date
        return answer

    def _answer(self, method, path, headers, body):
        if method != "POST":
            return 405
        if path == "/buckets":
            return self.always_bucket or self._bucket(body)
        if path != "/batch_logs":
            return 404
        scripted = self.answers.pop(0) if self.answers else self.always
        if scripted == "drop":
            raise OSError(110)
        if scripted == "lost":
            self._batch(headers, body)
            raise OSError(104)
        if scripted:
            return scripted
        return self._batch(headers, body)

    def _bucket(self, body):
        bucket = json.loads(body)
        assert sorted(bucket) == ["bucketId", "bucketName", "clientKey"]
        if bucket["clientKey"] != self.key:
            return 401
        if not is_guid(bucket["bucketId"]) or len(bucket["bucketName"]) > MAX_BUCKET_NAME:
            return 400
        self.buckets[bucket["bucketId"]] = bucket["bucketName"]
        return 204

    def _batch(self, headers, body):
        if headers.get("X-IS-ClientKey") != self.key:
            return 403
        text = body.decode()
        batch = json.loads(text)
        if not isinstance(batch, list) or not batch:
            return 400
        for reading in batch:
            if sorted(reading) != ["b", "e", "sn", "tid", "v"] or not is_guid(reading["tid"]):
                return 400
            if not 0 < len(reading["sn"]) <= MAX_SIGNAL or len(reading["b"]) > MAX_BUCKET_NAME:
                return 400
            if reading["v"] is None or isinstance(reading["v"], (list, dict)):
                return 400
        times = [part.split("}", 1)[0] for part in text.split(',"e":')[1:]]
        for reading, e in zip(batch, times):
            self.readings.append((reading["sn"], reading["v"], e))
        self.batches.append(text)
        return 204


def is_guid(text):
    return [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
