"""A server in front of the local server, which answers in every way there is, good and bad.

Whether a POST is passed on to the local server, which checks and stores it, and what goes back to
the board, byte by byte, is for an answer to say: a test's own, or one of faults.py.
"""

import contextlib
import functools
import http.client
import socket
import ssl
import struct
import threading
import time

END_S = 5  # longer than this nothing here waits for a board
NOBODY = "http://192.0.2.1/"  # TEST-NET-1 (RFC 5737)
_KEPT = 10_000  # of `connections`
_BODIES_KEPT = 100  # of the latest of them
_AT_ONCE = 250
_HEAD_LIMIT_BYTES = 65536
_BODY_LIMIT_BYTES = 2_000_000
_PAUSE_S = 0.2


class Connection:
    """One connection of a board's, in a thread of its own.

    What does not speak HTTP as a board does is taken for one that has hung up. `requests` counts
    what it asked for, `body` is the latest request's, `received` counts all bytes; `since` and
    `until` are when it was accepted and when it was over (time.monotonic).
    """

    def __init__(self, plain, front):
        self.socket = plain
        self.front = front
        self.requests = self.received = 0
        self.body = b""
        self.since, self.until = time.monotonic(), None
        self.error = None  # of the TLS handshake
        self._rest = b""

    def read(self):
        """The next bytes; b"" at the end."""
        data = self.socket.recv(65536)
        self.received += len(data)
        return data

    def request(self):
        """The next request: (head, a list of lines; body). None where there is none any more."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            more = self.read()
            if not more or len(data) > _HEAD_LIMIT_BYTES:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if len(lines[0].split()) < 2 or not all(": " in line for line in lines[1:]):
            return None
        sizes = [n[15:].strip() for n in lines if n.lower().startswith("content-length:")]
        size = int(sizes[0]) if sizes and sizes[0].isdecimal() else 0
        if size > _BODY_LIMIT_BYTES:
            return None
        while len(body) < size:
            more = self.read()
            if not more:
                return None
            body += more
        self._rest = body[size:]
        self.body = body[:size]
        self.requests += 1
        return lines, self.body

    def send(self, *parts, pause_s=0):
        """Send each part on its own, with a pause behind each."""
        for part in parts:
            self.socket.sendall(part)
            if pause_s:
                time.sleep(pause_s)

    def drip(self, data, pause_s=0.0):
        self.send(*(data[i : i + 1] for i in range(len(data))), pause_s=pause_s)

    def reset(self):
        """End it at once, with a RST in place of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()

    def wait_for_the_end(self):
        """Read on, without an answer, until the board hangs up."""
        while self.read():
            pass


def good(connection, store):
    """The usual answer. Like every answer: True where the connection may go on."""
    connection.send(b"HTTP/1.1 %d Fine\r\nContent-Length: 0\r\n\r\n" % store())
    return True


class Front:
    """Listens while in `with`, in front of a LocalServer; its `bucket_url` and `ingest_url` are
    for a board, what else a board's config.json needs is the server's.

    answer: a function of a Connection and of store(), which passes the POST on and returns the
    local server's status; it answers, see good(). context: an ssl.SSLContext for TLS. greet:
    called with each Connection before anything else (True: go on). idle_s: a connection on which
    nothing comes for so long is closed. elsewhere: where redirects lead. pace_s: how slowly a slow
    answer comes. refused_s: for how long the fault `refused` lets nothing listen; None: until
    listen(). All may be changed meanwhile. `connections` lists the latest there were.
    """

    def __init__(
        self,
        server,
        answer=good,
        context=None,
        greet=None,
        idle_s=END_S,
        *,
        host="127.0.0.1",
        port=0,
        elsewhere=NOBODY,
        pace_s=1.0,
        refused_s=0.1,
    ):
        self.server = server
        self.answer = answer
        self.context = context
        self.greet = greet
        self.idle_s = idle_s
        self.host = host
        self.port = port
        self.elsewhere = elsewhere
        self.pace_s = pace_s
        self.refused_s = refused_s
        self.connections = []
        self._threads = []
        self._turning = threading.Lock()
        self._holding = self._listening = self._accepting = self._back = None
        self._ended = False

    def __getattr__(self, name):
        return getattr(self.server, name)  # key, api, address, ntp_host, ca_file, ...

    def __enter__(self):
        self._holding = self._bound()  # the port stays ours, also while nothing listens
        self.port = self._holding.getsockname()[1]
        self.listen()
        scheme = "https" if self.context else "http"
        self.url = f"{scheme}://{self.server.address}:{self.port}"
        self.bucket_url, self.ingest_url = (
            url.replace(self.server.url, self.url, 1)
            for url in (self.server.bucket_url, self.server.ingest_url)
        )
        return self

    def __exit__(self, *_):
        self._ended = True
        self.refuse()
        self._holding.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def received(self):
        """Bytes that boards sent, those of TLS itself not among them."""
        return sum(c.received for c in self.connections)

    def refuse(self, seconds=None):
        """From now on connections are refused, for so long or until listen()."""
        with self._turning:
            if self._accepting:
                stopping, self._accepting = self._accepting, None
                address = "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host
                socket.create_connection((address, self.port)).close()
                stopping.join()
                self._listening.close()
            if self._back:
                self._back.cancel()
                self._back = None
            if seconds is not None:
                self._back = threading.Timer(seconds, self.listen)
                self._back.daemon = True
                self._back.start()

    def listen(self):
        """The end of refuse()."""
        with self._turning:
            if not self._accepting and not self._ended:
                self._listening = self._bound()
                self._listening.listen(128)
                self._accepting = threading.Thread(target=self._accept, daemon=True)
                self._accepting.start()

    def _bound(self):
        # Any number may be bound, of which one listens. (Linux wants the first option, BSD both.)
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((self.host, self.port))
        return bound

    def _accept(self):
        while True:
            try:
                plain = self._listening.accept()[0]
            except OSError:  # no descriptor is left, for one
                time.sleep(_PAUSE_S)
                continue
            if self._accepting is not threading.current_thread():
                plain.close()
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if len(self._threads) >= _AT_ONCE:
                plain.close()
                continue
            connection = Connection(plain, self)
            self.connections.append(connection)
            if len(self.connections) > _BODIES_KEPT:
                self.connections[-_BODIES_KEPT - 1].body = b""
            if len(self.connections) > _KEPT:
                del self.connections[: _KEPT // 2]
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        plain = connection.socket
        plain.settimeout(self.idle_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.greet and not self.greet(connection):
                return
            if self.context:
                try:
                    connection.socket = self.context.wrap_socket(plain, server_side=True)
                except OSError as e:
                    connection.error = e
                    return
            while request := connection.request():
                if not self.answer(connection, functools.partial(self._pass_on, *request)):
                    return
        except OSError:
            pass  # the board has hung up, or was idle
        finally:
            connection.close()
            plain.close()
            connection.until = time.monotonic()

    def _pass_on(self, lines, body):
        path = lines[0].split()[1]
        headers = dict(line.split(": ", 1) for line in lines[1:])
        headers = {n: v for n, v in headers.items() if n.lower() not in ("host", "connection")}
        to = self.server.address, self.server.port
        if self.server.ca_file:
            trusted = ssl.create_default_context(cafile=self.server.ca_file)
            onward = http.client.HTTPSConnection(*to, timeout=END_S, context=trusted)
        else:
            onward = http.client.HTTPConnection(*to, timeout=END_S)
        try:
            onward.request("POST", path, body, headers)
            return onward.getresponse().status
        except (http.client.HTTPException, ValueError) as e:  # of what was to be passed on
            raise ConnectionError(str(e)) from None
        finally:
            onward.close()
