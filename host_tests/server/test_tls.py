"""HTTPS: a server that proves its name with a root of its own, and counts its handshakes."""

import http.client
import json
import socket
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tools.server import LocalServer
from tools.server.tls import Chain

from .conftest import KEY, reading, stop_waiting_for_nobody


def post(server, context, times=1, host="127.0.0.1"):
    """The statuses of `times` batches on one connection."""
    statuses = []
    connection = http.client.HTTPSConnection(host, server.port, timeout=60, context=context)
    for _ in range(times):
        headers = {"Content-Type": "application/json", "X-IS-ClientKey": KEY}
        connection.request("POST", "/batch_logs", json.dumps([reading()]), headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def refused(server, context):
    """What a client says that does not trust the server; no request has reached it."""
    with pytest.raises(ssl.SSLCertVerificationError) as e:
        post(server, context)
    assert (server.requests, server.readings()) == ([], [])
    return str(e.value)


def test_many_batches_on_a_verified_connection_are_one_handshake():
    with LocalServer(key=KEY, tls=True) as server:
        assert server.ingest_url == f"https://127.0.0.1:{server.port}/batch_logs"
        context = ssl.create_default_context(cafile=server.ca_file)
        assert post(server, context, 20) == [204] * 20
        assert server.handshakes == 1
        assert post(server, context, host="localhost") == [204]
        assert server.handshakes == 2
        server.stop()
        server.start()
        assert post(server, context) == [204]
        assert len(server.readings()) == 22


def test_the_root_is_kept_and_its_key_is_private(tmp_path):
    roots = []
    for _ in range(2):
        with LocalServer(key=KEY, tls=tmp_path) as server:
            roots.append(Path(server.ca_file).read_bytes())
            context = ssl.create_default_context(cafile=server.ca_file)
            assert post(server, context) == [204]
            assert Path(server.ca_der).read_bytes() == ssl.PEM_cert_to_DER_cert(roots[-1].decode())
    assert roots[0] == roots[1] and b"PRIVATE" not in roots[0]
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600


def test_each_kind_of_bad_certificate_is_told_apart_and_gets_no_request(tmp_path):
    now = datetime.now(timezone.utc)
    chains = {
        "Hostname mismatch|IP address mismatch": {"names": ("another.example",)},
        "expired": {"not_before": now - timedelta(9), "not_after": now - timedelta(2)},
        "not yet valid": {"not_before": now + timedelta(2), "not_after": now + timedelta(9)},
    }
    for reason, changed in chains.items():
        with LocalServer(key=KEY, tls=Chain(tmp_path, **changed)) as server:
            said = refused(server, ssl.create_default_context(cafile=server.ca_file))
            assert any(r in said for r in reason.split("|")), said
            assert server.handshakes == 0
    with LocalServer(key=KEY, tls=True) as server:
        another_root = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        assert "unable to get local issuer" in refused(server, another_root)


def test_a_client_that_never_shakes_hands_keeps_nobody_out():
    with LocalServer(key=KEY, tls=True) as server:
        silent = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        context = ssl.create_default_context(cafile=server.ca_file)
        assert post(server, context) == [204]
        stop_waiting_for_nobody(server)
        silent.close()
