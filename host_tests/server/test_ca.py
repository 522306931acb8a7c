"""tools/ca.py: the right root for a host, or one plain sentence on why there is none."""

import contextlib
import datetime
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools import ca
from tools.interpreter import ROOT
from tools.server import LocalServer
from tools.server.tls import Chain

from .conftest import KEY


def run(folder, *arguments):
    """The command in a folder of its own: (exit status, stdout, stderr, ca.der or None)."""
    command = [sys.executable, "-m", "tools.ca", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    written = folder / "ca.der"
    data = written.read_bytes() if written.exists() else None
    return done.returncode, done.stdout, done.stderr, data


def refusal(folder, *arguments):
    """The one sentence that the command ends with, having written nothing."""
    status, output, sentence, data = run(folder, *arguments)
    assert (status, output, data) == (1, "", None)
    assert sentence.count("\n") == 1 and sentence.endswith(".\n") and "Traceback" not in sentence
    return sentence


def der(server):
    with open(server.ca_file) as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


def days(count):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(count)


@pytest.fixture
def server():
    with LocalServer(key=KEY, tls=True) as server:
        yield server


def test_the_root_of_a_host_is_the_one_its_chain_ends_in(server, tmp_path):
    others = [trustme.CA().cert_pem.bytes() for _ in range(2)]
    with open(server.ca_file, "rb") as f:
        many = b"# some roots\n" + others[0] + f.read() + others[1]
    (tmp_path / "roots.pem").write_bytes(many)
    place = f"127.0.0.1:{server.port}"
    status, output, errors, data = run(tmp_path, place, "--from", "roots.pem")
    assert (status, errors) == (0, "")
    assert data == der(server)
    until = x509.load_der_x509_certificate(data).not_valid_after_utc
    assert f"{until:%Y-%m-%d}" in output and "islog" in output
    assert '"ca_file": "ca.der"' in output
    # What was written is all that is needed to verify the server.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=data)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        assert connection.getpeercert()
    assert server.requests == []


def test_a_url_is_taken_as_a_host(server):
    root = ca.choose(server.ingest_url, path=server.ca_file)
    assert root.public_bytes(ca.Encoding.DER) == der(server)


def test_the_roots_of_several_hosts_are_ders_one_behind_the_other(server, tmp_path):
    with LocalServer(key=KEY, tls=True) as other:
        one, two = der(server), der(other)
        (tmp_path / "roots").write_bytes(two + one)
        hosts = [f"127.0.0.1:{s.port}" for s in (server, other, server)]
        status, output, errors, data = run(tmp_path, *hosts, "--from", "roots")
    assert (status, errors) == (0, "")
    assert data == one + two
    assert output.count("ca.der holds the root certificate") == 2
    assert ca.read_roots(tmp_path / "ca.der") == ca.read_roots(tmp_path / "roots")[::-1]


def test_without_a_host_it_brings_the_roots_of_both_hosts_that_config_json_names(server, tmp_path):
    with LocalServer(key=KEY, tls=True) as other:
        one, two = der(server), der(other)
        (tmp_path / "roots").write_bytes(two + one)
        config = {"bucket_url": server.bucket_url, "ingest_url": other.ingest_url}
        (tmp_path / "config.json").write_text(json.dumps(config))
        status, output, errors, data = run(tmp_path, "--from", "roots", "--config", "config.json")
        assert (status, errors, data) == (0, "", one + two)
        hosts = f"127.0.0.1:{server.port} and 127.0.0.1:{other.port}"
        assert output.startswith(f"config.json sends to {hosts}.\n")
        assert 'make config ARGS="--set ca_file=ca.der"' in output
        (tmp_path / "config.json").write_text(json.dumps({**config, "ca_file": ["/ca.der"]}))
        _, output, _, _ = run(tmp_path, "--from", "roots", "--config", "config.json")
        assert "config.json names it: make flash puts it on the board." in output


def test_without_a_config_json_the_hosts_are_the_services(tmp_path):
    hosts = ca.hosts_of(ca.settings_in(tmp_path / "none"), "none")
    assert hosts == ["api.initialstate.com", "groker.initialstate.com"]
    assert ca.hosts_of({"api": "events"}, "config.json") == ["groker.init.st"]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("{", "config.json is not JSON: line 1, column 2 ends"),
        ('{"api": "new"}', "config.json: api must be one of: batch_logs, events."),
        ('{"ingest_url": 5}', "config.json: ingest_url must be a URL"),
        ('{"ingest_url": "http://pc:8086/x"}', "sends to pc:8086 with http://, where no cert"),
    ],
)
def test_a_config_json_that_names_no_host_is_told(tmp_path, text, sentence):
    (tmp_path / "config.json").write_text(text)
    assert sentence in refusal(tmp_path)


@pytest.mark.parametrize("coding", ["PEM", "DER"])
def test_a_root_in_a_file_is_taken_as_it_is(server, tmp_path, coding):
    file = tmp_path / "root"
    with open(server.ca_file, "rb") as f:
        file.write_bytes(f.read() if coding == "PEM" else der(server))
    status, _, _, _ = run(tmp_path, "--from", file, "--out", "other.der")
    assert status == 0
    assert (tmp_path / "other.der").read_bytes() == der(server)


@pytest.mark.parametrize("name", ["ISRG Root X1", "isrg root x1"])
def test_a_known_root_by_its_name_needs_no_network(tmp_path, name):
    status, output, _, data = run(tmp_path, "--root", name)
    assert status == 0
    assert "Internet Security Research Group" in output and "2035-06-04" in output
    assert ca.name_of(x509.load_der_x509_certificate(data)) == "ISRG Root X1"


def test_a_name_that_is_not_known(tmp_path):
    assert "ISRG Root X1" in refusal(tmp_path, "--root", "ISRG Rot X1")
    assert "ISRG Root X1, ISRG Root X2" in refusal(tmp_path, "--root", "ISRG Root X")
    assert "'no such thing'" in refusal(tmp_path, "--root", "no such thing")


def test_a_host_that_is_not_known_or_does_not_answer(tmp_path):
    assert "islog.invalid is not known here" in refusal(tmp_path, "islog.invalid")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert f"127.0.0.1:{port} cannot be talked to" in refusal(tmp_path, f"127.0.0.1:{port}")
    assert "'a:b' is no host" in refusal(tmp_path, "a:b")


def test_a_server_without_tls(tmp_path):
    with LocalServer(key=KEY) as server:
        sentence = refusal(tmp_path, f"127.0.0.1:{server.port}")
    assert "does not speak TLS 1.2" in sentence and "check the port" in sentence


def test_a_server_that_says_nothing(monkeypatch):
    monkeypatch.setattr(ca, "TIMEOUT_S", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ca.CaError, match=r"did not answer within 0\.2 s\.$"),
    ):
        ca.choose(f"127.0.0.1:{silent.getsockname()[1]}")


def test_a_private_root_is_not_among_the_known_ones(server, tmp_path):
    sentence = refusal(tmp_path, f"127.0.0.1:{server.port}")
    assert "no known root" in sentence and "--from" in sentence


@pytest.mark.parametrize(
    "changed, why",
    [
        ({"names": ("islog.example",)}, "for another (name|address)"),
        ({"not_before": days(-9), "not_after": days(-1)}, "has expired"),
        ({"not_before": days(1), "not_after": days(9)}, "not valid yet"),
    ],
)
def test_a_server_whose_certificate_no_board_would_take(tmp_path, changed, why):
    chain = Chain(tmp_path, **changed)
    with (
        LocalServer(key=KEY, tls=chain) as server,
        pytest.raises(ca.CaError, match=rf"^No board would trust 127\.0\.0\.1:\d+: .*{why}"),
    ):
        ca.choose(f"127.0.0.1:{server.port}", path=chain.ca_file)


def one_handshake(context):
    """The port of a server that shakes hands once."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listening:
            plain, _ = listening.accept()
        with plain, contextlib.suppress(OSError):
            context.wrap_socket(plain, server_side=True).close()

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


def test_a_server_that_does_not_send_its_intermediate_certificate(tmp_path):
    root = trustme.CA()
    leaf = root.create_child_ca().issue_cert("127.0.0.1")
    root.cert_pem.write_to_path(tmp_path / "root.pem")
    (tmp_path / "leaf.pem").write_bytes(
        leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem")
    with pytest.raises(ca.CaError, match="sends only a part of it"):
        ca.choose(f"127.0.0.1:{one_handshake(context)}", path=tmp_path / "root.pem")


def test_files_that_hold_no_root_to_take(tmp_path):
    root = trustme.CA()
    below = root.create_child_ca()
    (tmp_path / "two.pem").write_bytes(root.cert_pem.bytes() + below.cert_pem.bytes())
    below.cert_pem.write_to_path(tmp_path / "below.pem")
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "cut.pem").write_bytes(root.cert_pem.bytes()[:300])
    assert "There is no file nowhere." in refusal(tmp_path, "--from", "nowhere")
    assert "holds 2 certificates" in refusal(tmp_path, "--from", "two.pem")
    assert "is no root" in refusal(tmp_path, "--from", "below.pem")
    assert "holds no certificate" in refusal(tmp_path, "--from", "text")
    assert "holds no certificate" in refusal(tmp_path, "--from", "cut.pem")
    (tmp_path / "utf16.pem").write_bytes(root.cert_pem.bytes().decode().encode("utf-16"))
    assert "holds no certificate" in refusal(tmp_path, "--from", "utf16.pem")


def test_a_root_that_has_expired_is_not_written(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old Root")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, days(-9), days(-1))
    root = builder.sign(key, hashes.SHA256())
    (tmp_path / "old.der").write_bytes(root.public_bytes(ca.Encoding.DER))
    assert "has expired: it is Old Root" in refusal(tmp_path, "--from", "old.der")


def test_a_place_where_nothing_can_be_written(tmp_path):
    sentence = refusal(tmp_path, "--root", "ISRG Root X1", "--out", tmp_path / "no" / "ca.der")
    assert "cannot be written" in sentence


TWICE = [
    ("a.example", "--root", "ISRG Root X1"),
    ("a.example", "--config", "config.json"),
]


@pytest.mark.parametrize("arguments", TWICE)
def test_how_it_is_used_is_told(tmp_path, arguments):
    status, _, errors, _ = run(tmp_path, *arguments)
    assert status == 2 and "usage: ca" in errors and "Traceback" not in errors
