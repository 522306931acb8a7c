"""An SNTP server for the bench: tells this machine's time over UDP (RFC 4330, unicast).

It answers client requests (mode 3, version 1 to 4, at least 48 bytes) and stays silent on all
else. Three settings, free to change while it runs, make it a bad server on purpose:
`ntp_silent`, `ntp_offset_s` (it is wrong by so much), `ntp_delay_s` (a slow network's round trip:
half of it before the question is stamped as received, half after the answer is stamped). Its
stratum is 1 with the reference "LOCL": a clock that nobody vouches for.
"""

import contextlib
import socket
import struct
import threading
import time

_PACKET = struct.Struct("!BBbbII4sQQQQ")
_UNIX_TO_NTP_S = 2_208_988_800
_PRECISION_LOG2_S = -20
_ROOT_DISPERSION_16_16 = 1 << 6  # about a millisecond


def timestamp(unix_ns):
    """A 64-bit NTP timestamp (seconds since 1900 and their binary fraction; wraps in 2036)."""
    seconds, ns = divmod(unix_ns, 1_000_000_000)
    return ((seconds + _UNIX_TO_NTP_S & 0xFFFFFFFF) << 32) | (ns << 32) // 1_000_000_000


def reply(request, now_ns, offset_ns=0):
    """The answer to the packet `request` (bytes), None where it deserves none.

    now_ns: gives Unix time in ns; the answer is `offset_ns` ahead of it."""
    received = timestamp(now_ns() + offset_ns)
    if len(request) < _PACKET.size:
        return None
    version, mode = request[0] >> 3 & 7, request[0] & 7
    if mode != 3 or not 1 <= version <= 4:
        return None
    return _PACKET.pack(
        version << 3 | 4,
        1,
        struct.unpack("b", request[2:3])[0],
        _PRECISION_LOG2_S,
        0,
        _ROOT_DISPERSION_16_16,
        b"LOCL",
        received,
        int.from_bytes(request[40:48], "big"),
        received,
        timestamp(now_ns() + offset_ns),
    )


class SntpServer:
    """The responder on `host`:`port` (0: any free one, told by `.port`), in a thread of its own.

    settings: an object with the attributes ntp_silent, ntp_offset_s and ntp_delay_s.
    Raises OSError where the port cannot be had."""

    def __init__(self, host, port, settings):
        self._settings = settings
        self._closing = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except BaseException:
            self._socket.close()
            raise
        self.port = self._socket.getsockname()[1]
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._run, name="sntp", daemon=True)
        self._thread.start()

    def close(self):
        self._closing.set()
        with contextlib.suppress(OSError):  # wakes the thread; where it cannot, its time-out does
            self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _run(self):
        while not self._closing.is_set():
            # Beside a time-out, an earlier answer's ICMP error can surface here as OSError.
            with contextlib.suppress(OSError):
                request, client = self._socket.recvfrom(1024)
                if self._settings.ntp_silent:
                    continue
                one_way_s = self._settings.ntp_delay_s / 2
                self._closing.wait(one_way_s)
                answer = reply(request, time.time_ns, int(self._settings.ntp_offset_s * 1e9))
                if answer:
                    self._closing.wait(one_way_s)
                    self._socket.sendto(answer, client)
