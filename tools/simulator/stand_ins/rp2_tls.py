"""Imitates an rp2's `tls`: extmod/modtls_mbedtls.c as ports/rp2/mbedtls configures it up to
MicroPython 1.28, on top of the `tls` that a PC's MicroPython has built in.

What a PC's does otherwise:
- PEM is refused: MBEDTLS_PEM_PARSE_C is not defined there. (Of two DERs in one buffer both take
  the first alone.)
- The buffers of a connection come from MicroPython's heap (MICROPY_MBEDTLS_CONFIG_BARE_METAL):
  what it does not have in one piece is MBEDTLS_ERR_SSL_ALLOC_FAILED, OSError(12).
- `starved` is a list of the places where memory is to run out next, in that order: "setup" is
  wrap_socket(), "handshake" the first use of what that returns.
Not imitated: that an open connection keeps those buffers, and a handshake's seconds.

Found as `rp2_tls`, for a built-in module is found before any file; who starts a board puts it in
its place.
"""

import io

import tls

_IN_BYTES = 16717  # MBEDTLS_SSL_IN_CONTENT_LEN and what a record has around it
_OUT_BYTES = 4429
_ENOMEM = 12
_POLL = 3  # MP_STREAM_POLL

starved = []

globals().update({name: getattr(tls, name) for name in dir(tls) if name.upper() == name})


class SSLContext:
    """It takes what the built-in one takes, by position where that does."""

    def __init__(self, *protocol):
        self._real = tls.SSLContext(*protocol)

    def __getattr__(self, name):
        return getattr(self._real, name)

    @property
    def verify_mode(self):
        return self._real.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._real.verify_mode = mode

    def load_verify_locations(self, *cadata):
        for data in cadata:
            if (b"-----BEGIN" if isinstance(data, bytes) else "-----BEGIN") in data:
                raise ValueError("invalid cert")
        self._real.load_verify_locations(*cadata)

    def wrap_socket(self, sock, **named):
        where = starved.pop(0) if starved else None
        if where == "handshake" and not named.get("do_handshake_on_connect", True):
            return _Starved()
        if where:
            raise OSError(_ENOMEM)
        if not _is_room():
            raise OSError(_ENOMEM)
        return self._real.wrap_socket(sock, **named)


def _is_room():
    try:
        return bytearray(_IN_BYTES), bytearray(_OUT_BYTES)
    except MemoryError:
        return None


class _Starved(io.IOBase):
    """An SSLSocket whose handshake, which comes with the first read or write, gets no memory. It
    does not close what is below it, as the real one, which has let go of it."""

    def write(self, data):
        raise OSError(_ENOMEM)

    def readinto(self, buf):
        raise OSError(_ENOMEM)

    def readline(self, size=-1):
        raise OSError(_ENOMEM)

    def ioctl(self, request, argument):
        return argument if request == _POLL else 0

    def close(self):
        pass
