"""Imitates what a board's `tls` (extmod/modtls_mbedtls.c) does with a socket, without a byte of
cryptography: MicroPython has `tls` built in, and that wants real sockets.

The handshake comes with the first read or write. What goes wrong in it does so at internet.call():
"tls" is wrap_socket(), "handshake" the rest.
"""

import internet


class Context:
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
    def line(self):
        return self._sock.line

    def aborted(self):
        return self._sock.aborted()

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
