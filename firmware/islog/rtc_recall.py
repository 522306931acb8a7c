"""Goes on with what rtc_memory.py has kept, after a deep sleep. Loaded for one call."""

import binascii
import io
import json
import os
import struct
import time

import machine
from micropython import const

from . import packing
from .leaps import shift
from .ring import words_of
from .rtc_memory import (
    ASLEEP,
    AWAKE,
    FORMAT,
    HEAD,
    MAGIC,
    NONE,
    PAIRS,
    SOURCES,
    STATES,
    Kept,
    now,
    put,
)

_BYTES = const(2048)
_HAS_EPOCH = const(0x80000)  # bit 19 of word 1 (ring.py): the caller gave the time
_SIGNAL = const(0x1FC00)  # bits 10-16: the number of the signal
_LONGEST_MS = const(2592000000)  # 30 days: what the RTC shows beyond that, somebody has set
_LATE_MS = const(3000)  # a sleep is longer by what the chip's own start takes
_DAY_MS = const(86400000)


def recall(log, uploads, settings, bucket_id):
    """Go on with what was kept of `log`: its Kept; None: nothing was, or it cannot be used. The
    setting `rtc_memory` says which part of the memory is islog's; without it all is, unless
    something else is there."""
    uploads.rtc = _part(settings["rtc_memory"])
    uploads.who = os.urandom(4) + packing.bucket_key(settings, bucket_id)
    kept = Kept(log, uploads) if uploads.rtc else None
    return kept if kept and _read(kept) else None


def _part(chosen):
    # (first byte, bytes); None: something else is there.
    found = machine.RTC().memory()
    foreign = found[:2] != MAGIC and found[-2:] != MAGIC and found.strip(b"\0")
    return chosen or (None if foreign else (0, _BYTES))


def _read(kept):
    # True where something was kept, and can be used.
    first, size = kept.uploads.rtc
    found = machine.RTC().memory()[first : first + size]
    if not found.strip(b"\0"):
        return False
    mark, made, state, size, crc = struct.unpack("<2sBBII", (found + bytes(HEAD))[:HEAD])
    text = found[HEAD : HEAD + size]
    if mark != MAGIC or made != FORMAT or len(text) != size or binascii.crc32(text) != crc:
        kept.log._on_trouble("what was kept through the sleep is damaged: it is not used")
        return False
    if text[4:8] != kept.uploads.who[4:]:
        kept.log._on_trouble("what was kept through the sleep is for another bucket")
        return False
    _take(kept, text, state)
    put(kept.uploads.rtc, found[:3] + bytes((AWAKE,)) + found[4:])
    return True


def _take(kept, text, state):
    log, uplink, clock, uploads = kept.log, kept.uplink, kept.clock, kept.uploads
    n = kept._numbers
    numbers = list(struct.unpack_from("<%di" % n, text, 8))
    at_s, at_us, ms, count, syncs, periods, ticks = numbers[:7]
    in_batch, batch_size, source, state_then, confirmed, kept.has_saved = numbers[7:13]
    at = 8 + 4 * n + 18 * syncs
    clock.syncs = packing.unpack_clock(text[8 + 4 * n : at]).syncs if syncs else []
    clock.source, log.state = SOURCES[source], STATES[state_then % 5]
    next_ms, i = numbers[13], 14
    for thing, names in kept.tables(uplink):
        for name in names.split():
            setattr(thing, name, None if numbers[i] == NONE else numbers[i])
            i += 1
    for thing, name in PAIRS:
        pair = tuple(numbers[i : i + 2])
        setattr(getattr(kept, thing), name, None if pair[0] == NONE else pair)
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
    batch = io.BytesIO(text[at : at + batch_size])
    found = in_batch and packing.unpack_batch(uplink.batch, batch, batch_size, in_batch, 0)
    if found:
        uplink.batch.filled, uplink.report_count = found
    else:
        uplink.dropped += in_batch  # `batch_bytes` was larger then
    _append(log._ring, count, text[at + batch_size :], uplink.batch)
    _leap(kept, at_s, at_us, ms, state)
    kept.leaps.mark()
    kept.answered = uploads.answered()
    kept.spooled, kept.sync = -1, clock.syncs[-1:]  # (there is no Spool yet)
    _hint(kept)


def _hint(kept):
    # The radio begins its scan with that channel, and the server is not looked up.
    uploads, transport, radio = kept.uploads, kept.uplink.transport, kept.uploads.radio
    if radio and uploads.channel and uploads.network < len(radio._networks):
        radio._next, radio._off = uploads.network, True
        radio._found = [("channel", uploads.channel)]
    name = kept.uplink._ingest[0].split("/")[2].split(":")[0]
    if uploads.looked_up and uploads.host == binascii.crc32(name.encode()) >> 1:
        left_ms = _DAY_MS - kept.clock.age_ms(*uploads.looked_up)
        halves = uploads.address_high, uploads.address_low
        address = "%d.%d.%d.%d" % tuple(n for half in halves for n in (half >> 8, half & 255))
        transport._known = kept.hinted = name, [address], time.ticks_ms(), left_ms


def _leap(kept, at_s, at_us, ms, state):
    awake_ms = time.ticks_ms()  # an ESP32's begin with 0 after the sleep
    now_s, now_us = now()
    passed_ms = (now_s - at_s) * 1000 + (now_us - at_us) // 1000
    slept_ms = passed_ms - awake_ms
    if state != ASLEEP or machine.reset_cause() != getattr(machine, "DEEPSLEEP_RESET", None):
        if 0 < passed_ms < _LONGEST_MS:
            kept.leaps.unknown(passed_ms, passed_ms)
        else:
            kept.leaps.unknown(awake_ms, _LONGEST_MS)
        return
    by_timer = getattr(machine, "wake_reason", int)() == getattr(machine, "TIMER_WAKE", None)
    least_ms = ms - ms // 50 if by_timer else 0
    if least_ms - _LATE_MS <= slept_ms <= ms + ms // 50 + _LATE_MS:
        kept.leaps.by_rtc(max(0, slept_ms))
        kept.leaps.exactly(awake_ms)
        return
    kept.log._on_trouble("somebody has set the board's clock: it does not tell the sleep's length")
    if by_timer:  # which counts by the same oscillator
        kept.leaps.by_rtc(ms)
        kept.leaps.exactly(awake_ms)
    else:
        kept.leaps.unknown(ms + awake_ms, ms)


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
