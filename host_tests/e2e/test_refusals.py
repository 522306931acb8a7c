"""What answers is not what it should be: said once and plainly, nothing lost, and it recovers."""

import contextlib
import http.server
import socket
import threading
from urllib.parse import urlsplit

import pytest

from .rig import BATCH_LOGS, BOTH, KEPT, KEY, PLAIN_WAYS, TLS_EVENTS


@contextlib.contextmanager
def portal(port, status, headers):
    """Something else answers on the server's port, always the same; gives the paths asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"<html>Please log in</html>")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


def both_paths(rig):
    """Where the bucket and the readings go."""
    return {urlsplit(url).path for url in (rig.server.bucket_url, rig.server.ingest_url)}


def goes_on(rig):
    """The program is not held up by the trouble."""
    before = len(rig.notes())
    rig.until(lambda: len(rig.notes()) > before + 30, "the program goes on logging")


def recovers(rig):
    """Once the server answers as it should, all arrives: nothing was lost on the way."""
    rig.until_caught_up()
    rig.until(lambda: len(rig.server.buckets()) == 1, "the bucket is created")
    rig.stop()
    assert rig.board.status["state"] == "online"
    assert rig.board.status["dropped"] == rig.board.status["rejected"] == 0
    rig.check_arrivals(rig.notes())
    rig.check_books()


def told_once(rig, *words):
    """One of the firmware's sentences has all these words, and none is said over and over."""
    told = rig.sentences()
    assert [line for line in told if all(word in line for word in words)], told
    assert len(told) == len(set(told)) or len(told) < 8, told


@pytest.mark.parametrize("way, code", [(BATCH_LOGS, "403"), (KEPT, "403"), (TLS_EVENTS, "401")])
def test_a_wrong_key(rig, code):
    rig.server.key = "another"
    with rig.board_with("steady", "rp2"):
        rig.until_said(code)
        goes_on(rig)
        told_once(rig, "client_key", code)
        assert rig.server.readings() == []
        rig.server.key = KEY
        recovers(rig)


@pytest.mark.parametrize("way", BOTH)
def test_a_wrong_path(rig):
    with rig.board_with("steady", ingest_url=rig.server.ingest_url + "/nowhere"):
        rig.until_said("404")
        goes_on(rig)
        told_once(rig, "ingest_url", "404")
        last = rig.notes()[-1]
        assert last["pending"] == last["logged"]
        assert KEY not in rig.console()


@pytest.mark.parametrize("way", BOTH)
def test_an_address_that_is_wrong_for_a_while(rig):
    rig.server.always = (404, {}, b"")
    with rig.board_with("steady"):
        rig.until_said("404")
        goes_on(rig)
        rig.server.always = None
        recovers(rig)


@pytest.mark.parametrize("way", BOTH)
def test_a_bucket_that_is_refused_holds_no_readings_back(rig):
    rig.server.always_bucket = (400, {"Content-Type": "application/json"}, b"{}")
    with rig.board_with("steady"):
        rig.until(lambda: rig.server.accepted > 30, "the readings arrive nevertheless")
        told_once(rig, "bucket", "400")
        assert rig.server.buckets() == []
        rig.server.always_bucket = None
        recovers(rig)


def test_a_bucket_name_that_is_too_long_is_named_in_one_sentence(rig):
    with rig.board_with("steady", bucket_name="b" * 201):
        assert rig.board.wait(60)
    assert rig.board.returncode == 1
    (sentence,) = rig.board.lines
    assert sentence.startswith("ConfigError: bucket_name ") and "200" in sentence
    assert rig.server.requests == []


@pytest.mark.parametrize("way", PLAIN_WAYS)
def test_a_captive_portal_loses_nothing(rig):
    rig.server.stop()
    with rig.board_with("steady", "rp2"):
        with portal(rig.server.port, 200, {"Content-Type": "text/html"}) as asked:
            rig.until_said("200")
            goes_on(rig)
            assert both_paths(rig) <= set(asked)
            assert rig.notes()[-1]["sent"] == rig.notes()[-1]["dropped"] == 0
        rig.server.start()
        recovers(rig)


@pytest.mark.parametrize("status, way", list(zip((302, 308, 301, 307), PLAIN_WAYS, strict=True)))
def test_a_redirect_is_not_followed_and_loses_nothing(rig, status):
    rig.server.stop()
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        where = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/login"
        with rig.board_with("steady"):
            with portal(rig.server.port, status, {"Location": where}) as asked:
                rig.until_said("redirect")
                goes_on(rig)
                assert both_paths(rig) <= set(asked)
            rig.server.start()
            recovers(rig)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            elsewhere.accept()
