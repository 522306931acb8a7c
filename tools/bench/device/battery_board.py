"""An ESP32 on a battery, for battery.py: the simulator's stand-ins in virtual time, real sockets.

What costs a board time lets virtual time pass, by `costs`, a dict of milliseconds:

    boot_ms       from the end of a deep sleep until main.py begins
    join_ms       from connect() until the access point lets the board in, and dhcp_ms from then on
    trip_ms       a packet's way to a server and back: for a look-up, a connect, an answer
    handshake_ms  the arithmetic of a TLS handshake, whose packets come beside that
    erase_ms      a sector of flash, and program_ms for up to 256 bytes of it
    slower        so many times as long as here takes what MicroPython itself does

and by nothing else: what this PC's own sockets, TLS and flash take is left out. The time server is
in here, for it has to live in virtual time. What is counted is in `counts`.

Not imitated: the sensors, a program's own compilation, a packet that gets lost.
"""

import gc
import io
import select as real_select
import socket as real_socket
import sys
import time

import machine
import machine_sleep
import network
import tls as real_tls
import utime
import vfs

NTP = "time.test"
_SECTOR = 4096
_PAGE = 256
_SECTORS = 24
_ANSWER_MS = 5000
_POLL, _CLOSE = 3, 4  # MP_STREAM_POLL, MP_STREAM_CLOSE
_NO = -22  # EINVAL
_TO_UNIX_S = 2208988800  # from 1900, as NTP counts

costs = {}
counts = {"wakes": 0, "connections": 0, "sent": 0, "erases": 0, "programmed": 0, "joins": 0}
began_unix_s = 0
_depth = 0  # of calls that take no time of the board's
_mark = 0
_open = []
_modules = set()


class Outside:
    """`with outside:` takes this PC's time, not the board's; what MicroPython has done before it
    is counted now."""

    def __enter__(self):
        global _depth
        if not _depth:
            settle()
        _depth += 1

    def __exit__(self, *_):
        global _depth, _mark
        _depth -= 1
        if not _depth:
            _mark = utime.clock()


outside = Outside()


def settle():
    """What MicroPython has done since the last time takes the board's time."""
    global _mark
    now = utime.clock()
    time.advance((now - _mark) * 1000 * costs["slower"])
    _mark = now


class Stream(io.IOBase):
    """A socket, or TLS on one."""

    def __init__(self, real, is_tls=False):
        self.real = real
        self._is_tls = is_tls
        self._asked = False  # it has sent something that was not answered yet
        self._blocks = True
        self._poll = real_select.poll()
        self._poll.register(real, real_select.POLLIN)

    def connect(self, address):
        with outside:
            counts["connections"] += 1
            self.real.connect(address)
            self.real.setsockopt(6, 1, 1)  # TCP_NODELAY: else this PC would wait
            self.real.setblocking(self._blocks)
            time.advance(costs["trip_ms"])

    def setblocking(self, blocks):
        self._blocks = blocks

    def settimeout(self, seconds):
        self._blocks = seconds != 0

    def setsockopt(self, *_):
        pass

    def _answered(self):
        # On a board it takes a packet's way to the server and back.
        if self._asked and not self._is_tls:
            self._asked = False
            self._poll.modify(self.real, real_select.POLLIN)
            self._poll.poll(_ANSWER_MS)
            time.advance(costs["trip_ms"])

    def write(self, data):
        with outside:
            sent = self.real.write(data)
            self._asked = True
            if sent and not self._is_tls:
                counts["sent"] += sent
            return sent

    def readinto(self, buf, *size):
        with outside:
            self._answered()
            return self.real.readinto(buf, *size)

    def read(self, *size):
        with outside:
            self._answered()
            return self.real.read(*size)

    recv = read

    def readline(self, *size):
        with outside:
            self._answered()
            return self.real.readline(*size)

    def ioctl(self, request, argument):
        with outside:
            if request == _CLOSE:
                self.close()
                return 0
            if request != _POLL:
                return _NO  # least of all a file's number
            self._poll.modify(self.real, argument & (real_select.POLLIN | real_select.POLLOUT))
            # A board that has nothing else to do waits for the answer: so does this.
            waits = self._asked and not argument & real_select.POLLOUT
            if self._is_tls:
                self._asked = False
            found = self._poll.poll(_ANSWER_MS if waits else 0)
            return found[0][1] if found else 0

    def close(self):
        with outside:
            self.real.close()
            if self in _open:
                _open.remove(self)


class Ntp(io.IOBase):
    """A datagram socket, and the one who answers: RFC 4330."""

    def __init__(self):
        self._question = b""

    def connect(self, address):
        pass

    def setblocking(self, blocks):
        pass

    settimeout = setblocking

    def send(self, question):
        counts["sent"] += len(question)
        self._question = bytes(question)

    def sendto(self, question, address):
        self.send(question)

    def recv(self, size):
        with outside:
            half_ms = costs["trip_ms"] // 2
            time.advance(half_ms)
            unix_us = began_unix_s * 1000000 + time.up_us()
            seconds, us = divmod(unix_us, 1000000)
            now = (seconds + _TO_UNIX_S).to_bytes(4, "big")
            now += ((us << 32) // 1000000).to_bytes(4, "big")
            head = b"\x24\x01\x00\xec" + bytes(12)
            time.advance(half_ms)
            return head + now + self._question[40:] + now + now

    def ioctl(self, request, argument):
        return argument & real_select.POLLIN if request == _POLL else _NO

    def close(self):
        pass


class Sockets:
    """The module `socket`."""

    def __getattr__(self, name):
        return getattr(real_socket, name)

    def getaddrinfo(self, name, port, *more):
        with outside:
            time.advance(costs["trip_ms"])
            return real_socket.getaddrinfo("127.0.0.1", port, *more)

    def socket(self, *how):
        if real_socket.SOCK_DGRAM in how[1:2]:
            return Ntp()
        with outside:
            _open.append(Stream(real_socket.socket(*how)))
            return _open[-1]


class Context:
    """tls.SSLContext."""

    def __init__(self, *protocol):
        self._real = real_tls.SSLContext(*protocol)

    @property
    def verify_mode(self):
        return self._real.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._real.verify_mode = mode

    def load_verify_locations(self, data):
        self._real.load_verify_locations(data)

    def wrap_socket(self, sock, **named):
        with outside:
            time.advance(costs["handshake_ms"])
            return Stream(self._real.wrap_socket(sock, **named), True)


class Tls:
    """The module `tls`."""

    SSLContext = Context

    def __getattr__(self, name):
        return getattr(real_tls, name)


class Flash:
    """A block device: sectors that are erased before they are written."""

    def __init__(self):
        self._image = bytearray(_SECTORS * _SECTOR)

    def readblocks(self, sector, buf, offset=0):
        with outside:
            at = sector * _SECTOR + offset
            buf[:] = memoryview(self._image)[at : at + len(buf)]

    def writeblocks(self, sector, buf, offset=0):
        with outside:
            at = sector * _SECTOR + offset
            self._image[at : at + len(buf)] = buf
            counts["programmed"] += len(buf)
            time.advance(costs["program_ms"] * (len(buf) + _PAGE - 1) // _PAGE)

    def ioctl(self, what, sector):
        if what == 4:
            return _SECTORS
        if what == 5:
            return _SECTOR
        if what == 6:
            with outside:
                counts["erases"] += 1
                time.advance(costs["erase_ms"])
        return 0


def _joining():
    settle()
    counts["joins"] += 1


def power_up(given, unix_s):
    """A new board, with files at /flash; the true time is `unix_s`."""
    global began_unix_s, _mark
    costs.update(given)
    began_unix_s = unix_s
    network.style = machine.style = "esp32"
    network.join_ms, network.dhcp_ms = costs["join_ms"], costs["dhcp_ms"]
    network.air["home"] = "home-password"
    network.failing.update({"active": settle, "isconnected": settle, "connect": _joining})
    time.power_up("esp32")
    sys.modules["socket"], sys.modules["tls"] = Sockets(), Tls()
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    _modules.update(sys.modules)


def live(main, seconds):
    """Call main() after each start, until that time is over. -> what there is to tell of it"""
    global _mark
    counts["erases"] = counts["programmed"] = 0  # what is in flash already is not of this day
    began_us = time.up_us()
    while time.up_us() - began_us < seconds * 1000000:
        time.advance(costs["boot_ms"])
        time.restart_by_rtc()  # the ticks begin when it has booted
        counts["wakes"] += 1
        _mark = utime.clock()
        try:
            main()
            raise RuntimeError("main() has to end with a deep sleep")
        except machine.Reset as e:
            if e.args[0] != "deepsleep":
                raise
        network.power_cycle()
        _forget()
    asleep_s = machine_sleep.asleep_us["deep"] / 1000000
    told = {"awake_s": (time.up_us() - began_us) / 1000000 - asleep_s, "asleep_s": asleep_s}
    told["radio_s"] = network.radio_on_us() / 1000000
    told.update(counts)
    return told


def _forget():
    # What was in memory.
    for name in list(sys.modules):
        if name not in _modules:
            del sys.modules[name]
    for stream in list(_open):
        stream.close()
    gc.collect()
