"""TLS: a server that proves its name gets all, on one connection; any other gets not a byte."""

import datetime
import ipaddress
import json
import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools import interpreter
from tools.interpreter import ROOT
from tools.server import LocalServer
from tools.server.front import Front
from tools.server.tls import Chain

from .rig import HELD_S, KEY, Rig, hold

BATCHES = 300


def days(count):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(count)


def wrong_name(folder):
    return Chain(folder, ("islog.example",)).context()


def wrong_address(folder):
    return Chain(folder, ("127.0.0.2",)).context()


def expired(folder):
    return Chain(folder, not_before=days(-9), not_after=days(-1)).context()


def not_yet_valid(folder):
    return Chain(folder, not_before=days(1), not_after=days(9)).context()


def wrong_root(folder):
    (folder / "another").mkdir()
    return Chain(folder / "another").context()


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(days(-1)).not_valid_after(days(9))
    builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    file = folder / "self-signed.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


# What the sentence must hold, and what it must not.
NAME = (["127.0.0.1"], ["date", "ca_file"])
DATE = (["date", f"{datetime.date.today().year}-"], ["ca_file"])
TRUST = (["ca_file"], ["date"])
BAD = {
    wrong_name: NAME,
    wrong_address: NAME,
    expired: DATE,
    not_yet_valid: DATE,
    self_signed: TRUST,
    wrong_root: TRUST,
}


def to_front(front, ca_file):
    urls = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
    return {"ca_file": str(ca_file), "buffer_bytes": 65536, "wifi": None, **urls}


@pytest.mark.parametrize("make", BAD)
def test_a_server_that_does_not_prove_its_name_gets_no_byte(rig, tmp_path, make):
    ca_file = Chain(tmp_path).ca_der
    with Front(rig.server, context=make(tmp_path)) as front:
        with rig.board_with("until_refused", slow_retry=60, **to_front(front, ca_file)):
            rig.wait_for_end()
        tries = len(front.connections)
        assert front.received == 0
        assert all(connection.error for connection in front.connections)
    assert 1 <= tries <= 2  # one for the bucket, one for the readings: then for minutes, none
    status = rig.board.status
    said, unsaid = BAD[make]
    sentence = status["last_error"]
    assert all(word in sentence for word in said), sentence
    assert not any(word in sentence for word in unsaid), sentence
    assert "\n" not in sentence and [t for t in rig.sentences() if sentence in t], rig.sentences()
    assert status["state"] == "refused" and status["clock"] == "ntp"
    assert status["pending"] == len(rig.notes())
    assert rig.server.requests == []


def test_once_the_server_proves_its_name_all_arrives(rig, tmp_path):
    chain = Chain(tmp_path)
    with (
        Front(rig.server, context=expired(tmp_path)) as front,
        rig.board_with("steady", **to_front(front, chain.ca_der)),
    ):
        rig.until_said("date")
        front.context = chain.context()
        rig.until_caught_up()
        rig.stop()
    assert rig.board.status["state"] == "online"
    rig.check_arrivals(rig.notes())
    rig.check_books()


KINDS = ["DER", "PEM", "PEM with text around it"]


@pytest.mark.parametrize(
    "kind, coding", [("esp32", coding) for coding in KINDS] + [("rp2", "DER")]
)
def test_a_root_may_be_der_or_pem(tmp_path, kind, coding):
    with LocalServer(key=KEY, tls=True) as server:
        pem = Path(server.ca_file).read_text()
        ca_file = tmp_path / "root"
        if coding == "DER":
            ca_file.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
        else:
            ca_file.write_text(pem if coding == "PEM" else f"# root\r\n{pem}\n\n")
        rig = Rig(server, tmp_path)
        rig.board_with(
            "batches_of_one",
            kind,
            arguments="3 0",
            ca_file=str(ca_file),
            flush_interval=0,
            wifi=None,
        )
        with rig.board:
            rig.wait_for_end()
        rig.check_arrivals(rig.notes())
        rig.check_books()
        assert server.handshakes == 1


def silent(connection):
    connection.wait_for_the_end()


def dripping(connection):
    connection.read()  # a server that speaks first is hung up on at once, as it is no TLS
    # The head of a TLS record of 16 KB, and a byte of it now and then.
    connection.send(b"\x16\x03\x03\x40\x00")
    while True:
        connection.send(b"\x02", pause_s=0.1)


def gushing(connection):
    connection.read()
    # Records, whole and allowed, of a kind that may come at any time and says nothing: warnings.
    while True:
        connection.send(b"\x15\x03\x03\x00\x02\x01\x5a" * 100, pause_s=0.001)


def no_tls(connection):
    connection.request()
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hanging_up(connection):
    connection.read()


def two_roots(folder, server):
    """The root of the server, and another one: as DER."""
    (folder / "another").mkdir()
    return Path(server.ca_der).read_bytes(), Chain(folder / "another").ca_der.read_bytes()


@pytest.mark.parametrize("kind", ["esp32", "rp2"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("files", ["one file", "a list"])
def test_several_roots_are_all_trusted(tmp_path, kind, order, files):
    with LocalServer(key=KEY, tls=True) as server:
        roots = two_roots(tmp_path, server)
        ders = [roots[i] for i in order]
        if files == "one file":
            ders = [ders[0] + ders[1]]
        names = []
        for i, data in enumerate(ders):
            names.append(str(tmp_path / f"root{i}"))
            Path(names[-1]).write_bytes(data)
        rig = Rig(server, tmp_path)
        ca_file = names if len(names) > 1 else names[0]
        rig.board_with(
            "batches_of_one", kind, arguments="3 0", ca_file=ca_file, flush_interval=0, wifi=None
        )
        with rig.board:
            rig.wait_for_end()
        rig.check_arrivals(rig.notes())
        assert server.handshakes == 1


def test_a_pico_that_cannot_read_pem_says_so_at_the_start(rig, tmp_path):
    https = rig.server.ingest_url.replace("http:", "https:")
    ca_file = str(Chain(tmp_path).ca_file)
    with rig.board_with("steady", "rp2", ca_file=ca_file, bucket_url=https, ingest_url=https):
        assert rig.board.wait(60)
    assert rig.board.lines == [
        "ConfigError: ca_file ca.pem is PEM, which this firmware cannot read, or damaged:"
        " make flash turns it into DER"
    ]


@pytest.mark.parametrize("transport", ["kept", "requests"])
def test_tls_that_gets_no_memory_is_tried_again_and_told_in_words(tmp_path, transport):
    places = ["setup", "handshake"] if transport == "kept" else ["setup"]
    with LocalServer(key=KEY, tls=True) as server:
        rig = Rig(server, tmp_path)
        more = {"ca_file": server.ca_der} if transport == "kept" else {"transport": "requests"}
        failures = ["", *places, *(f"{place} {place}" for place in places)]
        arguments = "\n".join(failures) + "\n"
        rig.board_with("tls_without_memory", "rp2", arguments=arguments, flush_interval=0, **more)
        with rig.board:
            rig.wait_for_end()
        told = [line for line in rig.sentences() if "memory" in line]
        assert told and all(
            "no answer (12: TLS has too little memory: it wants" in t for t in told
        )
        assert rig.board.status["retries"] == len(places)
        rig.check_arrivals(rig.notes())
        rig.check_books()


def wants_a_certificate(context):
    context.verify_mode = ssl.CERT_REQUIRED


def other_ciphers(context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("CAMELLIA256-SHA:ARIA128-GCM-SHA256:@SECLEVEL=0")


def old_version(context):
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")


def plain_http(connection):
    connection.read()
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def answers(rig):
    return [line for line in rig.sentences() if "no answer" in line]


OFF = "(-30592: the server broke TLS off: it may want a client certificate, or a version or cipher"
CUT = "the server cut TLS off while it was set up"
HUNG_UP = "(-29312: the server hung up in the middle of TLS"
NO_TLS = "(-29184: what answers there speaks no TLS: check https:// and the port)"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
@pytest.mark.parametrize("transport", ["kept", "requests"])
@pytest.mark.parametrize(
    "change, said",
    [
        (wants_a_certificate, [OFF, CUT, HUNG_UP]),
        (other_ciphers, [OFF]),
        (old_version, [OFF]),
        (plain_http, [NO_TLS]),
        (hanging_up, [CUT, HUNG_UP]),
    ],
)
def test_why_tls_fails_is_told_in_words(rig, tmp_path, transport, change, said):
    chain = Chain(tmp_path)
    context = chain.context()
    greet = change
    if change not in (plain_http, hanging_up):
        context.load_verify_locations(chain.ca_file)
        change(context)
        greet = None
    with Front(rig.server, context=context, greet=greet) as front:
        settings = to_front(front, chain.ca_der)
        if transport == "requests":
            settings.update(ca_file=None, transport="requests")
        with rig.board_with("steady", **settings):
            rig.until(lambda: len(answers(rig)) > 1, "it is told")
            rig.board.kill()
    assert all(any(words in told for words in said) for told in answers(rig)), answers(rig)


NUMBERS = re.compile(r"^\| (`-?\d+`(?:, `-?\d+`)*) \| `([^`]+)` \|", re.M)


ASK = """
import json
from islog import tls_errors
page = {page!r}
said = [tls_errors.reason(n, True)[0] for n in page]
print(json.dumps([[abs(n) for n in tls_errors.NUMBERS], said]))
"""


def test_the_page_has_the_words_for_each_number_of_tls():
    """docs/troubleshooting.md, against the firmware's own table."""
    text = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
    text = text.partition("### TLS's own numbers")[2].partition("\n#")[0]
    page = {}
    for numbers, words in NUMBERS.findall(text):
        page.update((int(n), words) for n in re.findall(r"-?\d+", numbers))
    done = interpreter.run("-c", ASK.format(page=list(page)))
    known, said = json.loads(done.stdout)
    assert set(known) - {0x2000, 0x4000} <= {abs(number) for number in page}
    for (number, words), sentence in zip(page.items(), said, strict=True):
        words = re.escape(words).replace("31", r"\d+")
        assert re.fullmatch(rf"no answer \({number}: {words}\)", sentence), sentence


def test_hundreds_of_batches_are_one_handshake(tmp_path):
    with LocalServer(key=KEY, tls=True) as server:
        rig = Rig(server, tmp_path)
        rig.board_with(
            "batches_of_one", arguments=f"{BATCHES} 0", ca_file=server.ca_der, flush_interval=0
        )
        with rig.board:
            rig.wait_for_end()
        assert server.requests == [("/api/v1/buckets", 204), *[("/batch_logs", 204)] * BATCHES]
        assert server.handshakes == 1
        rig.check_arrivals(rig.notes())
        rig.check_books()
    assert rig.board.status["retries"] == 0


@pytest.mark.parametrize("what", ["nothing", "no certificate", "half a certificate"])
def test_a_ca_file_that_cannot_be_used_is_named_at_the_start(rig, tmp_path, what):
    ca_file = Chain(tmp_path).ca_file
    data = ca_file.read_bytes()
    if what == "nothing":
        ca_file.unlink()
    else:
        ca_file.write_bytes(data[: len(data) // 2] if what == "half a certificate" else b"hello\n")
    https = rig.server.ingest_url.replace("http:", "https:")
    with rig.board_with("steady", ca_file=str(ca_file), bucket_url=https, ingest_url=https):
        assert rig.board.wait(60)
    assert rig.board.returncode == 1
    (sentence,) = rig.board.lines
    assert sentence.startswith("ConfigError: ca_file ")


@pytest.mark.parametrize("trouble", [silent, dripping, gushing, no_tls, hanging_up])
def test_a_handshake_that_does_not_end_is_given_up_and_holds_nothing_up(rig, tmp_path, trouble):
    def greet(connection):
        if len(front.connections) > 1:
            return True
        hold(connection, trouble, held)
        return False

    held = []
    chain = Chain(tmp_path)
    with (
        Front(rig.server, context=chain.context(), greet=greet) as front,
        rig.board_with("steady", "rp2", timeout=3, **to_front(front, chain.ca_der)),
    ):
        rig.until(lambda: held, "the board hangs up", HELD_S)
        rig.until_caught_up()
        rig.stop()
    if trouble not in (no_tls, hanging_up):  # those hold nobody
        rig.check_not_held_up(held)
    rig.check_arrivals(rig.notes())
    rig.check_books()
