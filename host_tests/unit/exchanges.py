"""What the tests of both transports share: a server, one exchange with it, and its outcome."""

import internet
import secure
from initial_state import Server
from islog import keepalive, transport
from virtual_board import time

KEY = (("X-IS-ClientKey", "the-key"),)
BODY = '[{"b":"room","sn":"t","v":%d,"e":1.5,"tid":"01234567-89ab-cdef-0123-456789abcdef"}]'
URL = "http://service.test/batch_logs"
SECURE = "https://service.test/batch_logs"


def a_server():
    server = internet.hosts["service.test:80"] = Server()
    return server


def both():
    """Each transport, as Logger makes it."""
    return (transport.Requests(5), keepalive.Keepalive(5, 60))


def over_tls():
    """Each transport for https://, and how it sets TLS up: the calls in which that can fail."""
    server = internet.hosts["service.test:443"] = Server()
    lasting = keepalive.Keepalive(5, 60)
    lasting._tls = secure.SSLContext(secure.PROTOCOL_TLS_CLIENT)
    yield transport.Requests(5), server, ("tls",)
    server = internet.hosts["service.test:443"] = Server()
    yield lasting, server, ("tls", "handshake")


def start(way, value, url=URL):
    way.start(url, KEY, memoryview((BODY % value).encode()))


def answer(way, pause_ms=0):
    """Step until there is an outcome; so much time is between two steps."""
    outcome = way.step()
    while outcome is None:
        time.advance(pause_ms)
        outcome = way.step()
    return outcome


def post(way, value=0, url=URL):
    start(way, value, url)
    return answer(way)


def values(server):
    return [value for _, value, _ in server.readings]
