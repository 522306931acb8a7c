"""Runs on MicroPython: random bytes where a board listens, by thousands.

    fuzz.py WHAT SEED COUNT FOLDER      WHAT: kept, requests, sntp, dns, config or flash

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
import dns_host
import initial_state
import internet
import islog
import lossy
import network
import ntp_host
import virtual_board
from islog import config, dns
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


NAMES = ("service.test", "a.b.service.test", "x" * 63 + ".Test", "q")
OTHERS = ("www.service.test", "cdn.test", "evil.test", "service.tes")


def look_ups(count):
    """Packets of all kinds in place of a DNS server's answers. What a look-up finds is judged by
    a reader of its own, which takes a packet apart in the simplest way."""
    tried = found = refused = silent = 0
    while tried < count:
        virtual_board.reset()
        server = internet.dns = Liar()
        look = dns.LookUp(random.choice(NAMES), network.dns)
        begin_ms = time.up_ms()
        addresses = None
        try:
            while not addresses:
                before_ms = time.up_ms()
                addresses = look.step(random.choice((0, 20, 100)))
                assert time.up_ms() - before_ms <= 100
                time.advance(random.choice((1, 1, 50)))
            found += 1
            assert 10 <= look.ttl_s <= 3600
            for address in addresses:
                assert address != "0.0.0.0" and address in server.told, (address, server.sent)
        except OSError as e:
            refused += look.answered
            silent += not look.answered
            assert type(e.args[0]) is str and len(e.args[0]) > 9, e
        assert time.up_ms() - begin_ms <= 8000
        look.close()
        assert internet.open_sockets == 0
        tried += len(server.sent)
    total = found + refused + silent
    assert total < 100 or min(found, refused, silent) * 20 > total
    return "found %d, refused %d, silent %d" % (found, refused, silent)


class Liar:
    """A DNS server, and whoever guesses beside it. `told`: the addresses of its true answers."""

    def __init__(self):
        self.told = []
        self.sent = []
        self._only_guesses = random.randrange(8) == 0

    def replies(self, question):
        packets = []
        for _ in range(random.randrange(4)):
            packet = self._packet(question)
            packets.append((random.choice((0, 10, 90, 700)), packet))
            self.sent.append(packet)
            if packet[:2] == question[:2] and packet[12 : len(question)] == question[12:]:
                self.told += _addresses(packet, question)
        return packets

    def _packet(self, question):
        if self._only_guesses or random.randrange(6) == 0:
            return lossy.noise(random.randrange(random.choice((4, 40, 512))))
        name = question[12:-4]
        records = []
        owners = [name, b"\xc0\x0c"] + [dns_host.wire(other) for other in OTHERS]
        owner = b"\xc0\x0c"
        for _ in range(random.randrange(5)):
            if random.randrange(4) == 0:
                owner = random.choice(owners)
            if random.randrange(20) == 0:  # to itself, or somewhere around
                at = len(question) + len(b"".join(records)) + random.choice((-2, 0, 0, 1, 2))
                owner = bytes((0xC0 | at >> 8, at & 0xFF))
            if random.randrange(3) == 0:
                value = random.choice(owners)
                records.append(dns_host.record(owner, 5, random.getrandbits(24), value))
                owner = value if random.randrange(4) else owner
            else:
                value = lossy.noise(4) if random.randrange(9) else bytes(4)
                records.append(dns_host.record(owner, 1, random.getrandbits(30), value))
        head = bytes((0x81, 0x80, 0, 1, 0, len(records), 0, 0, 0, 0))
        packet = question[:2] + head + question[12:] + b"".join(records)
        for _ in range(random.randrange(3)):
            at = random.randrange(len(packet))
            what = random.randrange(5)
            if what == 0:
                packet = packet[:at]
            elif what == 1:
                packet = packet[:at] + lossy.noise(1) + packet[at + 1 :]
            elif what == 2:
                packet = packet[:at] + b"\xc0" + lossy.noise(1) + packet[at + 2 :]
            elif what == 3:
                at = random.choice((2, 3, 5, 7))
                packet = packet[:at] + lossy.noise(1) + packet[at + 1 :]
            else:
                packet = packet[:at] + packet[at + random.randrange(9) :]
            packet = packet or b"\0"
        return packet[:512]


def _addresses(packet, question):
    # Every address in a record of this answer's whose owner can be reached from the question's
    # name; as far as it can be read.
    records = []
    at = len(question)
    for _ in range(int.from_bytes(packet[6:8], "big")):
        owner, at = _labels(packet, at)
        if owner is None or at + 10 > len(packet):
            break
        size = int.from_bytes(packet[at + 8 : at + 10], "big")
        kind, value = packet[at : at + 4], packet[at + 10 : at + 10 + size]
        if kind == b"\0\1\0\1" and len(value) == size == 4:
            records.append((owner, ".".join([str(part) for part in value]), None))
        elif kind == b"\0\5\0\1":
            records.append((owner, None, _labels(packet, at + 10)[0]))
        at += 10 + size
    reached = [_labels(packet, 12)[0]]
    for _ in records:
        reached += [alias for owner, _, alias in records if owner in reached]
    return [address for owner, address, _ in records if address and owner in reached]


def _labels(packet, at):
    labels = []
    end = 0
    for _ in range(600):
        if at >= len(packet):
            break
        size = packet[at]
        if size == 0:
            return labels, end or at + 1
        if size >= 0xC0:
            end = end or at + 2
            at = int.from_bytes(packet[at : at + 2], "big") & 0x3FFF
            continue
        labels.append(bytes(packet[at + 1 : at + 1 + size]).lower())
        at += 1 + size
    return None, at


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
        elif what == "dns":
            said = look_ups(count)
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
