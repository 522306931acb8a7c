"""A board that helps itself: a watchdog that poll() feeds (`watchdog`), and a restart of the board
where the server has not answered for long (`restart_after`). Loaded only where one is asked for.

A Guard stands in the place of one method of its Logger: the Logger's instance gets an attribute
`_step`, which is called instead, and calls the method. So a Logger without a guard has no hook for
one. What came of a step it sees by what Logger and Uplink publish anyway.

The watchdog is fed when a step has ended, whatever came of it, and never while one lasts: a driver
that hangs, or a program that does not call poll() any more, is reset. (Before a restart and at
close() many records may be written to flash in one step: there, it is fed after each of them.)

Trouble is: the state "offline"; with ca_file, a time that NTP does not tell; and the time from an
exchange without an answer, or a step that went wrong, to the server's next answer. Such time is
counted, and counted back while there is no trouble; any answer, also a refusal of the key, ends
the count. The board restarts when that has reached `restart_after`, doubled for each restart since
the last answer, a day at most; where a server was asked, only after several attempts. A server
that proves no name, and a `requests` that cannot work, count as answers: no restart helps there.

What is told after a restart is in a file, NOTE: its checksum, the number of restarts, how many of
them there were since the last answer, and why the last one was. It is written before a restart,
and once more at the first answer after it. What is torn or damaged is taken for no note. Where it
cannot be written, that is tried again after twice the time, and the board restarts without it once
a day at most: nobody would know how often it did.
"""

import binascii
import gc

from micropython import const

from .errors import ConfigError, why

NOTE = "islog.restart"
_NOTE_BYTES = const(200)
_DAY_S = const(86400)
_COUNTED_MS = const(0x1FFFFFFF)  # at most: with an age it is a small int
_ATTEMPTS = const(3)  # without an answer: one may be a lost packet
_UNWRITTEN = NOTE + " cannot be written (%s): check the flash"


class Guard:
    """For `log`, a Logger that is complete, as its checked `settings` say. ConfigError: this board
    has no such watchdog, or cannot restart itself.

    The Logger gets three attributes more, which status() shows, too: `restarted` (why the board
    was, where the server has not answered since; else None), `restarts` (how often islog has
    restarted it) and `reset_cause` (the port's number for it, or None)."""

    def __init__(self, log, settings, uploads=None):
        self._uploads = uploads
        watchdog_s, self._after_s = settings["watchdog"], settings["restart_after"]
        try:
            import machine

            self._reset = machine.reset
        except (ImportError, AttributeError):
            name = "watchdog" if watchdog_s else "restart_after"
            raise ConfigError("%s %s" % (name, why("restarts")))
        self._log, self._uplink, self._clock = log, log._uplink, log._time.clock
        log.restarted, log.restarts = None, 0
        log.reset_cause = machine.reset_cause() if hasattr(machine, "reset_cause") else None
        for name in "restarted restarts reset_cause".split():
            log._counted += " " + name
        self._watchdog = None
        self._streak = 0  # restarts since the last answer
        self._reports_at = None  # what was sent when islog.restarts was put into a batch
        self._missed = 0  # exchanges without an answer, and steps gone wrong, since the last one
        self._troubled = False
        self._silent_ms = 0  # so long there was trouble since then, up to this uptime
        self._periods, self._ticks = self._clock.periods, self._clock.ticks
        self._leaving = False  # NOTE tells of a restart that is to come
        self._step = _around(log, "_step", self.step)
        if self._after_s:
            self._uplink.answered = None  # so it stays, until an exchange has ended
            self._recall(settings["report_dropped"])
        if watchdog_s:
            if not log.restarted and log.reset_cause == getattr(machine, "WDT_RESET", 0):
                # Where a reset by the program has no number of its own, it is done by a watchdog.
                is_told = hasattr(machine, "HARD_RESET")
                log.restarted = "a watchdog" if is_told else "a watchdog or machine.reset()"
                log._on_trouble("the board was reset by " + log.restarted)
            if log._spool:
                self._tried = _around(log._spool, "_tried", self.tried)
            try:  # last: nothing stops it any more
                self._watchdog = machine.WDT(timeout=watchdog_s * 1000)
            except (ValueError, OSError, AttributeError) as e:
                raise ConfigError("watchdog %s" % why("no_watchdog", e))

    def _recall(self, reports):
        # What NOTE says of a restart, if no answer has come since.
        log = self._log
        log.restarts, self._streak, reason = _read()
        self._wait_ms = self._longest_ms()
        if not self._streak:
            return
        log.restarted = reason
        words = "the board was restarted: %s (restart %d since the last answer)"
        log._on_trouble(words % (reason, self._streak))
        if reports:
            self._set_time = _around(self._uplink.batch, "set_time", self.set_time)

    def _longest_ms(self):
        # The trouble after which the board restarts.
        return min(self._after_s << min(self._streak, 9), _DAY_S) * 1000

    # --- in the place of other methods

    def step(self, flushing):
        """Logger._step. What the step before has left is looked at first: so it is, too, where
        each one goes wrong."""
        try:
            if self._after_s:
                self._look()
            return self._step(flushing)
        except Exception:  # no memory, a driver's
            self._missed = min(self._missed + 1, _ATTEMPTS)
            raise
        finally:
            if self._watchdog:
                self._watchdog.feed()

    def tried(self, *what):
        """Spool._tried: a record is in flash."""
        done = self._tried(*what)
        self._watchdog.feed()
        return done

    def set_time(self, unix_block, ms):
        """Batch.set_time, with which a batch begins, until its first reading, islog.restarts, was
        accepted. That is not counted, as islog.dropped is not."""
        self._set_time(unix_block, ms)
        uplink, batch = self._uplink, self._uplink.batch
        if not (batch.filled or uplink.earlier_boot):
            if batch.add(batch.signal_json("islog.restarts"), b"%d" % self._log.restarts):
                uplink.report_count = batch.filled = 1
                self._reports_at = uplink.sent + uplink.rejected

    # --- the restart

    def _look(self):
        log, uplink, clock = self._log, self._uplink, self._clock
        if self._leaving:
            self._restart()
        if log.state == "closed":
            return
        if self._reports_at not in (None, uplink.sent + uplink.rejected):
            self._reports_at = None
            del uplink.batch.set_time
        if uplink.answered or uplink.answered is False and uplink.transport.unusable:
            self._missed = self._silent_ms = 0
            if self._streak:
                self._settle()
        elif uplink.answered is False:
            self._missed = min(self._missed + 1, _ATTEMPTS)
        uplink.answered = None
        age_ms = clock.age_ms(self._periods, self._ticks)
        self._periods, self._ticks = clock.periods, clock.ticks
        if self._uploads and not self._uploads.doing:  # the radio is off on purpose
            return
        if self._troubled:
            self._silent_ms = min(self._silent_ms + age_ms, _COUNTED_MS)
        else:
            self._silent_ms = max(self._silent_ms - age_ms, 0)
        # Where no server can be asked, there are no attempts to be counted.
        cut_off = log.state == "offline" or log.state == "no time" and uplink.transport.verifies
        self._troubled = cut_off or self._missed > 0
        if self._silent_ms >= self._wait_ms and (cut_off or self._missed >= _ATTEMPTS):
            self._restart()

    def _settle(self):
        try:
            _write(self._log.restarts, 0, "")
        except (OSError, MemoryError) as e:
            self._log._on_trouble(_UNWRITTEN % e)  # the next restart writes it anew
        self._streak = 0
        self._wait_ms = self._longest_ms()

    def _restart(self):
        gc.collect()
        log = self._log
        reason = "no answer for %d s" % (self._silent_ms // 1000)
        if not self._leaving:
            try:
                _write(log.restarts + 1, self._streak + 1, reason)
            except (OSError, MemoryError) as e:
                if self._silent_ms < _DAY_S * 1000:
                    self._wait_ms = min(2 * self._silent_ms, _DAY_S * 1000)
                    log._on_trouble(_UNWRITTEN % e)
                    return
            self._leaving = True
        for _ in range(2):  # the first time may have made room, in flash or in memory
            try:
                log._on_trouble(reason + ": the board is restarted")
                self._uplink.give_up()
                if not log._spool or log._save():
                    break
            except Exception as e:
                log._stumbled(e)
        self._reset()


def _around(thing, name, call):
    # Call that in the place of a method of `thing`; returns the method.
    method = getattr(thing, name)
    setattr(thing, name, call)
    return method


def _read():
    # (restarts, those since the last answer, why the last one was) as NOTE says it.
    try:
        with open(NOTE, "rb") as f:
            checksum, _, text = f.read(_NOTE_BYTES).partition(b" ")
        if int(checksum, 16) == binascii.crc32(text):
            restarts, streak, reason = str(text, "utf-8").split(" ", 2)
            return int(restarts), int(streak), reason
    except (OSError, ValueError):
        pass  # there is none, or it is torn
    return 0, 0, ""


def _write(restarts, streak, reason):
    text = ("%d %d %s" % (restarts, streak, reason)).encode()
    data = b"%08x " % binascii.crc32(text) + text
    with open(NOTE, "wb") as f:
        f.write(data)
