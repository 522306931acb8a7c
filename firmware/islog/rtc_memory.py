"""What a Logger knows, kept in an ESP32's RTC memory through a deep sleep: so sleep is no reboot.
Loaded before a deep sleep, and where the board has woken from one.

`RTC().memory()` has 2048 bytes (ports/esp32/machine_rtc.c), which outlive deep sleep and every
reset, not a power cut. The program's own bytes, before and behind islog's, stay as they are.

    "iL", FORMAT, ASLEEP or AWAKE   4 bytes
    size of what follows, CRC-32    4 bytes each, little endian
    the boot and the bucket         8 bytes (spool.py)
    numbers                         32 bits each: the RTC's, then what the tables below name
    the syncs of the clock          18 bytes each (packing.py)
    a batch                         where there is no spool that has it
    readings                        their signals, and their words as they lay in the ring
    "iL"                            so that one flipped bit does not make it something else

ASLEEP was written before a deep sleep. It is AWAKE once it was read: if the board is reset then
without going to sleep, it is not known how long ago that was. Once the server has answered, all
is forgotten: a reset is a new start then, and nothing is sent again. Who reads it: rtc_recall.py.
"""

import binascii
import struct
import time

import machine
from micropython import const

from . import packing
from .wifi import UP, quietly

FORMAT = const(1)  # grows with each change of what follows the head
MAGIC = b"iL"
HEAD = const(12)
ASLEEP = const(1)
AWAKE = const(2)

# What is kept of each part: attributes that are numbers or None, and pairs of numbers or None.
_CLOCK = "ntp_set ppb last_sent_ms unix_block"
_LEAPS = "rtc_ppm off_ppm slept_ms napped_ms early_ms"
_COUNTS = "sent rejected dropped retries recovered lost"
_UPLINK = "bucket_untried _reported"
_UPLOADS = "failed spread_ms network channel host address_high address_low"
PAIRS = (("clock", "_checked"), ("leaps", "woke"), ("uploads", "looked_up"))
NONE = const(-0x80000000)
SOURCES = ("none", "http", "ntp")
STATES = ("offline", "no time", "online", "waiting", "refused", "closed")


def now():
    """What the RTC shows: (seconds, microseconds)."""
    return divmod(time.time_ns() // 1000, 1000000)


def put(where, text):
    """Write `text` into the part `where` of the RTC memory: (first byte, bytes)."""
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
        self.answered = 0  # readings, when it was kept
        self.spooled = None  # how many were in flash then; None: nothing is kept any more
        self.sync = self.clock.syncs[-1:]  # the clock's latest
        self.hinted = None  # the address that was known before the sleep
        self.has_saved = False  # what Spool.has_saved() was then
        self._numbers = len(self.told())  # always as many

    def look(self, is_set=False):
        """Once the server has answered for readings, what was kept is forgotten. It is kept anew
        when the time is known better, readings have gone to flash, which must not come from here
        as well, or the RTC was set (`is_set`)."""
        answered, sync = self.uploads.answered(), self.clock.syncs[-1:]
        spooled = self.log._spool.own if self.log._spool else 0
        if answered != self.answered:
            put(self.uploads.rtc, b"")
            self.answered, self.spooled = answered, None
        elif self.spooled is not None:
            if is_set or spooled > self.spooled >= 0 or sync != self.sync:
                self.write(0, AWAKE)
            self.spooled, self.sync = spooled, sync

    def remember(self):
        """To be called before the radio is switched off: what makes the next upload quicker."""
        uploads, radio = self.uploads, self.uploads.radio
        if radio and radio.state == UP:
            uploads.network = radio._next
            uploads.channel = quietly(radio._wlan, "config", "channel") or 0
        known = getattr(self.uplink.transport, "_known", None)
        if known and known is not self.hinted:
            address = [int(n) for n in known[1][0].split(".")]
            uploads.host = binascii.crc32(known[0].encode()) >> 1
            uploads.address_high = address[0] << 8 | address[1]
            uploads.address_low = address[2] << 8 | address[3]
            uploads.looked_up = self.clock.stamp()

    # --- before the sleep

    def packed(self):
        """What packing.pack_readings() makes of the oldest readings, as many as there is room
        for."""
        most = self._room() - sum([len(part) for part in self._batch()])
        found = packing.pack_readings(self.log._ring, most)
        return found if found[2] <= most else (0, 0, 0, ())

    def has_batch(self):
        """Whether the readings in the batch can be kept here."""
        return not self.uplink.in_batch or len(self._batch()) > 0

    def write(self, ms, state=ASLEEP):
        """Keep it through a deep sleep of `ms` milliseconds."""
        count, _, _, parts = self.packed()
        batch = self._batch()
        in_batch = self.uplink.in_batch if batch else 0
        numbers = self.told(ms, count, in_batch, sum([len(part) for part in batch]))
        text = [self.uploads.who, struct.pack("<%di" % len(numbers), *numbers)]
        text.append(packing.pack_syncs(self.clock))
        text = b"".join(text + [bytes(piece) for piece in batch + parts])
        head = struct.pack("<2sBBII", MAGIC, FORMAT, state, len(text), binascii.crc32(text))
        put(self.uploads.rtc, head + text + MAGIC)

    def _room(self):
        # For the batch and the readings.
        known = HEAD + 10 + 4 * self._numbers + packing.SYNC_BYTES * len(self.clock.syncs)
        return self.uploads.rtc[1] - known

    def _batch(self):
        # The batch in bytes, where it is not in flash, and there is room.
        if self.log._spool or not self.uplink.in_batch:
            return ()
        parts = packing.pack_batch(self.uplink.batch)
        return parts if len(parts[0]) + len(parts[1]) <= self._room() else ()

    def told(self, ms=0, count=0, in_batch=0, batch_size=0):
        """The numbers that are kept."""
        log, uplink, clock, uploads = self.log, self.uplink, self.clock, self.uploads
        clock.tick()
        now_s, now_us = now()
        numbers = [now_s, now_us, ms, count, len(clock.syncs), clock.periods, clock.ticks]
        numbers += [in_batch, batch_size]
        numbers.append(SOURCES.index(clock.source))
        numbers.append(STATES.index(log.state))
        numbers.append(uplink.bucket_wait_ms() is None)
        numbers.append(bool(log._spool and log._spool.has_saved()))
        numbers.append(uploads.due_ms())
        for thing, names in self.tables(log):
            for name in names.split():
                value = getattr(thing, name)
                numbers.append(NONE if value is None else min(int(value), 0x7FFFFFFF))
        for thing, name in PAIRS:
            numbers.extend(getattr(getattr(self, thing), name) or (NONE, NONE))
        return numbers

    def tables(self, counts):
        """(a part, the names of its attributes that are kept); `counts`: who has the counters."""
        yield counts, _COUNTS
        yield self.clock, _CLOCK
        yield self.leaps, _LEAPS
        yield self.uplink, _UPLINK
        yield self.uploads, _UPLOADS
