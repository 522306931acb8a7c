"""Imitates micropython-lib's `requests` (python-ecosys/requests, 0.10.2 and 1.1.1) on `internet`.

What matters to a careful client is kept: the headers are copied per connection, redirects are
followed with all of them, a broken status line or a chunked answer (0.10.2) raises ValueError and
leaves the socket open, and so does every exception that is no OSError; `timeout` is per operation,
and a `parse_headers` callable gets each line.
"""

import socket

import internet

__version__ = "1.1.1"


class Response:
    def __init__(self, status, s):
        self.status_code = status
        self.raw = s

    def close(self):
        if self.raw:
            self.raw.close()
            self.raw = None


def request(
    method,
    url,
    data=None,
    json=None,
    headers=None,
    stream=None,
    auth=None,
    timeout=None,
    parse_headers=True,
):
    headers = headers.copy()
    proto, _, host, path = url.split("/", 3)
    if ":" not in host:
        host += ":443" if proto == "https:" else ":80"
    name, _, port = host.partition(":")
    internet.resolve(name)
    serves = internet.connect(name, int(port), timeout)
    if data is not None and not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("this stand-in takes bytes: the real one cuts a str short")
    s = socket.socket(2, socket.SOCK_STREAM, 6)
    try:
        internet.call("connect")
        if proto == "https:":
            internet.call("tls")
        if internet.during_post:
            internet.during_post()
        internet.call("write")
        headers["Host"] = host  # behind the first line
        early = getattr(serves, "early", None)  # a test's own server may have none
        answer = early and early(headers)
        answer = answer or _answer(serves, timeout, method, "/" + path, headers, data)
        status, fields, body = answer
        internet.call("read")
        if status == "garbage":
            raise ValueError("HTTP error: BadStatusLine:\n%s" % body.split(None, 2))
        redirect = _read_headers(status, fields, parse_headers)
    except OSError:
        s.close()
        raise
    if redirect:
        s.close()
        headers.pop("Host", None)
        if status in (301, 302, 303):
            return request("GET", redirect, None, None, headers, stream)
        return request(method, redirect, data, json, headers, stream)
    return Response(status, s)


def _answer(serves, timeout, method, path, headers, data):
    late_ms = getattr(serves, "latency_ms", 0)
    if timeout and late_ms > timeout * 1000:  # taken, but its answer comes too late
        serves.latency_ms = timeout * 1000
        serves.handle(method, path, headers, bytes(data or b""))
        serves.latency_ms = late_ms
        raise OSError(110)
    try:
        return serves.handle(method, path, headers, bytes(data or b""))
    except OSError as e:
        if e.args[0] == 110:  # a server that is silent
            internet.wait_out(timeout)
        raise


def _read_headers(status, fields, parse_headers):
    redirect = None
    for name in fields:
        if name == "Transfer-Encoding" and __version__ < "1":
            raise ValueError("Unsupported Transfer-Encoding: chunked")
        if name == "Location" and not 200 <= status <= 299:
            if status not in (301, 302, 303, 307, 308):
                raise NotImplementedError("Redirect %d not yet supported" % status)
            redirect = fields[name]
        parse_headers(b"%s: %s\r\n" % (name.encode(), fields[name].encode()), {})
    return redirect
