"""Runs on MicroPython: random bytes where a board listens, by thousands.

    fuzz.py WHAT SEED COUNT FOLDER      WHAT: kept, requests, sntp, config or flash

Whatever comes, log() and poll() never raise, nothing takes longer than its time-outs allow, and no
counter says more than is true. What is true is judged here, by rules of this file's own, from the
bytes alone. Prints a line of figures, or the input that was too much.
"""

import gc
import json
import os
import random
import sys

import connections
import initial_state
import internet
import islog
import lossy
import ntp_host
import virtual_board
from islog import config
from virtual_board import NOW_MS, time

TIMEOUT_MS = 2000
KEY = "the-secret-key"
GOOD = (
    b"HTTP/1.1 204 No Content\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nX-RateLimit-Remaining: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nConnection: close\r\n\r\n",
    b"HTTP/1.0 503 Busy\r\nLocation: http://elsewhere.test/\r\nContent-Length: 9\r\n\r\nlater on.",
    b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/\r\n\r\n",
)
PARTS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\xff\xfe",
    b"-1",
    b"9" * 30,
    b"0x10",
    b"HTTP/1.1",
)
PARTS += (
    b"\r\n\r\n",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"204",
    b"\xc3",
    b";",
)
PARTS += (b"Location: x\r\n", b"Retry-After: 1e9\r\n", b"Date: 1 2 3 4 5 6\r\n", b"x" * 700)


def mutated(good):
    """Bytes like these, with a few things wrong."""
    data = good
    for _ in range(random.randrange(4)):
        at = random.randrange(len(data) + 1)
        what = random.randrange(5)
        if what == 0:
            data = data[:at] + random.choice(PARTS) + data[at:]
        elif what == 1:
            data = data[:at] + data[at + random.randrange(9) :]
        elif what == 2:
            data = data[:at] + lossy.noise(1) + data[at + 1 :]
        elif what == 3:
            data = data[:at]
        else:
            data += random.choice(GOOD)
    return data


def answer():
    """The bytes of one answer: noise, or like a real one."""
    if random.randrange(4) == 0:
        return lossy.noise(random.randrange(random.choice((4, 60, 3000))))
    return mutated(random.choice(GOOD))


class Peer:
    """A server whose answers are those bytes, in pieces and with pauses, then an end or none."""

    down = False

    def __init__(self):
        self.answered = b""
        self.requests = 0

    def connection(self):
        return AnyConnection(self)

    def pieces(self):
        data = self.answered = answer()
        self.requests += 1
        out = []
        while data:
            size = random.choice((1, 7, 100, 10000))
            out.append((random.choice((0, 0, 0, 3, 300, 1500)), data[:size]))
            data = data[size:]
            if len(out) == 20:  # each may be waited for in turn
                out.append((0, data))
                break
        return out if random.randrange(4) == 0 else out + [(0, random.choice((b"", None)))]


class AnyConnection(connections.HttpConnection):
    """Answers whatever is sent to it."""

    def send(self, data):
        self._asked += data
        if b"\r\n\r\n" in self._asked and self.open:
            head, _, body = self._asked.partition(b"\r\n\r\n")
            size = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            if len(body) >= size:
                self._asked = body[size:]
                self.arriving = []
                for after_ms, piece in self._server.pieces():
                    self.arrive(after_ms, piece)


def may_be_accepted(data, strictly):
    """Whether these bytes can be read as an answer that accepts. `strictly`: a status line that
    begins as RFC 9112 says; else any first line whose second word is a number (requests)."""
    while True:
        line, _, rest = data.partition(b"\n")
        words = line.split(None, 2)
        if len(words) < 2 or strictly and not words[0].startswith(b"HTTP/1."):
            return False
        try:
            status = int(words[1])
        except ValueError:
            return False
        if strictly and status < 200:  # 1xx: another one follows
            end = rest.find(b"\n\r\n") if not rest.startswith(b"\r\n") else 0
            at = rest.find(b"HTTP/1.", 1) if not rest.startswith(b"HTTP/1.") else 0
            if at < 0 or end < -1:
                return False
            data = rest[at:]
            continue
        return status in (200, 201, 202, 204)


def http(transport, count):
    """Answers of all kinds to POSTs of either transport."""
    virtual_board.reset()
    peer = Peer()
    internet.hosts["service.test:80"] = peer
    ntp = internet.hosts["time.test:123"] = ntp_host.Ntp(NOW_MS)
    log = islog.Logger(
        KEY,
        "fuzz",
        bucket_url="http://service.test/buckets",
        ingest_url="http://service.test/batch_logs",
        ntp_hosts=["time.test"],
        transport=transport,
        timeout=TIMEOUT_MS // 1000,
        backoff_max=1,
        slow_retry=1,
        flush_interval=0,
        buffer_bytes=1024,
        quiet=True,
    )
    ntp.delay_ms = 1
    logged = accepted = 0
    longest_ms = 0
    while peer.requests < count:
        if log.pending < 3:
            assert log.log("n", logged)
            logged += 1
        sent, begin_ms = log.sent, time.up_ms()
        if not log._uplink.doing:
            until_ms = begin_ms + TIMEOUT_MS + 200
        wait_ms = log.poll()
        took_ms = time.up_ms() - begin_ms
        longest_ms = max(longest_ms, took_ms)
        # kept: a step; requests: a whole exchange.
        assert took_ms <= (200 if transport == "kept" else TIMEOUT_MS + 200), took_ms
        assert not log._uplink.doing or time.up_ms() <= until_ms
        assert logged == log.sent + log.dropped + log.rejected + log.pending
        if log.sent > sent:
            accepted += 1
            assert may_be_accepted(peer.answered, transport == "kept"), peer.answered
        assert log.rejected + log.sent + log.dropped <= logged
        assert KEY not in str(log.last_error)
        assert "elsewhere.test" not in internet.resolved
        del internet.resolved[:]
        time.advance(max(1, wait_ms))
        if transport == "requests":
            internet.open_sockets = 0  # those of broken answers are the collector's
    assert internet.open_sockets <= 2
    return "accepted %d, longest poll %d ms" % (accepted, longest_ms)


def sntp(count):
    """Packets of all kinds in place of an NTP host's."""
    believed = asked = 0
    while asked < count:
        virtual_board.reset()
        host = internet.hosts["time.test:123"] = Host()
        log = islog.Logger(
            KEY,
            "fuzz",
            ntp_hosts=["time.test"],
            bucket_url="http://service.test/buckets",
            ingest_url="http://service.test/batch_logs",
            quiet=True,
        )
        log.log("n", 1)
        before = asked
        while asked < count and not log.synced:
            begin_ms = time.up_ms()
            wait_ms = log.poll()
            assert time.up_ms() - begin_ms <= 2100
            assert log.pending == 1
            time.advance(max(wait_ms, log._time.wait_ms()))
            asked = before + host.asked
        if log.synced:
            believed += 1
            assert host.true, host.last
    return "believed %d" % believed


class Host:
    """An NTP host. `true`: its last answer may be believed, as RFC 4330 has it."""

    def __init__(self):
        self.last = b""
        self.true = False
        self.asked = 0

    def answer(self, question):
        self.asked += 1
        packet = bytearray(ntp_host.Ntp(NOW_MS + random.getrandbits(30)).answer(question))
        what = random.randrange(4)
        if what == 0:
            packet = bytearray(lossy.noise(random.choice((0, 1, 47, 48, 49, 64, 90))))
        elif what == 1:
            for _ in range(random.randrange(1, 4)):
                packet[random.choice((0, 1, 24, 31, 40, 41, random.randrange(48)))] = (
                    random.getrandbits(8)
                )
        elif what == 2:
            packet = packet[: random.randrange(49)]
        else:
            packet[40:48] = lossy.noise(8)
        self.last = packet
        self.true = self.true or self._is_true(bytes(packet), question)
        return bytes(packet) if random.randrange(8) else None

    def _is_true(self, packet, question):
        if len(packet) < 48 or packet[24:32] != question[40:48]:
            return False
        seconds = int.from_bytes(packet[40:44], "big")
        seconds += 0x100000000 if seconds < 0x80000000 else 0
        year = 1900 + seconds // 31556952
        server = packet[0] & 7 == 4 and packet[0] >> 6 != 3
        return server and 0 < packet[1] < 16 and 2025 <= year <= 2106


VALUES = (None, True, 0, -1, 1 << 70, 1.5, "", "x", "\u00e9" * 300, [], {}, ["x"], {"a": 1}, "a b")
VALUES += ("http://", "http://h:x/", "https://h/", "ftp://h", "\x00", [[]], [None], [{"ssid": 1}])
VALUES += ("123e4567-e89b-12d3-a456-426614174000", 10**400, "kept", "events", "00:11", 'a"b')


def settings(most_wrong=3):
    """Settings as somebody may have them, right or wrong."""
    given = {
        "client_key": KEY,
        "bucket_name": "shed",
        "wifi": [{"ssid": "home", "password": "a password"}],
        "timeout": 5,
        "quiet": True,
        "ingest_url": "http://192.168.1.2:8086/batch_logs",
    }
    for _ in range(random.randrange(most_wrong + 1)):
        name = random.choice(list(config.RULES) + ["more"])
        if random.randrange(6) == 0:
            given.pop(name, None)
        else:
            given[name] = random.choice(VALUES)
    return given


def by_hand(given):
    """The text of a config.json, in any order, in which perhaps something was forgotten."""
    entries = []
    for name in given:
        at = random.randrange(len(entries) + 1)
        entries.insert(at, ['"', name, '"', ": ", json.dumps(given[name]), ", "])
    if random.randrange(4):
        entry = random.choice(entries)
        entry[random.randrange(len(entry))] = ""
    return ("{" + "".join(["".join(entry) for entry in entries])[:-2] + "}").encode()


def config_files(count, folder):
    """Files of all kinds in place of config.json: a sentence, or settings that work."""
    path = folder + "/config.json"
    taken = 0
    for _ in range(count):
        what = random.randrange(7)
        if what == 0:
            data = lossy.noise(random.randrange(200))
        else:
            data = json.dumps(settings()).encode() if what < 4 else by_hand(settings(0))
            if what == 1:
                at = random.randrange(len(data))
                data = data[:at] + lossy.noise(random.randrange(3)) + data[at + 1 :]
            elif what == 2:
                at = random.randrange(len(data))
                data = (
                    data[:at] + random.choice((b"[" * 50, b'"', b"}", b"{", b"1e999")) + data[at:]
                )
        with open(path, "wb") as f:
            f.write(data)
        virtual_board.reset()
        try:
            islog.from_config(path).poll()
            taken += 1
        except islog.ConfigError as e:
            said = str(e)
            assert len(said) > 15 and KEY not in said, (said, data)
        except Exception:
            print(data)
            raise
    return "taken %d" % taken


def flash(count, folder):
    """Files of all kinds in place of the spool's."""
    settings = {
        "bucket_url": "http://service.test/buckets",
        "ingest_url": "http://service.test/batch_logs",
        "ntp_hosts": ["time.test"],
        "spool_file": folder + "/spool",
        "spool_bytes": 64000,
        "buffer_bytes": 1024,
        "batch_bytes": 512,
        "timeout": 1,
        "flush_interval": 0,
        "quiet": True,
    }
    good, true = _spool_of(settings, folder)
    recovered = lost = 0
    for _ in range(count):
        _empty(folder)
        for name in good:
            data = good[name]
            for _ in range(random.choice((0, 0, 1, 4))):
                data = rotten(data)
            with open(folder + "/" + name, "wb") as f:
                f.write(data)
        if random.randrange(3) == 0:
            name = "spool.%d" % random.choice((1, 2, 7, 1 << 40))
            with open(folder + "/" + name, "wb") as f:
                f.write(lossy.noise(random.randrange(400)))
        server = _online()
        log = islog.Logger(KEY, "fuzz", **settings)
        left = log.spooled
        assert left >= 0 and log.lost >= 0
        lost_before = log.lost
        log.log("n", -1)
        for _ in range(400):
            time.advance(max(1, log.poll()))
            assert log.sent + log.pending == 1 and log.dropped == 0
            if not log.spooled and log.sent:
                break
        assert log.sent == 1 and log.spooled == 0, log.status()
        assert log.recovered + log.lost - lost_before == left, (left, log.status())
        came = [reading for reading in server.readings if not reading[0].startswith("islog.")]
        assert came.pop()[1] == -1 and len(came) == log.recovered
        for reading in came:
            assert reading in true, reading
        recovered += log.recovered
        lost += log.lost
    return "recovered %d, lost %d" % (recovered, lost)


def rotten(data):
    """These bytes as flash may hold them some day."""
    at = random.randrange(len(data) + 1)
    what = random.randrange(4)
    if what == 0:
        return data[:at]
    if what == 1:
        return data[:at] + lossy.noise(random.randrange(1, 9)) + data[at + random.randrange(9) :]
    if what == 2:
        return data[:at] + bytes(random.randrange(40)) + data[at:]
    return data[:at] + b"\xff" * (len(data) - at)


def _online():
    virtual_board.reset()
    server = internet.hosts["service.test:80"] = initial_state.Server(KEY)
    internet.hosts["time.test:123"] = ntp_host.Ntp(NOW_MS)
    return server


def _empty(folder):
    for name in os.listdir(folder):
        os.remove(folder + "/" + name)


def _spool_of(settings, folder):
    # ({file: what is in it}, the readings of that) of a board that was closed in an outage.
    def board():
        _empty(folder)
        server = _online()
        log = islog.Logger(KEY, "fuzz", **settings)
        for _ in range(9):
            time.advance(log.poll())
        server.down = True
        for i in range(500):
            log.log(("n", "t")[i % 2], (i, "text %d" % i)[i % 2])
            time.advance(max(10, log.poll()))
        log.close()
        good = {}
        for name in os.listdir(folder):
            with open(folder + "/" + name, "rb") as f:
                good[name] = f.read()
        return good

    good = board()
    server = _online()
    log = islog.Logger(KEY, "fuzz", **settings)
    while log.spooled:
        time.advance(max(1, log.poll()))
    assert len(server.readings) == 500 and len(good) > 2
    return good, server.readings


def main(what, seed, count, folder):
    random.seed(seed)
    try:
        if what == "sntp":
            said = sntp(count)
        elif what == "config":
            said = config_files(count, folder)
        elif what == "flash":
            said = flash(count, folder)
        else:
            said = http(what, count)
    except Exception as e:
        sys.print_exception(e)
        print("%s with seed %d fails" % (what, seed))
        return 1
    gc.collect()
    print("%s: %d inputs tried, %s" % (what, count, said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
