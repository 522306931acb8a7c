"""What a Logger knows, kept in an ESP32's RTC memory through a deep sleep: so sleep is no reboot.
Loaded for one call, before the sleep and after it.

`RTC().memory()` has 2048 bytes (ports/esp32/machine_rtc.c), which outlive deep sleep and every
reset, not a power cut. The setting `rtc_memory` says which of them are islog's; without it all
are, unless something else is there. The program's own bytes, before and behind, stay as they are.

    "iL", FORMAT, ASLEEP or AWAKE   4 bytes
    size of what follows, CRC-32    4 bytes each, little endian
    the boot and the bucket         8 bytes (spool.py)
    numbers                         32 bits each: the RTC's, then what the tables below name
    the syncs of the clock          18 bytes each (packing.py)
    readings                        their signals, and their words as they lay in the ring
    "iL"                            so that one flipped bit does not make it something else

ASLEEP was written before a deep sleep. It is AWAKE once it was read: if the board is reset then
without going to sleep, it is not known how long ago that was. Once the server has answered, all
is forgotten: a reset is a new start then, and nothing is sent again.
"""

import binascii
import json
import os
import struct
import time

import machine
from micropython import const

from . import packing
from .leaps import shift
from .ring import words_of
from .wifi import UP, quietly

FORMAT = const(1)  # grows with each change of what follows the head
_MAGIC = b"iL"
_HEAD = const(12)
_ASLEEP = const(1)
_AWAKE = const(2)
_BYTES = const(2048)
_HAS_EPOCH = const(0x80000)  # bit 19 of word 1 (ring.py): the caller gave the time
_SIGNAL = const(0x1FC00)  # bits 10-16: the number of the signal
_LONGEST_MS = const(2592000000)  # 30 days: what the RTC shows beyond that, somebody has set
_LATE_MS = const(3000)  # a sleep is longer by what the chip's own start takes
_DAY_MS = const(86400000)

# What is kept of each part: attributes that are numbers or None, and pairs of numbers or None.
_CLOCK = "ntp_set ppb last_sent_ms unix_block"
_LEAPS = "rtc_ppm off_ppm slept_ms napped_ms early_ms"
_COUNTS = "sent rejected dropped retries recovered lost"
_UPLINK = "bucket_untried _reported"
_UPLOADS = "failed spread_ms network channel host address_high address_low"
_PAIRS = (("clock", "_checked"), ("leaps", "woke"), ("uploads", "looked_up"))
_NONE = const(-0x80000000)
_SOURCES = ("none", "http", "ntp")
_STATES = ("offline", "no time", "online", "waiting", "refused", "closed")


def has_memory():
    """Whether this board is an ESP32: its RTC counts on through sleep, and has a memory."""
    return hasattr(machine, "RTC") and hasattr(machine.RTC(), "memory")


def part(settings):
    """(first byte, bytes) of the RTC memory that are islog's; None: the board has none, or
    something else is there."""
    if not has_memory():
        return None
    found = machine.RTC().memory()
    foreign = found[:2] != _MAGIC and found[-2:] != _MAGIC and found.strip(b"\0")
    return settings["rtc_memory"] or (None if foreign else (0, _BYTES))


def recall(log, uploads, settings, bucket_id):
    """Go on with what was kept of `log`: its Kept; None: nothing was, or it cannot be used."""
    uploads.rtc = part(settings)
    uploads.who = os.urandom(4) + packing.bucket_key(settings, bucket_id)
    kept = Kept(log, uploads) if uploads.rtc else None
    return kept if kept and kept.read() else None


def _put(where, text):
    first, size = where
    rtc = machine.RTC()
    found = rtc.memory()
    before, behind = found[:first], found[first + size :]
    if behind:
        text += bytes(size - len(text))
    rtc.memory(before + bytes(first - len(before)) + text + behind)


class Kept:
    """What is kept of `log`, a Logger with its Uploads `uploads`."""

    def __init__(self, log, uploads):
        self.log, self.uploads = log, uploads
        self.uplink, self.clock, self.leaps = log._uplink, log._time.clock, log._leaps
        self._answered = 0  # readings, when it was kept
        self._hinted = None  # the address that was known before the sleep

    def look(self):
        """Once the server has answered for readings, what was kept is forgotten."""
        uplink = self.uplink
        answered = uplink.sent + uplink.rejected + uplink.recovered + uplink.lost
        if answered != self._answered:
            _put(self.uploads.rtc, b"")
            self._answered = answered

    def remember(self):
        """To be called before the radio is switched off: what makes the next upload quicker."""
        uploads, radio = self.uploads, self.uploads.radio
        if radio and radio.state == UP:
            uploads.network = radio._next
            uploads.channel = quietly(radio._wlan, "config", "channel") or 0
        known = getattr(self.uplink.transport, "_known", None)
        if known and known is not self._hinted:
            address = [int(n) for n in known[1][0].split(".")]
            uploads.host = binascii.crc32(known[0].encode()) >> 1
            uploads.address_high = address[0] << 8 | address[1]
            uploads.address_low = address[2] << 8 | address[3]
            uploads.looked_up = self.clock.stamp()

    # --- before the sleep

    def packed(self):
        """What packing.pack_readings() makes of the oldest readings, as many as there is room
        for."""
        known = _HEAD + 10 + 4 * len(self._told()) + len(packing.pack_syncs(self.clock))
        most = self.uploads.rtc[1] - known
        found = packing.pack_readings(self.log._ring, most)
        return found if found[2] <= most else (0, 0, 0, ())

    def write(self, ms):
        """Keep it through a deep sleep of `ms` milliseconds."""
        count, _, size, parts = self.packed()
        numbers = self._told(ms, count)
        text = [self.uploads.who, struct.pack("<%di" % len(numbers), *numbers)]
        text.append(packing.pack_syncs(self.clock))
        text = b"".join(text + [bytes(piece) for piece in parts])
        head = struct.pack("<2sBBII", _MAGIC, FORMAT, _ASLEEP, len(text), binascii.crc32(text))
        _put(self.uploads.rtc, head + text + _MAGIC)

    def _told(self, ms=0, count=0):
        log, uplink, clock, uploads = self.log, self.uplink, self.clock, self.uploads
        clock.tick()
        now_s, now_us = divmod(time.time_ns() // 1000, 1000000)
        numbers = [now_s, now_us, ms, count, len(clock.syncs), clock.periods, clock.ticks]
        numbers.append(_SOURCES.index(clock.source))
        numbers.append(_STATES.index(log.state))
        numbers.append(uplink.bucket_wait_ms() is None)
        numbers.append(bool(log._spool and log._spool.has_saved()))
        numbers.append(uploads.due_ms())
        for thing, names in self._tables(log):
            for name in names.split():
                value = getattr(thing, name)
                numbers.append(_NONE if value is None else min(int(value), 0x7FFFFFFF))
        for thing, name in _PAIRS:
            numbers.extend(getattr(getattr(self, thing), name) or (_NONE, _NONE))
        return numbers

    def _tables(self, counts):
        yield counts, _COUNTS
        yield self.clock, _CLOCK
        yield self.leaps, _LEAPS
        yield self.uplink, _UPLINK
        yield self.uploads, _UPLOADS

    # --- after it

    def read(self):
        """Go on with what was kept. True where something was; then `has_saved` is what
        Spool.has_saved() was."""
        first, size = self.uploads.rtc
        kept = machine.RTC().memory()[first : first + size]
        if not kept.strip(b"\0"):
            return False
        mark, made, state, size, crc = struct.unpack("<2sBBII", (kept + bytes(_HEAD))[:_HEAD])
        text = kept[_HEAD : _HEAD + size]
        if mark != _MAGIC or made != FORMAT or len(text) != size or binascii.crc32(text) != crc:
            self.log._on_trouble("what was kept through the sleep is damaged: it is not used")
            return False
        if text[4:8] != self.uploads.who[4:]:
            self.log._on_trouble("what was kept through the sleep is for another bucket")
            return False
        self._take(text, state)
        _put(self.uploads.rtc, kept[:3] + bytes((_AWAKE,)) + kept[4:])
        return True

    def _take(self, text, state):
        log, uplink, clock, uploads = self.log, self.uplink, self.clock, self.uploads
        n = len(self._told())
        numbers = list(struct.unpack_from("<%di" % n, text, 8))
        at_s, at_us, ms, count, syncs, periods, ticks = numbers[:7]
        source, state_then, confirmed, self.has_saved, next_ms = numbers[7:12]
        at = 8 + 4 * n + 18 * syncs
        clock.syncs = packing.unpack_clock(text[8 + 4 * n : at]).syncs if syncs else []
        clock.source, log.state = _SOURCES[source], _STATES[state_then % 5]
        i = 12
        for thing, names in self._tables(uplink):
            for name in names.split():
                setattr(thing, name, None if numbers[i] == _NONE else numbers[i])
                i += 1
        for thing, name in _PAIRS:
            pair = tuple(numbers[i : i + 2])
            setattr(getattr(self, thing), name, None if pair[0] == _NONE else pair)
            i += 2
        if confirmed:
            uplink._bucket_retry = None
        uploads.who = text[:8]
        # The uptime is what it was before the sleep, and then leaps over it.
        shift(
            clock,
            periods * (clock.mask + 1) + ticks - clock.periods * (clock.mask + 1) - clock.ticks,
        )
        uploads.pause(next_ms)
        _append(log._ring, count, text[at:], uplink.batch)
        self._leap(at_s, at_us, ms, state)
        self.leaps.mark()
        self._answered = uplink.sent + uplink.rejected + uplink.recovered + uplink.lost
        self._hint()

    def _hint(self):
        # The radio begins its scan with that channel, and the server is not looked up.
        uploads, transport, radio = self.uploads, self.uplink.transport, self.uploads.radio
        if radio and uploads.channel and uploads.network < len(radio._networks):
            radio._next, radio._off = uploads.network, True
            radio._found = [("channel", uploads.channel)]
        name = self.uplink._ingest[0].split("/")[2].split(":")[0]
        if uploads.looked_up and uploads.host == binascii.crc32(name.encode()) >> 1:
            left_ms = _DAY_MS - self.clock.age_ms(*uploads.looked_up)
            halves = uploads.address_high, uploads.address_low
            address = "%d.%d.%d.%d" % tuple(n for half in halves for n in (half >> 8, half & 255))
            transport._known = self._hinted = name, [address], time.ticks_ms(), left_ms

    def _leap(self, at_s, at_us, ms, state):
        awake_ms = time.ticks_ms()  # an ESP32's begin with 0 after the sleep
        now_s, now_us = divmod(time.time_ns() // 1000, 1000000)
        passed_ms = (now_s - at_s) * 1000 + (now_us - at_us) // 1000
        slept_ms = passed_ms - awake_ms
        if state != _ASLEEP or machine.reset_cause() != getattr(machine, "DEEPSLEEP_RESET", None):
            self.leaps.unknown(passed_ms if 0 < passed_ms < _LONGEST_MS else awake_ms)
            return
        by_timer = getattr(machine, "wake_reason", int)() == getattr(machine, "TIMER_WAKE", None)
        least_ms = ms - ms // 50 if by_timer else 0
        if least_ms - _LATE_MS <= slept_ms <= ms + ms // 50 + _LATE_MS:
            self.leaps.by_rtc(max(0, slept_ms))
            self.leaps.exactly(awake_ms)
            return
        self.log._on_trouble(
            "somebody has set the board's clock: it does not tell the sleep's length"
        )
        if by_timer:  # which counts by the same oscillator
            self.leaps.by_rtc(ms)
            self.leaps.exactly(awake_ms)
        else:
            self.leaps.unknown(ms + awake_ms)


def _append(ring, count, text, batch):
    # Put the readings that pack_readings() made into a ring that is empty.
    numbers, at = {}, 1
    for _ in range(text[0] if count else 0):
        i, length = struct.unpack_from("<BH", text, at)
        at += 3 + length
        what = text[at - length : at]
        signal = json.loads(str(what[: 2 - len(batch.signal_json(""))], "utf-8"))
        numbers[i] = ring.add_signal(signal, what) & _SIGNAL
    for _ in range(count):
        ticks, bits = struct.unpack_from("<II", text, at)
        end = at + 4 * words_of(bits)
        value = text[at + 8 : at + 8 + (bits >> 20)]
        epoch = text[end - 8 : end] if bits & _HAS_EPOCH else b""
        ring.put(bits & ~_SIGNAL | numbers[bits >> 10 & 0x7F], ticks, value, epoch)
        at = end
