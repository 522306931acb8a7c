"""A server in front of the local server, which answers in every way there is, good and bad.

Whether a POST is passed on to the local server, which checks and stores it, and what goes back to
the board, byte by byte, is for a test to say.
"""

import contextlib
import functools
import http.client
import socket
import struct
import threading
import time

END_S = 5  # longer than this nothing here waits for a board


class Connection:
    """One connection of a board's, in a thread of its own.

    `requests` counts what it asked for, `received` all bytes of that; `since` and `until` are
    when it was accepted and when it was over (time.monotonic).
    """

    def __init__(self, plain):
        self.socket = plain
        self.requests = self.received = 0
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
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        size = next(int(n[15:]) for n in lines if n.lower().startswith("content-length:"))
        while len(body) < size:
            more = self.read()
            if not more:
                return None
            body += more
        self._rest = body[size:]
        self.requests += 1
        return lines, body[:size]

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
    """Listens on a port of 127.0.0.1 while in `with`; `bucket_url`, `ingest_url` are for a board.

    answer: a function of a Connection and of store(), which passes the POST on and returns the
    local server's status; it answers, see good().
    context: an ssl.SSLContext for TLS. greet: called with each Connection before anything else
    (True: go on). idle_s: a connection on which nothing comes for so long is closed. All may be
    changed meanwhile. `connections` lists all there were.
    """

    def __init__(self, server, answer=good, context=None, greet=None, idle_s=END_S):
        self.server = server
        self.answer = answer
        self.context = context
        self.greet = greet
        self.idle_s = idle_s
        self.connections = []
        self._threads = []
        self._ending = False

    def __enter__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        scheme = "https" if self.context else "http"
        old = f"http://127.0.0.1:{self.server.port}"
        self.bucket_url, self.ingest_url = (
            url.replace(old, f"{scheme}://127.0.0.1:{self.port}")
            for url in (self.server.bucket_url, self.server.ingest_url)
        )
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *_):
        self._ending = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._accepting.join()
        self._listening.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def received(self):
        """Bytes that boards sent, those of TLS itself not among them."""
        return sum(c.received for c in self.connections)

    def _accept(self):
        while True:
            connection = Connection(self._listening.accept()[0])
            if self._ending:
                connection.close()
                return
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

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
        del headers["Host"]
        onward = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=END_S)
        try:
            onward.request("POST", path, body, headers)
            return onward.getresponse().status
        finally:
            onward.close()


def longest_step_s(desk):
    """The longest that a program on the desk was held up, from one reading to the next."""
    at_ns = [note["ns"] for note in desk.notes()]
    return max(after - before for before, after in zip(at_ns, at_ns[1:], strict=False)) / 10**9
