"""What is beyond a board's antenna, in virtual time: hosts, name look-ups, an Initial State server
(as strict as docs/api.md) and an NTP host. `requests` and `socket` here reach it.

A fake keeps the state of the real thing: tests ask `server.readings` what arrived. `hosts` maps
"host:port" to what serves it; who is not there refuses connections, and so does the gateway, but
for those in `dead`: nobody answers there, or at the gateway at all with `gateway_silent`. `names`
maps a name to True, or to a list of its addresses; with `dns_silent` none is found. While
`link_up` is False nothing is heard of anybody; else it is as network.route() says. A program's
listening sockets are in `listening`, and visit() comes from outside.

`during_post` is called while a POST is under way, as a soft timer callback would be; `during_call`
hears the name of each call of a socket, of a poll object and of `requests`, before it does
anything: it may raise.

Numbers of errors are the port's own (py/mperrno.h; newlib's on an ESP32). A refusal is a reset to
lwIP (tcp_in.c: ERR_RST), and a look-up waits for its seconds whatever becomes of its packets
(dns.c: DNS_MAX_RETRIES).
"""

import json
import time

import network
from network_station import is_address

hosts = {}
names = {}
dead = set()
gateway_silent = dns_silent = False
listening = {}  # port -> Wires that wait to be accepted
link_up = True
during_post = None
during_call = None
resolved = []  # names looked up, in order
open_sockets = 0

MAX_BUCKET_NAME = 200
MAX_SIGNAL = 100
_LOOK_UP_MS = 7000
_NUMBERS = {
    "rp2": {"ETIMEDOUT": 110, "ECONNABORTED": 103, "EHOSTUNREACH": 113, "no name": -2},
    "esp32": {"ETIMEDOUT": 116, "ECONNABORTED": 113, "EHOSTUNREACH": 118, "no name": -202},
}
_OF_BOTH = {"ECONNRESET": 104, "EBADF": 9, "EAGAIN": 11}


def error(name):
    """The OSError of that name."""
    return OSError(_OF_BOTH.get(name) or _NUMBERS[network.style][name])


def call(name):
    """What each fake says before it does what it is called for."""
    if during_call:
        during_call(name)


def route():
    """What becomes of a packet: "alive"; "dead", nobody hears it; None, there is no way."""
    return network.route() if link_up else "dead"


def resolve(name):
    """The look-up that getaddrinfo does: OSError where there is no such name."""
    call("look-up")
    if is_address(name):
        return name
    resolved.append(name)
    if dns_silent or route() != "alive":
        time.advance(_LOOK_UP_MS)
        raise error("no name")
    if name not in names:
        raise error("no name")
    return name


def addresses(name):
    """Those that a look-up of `name` finds, in its order."""
    found = names.get(resolve(name), True)
    return [name] if found is True else found


def connect(host, port, timeout_s):
    """TCP's handshake; returns what serves there."""
    where = "%s:%d" % (host, port)
    way = route()
    if way is None:
        raise error("EHOSTUNREACH")
    if way == "dead" or where in dead or gateway_silent and host == network.gateway:
        wait_out(timeout_s)
    serves = hosts.get(where)
    if serves is None or serves.down:
        raise error("ECONNRESET")
    return serves


def wait_out(timeout_s):
    """A socket's time-out passes."""
    if timeout_s is None:
        raise RuntimeError("this would block for ever")
    time.advance(int(timeout_s * 1000))
    raise error("ETIMEDOUT")


def visit(port):
    """Somebody outside connects to the board; returns the Wire. OSError: nobody listens there, or
    the board is not to be reached."""
    if route() != "alive":
        raise error("ETIMEDOUT")
    if port not in listening:
        raise error("ECONNRESET")
    wire = Wire()
    listening[port].append(wire)
    return wire


class Server:
    """Initial State, first generation. `answers`: scripted (status, headers, body) for the next
    batches, used up first; an entry may also be "drop" (no answer), "lost" (accepted, answer lost)
    or "garbage", which is then all that comes. `always` and `always_bucket`: the same for every
    call, until None. `early`: a function of a batch's headers that may answer in the same way, or
    None; the connection is then closed with the body unread."""

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

    def line(self):
        """A new connection."""
        return Line(self)

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


class Wire:
    """A connection, byte by byte, as a board sees it. `arriving` is what will come: [when (up_ms),
    bytes]; b"" is its end, None a reset. `sent` is what the board has sent."""

    def __init__(self):
        self.arriving = []
        self.sent = b""
        self.open = True

    def send(self, data):
        """Bytes from the board."""
        if route() == "alive":
            self.sent += data

    def arrive(self, after_ms, data):
        """Let `data` come `after_ms` after all that comes before it."""
        last_ms = self.arriving[-1][0] if self.arriving else 0
        self.arriving.append([max(last_ms, time.up_ms()) + after_ms, data])

    def wait(self, at_most_ms):
        """Let time pass until something is there (True), at most so long (None: for ever)."""
        alive = self.arriving and route() == "alive"
        left_ms = self.arriving[0][0] - time.up_ms() if alive else None
        if during_post and (left_ms is None or left_ms > 0):
            during_post()
        if left_ms is not None and (at_most_ms is None or left_ms <= at_most_ms):
            time.advance(max(0, left_ms))
            return True
        if at_most_ms is None:
            raise RuntimeError("this would block for ever")
        time.advance(at_most_ms)
        return False

    def take(self, size):
        """Up to `size` bytes of what is there; an end stays."""
        data = self.arriving[0][1]
        if data is None:
            raise error("ECONNRESET")
        if len(data) > size:
            self.arriving[0][1] = data[size:]
        elif data:
            self.arriving.pop(0)
        return data[:size]

    def hung_up(self):
        """The board has closed it, or it was aborted."""
        self.open = False


class Line(Wire):
    """One to a Server. What that makes of an answer's bytes on their way is its `pieces(bytes,
    keep)`."""

    def __init__(self, server):
        super().__init__()
        self._server = server
        self._asked = b""
        self.reset = False  # the server has closed it with something unread

    def send(self, data):
        """Bytes from the board; each whole request is answered."""
        if route() != "alive" or not self.open:
            return  # into a buffer that nobody empties
        if self.reset:
            raise error("ECONNRESET")
        # An end that was to come later, for want of requests, does not.
        self.arriving = [come for come in self.arriving if come[0] <= time.up_ms()]
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            at = self._asked.index(b"\r\n\r\n")
            lines = self._asked[:at].decode().split("\r\n")
            fields = [line.split(": ", 1) for line in lines[1:]]
            headers = {name: value for name, value in fields}
            size = int(headers.get("Content-Length", "0"))
            body = self._asked[at + 4 : at + 4 + size]
            if len(body) < size:
                self._answer_early(headers)
                return
            self._asked = self._asked[at + 4 + size :]
            method, path, version = lines[0].split(" ")
            keep = version == "HTTP/1.1" and headers.get("Connection") != "close"
            self._answer(method, path, headers, body, keep)

    def _answer_early(self, headers):
        early = getattr(self._server, "early", None)  # a test's own server may have none
        answer = early and early(headers)
        if answer:
            self._server.posts.append(("early", answer[0]))
            self.arrive(0, raw_answer(*answer))
            self.arrive(0, b"")
            self.reset = True

    def _answer(self, method, path, headers, body, keep):
        if during_post:
            during_post()
        try:
            status, fields, body = self._server.handle(method, path, headers, body)
        except OSError as e:
            if e.args[0] != 110:  # else silence
                self.arrive(0, None)
            return
        if status == "garbage":
            raw = body
            keep = False
        else:
            raw = raw_answer(status, fields, body)
        for after_ms, data in self._server.pieces(raw, keep):
            self.arrive(after_ms, data)


def raw_answer(status, fields, body):
    """An answer's bytes."""
    head = ["HTTP/1.1 %d It" % status]
    head += ["%s: %s" % (name, fields[name]) for name in fields]
    if status != 204 and "Transfer-Encoding" not in fields:
        head.append("Content-Length: %d" % len(body))
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


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
    global link_up, during_post, during_call, open_sockets, gateway_silent, dns_silent
    for what in (hosts, dead, listening):
        what.clear()
    gateway_silent = dns_silent = False
    names.clear()
    names.update({"service.test": True, "time.test": True})
    del resolved[:]
    link_up = True
    during_post = during_call = None
    open_sockets = 0
