"""TLS: a server that proves its name gets all, on one connection; any other gets not a byte."""

import contextlib
import datetime
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools.server import LocalServer
from tools.server.tls import Chain

from .desk import KEY, Desk
from .front import Front, check_held

BATCHES = 1000


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
    return {"ca_file": str(ca_file), "timeout": 1, "buffer_bytes": 65536, "wifi": None, **urls}


@pytest.mark.parametrize("make", BAD)
def test_a_server_that_does_not_prove_its_name_gets_no_byte(desk, tmp_path, make):
    ca_file = Chain(tmp_path).ca_file
    with Front(desk.server, context=make(tmp_path)) as front:
        with desk.board_with("doubt", slow_retry=60, **to_front(front, ca_file)):
            desk.ended()
        tries = len(front.connections)
        assert front.received == 0
        assert all(connection.error for connection in front.connections)
    assert 1 <= tries <= 2  # one for the bucket, one for the readings: then for minutes, none
    status = desk.board.status
    said, unsaid = BAD[make]
    sentence = status["last_error"]
    assert all(word in sentence for word in said), sentence
    assert not any(word in sentence for word in unsaid), sentence
    assert "\n" not in sentence and [t for t in desk.told() if sentence in t], desk.told()
    assert status["state"] == "refused" and status["clock"] == "ntp"
    assert status["pending"] == len(desk.notes())
    assert desk.server.requests == []


def test_once_the_server_proves_its_name_all_arrives(desk, tmp_path):
    chain = Chain(tmp_path)
    with (
        Front(desk.server, context=expired(tmp_path)) as front,
        desk.board_with("steady", **to_front(front, chain.ca_file)),
    ):
        desk.until(lambda: any("date" in line for line in desk.told()), "the refusal is told")
        front.context = chain.context()
        before = len(desk.notes())
        desk.until(lambda: desk.server.accepted > before, "the readings arrive")
        desk.end()
    assert desk.board.status["state"] == "online"
    desk.check_arrivals(desk.notes())
    desk.check_books()


@pytest.mark.parametrize("coding", ["DER", "PEM", "PEM with text around it"])
def test_a_root_may_be_der_or_pem(tmp_path, coding):
    with LocalServer(key=KEY, tls=True) as server:
        pem = Path(server.ca_file).read_text()
        ca_file = tmp_path / "root"
        if coding == "DER":
            ca_file.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
        else:
            ca_file.write_text(pem if coding == "PEM" else f"# root\r\n{pem}\n\n")
        desk = Desk(server, tmp_path)
        desk.board_with("batches", ca_file=str(ca_file), flush_interval=0, wifi=None)
        (desk.flash / "batches").write_text("3 0")
        with desk.board:
            desk.ended()
        desk.check_arrivals(desk.notes())
        desk.check_books()
        assert server.handshakes == 1


def test_a_thousand_batches_are_one_handshake(tmp_path):
    with LocalServer(key=KEY, tls=True) as server:
        desk = Desk(server, tmp_path)
        desk.board_with("batches", ca_file=server.ca_file, flush_interval=0)
        (desk.flash / "batches").write_text(f"{BATCHES} 0")
        with desk.board:
            desk.ended()
        assert server.requests == [("/api/v1/buckets", 204), *[("/batch_logs", 204)] * BATCHES]
        assert server.handshakes == 1
        desk.check_arrivals(desk.notes())
        desk.check_books()
    assert desk.board.status["retries"] == 0


@pytest.mark.parametrize("what", ["nothing", "no certificate", "half a certificate"])
def test_a_ca_file_that_cannot_be_used_is_named_at_the_start(desk, tmp_path, what):
    ca_file = Chain(tmp_path).ca_file
    data = ca_file.read_bytes()
    if what == "nothing":
        ca_file.unlink()
    else:
        ca_file.write_bytes(data[: len(data) // 2] if what == "half a certificate" else b"hello\n")
    https = desk.server.ingest_url.replace("http:", "https:")
    with desk.board_with("steady", ca_file=str(ca_file), bucket_url=https, ingest_url=https):
        assert desk.board.wait(10)
    assert desk.board.returncode == 1
    (sentence,) = desk.board.lines
    assert sentence.startswith("ConfigError: ca_file ")


def silent(connection):
    connection.wait_for_the_end()


def dripping(connection):
    # The head of a TLS record of 16 KB, and a byte of it now and then.
    connection.send(b"\x16\x03\x03\x40\x00")
    while True:
        connection.send(b"\x02", pause_s=0.1)


def gushing(connection):
    # Records, whole and allowed, of a kind that may come at any time and says nothing: warnings.
    while True:
        connection.send(b"\x15\x03\x03\x00\x02\x01\x5a" * 100, pause_s=0.001)


def no_tls(connection):
    connection.request()
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hanging_up(connection):
    connection.read()


@pytest.mark.parametrize("trouble", [silent, dripping, gushing, no_tls, hanging_up])
def test_a_handshake_that_does_not_end_is_given_up_and_holds_nothing_up(desk, tmp_path, trouble):
    def greet(connection):
        if len(front.connections) > 1:
            return True
        since = time.monotonic()
        with contextlib.suppress(OSError):
            trouble(connection)
        held_s.append(time.monotonic() - since)
        return False

    held_s = []
    chain = Chain(tmp_path)
    with (
        Front(desk.server, context=chain.context(), greet=greet) as front,
        desk.board_with("steady", "rp2", **to_front(front, chain.ca_file)),
    ):
        desk.until(lambda: held_s, "the board hangs up")
        before = len(desk.notes())
        desk.until(lambda: desk.server.accepted > before, "it goes on")
        desk.end()
    check_held(desk, max(held_s))
    desk.check_arrivals(desk.notes())
    desk.check_books()
