"""The look-up in steps, against a DNS server that others keep well: dnslib."""

import contextlib
import json
import subprocess
import threading

import pytest
from dnslib import QTYPE, RCODE, RR
from dnslib.server import DNSHandler, DNSLogger, DNSServer
from dnslib.zoneresolver import ZoneResolver

from tools import interpreter

from .rig import PROGRAMS

SECONDS = 60  # at most, of what comes much sooner

ZONE = """
$TTL 300
one.test.       IN A     192.0.2.1
Three.Test.     IN A     192.0.2.3
Three.Test.     IN A     192.0.2.1
Three.Test.     IN A     192.0.2.2
short.test.  1  IN A     192.0.2.4
week.test. 604800 IN A   192.0.2.5
six.test.       IN AAAA  2001:db8::1
text.test.      IN TXT   "no address"
www.test.       IN CNAME a.cdn.test.
a.cdn.test.     IN CNAME b.cdn.test.
b.cdn.test.     IN A     192.0.2.6
filtered.test.  IN A     0.0.0.0
"""
LONG = ".".join(["x" * 63] * 3 + ["y" * 61])


class Resolver(ZoneResolver):
    """Answers from a zone, with the whole chain of a name's aliases, as resolvers do. `fates`: of
    the next answers, "lost", or "late": once another question has come; `asked`: the names, as
    they came."""

    def __init__(self, zone):
        super().__init__(zone)
        self.fates = []
        self.asked = []
        self._came = threading.Condition()

    def resolve(self, request, handler):
        with self._came:
            self.asked.append(str(request.q.qname))
            self._came.notify_all()
            before = len(self.asked)
            fate = self.fates.pop(0) if self.fates else None
            if (
                fate == "lost"
                or fate == "late"
                and not self._came.wait_for(lambda: len(self.asked) > before, SECONDS)
            ):
                raise TimeoutError  # an OSError, at which the handler below sends nothing
        reply = request.reply()
        name = request.q.qname
        if name.matchSuffix("broken.test"):
            reply.header.rcode = RCODE.SERVFAIL
        elif name.matchSuffix("private.test"):
            reply.header.rcode = RCODE.REFUSED
        elif name.matchSuffix("many.test"):
            for i in range(60):
                reply.add_answer(*RR.fromZone(f"many.test. 60 IN A 192.0.2.{i}"))
        else:
            self._follow(reply, name, request.q.qtype)
        return reply

    def _follow(self, reply, name, kind):
        known = True
        while known:
            known = [rr for label, _, rr in self.zone if label == name]
            for rr in known:
                if rr.rtype in (kind, QTYPE.CNAME):
                    reply.add_answer(rr)
            alias = [rr for rr in known if rr.rtype == QTYPE.CNAME]
            if not alias:
                break
            name = alias[0].rdata.label
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN


class Server:
    """Listens on a UDP port of 127.0.0.1 while in `with`."""

    def __init__(self, zone=ZONE):
        class Handler(DNSHandler):
            udplen = 512

            def handle(self):
                with contextlib.suppress(OSError):  # or it was stopped meanwhile
                    super().handle()

        self.resolver = Resolver(zone)
        quiet = DNSLogger("-request,-reply,-truncated,-error,-recv,-send,-data")
        where = {"address": "127.0.0.1", "port": 0}
        self._server = DNSServer(self.resolver, logger=quiet, handler=Handler, **where)
        self.port = self._server.server.server_address[1]

    def __enter__(self):
        self._server.start_thread()
        return self

    def __exit__(self, *_):
        self._server.stop()
        self._server.server.server_close()


@pytest.fixture(scope="module")
def asker():
    pipe = subprocess.PIPE
    with interpreter.start(PROGRAMS / "ask_dns.py", stdin=pipe, stdout=pipe) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def dns():
    with Server() as server:
        yield server


@pytest.fixture
def look_up(asker, dns):
    def look_up(name, port=None):
        """What comes of it, as ask_dns.py tells; no step waits longer than it may."""
        asker.stdin.write(json.dumps({"name": name, "port": port or dns.port}) + "\n")
        asker.stdin.flush()
        outcome = json.loads(asker.stdout.readline())
        assert outcome["longest_ms"] <= 100, outcome
        return outcome

    return look_up


def test_names_have_the_addresses_that_the_server_tells(look_up, dns):
    assert look_up("one.test")["found"] == ["192.0.2.1"]
    assert look_up("THREE.test")["found"] == ["192.0.2.3", "192.0.2.1", "192.0.2.2"]
    assert look_up("www.test")["found"] == ["192.0.2.6"]
    assert dns.resolver.asked == ["one.test.", "THREE.test.", "www.test."]


def test_an_address_is_used_for_its_ttl_within_reason(look_up):
    for name, ttl_s in (("one.test", 300), ("short.test", 10), ("week.test", 3600)):
        assert look_up(name)["ttl_s"] == ttl_s


def test_what_the_server_says_instead_is_told_in_words(look_up):
    for name, words in (
        ("none.test", "no such name"),
        (LONG, "no such name"),
        ("x.broken.test", "the DNS server has failed"),
        ("x.private.test", "the DNS server refuses, 5"),
        ("six.test", "no address"),
        ("text.test", "no address"),
        ("filtered.test", "no address"),
        ("many.test", "a DNS answer that is too long"),
    ):
        outcome = look_up(name)
        assert (outcome["wrong"], outcome["found"]) == (words, None), name
        assert outcome["answered"]


def test_lost_questions_are_asked_again_and_a_late_answer_counts(look_up, dns):
    dns.resolver.fates = ["lost", "lost"]
    assert look_up("one.test")["found"] == ["192.0.2.1"] and len(dns.resolver.asked) >= 3
    asked = len(dns.resolver.asked)
    dns.resolver.fates = ["late", "lost", "lost", "lost"]
    assert look_up("one.test")["found"] == ["192.0.2.1"] and len(dns.resolver.asked) > asked + 1


def test_where_nobody_listens_the_refusal_is_told(look_up):
    with Server() as gone:
        port = gone.port
    outcome = look_up("one.test", port)
    assert outcome["wrong"] == 111 and not outcome["answered"]


@pytest.mark.parametrize("way", [("kept", "batch_logs", False)], ids=["kept"])
def test_a_board_finds_its_server_by_a_name_that_only_its_dns_server_knows(rig, dns):
    # The first address is one where nobody listens.
    known = (
        ("station.test", "127.0.0.2"),
        ("station.test", "127.0.0.1"),
        ("clock.test", "127.0.0.1"),
    )
    for name, address in known:
        rr = RR.fromZone(f"{name}. 60 IN A {address}")[0]
        dns.resolver.zone.append((rr.rname, "A", rr))
    urls = {
        name: getattr(rig.server, name).replace("127.0.0.1", "station.test")
        for name in ("bucket_url", "ingest_url")
    }
    dns.resolver.fates = ["lost", "late"]
    ntp_hosts = [f"clock.test:{rig.server.ntp_port}"]
    with rig.board_with("own_dns", arguments=str(dns.port), ntp_hosts=ntp_hosts, **urls):
        rig.until_caught_up()
        rig.stop()
    rig.check_arrivals(rig.notes())
    rig.check_books()
    assert set(dns.resolver.asked) == {"station.test.", "clock.test."}
    assert "clock ntp" in rig.board.lines
