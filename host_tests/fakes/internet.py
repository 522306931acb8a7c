"""What is beyond a board's antenna, in virtual time: hosts, name look-ups, an Initial State server
(as strict as api.md) and an NTP host. `requests` and `socket` here reach it.

A fake keeps the state of the real thing: tests ask `server.readings` what arrived. `hosts` maps
"host:port" to what serves it; who is not there refuses connections. `during_post` is called while
a POST is under way, as a soft timer callback would be.
"""

import json
import time

hosts = {}
names = {"service.test": True, "time.test": True}
link_up = True
during_post = None
resolved = []  # names looked up, in order
open_sockets = 0

MAX_BUCKET_NAME = 200
MAX_SIGNAL = 100


def resolve(name):
    """The look-up that getaddrinfo does: OSError(-2) where there is none."""
    resolved.append(name)
    if not link_up or name not in names:
        raise OSError(-2)
    return name


class Server:
    """Initial State, first generation. `answers`: scripted (status, headers, body) for the next
    batches, used up first; an entry may also be "drop" (no answer), "lost" (accepted, answer lost)
    or "garbage". `always` and `always_bucket`: the same for every call, until None."""

    def __init__(self, key="the-key"):
        self.key = key
        self.latency_ms = 20
        self.down = False
        self.answers = []
        self.always = None
        self.always_bucket = None
        self.buckets = {}
        self.readings = []  # (signal, value, e as sent)
        self.batches = []  # bodies of accepted batches, as sent
        self.posts = []  # (path, status) of each request
        self.date = None
        self.seen_keys = []  # where the key came: paths

    def handle(self, method, path, headers, body):
        """(status, headers, body) of one request; OSError where no answer comes."""
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


class Ntp:
    """An NTP host with the right time: `unix_ms` at virtual time 0. `silent`: packets are lost."""

    def __init__(self, unix_ms):
        self.unix_ms = unix_ms
        self.silent = False
        self.delay_ms = 10
        self.change = None  # a function that may spoil the answer, a bytearray
        self.asked = 0

    def now_ms(self):
        return self.unix_ms + time.up_ms()

    def answer(self, question):
        self.asked += 1
        if self.silent:
            return None
        time.advance(self.delay_ms)
        stamp = self._stamp()
        reply = bytearray(48)
        reply[0] = 0x24
        reply[1] = 2
        reply[24:32] = question[40:48]
        reply[32:40] = stamp
        reply[40:48] = stamp
        if self.change:
            self.change(reply)
        time.advance(self.delay_ms)
        return bytes(reply)

    def _stamp(self):
        seconds, ms = divmod(self.now_ms(), 1000)
        fraction = (ms << 32) // 1000
        return (seconds + 2208988800 & 0xFFFFFFFF).to_bytes(4, "big") + fraction.to_bytes(4, "big")


def reset():
    """An empty internet with the link up."""
    global link_up, during_post, open_sockets
    hosts.clear()
    del resolved[:]
    link_up = True
    during_post = None
    open_sockets = 0
