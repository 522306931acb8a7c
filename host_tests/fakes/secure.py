"""Imitates what a board's `tls` (extmod/modtls_mbedtls.c) does with a socket, without a byte of
cryptography: MicroPython has `tls` built in, and that wants real sockets.

The handshake comes with the first read or write. What goes wrong in it does so at internet.call():
"tls" is wrap_socket(), "handshake" the rest. Of a certificate only the beginning is looked at; of
several DERs in one buffer the first is taken. A Pico W's firmware up to 1.28 not `reads_pem`.
"""

import internet

PROTOCOL_TLS_CLIENT = CERT_NONE = 0
CERT_REQUIRED = 2
reads_pem = True


class SSLContext:
    def __init__(self, protocol):
        self.verify_mode = CERT_REQUIRED
        self.roots = []

    def load_verify_locations(self, data):
        size = 4 + int.from_bytes(data[2:4], "big")
        if data[:2] == b"\x30\x82" and len(data) >= size:
            self.roots.append(data[:size])
        elif reads_pem and b"-----BEGIN CERTIFICATE-----" in data:
            self.roots.append(data)
        else:
            raise ValueError("invalid cert")

    def wrap_socket(self, sock, server_hostname=None, do_handshake_on_connect=True):
        internet.call("tls")
        return Stream(sock)


class Stream:
    """Closing it closes the socket below, unless it has failed: then it has let go of that."""

    def __init__(self, sock):
        self._sock = sock
        self._error = None
        self._shaken = False

    @property
    def connection(self):
        return self._sock.connection

    def aborted(self):
        return self._sock.aborted()

    def connects(self, at_most_ms):
        return self._sock.connects(at_most_ms)

    def failed(self):
        return self._sock.failed()

    def _shake(self):
        if self._error:
            raise self._error  # every later call
        if not self._shaken:
            try:
                internet.call("handshake")
            except OSError as e:
                self._error = e
                raise
            self._shaken = True

    def write(self, data):
        self._shake()
        return self._sock.write(data)

    def readinto(self, buf):
        self._shake()
        return self._sock.readinto(buf)

    def readline(self, size=-1):
        self._shake()
        return self._sock.readline(size)

    def close(self):
        if not self._error:
            self._sock.close()
