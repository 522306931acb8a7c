"""Logger: what a program sees of islog; which thing is done next, and what is counted and said.

A reading goes ring -> batch -> server. It leaves the ring as text in the batch's buffer, pending
there until the server has accepted it: its time is looked up once, a retry sends the same text.
Where the ring overflows between two POSTs, the batch, being older, is dropped as well: what
survives is one unbroken run of the newest readings. (With a spool, the batch stays.)

Each `poll()` does one thing, the first that is due of what its state does here:

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

from .clock import jitter
from .errors import call_unloading, stumbled, told
from .intake import Intake
from .timekeeper import Timekeeper
from .uplink import BATCH, BUCKET, PAUSED, PROBE, Uplink

_WIFI_UP = const(3)  # wifi.UP, without importing wifi and with it `network`
_STEP_MS = const(100)  # until the next poll(), while Wi-Fi joins or the time is waited for
_IDLE_MS = const(1000)  # the longest time that poll() returns


class Logger:
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

    Logged = `sent` + `dropped` + `rejected` + `pending`, at any moment; `retries` are failed POSTs
    of readings. With spool_file, `spooled` readings are in flash; those of earlier boots count
    apart from the above, as `recovered` (sent) or `lost` (never to be sent).
    """

    _counted = (  # the attributes that status() shows
        "state pending sent dropped rejected retries spooled recovered lost synced last_error"
        " bucket_id"
    )
    _said = ()  # type: tuple[tuple, ...]  # as told() keeps it
    _changed_s, _settled = -1, False  # when readings were accepted again; they still are

    def __init__(self, client_key, bucket_name, bucket_id=None, wifi=None, **settings):
        settings.update(client_key=client_key, bucket_name=bucket_name, bucket_id=bucket_id)
        # (The rules of the settings are not needed again.)
        settings = call_unloading("config", "check", settings, wifi)
        gc.collect()  # each time: what is made from here on stays, and should lie close together
        service = call_unloading("service", "Service", settings)
        gc.collect()
        self._wifi, self.last_error, self.bucket_id = wifi, None, service.bucket_id
        on_trouble = self._on_trouble  # one object for all
        self._time = Timekeeper(settings, service, on_trouble)
        clock = self._time.clock
        self._uplink = uplink = Uplink(settings, service, clock, on_trouble)
        self._intake = Intake(settings, service, clock, uplink.batch, on_trouble)
        self._ring = self._intake.store
        self.log = self._ring.log
        self._timeout_s, self._quiet, self._busy = settings["timeout"], settings["quiet"], 0
        self._flush_ms = settings["flush_interval"] * 1000
        self._patience_ms = jitter(self._flush_ms)  # random at first: boards may start together
        self._overflows = 0  # the ring's `overflows` when the batch was filled
        self.state, self._spool = "offline" if wifi else "no time", None
        service.begin(self, settings)

    sent = property(lambda self: self._uplink.sent)
    retries = property(lambda self: self._uplink.retries)
    recovered = property(lambda self: self._uplink.recovered)
    synced = property(lambda self: self._time.synced)
    rejected = property(lambda self: self._ring.rejected + self._uplink.rejected)

    def log_object(self, obj, prefix="", epoch=None):
        """Log each entry of a dict or a list, all with one time: see objects.py."""
        try:
            from .objects import log_object  # only for programs that use it

            return log_object(self._intake, obj, prefix, epoch)
        except Exception as e:  # before the first was stored: see objects.py
            if not isinstance(e, MemoryError) and not isinstance(e, ImportError):
                raise  # (a tuple of both would take heap, which may be locked)
            self._ring.count_lost(0, len(obj))
            return False

    @property
    def pending(self):
        if self.state == "closed":
            return 0
        return self._ring.count + self._uplink.pending + (self._spool.own if self._spool else 0)

    @property
    def dropped(self):
        gone = self._ring.overflows + self._ring.missed + self._uplink.dropped
        return gone + self._spool.dropped if self._spool else gone

    @property
    def spooled(self):
        uplink = self._uplink
        batch = uplink.in_batch if uplink.earlier_boot or self.state == "closed" else 0
        return self._spool.count + batch if self._spool else 0

    @property
    def lost(self):
        return self._uplink.lost + (self._spool.lost if self._spool else 0)

    def __getattr__(self, name):
        from .late import get  # run() and its like

        return get(self, name)

    def status(self):
        """A dict of the above, with `clock` (what set it: "none", "http", "ntp"), `clock_error_ms`
        (the likely error of the time now, or of the oldest reading's), `uptime_s`, and `said`: the
        last different sentences, oldest first, each with the uptime when it was said last."""
        status = {name: getattr(self, name) for name in self._counted.split()}
        status["clock"] = self._time.clock.source
        status["clock_error_ms"] = self._time.error_ms(self._ring)
        status["said"] = [said[:2] for said in self._said[-5:]]
        status["uptime_s"] = self._time.clock.uptime_s()
        return status

    def poll(self):
        """Do at most one network operation; returns the milliseconds until it wants the next.
        Whatever goes wrong is told in `last_error`, and tried again; only Ctrl-C and its like
        raise, and then, too, the next call goes on."""
        return self._poll(False)

    def _poll(self, flushing):
        if self._busy:
            return _IDLE_MS
        try:
            try:
                self._busy = 1
                news, self._intake.news = self._intake.news, ()
                for sentence in news:
                    self._say(sentence)
                return self._step(flushing)
            except BaseException as e:
                self._ring.pin(0)
                self._uplink.give_up()
                self._time.close()
                if isinstance(e, Exception):
                    return self._stumbled(e)
                if self._spool:
                    self._spool.release()
                raise
            finally:
                self._busy = 0
        finally:  # once more: Ctrl-C may come before the line above, and later calls need this
            self._busy = 0

    def _stumbled(self, e):
        if self.state == "online":
            self.state = "waiting"  # while "online", a full ring would not be written to flash
        try:
            self._on_trouble(stumbled(e))
        except MemoryError:
            self.last_error = "there was no memory"
        return _IDLE_MS

    def _step(self, flushing):
        if self.state == "closed":
            return _IDLE_MS
        self._time.clock.tick()
        if self._ring.pinned:  # an exception ended a step that was reading the oldest
            self._ring.pin(0)
        if self._spool and self._spool.write_due(self._ring, self.state != "online"):
            return 0
        uplink = self._uplink
        if uplink.doing:
            return self._advance()
        uplink.transport.idle()
        if self._wifi and not self._is_linked():
            self.state = "offline"
            uplink.give_up()
            self._time.close()
            return _STEP_MS
        if self.state == "offline":
            self.state = "online" if self.synced else "no time"
            self._settled = False
            self._say("Wi-Fi is up")
        if self.state == "no time" and self.synced:
            self.state = "online"
            uplink.send_now()
            self._say("the time is known")
        no_date = uplink.transport.verifies and not self._time.clock.ntp_set  # for certificates
        if self._time.is_turn():
            answered = self._time.ask()
            if answered or answered is False and no_date:  # nothing else shows a dead link then
                self._tell_link(answered)
            return 0
        if no_date:
            return min(self._time.wait_ms() or _IDLE_MS, _IDLE_MS)
        if uplink.gap_ms():
            return uplink.gap_ms()
        if uplink.bucket_wait_ms() == 0:
            return self._start(BUCKET)
        if self.synced:
            return self._deliver(flushing)
        if uplink.probe_due():
            return self._start(PROBE)  # for its Date, and to see whether anything answers at all
        return _STEP_MS

    def _is_linked(self):
        wifi = self._wifi
        if hasattr(wifi, "isconnected"):  # an interface that the program looks after
            return wifi.isconnected()
        return wifi.poll(self._on_trouble) == _WIFI_UP

    def _tell_link(self, answered):
        if hasattr(self._wifi, "heard"):
            self._wifi.heard(answered)

    def _deliver(self, flushing):
        uplink = self._uplink
        if self._ring.overflows != self._overflows and not self._spool:
            uplink.drop()  # it is older than what the ring has dropped
            self._overflows = self._ring.overflows
        if uplink.wait_ms():
            return min(_IDLE_MS, uplink.wait_ms())
        if not uplink.batch.count:
            spool, store, clock, earlier_boot = self._spool, self._ring, self._time.clock, False
            wait_ms = spool.load() if spool else None
            if wait_ms:
                return min(_IDLE_MS, wait_ms)
            if wait_ms == 0:
                store, clock, earlier_boot = spool.store, spool.clock, spool.earlier_boot
            elif not store.count:
                return _IDLE_MS
            else:
                age_ms = clock.age_ms(store.oldest_periods(), store.oldest_ticks())
                if age_ms < self._patience_ms and not (flushing or uplink.fills(store.count)):
                    return min(_IDLE_MS, self._patience_ms - age_ms)
            if uplink.bucket_untried:
                return self._start(BUCKET)
            if self._time.stale():  # NTP before: what was logged offline is then interpolated
                return self._start(PROBE)
            # (load() may have brought a whole batch from flash: nothing is to be filled then.)
            gone = self.dropped + self.lost
            self._overflows, self._patience_ms = self._ring.overflows, self._flush_ms
            if not (uplink.batch.count or uplink.fill(store, clock, earlier_boot, gone)):
                spool.skip_oldest()  # it came from flash, and from when batch_bytes was larger
                return 0
        return self._start(BATCH)

    def _start(self, what):
        if self._uplink.transport.verifies:
            from .rtc import keep  # only for TLS

            keep(self._time.clock)
        self._uplink.start(what)
        return self._advance()

    def _advance(self):
        uplink = self._uplink
        if not uplink.advance():
            return 0
        transport = uplink.transport
        if uplink.answered:
            self._time.take_date(transport.date, transport.late_ms)
        self._tell_link(uplink.answered or transport.reached)
        if uplink.condition == PAUSED:
            self.state = "refused"
        elif uplink.condition and self.synced:
            self.state = "waiting"
        elif self.synced:
            done, self.state = self._settled and self.state == "online", "online"
            if uplink.sent and not done:
                self._changed_s = None  # see told()
                self._changed_s, self._settled = self._say("readings are accepted") or 0, True
        return 0

    def flush(self, timeout=30):
        """Poll until nothing is pending, without waiting for a batch to be full or old.
        False where `timeout` seconds ran out first (None: no limit), or poll() is under way."""
        remaining_ms = None if timeout is None else int(timeout * 1000)
        last = time.ticks_ms()
        while self.pending and not self._busy:
            wait_ms = self._poll(True)
            if remaining_ms is not None:
                now = time.ticks_ms()
                remaining_ms -= time.ticks_diff(now, last)
                last = now
                if remaining_ms <= 0:
                    break
                wait_ms = min(wait_ms, remaining_ms)
            try:
                time.sleep_ms(wait_ms)
            except BaseException:  # as in poll()
                if self._spool:
                    self._spool.release()
                raise
        return not self.pending

    def close(self):
        """One last attempt of at most `timeout` seconds, then the spool. True where all was sent.

        What is in neither counts as dropped, and so does what is logged later. Called by a
        callback in the middle of poll() it does nothing; nor do poll() and flush() there."""
        if self._busy or self.state == "closed":
            return not self.pending
        done = self.flush(self._timeout_s)
        self._uplink.give_up()
        if not (self._spool and (self._save() or self._save())):
            self._uplink.drop()
        self._time.close()
        self._ring.close()
        self.state = "closed"
        return done

    def _save(self):
        try:
            return self._spool.close(self._ring)
        except MemoryError as e:
            self._stumbled(e)

    def _on_trouble(self, sentence, aloud=True):
        self.last_error = sentence
        if aloud:
            self._say(sentence)

    def _say(self, sentence):
        # Literals are good news, all else is trouble. The uptime is returned (None: no memory).
        try:
            uptime_s = self._time.clock.uptime_s()
            words, self._said = told(self._said, sentence, uptime_s, self._changed_s)
            if words and not self._quiet:
                print("islog:", words)
            return uptime_s
        except MemoryError:
            pass
