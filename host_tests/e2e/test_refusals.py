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


def both_paths(desk):
    """Where the bucket and the readings go."""
    return {urlsplit(url).path for url in (desk.server.bucket_url, desk.server.ingest_url)}


def goes_on(desk):
    """The program is not held up by the trouble."""
    before = len(desk.notes())
    desk.until(lambda: len(desk.notes()) > before + 30, "the program goes on logging")


def recovers(desk):
    """Once the server answers as it should, all arrives: nothing was lost on the way."""
    before = len(desk.notes())
    desk.until(lambda: desk.server.accepted > before, "the readings of the trouble arrive")
    desk.until(lambda: len(desk.server.buckets()) == 1, "the bucket is created")
    desk.end()
    assert desk.board.status["state"] == "online"
    assert desk.board.status["dropped"] == desk.board.status["rejected"] == 0
    desk.check_arrivals(desk.notes())
    desk.check_books()


def told_once(desk, *words):
    """One of the firmware's sentences has all these words, and none is said over and over."""
    told = desk.told()
    assert [line for line in told if all(word in line for word in words)], told
    assert len(told) == len(set(told)) or len(told) < 8, told


@pytest.mark.parametrize("way, code", [(BATCH_LOGS, "403"), (KEPT, "403"), (TLS_EVENTS, "401")])
def test_a_wrong_key(desk, code):
    desk.server.key = "another"
    with desk.board_with("steady", "rp2"):
        desk.until(lambda: any(code in line for line in desk.told()), "the refusal is told")
        goes_on(desk)
        told_once(desk, "client_key", code)
        assert desk.server.readings() == []
        desk.server.key = KEY
        recovers(desk)


@pytest.mark.parametrize("way", BOTH)
def test_a_wrong_path(desk):
    with desk.board_with("steady", ingest_url=desk.server.ingest_url + "/nowhere"):
        desk.until(lambda: any("404" in line for line in desk.told()), "the wrong address is told")
        goes_on(desk)
        told_once(desk, "ingest_url", "404")
        last = desk.notes()[-1]
        assert last["pending"] == last["logged"]
        assert KEY not in desk.console()


@pytest.mark.parametrize("way", BOTH)
def test_an_address_that_is_wrong_for_a_while(desk):
    desk.server.always = (404, {}, b"")
    with desk.board_with("steady"):
        desk.until(lambda: any("404" in line for line in desk.told()), "the wrong address is told")
        goes_on(desk)
        desk.server.always = None
        recovers(desk)


@pytest.mark.parametrize("way", BOTH)
def test_a_bucket_that_is_refused_holds_no_readings_back(desk):
    desk.server.always_bucket = (400, {"Content-Type": "application/json"}, b"{}")
    with desk.board_with("steady"):
        desk.until(lambda: desk.server.accepted > 30, "the readings arrive nevertheless")
        told_once(desk, "bucket", "400")
        assert desk.server.buckets() == []
        desk.server.always_bucket = None
        recovers(desk)


def test_a_bucket_name_that_is_too_long_is_named_in_one_sentence(desk):
    with desk.board_with("steady", bucket_name="b" * 201):
        assert desk.board.wait(10)
    assert desk.board.returncode == 1
    (sentence,) = desk.board.lines
    assert sentence.startswith("ConfigError: bucket_name ") and "200" in sentence
    assert desk.server.requests == []


@pytest.mark.parametrize("way", PLAIN_WAYS)
def test_a_captive_portal_loses_nothing(desk):
    desk.server.stop()
    with desk.board_with("steady", "rp2"):
        with portal(desk.server.port, 200, {"Content-Type": "text/html"}) as asked:
            desk.until(lambda: any("200" in line for line in desk.told()), "the portal is told")
            goes_on(desk)
            assert both_paths(desk) <= set(asked)
            assert desk.notes()[-1]["sent"] == desk.notes()[-1]["dropped"] == 0
        desk.server.start()
        recovers(desk)


@pytest.mark.parametrize("status, way", list(zip((302, 308, 301, 307), PLAIN_WAYS, strict=True)))
def test_a_redirect_is_not_followed_and_loses_nothing(desk, status):
    desk.server.stop()
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        where = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/login"
        with desk.board_with("steady"):
            with portal(desk.server.port, status, {"Location": where}) as asked:
                desk.until(lambda: any("redirect" in line for line in desk.told()), "it is told")
                goes_on(desk)
                assert both_paths(desk) <= set(asked)
            desk.server.start()
            recovers(desk)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            elsewhere.accept()
