"""Logger: what to do next, and when. Imports all that it needs; no leaf imports another.

A reading goes ring -> batch -> server. It leaves the ring as text in the batch's buffer, pending
there until the server has accepted it: its time is settled once, a retry sends the same text.
Where the ring overflows between two POSTs, the batch, being older, is dropped as well: what is
kept is one unbroken run of the newest readings. (With a spool, the batch stays.)

One thing is done per `poll()`, the first that is due of what its state does:

    state     is when                               does
    offline   Wi-Fi is not up                       one step of wifi.poll()
    no time   the clock was never set               an SNTP question, or the bucket call (Date)
    online    there is a network and a time         the same, or one POST of a batch
    waiting   the last POST got no good answer, or  the same, after a back-off
              a step went wrong
    refused   key, address or content was refused   the same, minutes later
    closed    close() was called                    nothing
"""

import gc
import time

from micropython import const

from . import __version__, service
from .counts import Counts
from .errors import ConfigError, no_memory, once, why
from .intake import Intake
from .retry import jitter
from .timekeeper import Timekeeper
from .uplink import BATCH, BUCKET, REACH, REFUSED, Uplink

_WIFI_UP = const(3)  # wifi.UP, without importing wifi and with it `network`
_STEP_MS = const(100)
_IDLE_MS = const(1000)


class Logger(Counts):
    """Streams readings to one bucket. Nothing is connected before the first `poll()`.

    The `settings` are those of config.json (docs/settings.md): ConfigError, a ValueError, says
    what is wrong with one. `wifi` is a WiFi object (several Loggers may share it), a network
    interface that the program looks after (anything with isconnected()), or None: as if connected.

    log(signal, value, epoch=None) -> bool: store one reading, without I/O or waiting, and without
        heap for a number or bool under a known signal. `signal`: 1 to 100 characters; `value`: an
        int of 64 bits, a float, a bool, or a str of at most 1000 UTF-8 bytes; `epoch`: Unix time,
        int seconds or (seconds, microseconds). True where stored. None, NaN and infinity (the
        sensor did not answer), a text too long for `batch_bytes` and a signal beyond `max_signals`
        are `rejected`: False. What can never be a reading raises ValueError or TypeError.
        Without memory: False, and `dropped`. From callbacks, hard interrupts (numbers and bools
        under known signals), other threads and cores, too.
    """

    def __init__(self, client_key, bucket_name, bucket_id=None, wifi=None, **settings):
        settings.update(client_key=client_key, bucket_name=bucket_name, bucket_id=bucket_id)
        if wifi is not None and not (hasattr(wifi, "isconnected") or hasattr(wifi, "poll")):
            raise ConfigError(
                "wifi must be a WiFi object here, or one with isconnected();"
                " the list is for config.json"
            )
        settings = once("config", "check", settings)  # its rules are not needed again
        gc.collect()  # what stays from here on shall not lie between what goes
        self._wifi, self.last_error = wifi, None
        self.bucket_id, *plan = service.plan(settings)
        trouble = self._trouble
        self._time = timekeeper = Timekeeper(settings, trouble)
        uplink = Uplink(settings, plan, trouble, timekeeper.clock)
        if uplink.batch.room <= 107 + 26:
            raise ConfigError("batch_bytes is too small for a reading with this bucket_name")
        intake = Intake(settings, timekeeper.clock, uplink.batch, trouble)
        self.log = intake.store.log
        self._timeout_s, self._quiet = settings["timeout"], settings["quiet"]
        self._busy = 0
        self._patience_ms = jitter(uplink.flush_ms)  # boards that start together send apart
        self._overflows = 0  # of the ring, when the batch was made
        self.state, spool = "offline" if wifi else "no time", None
        if settings["spool_file"]:
            from .spool import Spool  # only where it is asked for

            spool = Spool(settings, self.bucket_id, timekeeper.clock, uplink, trouble)
        Counts.__init__(self, uplink, timekeeper, intake, spool)
        if not self._quiet:
            print("islog:", "version %s, bucket %s" % (__version__, bucket_name))
            if uplink.unproven():
                print("islog:", "the server is not verified (no ca_file): others may read the key")
        if spool:
            spool.enter()

    def log_object(self, obj, prefix="", epoch=None):
        """Log a dict or a list, all with one time: see objects.py."""
        try:
            from .objects import log_object  # only for programs that use it

            return log_object(self._intake, obj, prefix, epoch)
        except MemoryError:
            pass  # as in Intake: before the first of them
        except ImportError:
            pass
        self._ring.tally(0, len(obj))
        return False

    def poll(self):
        """Do at most one network operation; returns the milliseconds until it wants the next.
        Whatever goes wrong is told in `last_error`, and tried again; only Ctrl-C and its like
        raise, and then, too, the next call goes on."""
        return self._poll(False)

    def _poll(self, flushing):
        if self._busy or self.state == "closed":
            return _IDLE_MS
        try:
            try:
                self._busy = 1
                return self._step(flushing)
            except BaseException as e:
                self._ring.hold(0)
                self._uplink.give_up()
                if not isinstance(e, Exception):
                    if self._spool:
                        self._spool.rest()
                    raise
                return self._stumbled(e)
            finally:
                self._busy = 0
        finally:  # once more: Ctrl-C comes anywhere, and nobody is busy now
            self._busy = 0

    def _stumbled(self, e):
        if self.state == "online":
            self.state = "waiting"  # for what is in the ring to go to flash meanwhile
        try:
            if isinstance(e, MemoryError):
                what = no_memory("there was no memory for the next step")
            else:
                what = type(e).__name__
                if isinstance(e, (AttributeError, ImportError)):
                    what = why("stumbled", e)
                what = "the next step went wrong (%s)" % what
            self._trouble(what + ", which is tried again")
        except MemoryError:
            self.last_error = "there was no memory"
        return _IDLE_MS

    def _step(self, flushing):
        self._time.clock.tick()
        if self._ring.reading:  # a step was left in the middle
            self._ring.hold(0)
        if self._spool and self._spool.tend(self._ring, self.state != "online"):
            return 0
        if self._uplink.doing:
            return self._advance()
        self._uplink.answer.idle()
        if self._wifi and not self._is_linked():
            self.state = "offline"
            self._uplink.give_up()
            return _STEP_MS
        if self.state == "offline":
            self.state = "online" if self.synced else "no time"
            self._say("Wi-Fi is up")
        uplink = self._uplink
        if self.state == "no time" and self.synced:
            self.state = "online"
            uplink.retry.succeeded()
            self._say("the time is known")
        unproven = uplink.answer.verifies and not self._time.clock.proven  # the date, for TLS
        rests, self._time.rests = self._time.rests, False
        if self._time.due() and not rests:
            return self._ask(unproven)
        if unproven:
            return min(self._time.wait_ms() or _IDLE_MS, _IDLE_MS)
        if uplink.gap_ms():
            return uplink.gap_ms()
        if uplink.bucket_wait_ms() == 0:
            return self._start(BUCKET)
        if self.synced:
            return self._deliver(flushing)
        if not (uplink.bucket_wait_ms() or uplink.retry.wait_ms()):
            uplink.retry.failed()
            return self._start(REACH)  # for its Date, and to see whether anything answers at all
        return _STEP_MS

    def _ask(self, alone):  # alone: nothing else can show that a link is dead
        answered = self._time.ask()
        if answered or alone:
            self._tell_link(answered)
        return 0

    def _is_linked(self):
        wifi = self._wifi
        if hasattr(wifi, "isconnected"):  # an interface that the program looks after
            return wifi.isconnected()
        return wifi.poll(self._trouble) == _WIFI_UP

    def _tell_link(self, answered):
        if hasattr(self._wifi, "heard"):
            self._wifi.heard(answered)

    def _deliver(self, flushing):
        uplink = self._uplink
        if self._ring.overflows != self._overflows and not self._spool:
            uplink.drop()  # it is older than what the ring has dropped
            self._overflows = self._ring.overflows
        if uplink.retry.wait_ms():
            return min(_IDLE_MS, uplink.retry.wait_ms())
        if not uplink.batch.count:
            spool, store, clock, foreign = self._spool, self._ring, self._time.clock, False
            wait_ms = spool.load() if spool else None
            if wait_ms:
                return min(_IDLE_MS, wait_ms)
            if wait_ms == 0:
                store, clock, foreign = spool.store, spool.clock, spool.foreign
            elif not store.count:
                return _IDLE_MS
            else:
                age_ms = store.oldest_age_ms()
                early = age_ms < self._patience_ms and not uplink.due(store.count)
                if early and not flushing:
                    return min(_IDLE_MS, self._patience_ms - age_ms)
            if uplink.fresh:
                return self._start(BUCKET)
            if self._time.stale():  # what was logged offline shall lie between two syncs
                return self._start(REACH)
            # (An earlier boot's batch is in place already.)
            gone = self.dropped + self.lost
            self._overflows, self._patience_ms = self._ring.overflows, uplink.flush_ms
            if not (uplink.batch.count or uplink.fill(store, clock, foreign, gone)):
                return 0  # all of it was too large
        return self._start(BATCH)

    def _start(self, what):
        if self._uplink.answer.verifies:
            from .rtc import keep  # only for TLS

            keep(self._time.clock)
        self._uplink.start(what)
        return self._advance()

    def _advance(self):
        uplink = self._uplink
        done = uplink.advance()
        if not done:
            return 0
        if uplink.answered:
            self._time.hear(uplink.answer.date, uplink.answer.late_ms)
        self._tell_link(uplink.answered or uplink.answer.reached)
        if uplink.trouble == REFUSED:
            self.state = "refused"
        elif uplink.trouble and self.synced:
            self.state = "waiting"
        elif self.synced:
            self.state = "online"
            if uplink.sent:
                self._say("readings are accepted")
        return 0

    def flush(self, timeout=30):
        """Poll until nothing is pending, without waiting for a batch to be full or old.
        False where `timeout` seconds ran out first (None: no limit), or poll() is under way."""
        left_ms = None if timeout is None else int(timeout * 1000)
        last = time.ticks_ms()
        while self.pending and not self._busy:
            wait_ms = self._poll(True)
            if left_ms is not None:
                now = time.ticks_ms()
                left_ms -= time.ticks_diff(now, last)
                last = now
                if left_ms <= 0:
                    break
                wait_ms = min(wait_ms, left_ms)
            try:
                time.sleep_ms(wait_ms)
            except BaseException:  # as in poll()
                if self._spool:
                    self._spool.rest()
                raise
        return not self.pending

    async def run(self):
        """The same loop under asyncio, until close(). One POST still takes as long as it takes."""
        import asyncio

        while self.state != "closed":
            await asyncio.sleep(self.poll() / 1000)

    def close(self):
        """One last attempt of at most `timeout` seconds, then the spool. True where all was sent.

        What is in neither counts as dropped, and so does what is logged later. From a callback
        that comes while poll() is under way it does nothing, as poll() and flush() there."""
        if self._busy or self.state == "closed":
            return not self.pending
        done = self.flush(self._timeout_s)
        self._uplink.give_up()
        if not (self._spool and (self._save() or self._save())):
            self._uplink.drop()
        self._time.close()
        self._intake.closed = True
        self._ring.close()
        self.state = "closed"
        return done

    def _save(self):
        try:
            return self._spool.close(self._ring)
        except MemoryError as e:
            self._stumbled(e)
            return False

    def _trouble(self, sentence, aloud=True):
        self.last_error = sentence
        if aloud:
            self._say(sentence)


def from_config(path="config.json"):
    """A Logger with the settings of a JSON file, Wi-Fi included. ConfigError: what is wrong."""
    settings = once("config", "load", path)
    wifi = settings.pop("wifi") or None
    if wifi:
        from .wifi import WiFi

        names = "country", "hostname", "wifi_power", "txpower", "wifi_reset"
        wifi = WiFi(wifi, *[settings[name] for name in names])
    return Logger(wifi=wifi, **settings)
