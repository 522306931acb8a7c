"""One look-up of a name's IPv4 addresses (RFC 1035), in steps that never wait longer than asked.

One question, of a random id and from a random port, goes to one DNS server; where that is silent
it is sent again after 0.5, 1 and 2 s, and given up 4 s later. The socket is connected: only the
server that was asked is heard. What does not bring back the question as it was sent, its id, name
(in the same case), type and class, is passed over; the id alone will do for one without an answer.

An answer to it ends the look-up, whatever it is. CNAMEs are followed within it, over at most
eight names. One that was cut, whose counts or lengths lie, or whose names are too long or point
anywhere but backwards (RFC 1035, section 4.1.4), is refused as a whole. 0.0.0.0 is no address: it
is what filters answer.

Invariant: an address that is returned was in an answer to this question.
"""

import errno
import os
import select
import socket
import struct
import time

from micropython import const

PORT = 53  # (a test's server has another one)
_PORTS = const(0xC000)  # from there to 65535 is where a random one is (RFC 6335, section 6)
_PAUSE_MS = const(500)  # until the first repetition; each further one takes twice as long
_BYTES = const(512)  # of an answer at most (RFC 1035, section 4.2.1)
_PACKETS = const(8)  # that many are looked at in one step
_NAMES = const(8)  # in a chain of CNAMEs
_NAME_BYTES = const(255)
_LEAST_S = const(10)  # of a TTL, and
_MOST_S = const(3600)
_A = const(1)
_CNAME = const(5)
SILENT = "the DNS server is silent"
_BROKEN = "a broken DNS answer"
_UNKNOWN = "no such name"


class LookUp:
    """Looks `name` up at `server`, an IPv4 address. OSError: that can be no name.

    `answered`: the server has answered, good or not. `ttl_s`: so long the addresses may be used,
    10 s to an hour. `socket`: what the next step reads from; None before the first one.
    `questions`: after so many without an answer it is given up.
    """

    questions = 4

    def __init__(self, name, server):
        self._question = _question(name)
        self._server = server
        self.socket = self._poll = None
        self._asked = 0  # questions that were sent
        self._sent = 0  # ticks of the latest
        self.answered = False
        self.ttl_s = 0

    def step(self, wait_ms):
        """Go on, and wait for an answer for at most `wait_ms`. The addresses, at least one, in the
        server's order; None as long as nothing has come. OSError: why there are none, a sentence's
        part, or the port's number. In the end, and after an exception, close() is for the caller
        to call."""
        began = time.ticks_ms()
        if not (self._asked and self._poll):  # (an exception may have left it in the middle)
            self._ask()
        for _ in range(_PACKETS):
            left_ms = wait_ms - time.ticks_diff(time.ticks_ms(), began)
            if not self._poll.poll(max(0, min(left_ms, self._pause_ms()))):
                break
            try:
                packet = self.socket.recv(_BYTES)
            except OSError as e:
                if e.args and e.args[0] == errno.EAGAIN:
                    break  # one with a wrong checksum
                raise
            if self._is_answer(packet):
                self.answered = True
                addresses, self.ttl_s = _read(packet, len(self._question))
                return addresses
        if not self._pause_ms():
            self._ask()
        return None

    def close(self):
        """Leave no socket open, whatever has left a step."""
        self._poll = None
        if self.socket:
            try:
                self.socket.close()
            except OSError:
                pass  # it was broken already
            self.socket = None

    def _ask(self):
        if self._asked == self.questions:
            raise OSError(SILENT)
        if not self._poll:
            self.close()  # where an exception has left this in the middle
            where = socket.getaddrinfo(self._server, PORT)[0]
            self.socket = s = socket.socket(where[0], socket.SOCK_DGRAM)
            s.setblocking(False)
            port = _PORTS | int.from_bytes(os.urandom(2), "big")
            try:  # lwIP counts its ports up (src/core/udp.c, udp_new_port): others could guess it
                s.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
            except OSError:
                pass  # another socket of this board has it
            s.connect(where[-1])
            poll = select.poll()
            poll.register(s, select.POLLIN)
            self._poll = poll
        self.socket.send(self._question)
        self._sent = time.ticks_ms()
        self._asked += 1

    def _pause_ms(self):
        # Until the question is sent again. (Of more than six days nothing is known: it is over.)
        passed_ms = time.ticks_diff(time.ticks_ms(), self._sent)
        pause_ms = _PAUSE_MS << self._asked - 1
        return max(0, pause_ms - passed_ms) if passed_ms >= 0 else 0

    def _is_answer(self, packet):
        # QR is set, the opcode is QUERY; one question, and that is ours.
        asked = self._question
        if len(packet) < 12 or packet[:2] != asked[:2] or packet[2] & 0xF8 != 0x80:
            return False
        if packet[4:6] == b"\0\0":  # some servers leave it out where there is no answer
            return packet[2] & 2 or packet[3] & 15
        return packet[4:6] == asked[4:6] and packet[12 : len(asked)] == asked[12:]


def _question(name):
    wire = b""
    for label in (name[:-1] if name.endswith(".") else name).encode().split(b"."):
        if not 0 < len(label) < 64:
            raise OSError(_UNKNOWN)
        wire += bytes((len(label),)) + label
    if len(wire) >= _NAME_BYTES:
        raise OSError(_UNKNOWN)
    # Recursion is desired; an address (A) of the internet (IN) is asked for.
    return os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + wire + b"\0\0\1\0\1"


def _read(packet, at):
    # (addresses, ttl_s) of an answer whose records begin `at`.
    code = packet[3] & 15
    if code:
        words = {2: "the DNS server has failed", 3: _UNKNOWN}
        raise OSError(words.get(code) or "the DNS server refuses, %d" % code)
    if packet[2] & 2:
        raise OSError("a DNS answer that is too long")
    owner, _ = _name(packet, 12)
    records = []
    for _ in range(packet[6] << 8 | packet[7]):
        name, at = _name(packet, at)
        if at + 10 > len(packet):
            raise OSError(_BROKEN)
        kind, group, high, low, size = struct.unpack_from(">5H", packet, at)
        at += 10
        if at + size > len(packet):
            raise OSError(_BROKEN)
        if group == 1 and kind == _A:
            if size != 4:
                raise OSError(_BROKEN)
            value = "%d.%d.%d.%d" % tuple(packet[at : at + 4])
        elif group == 1 and kind == _CNAME:
            value, end = _name(packet, at)
            if end != at + size:
                raise OSError(_BROKEN)
        else:
            value = None
        if value:
            # A TTL of more than 31 bits is none (RFC 2181, section 8).
            ttl_s = low if not high else 0 if high & 0x8000 else _MOST_S
            records.append((name, kind, value, ttl_s))
        at += size
    return _addresses(owner, records)


def _addresses(owner, records):
    most_s = _MOST_S
    for _ in range(_NAMES):
        found = []
        alias = None
        for name, kind, value, ttl_s in records:
            if name == owner:
                most_s = min(most_s, ttl_s)
                if kind == _CNAME:
                    alias = value
                elif value != "0.0.0.0" and value not in found:
                    found.append(value)
        if found:
            return found, max(_LEAST_S, most_s)
        owner = alias
    raise OSError("no address")


def _name(packet, at):
    # The name that lies there, as labels with their lengths, in lower case; and where it ends.
    # Each pointer leads to before all that was read of the name: so there is an end to them.
    name = b""
    begin, end = at, 0
    while len(name) <= _NAME_BYTES and at < len(packet):
        size = packet[at]
        if size < 64:
            name += packet[at : at + 1 + size]
            at += 1 + size
            if not size and len(name) <= _NAME_BYTES:
                return name.lower(), end or at
        else:
            to = (size & 0x3F) << 8 | packet[at + 1] if at + 1 < len(packet) else 0
            if size < 0xC0 or not 12 <= to < begin:
                break
            end = end or at + 2
            at = begin = to
    raise OSError(_BROKEN)
