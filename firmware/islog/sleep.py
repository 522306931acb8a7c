"""log.sleep(): what is due is done, the radio is off, and the board sleeps. Loaded only where it
is called, of a Logger with `upload_interval` (uploads.py).

Light sleep keeps the memory. machine.lightsleep() ends early at any interrupt, and may be refused;
an RP2's takes 71 minutes at most (ports/rp2/modmachine.c). So it is called again until the time is
over. Both ports' ticks go on meanwhile: an RP2's by its crystal, an ESP32's are set by its slow
clock (ports/esp32).

Deep sleep is followed by a start of the board. What the Logger knows is in RTC memory then
(rtc_memory.py), and what that cannot hold is in the spool. A board without such memory keeps the
readings alone, in the spool.
"""

import gc
import time

from micropython import const

from .errors import ConfigError
from .leaps import has_rtc_memory

_LONGEST_MS = const(3600000)
_WATCHED_MS = const(2000)  # a watchdog has 5 s at least, and is fed in between
_NAP_MS = const(100)
_UPLOAD_S = const(60)
_AWAKE_MS = const(120000)  # for an upload before a deep sleep


def sleep(log, uploads, seconds, deep):
    """Sleep for `seconds`, awake only for what is due: the Uploads `uploads` of `log` tells. With
    `deep` it does not return. ConfigError: nothing would keep the readings."""
    import machine

    if log._busy:  # a callback in the middle of poll() has called it
        return
    left = _Left(int(seconds * 1000))
    if not deep:
        _doze(log, uploads, left, machine)
        return
    if not (uploads.rtc or log._spool):
        raise ConfigError("spool_file is needed for deep sleep: no RTC memory is there for islog")
    if not uploads.rtc:  # to sleep deeply is to start anew, and no deeper: the end of it suffices
        _doze(log, uploads, left, machine, _most_ms(log))
    awake = _Left(_AWAKE_MS + 1000 * log._timeout_s)
    while True:
        wait_ms = log.poll()
        if log.uploading:
            time.sleep_ms(wait_ms)
            if not awake.count():  # a link that is the program's affair may never come
                uploads.quiet()
        elif wait_ms:
            break
    try:
        _keep(log, uploads, left)
    except (MemoryError, OSError, ValueError) as e:  # whatever it is, the board has to sleep
        log._on_trouble("RTC memory was not written (%s)" % (e or "no memory"))
        if log._spool:
            log._save()
    machine.deepsleep(left.count())


class _Left:
    # The milliseconds that are left of the sleep.

    def __init__(self, ms):
        self._ms, self._last = ms, time.ticks_ms()

    def count(self):
        now = time.ticks_ms()
        self._ms -= time.ticks_diff(now, self._last)
        self._last = now
        return max(0, self._ms)


def _most_ms(log):
    # Where there is a Guard, there may be a watchdog.
    return _WATCHED_MS if "restarts" in log._counted else _LONGEST_MS


def _doze(log, uploads, left, machine, end_ms=0):
    # Light sleep, until so much is left.
    most_ms, by_rtc = _most_ms(log), has_rtc_memory()
    while True:
        wait_ms = log.poll()
        left_ms = left.count()
        if left_ms <= end_ms:
            return
        if log.uploading:
            time.sleep_ms(min(wait_ms, left_ms))
        elif wait_ms:  # 0: there is more to be written to flash
            began, hz = time.ticks_ms(), machine.freq()
            machine.lightsleep(min(left_ms - end_ms, uploads.due_ms() or most_ms, most_ms))
            if machine.freq() != hz:  # an RP2's is the usual one after it (clocks_init)
                machine.freq(hz)
            slept_ms = time.ticks_diff(time.ticks_ms(), began)
            if slept_ms < 2:
                time.sleep_ms(min(left_ms, _NAP_MS))  # it was refused
            elif by_rtc:  # an ESP32's
                log._leaps.nap(slept_ms)


def _keep(log, uploads, left):
    # In RTC memory, the spool or, where there is no room in either, dropped: the oldest.
    uplink, ring, spool = log._uplink, log._ring, log._spool
    uplink.give_up()
    log._time.close()
    gc.collect()
    if not uploads.rtc:
        if not (log._save() or log._save()):
            log._on_trouble("readings are lost in deep sleep: the spool cannot be written")
        return
    kept = uploads.kept
    if not kept:
        from .rtc_memory import Kept

        kept = Kept(log, uploads)

    def fits():
        return kept.packed()[0] == ring.count

    if not spool and not uploads.failed and not (fits() and kept.has_batch()):
        log.flush(_UPLOAD_S)
    if not (spool.close(ring, fits) if spool else kept.has_batch()):
        uplink.drop()
    while not fits():
        ring.make_room(ring.size - 3 - ring.used())  # drops one
    kept.write(left.count())
