"""A server for one test, and a board's way of talking to it."""

import http.client
import json
import threading

import pytest

from tools.server import LocalServer

from .browser import browser

KEY = "not-a-secret-0123"
BUCKET_ID = "01234567-89ab-cdef-0123-456789abcdef"


class BoardClient:
    """Sends to a LocalServer as a board does, over a real socket for each request."""

    def __init__(self, port, key=KEY):
        self.port = port
        self.key = key

    def post(self, path, body, headers=None):
        """(status, headers, JSON of the body or None) of the answer to a JSON value or bytes."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            all_headers = {"Content-Type": "application/json", **(headers or {})}
            connection.request("POST", path, body, all_headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
        finally:
            connection.close()

    def create_bucket(self, **changed):
        fields = {"bucketId": BUCKET_ID, "bucketName": "kitchen", "clientKey": self.key}
        return self.post("/api/v1/buckets", {**fields, **changed})

    def send(self, body):
        """Post a batch: a list of readings, or the bytes of a body."""
        return self.post("/batch_logs", body, {"X-IS-ClientKey": self.key})


def reading(**changed):
    fields = {"b": "kitchen", "sn": "t", "v": 21.5, "e": 1416262288.913554, "tid": BUCKET_ID}
    return {**fields, **changed}


def stop_waiting_for_nobody(server, limit_s=50):
    """Stop it; whoever it must not wait for would keep it for longer than `limit_s`."""
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    stopping.join(limit_s)
    assert not stopping.is_alive(), "the server waits for a client"


@pytest.fixture
def server():
    with LocalServer(key=KEY) as s:
        yield s


@pytest.fixture(scope="package")
def chromium():
    """A browser for all tests of pages in this process."""
    with browser() as opened:
        yield opened


@pytest.fixture
def board(server):
    return BoardClient(server.port)
