"""One random schedule: a board, a lossy server and a bad day, and the books after every step.

What is asserted after each step, by counts of its own:
- logged = sent + dropped + rejected + pending, and each of them only by what can have caused it;
- what arrives was logged, with that value and time, and first deliveries are in order of logging;
- the server holds at least what was counted as sent, and exactly that where no answer went astray.
After the schedule all becomes well, and at the end the server holds every reading that was neither
dropped nor rejected nor lost, nor, at a power cut, in RAM only. A power cut is the end of a Logger
at any moment, in the middle of writing to flash among them; the server and the flash stay.

A quarter of the schedules have days in them, in which little happens and something is missing, and
half of the programs poll rarely. A time is right to milliseconds also where it was days without
Wi-Fi, if NTP has answered before it was settled: then it lies between two syncs. Where it has not,
it may be wrong by what the crystal drifts since the last sync before it.

Everything random comes from one seed, the back-off's jitter among it.
"""

import random

import faulty_flash
import internet
import islog
import lossy
import network
import ntp_host
import virtual_board
from virtual_board import NOW_MS, time

try:
    from islog import wifi as wifi_module
except ImportError:
    wifi_module = None
try:
    from micropython import schedule as schedule_soon
except ImportError:  # CPython
    schedule_soon = None

HOUR_MS = 3600000
RADIO = "WLAN active connect disconnect isconnected status config ifconfig deinit".split()
DAYS = 1, 2, 7, 8, 13, 26, 60  # around six, nine and twelve of them ticks_diff() and ticks wrap
SYNCS = 8  # so many a clock keeps
# How wrong a drift may be, in parts per million: where there is none, one measured over minutes;
# where there is one, all of the 40 of the worst crystal here, and that.
ROUNDED_PPM, DRIFT_PPM = 10, 50
REUSE_MS = 20000  # a clock may stand still for less: until then a name and a value are one reading
ODD = ('"', "\\", "\n", "\t", "\x00", "\x1f", "°C", "€", "\U0001f600", ',"e":', "}", "]", "%s")
EXTREMES = (1e300, -1e-300, 0.0, 1e15, 123456.789, (1 << 63) - 1, -(1 << 63), 1 << 30, -(1 << 30))
NO_NUMBERS = (None, float("nan"), float("inf"), -float("inf"))
MISTAKES = (
    ("", 1),
    ("x" * 101, 1),
    ("islog.x", 1),
    (5, 1),
    ("n", 1 << 63),
    ("n", "x" * 1001),
    ("n", "é" * 501),
    ("n", [1]),
    ("n", {}),
    ("n", b"x"),
    ("n", 1, 1.5j),
    ("n", 1, -1),
    ("n", 1, (1, 1000000)),
)
KINDS = tuple(lossy.KINDS)
BUCKETS = ("shed", "b\u00fcro \U0001f600", 'a "b" \\c')


class Reading:
    def __init__(self, signal, value, at_ms, exact, group, boot):
        self.signal = signal
        self.value = value
        self.at_ms = at_ms  # the true time, Unix ms
        self.exact = exact  # the text of the time that the caller gave
        self.group = group  # those of one group may have any order
        self.boot = boot
        self.number = boot.stored  # of those that are stored
        self.stored = True
        self.arrived = False


class Sync:
    """NTP's answer at `at_ms` (Unix), after which the clock is wrong by at most `off_ms`; readings
    from the number `unsettled` on had no time yet."""

    def __init__(self, at_ms, off_ms, unsettled):
        self.at_ms = at_ms
        self.off_ms = off_ms
        self.unsettled = unsettled


class Ntp(ntp_host.Ntp):
    """`heard(delay_ms)` is called for each answer that a board can believe."""

    def __init__(self, unix_ms, heard):
        super().__init__(unix_ms)
        self.heard = heard

    def answer(self, question):
        reply = super().answer(question)
        if reply and not self.change:
            self.heard(self.delay_ms)
        return reply


class Boot:
    """What is known of one boot: NTP's answers, what was logged, and how much."""

    def __init__(self):
        self.syncs = []
        self.stored = 0  # as far as is known
        self.tolerance_ms = 0  # once it has ended: in flash may be fewer syncs than there were
        self.logged = 0
        self.new = 0  # of its readings have arrived
        self.at_risk = 0  # of its readings, those that were in RAM only


class Schedule:
    """`transport`: "requests" or "kept"; `blocking`: requests is its stand-in; `folder`: an empty
    one, for flash. `interrupts`: callbacks log at the interpreter's jumps (MicroPython only).
    run_all() raises AssertionError where the books are wrong."""

    def __init__(self, seed, transport, blocking, folder, interrupts=False):
        random.seed(seed)
        virtual_board.reset()
        self.trace = []
        self.transport = transport
        self.api = random.choice(("batch_logs", "events"))
        self.server = lossy.Server(self.api, self._heard)
        self.server.blocking = blocking and transport == "requests"
        if transport == "requests":  # 0.10: no chunks, no 1xx, and a Location is taken for worse
            self.server.misheard = "chunked", "continue", "location"
        self.ntp = Ntp(NOW_MS, self._synced)
        self.redirect_target = lossy.RedirectTarget()
        self.clock_kind = random.choice(("true", "true", "true", "drift", "lying", "date"))
        self.interrupts = interrupts
        self.days = random.randrange(4) == 0  # it has some without Wi-Fi, server, NTP or polls
        self.pace_ms = random.choice((0, 0, 0, 0, 1000, 6000, 30000, 60000))  # between polls
        self.period = random.choice((1 << 30, 1 << 30, 1 << 24))
        self.flash = faulty_flash.FaultyFlash(folder) if random.randrange(2) else None
        self.bucket_name = random.choice(BUCKETS)
        self.log = None
        self.seq = 0
        self.readings = self.arrived = self.again = self.boots = self.cuts = self.interrupted = 0
        self.dropped = self.rejected = self.lost = self.recovered = self.at_risk = 0
        self.hours = 0  # in pass_days()
        self.now = None  # this boot
        self._index = {}  # signal and value: readings
        self._texts = {}  # what has arrived, word for word
        self._latest = 0  # the group of what has arrived for the first time
        self._used = {}
        self._group = 0
        self._armed = False
        self._stuck = False
        self._given_up = False  # an earlier boot had a reading refused alone, or lost one
        self._gone = 0  # the most that an earlier boot has dropped or lost
        self._elapsed_ms = 0
        self._wrong = None
        self._inside = False  # a call of log()
        self._reading = False  # the books

    def note(self, *what):
        self.trace.append(" ".join(str(part) for part in what))

    # --- a board's life

    def boot(self):
        """Power on: a new Logger, its uptime somewhere before a wrap of the ticks."""
        self._elapsed_ms += time.up_ms()
        time.reset(ticks=self.period - random.randrange(200000))
        virtual_board.forget()
        time.period = self.period
        time.ppm = random.choice((-40, 15, 40)) if self.clock_kind == "drift" else 0
        self.ntp.unix_ms = NOW_MS + self._elapsed_ms
        self.ntp.change = None
        self.ntp.silent = random.randrange(8) == 0
        network.power_cycle()
        network.lying = self._stuck = False
        network.failing.clear()
        internet.reset()
        internet.names.update({"service.test": True, "time.test": True})
        internet.hosts["service.test:80"] = self.server
        internet.hosts["time.test:123"] = self.ntp
        internet.hosts["elsewhere.test:80"] = self.redirect_target
        self.boots += 1
        settings = self._settings()
        self.settings = settings
        self.server.timeout_ms = settings["timeout"] * 1000
        self.server.unheard = self.server.refused_alone = 0
        self.server.poison = None
        self.server.dated = self._now_ms if self.clock_kind == "date" else None
        self._lie_ms = 0
        self._known = set()
        self._predicted = 0  # rejected by log() itself
        self._foreign = 0  # readings of earlier boots that have arrived
        self.now = Boot()
        self._again_before = self.again
        self._closed = False
        self.note("boot", self.transport, self.api, self.clock_kind, self.pace_ms, settings)
        flaky = self.flash.flaky if self.flash else 0
        if flaky:
            self.flash.flaky = 0  # what is left by earlier boots is counted now
        self.log = islog.Logger("the-key", wifi=self._wifi(), **settings)
        if flaky:
            self.flash.flaky = flaky
        self._left = self.log.spooled  # by earlier boots
        self._lost_before = self.log.lost

    def _settings(self):
        rc = random.choice
        if random.randrange(8) == 0:
            self.bucket_name = rc(BUCKETS)
        settings = {
            "bucket_name": self.bucket_name,
            "api": self.api,
            "transport": self.transport,
            "bucket_url": "http://service.test/buckets",
            "ingest_url": "http://service.test/batch_logs",
            "ntp_hosts": ["time.test"],
            "buffer_bytes": rc((64, 256, 1024, 2048, 8192)),
            "batch_bytes": rc((512, 1024, 2048)),
            "batch_readings": rc((None, None, 1, 7)),
            "requests_per_s": rc((None, None, 3)),
            "flush_interval": rc((0, 1, 10, 60)),
            "timeout": rc((1, 2, 5)),
            "backoff_max": rc((1, 5, 60)),
            "slow_retry": rc((1, 30, 180)),
            "sync_interval": rc((60, 600, 14400)),
            "idle_close": rc((1, 60)),
            "max_signals": 64 if self.interrupts else rc((64, 64, 64, 8)),
            "report_dropped": rc((True, True, False)),
            "quiet": True,
        }
        if self.flash:
            settings["spool_file"] = self.flash.path
            settings["spool_bytes"] = rc((10 * settings["batch_bytes"], 64000))
        return settings

    def _wifi(self):
        network.air.clear()
        network.air["home"] = "a password"
        if wifi_module is None or random.randrange(3):
            self._has_wifi = False
            return None
        self._has_wifi = True
        network.style = random.choice(("esp32", "rp2"))
        return wifi_module.WiFi([{"ssid": "home", "password": "a password"}])

    def _now_ms(self):
        return NOW_MS + self._elapsed_ms + time.up_ms()

    def _ppm(self):
        return DRIFT_PPM if self.clock_kind == "drift" else ROUNDED_PPM

    def _synced(self, delay_ms):
        # NTP has answered. An answer that is worse than what is known already is not used, nor is
        # one that came when the time-out was over.
        if 2 * delay_ms > min(self.server.timeout_ms, 2000):
            return
        boot, at_ms = self.now, self._now_ms()
        off_ms = 0
        if boot.syncs:
            last = boot.syncs[-1]
            off_ms = last.off_ms + (at_ms - last.at_ms) * self._ppm() // 1000000
            off_ms = min(off_ms, 2 * delay_ms + 2)
        # Those in the ring are the newest. (Under interrupts their order is not known to one.)
        waiting = 0 if self.interrupts else self.log._ring.count
        boot.syncs.append(Sync(at_ms, off_ms, boot.stored - waiting))

    def _tolerance_ms(self, reading=None):
        # By how much its time may be wrong; without one, that of any reading of this boot.
        up_ms = time.up_ms()
        if self.clock_kind == "date":
            return 2200 + 2 * self.server.timeout_ms + up_ms // 1000
        if self._lie_ms:  # the drift seems to be anything that is sane
            return 6 + self._lie_ms * 2 + up_ms // 1000
        if reading:
            off_ms, far_ms = self._distance(reading)
        else:  # after a power cut there may be fewer syncs in flash than there were
            off_ms, far_ms = max([sync.off_ms for sync in self.now.syncs] + [0]), up_ms
        least_ms = 3 if self.clock_kind == "true" else 6
        return least_ms + off_ms + far_ms * self._ppm() // 1000000

    def _distance(self, reading):
        # How wrong the syncs are that its time is counted from, and how far from it they may be.
        before, after = None, []  # the latest is first
        for sync in reversed(self.now.syncs):
            if sync.at_ms < reading.at_ms:
                before = sync
                break
            after.append(sync)
        between = [sync for sync in after if sync.unsettled <= reading.number]
        if before and between and len(after) < SYNCS:
            return max(before.off_ms, between[-1].off_ms), 0
        far_ms = reading.at_ms - before.at_ms if before else after[-1].at_ms - reading.at_ms
        if len(after) >= SYNCS:  # perhaps the one before it is not known any more
            far_ms = max(far_ms, after[0].at_ms - reading.at_ms)
        return max([sync.off_ms for sync in after] + [before.off_ms if before else 0]), far_ms

    # --- logging

    def _pick(self):
        # (signal, value, epoch, exact text of the time)
        self.seq += 1
        n = self.seq
        kind = random.randrange(24)
        epoch = exact = None
        if kind < 9:
            signal, value = "n", n
        elif kind < 14:
            signal, value = "f", n + 0.5
        elif kind < 17:
            signal, value = "t", "t%d%s" % (n, self._odd())
        elif kind == 17:
            signal, value = "w", (1 << 40) + n
        elif kind == 18:
            signal = "g"
            value = n
            if random.randrange(2):
                epoch = 1700000000 + random.randrange(100000000)
                exact = "%d" % epoch
            else:
                epoch = 1700000000 + n, random.randrange(1000000)
                exact = "%d.%06d" % epoch
        elif kind == 19:
            signal, value = "b%d" % (n % 30), random.randrange(2) == 1
        elif kind == 20:
            signal, value = "x%d" % (n % 10), random.choice(EXTREMES)
        elif kind == 21:
            signal, value = "n", random.choice(NO_NUMBERS)
        elif kind == 22:
            text = random.choice(("x", '"', "\x01", "é"))
            size = random.randrange(1, 990) // len(text.encode())
            signal, value = "l", "%d:%s" % (n, text * size)
        else:
            signal, value = "\u00b0%d" % (n % 3), n
        if kind in (19, 20):
            used_ms = self._used.get(signal)
            now_ms = self._now_ms()
            least_ms = REUSE_MS + 2 * self._lie_ms
            if used_ms is not None and (self.days or now_ms - used_ms < least_ms):
                return "n", n, None, None  # after days the times of two may be mistaken
            self._used[signal] = now_ms
        return signal, value, epoch, exact

    def _odd(self):
        return "".join(random.choice(ODD) for _ in range(random.randrange(4)))

    def log_one(self, log=None, group=None):
        """Log one reading, and look whether it is taken as it should be."""
        inside = self._inside
        self._inside = True
        group = group or self._next_group()
        signal, value, epoch, exact = self._pick()
        refused = self._refusal(signal, value)
        reading = self._expect(signal, value, exact, group)
        before = self.log.dropped
        if epoch is None:
            stored = (log or self.log.log)(signal, value)
        else:
            stored = (log or self.log.log)(signal, value, epoch)
        if refused:
            assert not stored
            self._predicted += 1
        elif not stored:
            assert self.log.dropped > before
        self._inside = inside
        reading.stored = stored
        self.now.stored -= not stored

    def _next_group(self):
        self.readings += 1
        self._group = self.readings
        return self._group

    def _expect(self, signal, value, exact, group):
        # From now on this reading may arrive.
        reading = Reading(signal, value, self._now_ms(), exact, group, self.now)
        self._index.setdefault("%s\0%r" % (signal, value), []).append(reading)
        self.now.stored += 1
        self.now.logged += 1
        return reading

    def _refusal(self, signal, value):
        # Whether log() has to reject it.
        if self._closed:
            return False
        if value is None or isinstance(value, float) and value - value != 0:
            return True
        most = self.settings["batch_bytes"]
        long = isinstance(value, str) and len(value) * 6 + 250 > most
        if long and self._size(signal, value) > most:
            return True
        if signal not in self._known:
            if len(self._known) >= self.settings["max_signals"]:
                return True
            self._known.add(signal)
        return False

    def _size(self, signal, text):
        # Bytes of a body with this reading alone, and with the longest time there is.
        fields = {"key": signal, "value": text, "epoch": 0}
        if self.api == "batch_logs":
            fields = {"b": self.settings["bucket_name"], "tid": "x" * 36, "sn": signal}
            fields.update(v=text, e=0)
        size = len("[]") + len("{}") + len(fields) * 2 - 1 + len("1234567890.123456") - 1
        for name in fields:
            size += len(name) + 2 + len(_json(fields[name]))
        return size

    def log_many(self, count):
        if self._in_flight():
            self.server.unheard += 1  # it takes so long that an answer under way may be given up
        for _ in range(count):
            if self.interrupts:
                self.log_one(self._interrupted_log)
            else:
                self.log_one()
            if random.randrange(4) == 0:
                time.advance(random.randrange(50))
        self.check()

    def _interrupted_log(self, *args):
        return self.under_interrupts(self.log.log, args)

    def log_object(self):
        """A dict: all or nothing is looked at before, and all have one time."""
        count = random.randrange(1, 6)
        self.seq += 1
        obj = {"o%d" % i: self.seq * 8 + i for i in range(count)}
        group = self._next_group()
        for name in obj:
            # Whether it is rejected or dropped is seen by the counts.
            refused = self._refusal(name, obj[name])
            self._expect(name, obj[name], None, group)
            self._predicted += refused
            self.now.stored -= refused
        self.log.log_object(obj)
        self.check()

    def mistake(self):
        """What can never be a reading raises, and changes nothing."""
        before = self.log.status()
        try:
            self.log.log(*random.choice(MISTAKES))
        except (ValueError, TypeError):
            pass
        else:
            raise AssertionError("a mistake was taken for a reading")
        for name in ("pending", "sent", "dropped", "rejected"):
            assert self.log.status()[name] == before[name]

    # --- callbacks

    def under_interrupts(self, call, args):
        # At the jumps of the interpreter a soft callback runs, which logs now and then.
        if schedule_soon is None:
            return call(*args)
        self._countdown = self.pause_before_interrupt()
        self._armed = True
        schedule_soon(self._callback, None)
        try:
            return call(*args)
        finally:
            self._armed = False

    def pause_before_interrupt(self):
        # So many jumps until a callback logs; the more there were, the longer.
        return random.randrange(1, random.choice((20, 200, 2000)) + self.now.logged * 4)

    def _callback(self, _):
        if not self._armed:
            return
        self._countdown -= 1
        if self._countdown <= 0 and not self._reading:
            self._countdown = self.pause_before_interrupt()
            self.interrupted += 1
            try:
                self.log_one(group=self._group if self._inside else None)
            except Exception as e:  # it would only be printed
                self._wrong = self._wrong or e
        schedule_soon(self._callback, None)

    def _during_post(self):
        # As a timer's callback while a socket waits.
        if self._cut_in is not None:
            self._cut_in -= 1
            if self._cut_in < 0:
                raise faulty_flash.PowerCut
        if random.randrange(4 + self.now.logged // 30) == 0:
            for _ in range(random.choice((1, 2, 30))):
                self.log_one()
            self.check_books()

    # --- the books

    def check_books(self):
        log = self.log
        self._reading = True  # counts are read one by one: no callback logs in between
        there = log.pending
        if self._closed:  # what this boot has in flash is for the next one
            assert there == 0
            left = self._left - log.recovered - log.lost + self._lost_before
            there = log.spooled - left
        counts = self.now.logged, log.sent, log.dropped, log.rejected, there
        self._reading = False
        assert counts[0] == sum(counts[1:]), counts

    def check(self):
        """The books, by the test's own counts."""
        if self._wrong:
            raise self._wrong
        log = self.log
        self.check_books()
        assert self.server.wrong == [], self.server.wrong
        assert 0 <= log.rejected - self._predicted <= self.server.refused_alone
        assert self.now.new >= log.sent and self._foreign >= log.recovered
        if not self.server.unheard and not self._in_flight():
            counts = self.now.new, self._foreign, self.again - self._again_before
            assert counts == (log.sent, log.recovered, counts[2]), counts
            assert not counts[2] or self._foreign
        left = self._left - log.recovered - log.lost + self._lost_before  # of earlier boots
        self._balanced = self.now.logged
        self.now.at_risk = 0 if self._closed else log.pending - log.spooled + left
        assert left >= 0 and 0 <= self.now.at_risk <= log.pending, (left, self.now.at_risk)

    def _in_flight(self):
        return self.transport == "kept" and self.log._uplink.doing

    def _heard(self, signal, value, e):
        # The server has stored this.
        if signal == "islog.dropped":
            assert 0 < value <= max(self._gone, self.log.dropped + self.log.lost)
            return
        known = self._index.get("%s\0%r" % (signal, value), ())
        assert known, "%s %r %s: was never logged" % (signal, value, e)
        fits = [reading for reading in known if self._was_then(reading, e)]
        assert fits, "%s %r %s: logged at %d ms" % (signal, value, e, known[-1].at_ms)
        new = [reading for reading in fits if not reading.arrived]
        text = "%s\0%s\0%s" % (signal, value, e)
        if text in self._texts or not new:
            self.again += 1
            self._foreign += fits[-1].boot is not self.now
            return
        self._texts[text] = True
        reading = new[0]
        assert reading.stored, "%s %r %s: was refused" % (signal, value, e)
        in_turn = reading.group >= self._latest
        # One that was given up, and then was in flash still at a power cut, is tried once more.
        in_turn = in_turn or reading.boot is not self.now and self._given_up
        assert in_turn or self._rotten(), "%s %r %s: not in its turn" % (signal, value, e)
        self._latest = max(self._latest, reading.group)
        reading.arrived = True
        reading.boot.new += 1
        self._foreign += reading.boot is not self.now
        self.arrived += 1

    def _was_then(self, reading, e):
        if reading.exact:
            return e == reading.exact
        seconds, _, fraction = e.partition(".")
        assert len(fraction) == 3, e
        off_ms = int(seconds) * 1000 + int(fraction) - reading.at_ms
        if reading.boot is self.now:
            return abs(off_ms) <= self._tolerance_ms(reading)
        return abs(off_ms) <= reading.boot.tolerance_ms

    def _rotten(self):
        return self.flash and self.flash.rotten

    # --- time

    def poll(self):
        """One poll, and what the radio makes of it."""
        self.server.said_early = 0
        alive = internet.route() == "alive" and not network.failing
        cuts = network.cuts()
        if self.interrupts and random.randrange(2):
            wait_ms = self.under_interrupts(self.log.poll, ())
        else:
            wait_ms = self.log.poll()
        assert not alive or network.cuts() == cuts, "what a program had open was cut"
        early = self.server.said_early
        if early and self.transport == "kept":
            assert self.log._uplink.transport.status == early, "%d was not heard" % early
        assert 0 <= wait_ms <= 1000, wait_ms
        if self._stuck and network.route() != "alive":
            self._stuck = network.lying = False
        self._link()
        del internet.resolved[:]
        return wait_ms

    def _link(self):
        internet.link_up = not self._stuck and "home" in network.air

    def run(self, ms, late=1, until_empty=False):
        """Poll for `ms` of virtual time, `late` times as rarely as asked to, and not more often
        than this program does."""
        end_ms = time.up_ms() + ms
        while time.up_ms() < end_ms and not (until_empty and self._is_empty()):
            wait_ms = self.poll()
            self.check()
            wait_ms = max(wait_ms * late, self.pace_ms)
            time.advance(max(1, min(wait_ms, end_ms - time.up_ms())))

    def _is_empty(self):
        return not self.log.pending and not self.log.spooled

    # --- what a day brings

    def new_faults(self):
        share = random.choice((0, 30, 30, 100))
        count = random.choice((1, 1, 3, len(KINDS)))
        self.server.mix = share, tuple(random.choice(KINDS) for _ in range(count))
        self.server.down = random.randrange(8) == 0
        self.server.latency_ms = random.choice((1, 20, 300))
        self.server.poison = b'"v":%d,' % (self.seq + 2) if random.randrange(4) == 0 else None
        if random.randrange(6) == 0:
            internet.names.pop("service.test", None)
        else:
            internet.names["service.test"] = True
        self.note("faults", self.server.mix, "down" if self.server.down else "")

    def new_link(self):
        what = random.randrange(7)
        is_up = self._has_wifi and not network.failing and network.WLAN().isconnected()
        if self._in_flight():
            self.server.unheard += 1
        if what == 0:
            network.air.pop("home", None)
        elif what == 1:
            network.drop()
        elif what == 2 and is_up:
            network.lying = self._stuck = True
        elif what == 3:
            network.air["home"] = "a password"
        elif what == 4 and is_up:
            network.deaf = True
            network.wedged = network.style == "rp2" and random.randrange(2) == 0
        elif what == 5 and self._has_wifi:
            for _ in range(random.choice((1, 4))):
                times = random.choice((1, 3, 30))
                network.failing[random.choice(RADIO)] = [
                    RuntimeError("Wifi Unknown Error")
                ] * times
            network.failing_bring_ups = random.randrange(3)
        elif what == 6:
            network.failing.clear()
        self._link()
        self.note("link", what)

    def new_ntp(self):
        self.ntp.silent = random.randrange(2) == 0
        self.ntp.delay_ms = random.choice((1, 10, 200, 900))
        lie_ms = 0
        if self.clock_kind == "lying" and random.randrange(2):
            lie_ms = random.choice((-3000, -200, 150, 4000))
            self._lie_ms = max(self._lie_ms, abs(lie_ms))
        self.ntp.unix_ms = NOW_MS + self._elapsed_ms + lie_ms
        self.ntp.change = _spoil if random.randrange(3) == 0 else None
        self.note("ntp", "silent" if self.ntp.silent else "", self.ntp.delay_ms, lie_ms)

    def pass_days(self):
        """Hours to two months in which something is not there, and few readings are logged by a
        program that polls rarely; or it does not even poll, for less than 9 days."""
        missing = random.choice(("Wi-Fi", "server", "NTP", "poll", "nothing"))
        pace_ms = random.choice((HOUR_MS // 12, HOUR_MS, 12 * HOUR_MS))
        if self.period < 1 << 30:
            pace_ms = min(pace_ms, HOUR_MS)
        ms = min(random.choice(DAYS) * 24 * HOUR_MS, random.choice((20, 150)) * pace_ms)
        if missing == "poll":
            ms = pace_ms = random.randrange(self.period // 100 * 72)
        self.note("days", ms // HOUR_MS, "h without", missing, "a poll in", pace_ms)
        self.hours += ms // HOUR_MS
        if self._in_flight():
            self.server.unheard += 1
        down, silent = self.server.down, self.ntp.silent
        if missing == "Wi-Fi":
            network.air.pop("home", None)
            self._link()
        self.server.down = down or missing == "server"
        self.ntp.silent = silent or missing == "NTP"
        end_ms = time.up_ms() + ms
        while time.up_ms() < end_ms:
            time.advance(pace_ms)
            if random.randrange(10) == 0:
                self.log_many(random.choice((1, 3)))
            self.poll()
            self.check()
        network.air["home"] = "a password"
        self._link()
        self.server.down, self.ntp.silent = down, silent

    def step(self):
        if self.days and random.randrange(5) == 0:
            self.pass_days()
            return
        what = random.randrange(100)
        if what < 30:
            count = random.choice((1, 1, 3, 10, 40))
            self.note("log", count)
            self.log_many(count)
        elif what < 60:
            ms = random.choice((100, 2000, 15000, 60000))
            self.note("run", ms)
            self.run(ms, random.choice((1, 1, 5)))
        elif what < 75:
            self.new_faults()
        elif what < 80:
            self.new_link()
        elif what < 85:
            self.new_ntp()
        elif what < 88:
            self.note("log_object")
            self.log_object()
        elif what < 90:
            self.mistake()
        elif what < 92:
            self.note("flush")
            done = self.log.flush(random.choice((0, 1, 20)))
            assert done is (self.log.pending == 0)
            self.check()
        elif what < 94:
            internet.during_post = None if internet.during_post else self._during_post
            self._cut_in = None
            self.note("timer", bool(internet.during_post))
        elif what < 96:
            ms = random.randrange(HOUR_MS)
            self.note("idle", ms)
            if self._in_flight():
                self.server.unheard += 1  # an answer under way is given up
            time.advance(ms)
        elif what < 98:
            self._power_cut()
        else:
            self.note("close")
            if self.transport == "kept":
                self.server.unheard += 1  # an answer that is under way when its time is over
            self.log.close()
            self._closed = True
            self.check()
            assert self.flash or self.log.pending == 0
            self.log_many(2)
            self._next_boot()

    def _power_cut(self):
        # At once, or in the middle of the next POST that waits or the next writing to flash.
        self.note("power cut")
        self._cut_in = random.randrange(6)
        internet.during_post = self._during_post
        if self.flash:
            self.flash.cut = random.randrange(2) == 0
        try:
            self.run(random.choice((1, 20000)))
        except faulty_flash.PowerCut:
            self.note("in a POST, or in a write")
        self.cuts += 1
        if self.flash:
            self.flash.cut = False
            if random.randrange(8) == 0:
                self.note("rot", self.flash.rot())
        # What was logged since the last look at the books was in RAM.
        self.now.at_risk += self.now.logged - self._balanced
        self._next_boot()

    def _next_boot(self):
        self._end_of_boot()
        self.at_risk += self.now.at_risk
        self.boot()

    def _end_of_boot(self):
        self.now.tolerance_ms = self._tolerance_ms()
        given_up = self.server.refused_alone + self.log.lost
        self._given_up = self._given_up or given_up > 0
        self._gone = max(self._gone, self.log.dropped + self.log.lost)
        self.dropped += self.log.dropped
        self.rejected += self.log.rejected
        self.lost += self.log.lost
        self.recovered += self.log.recovered

    def run_all(self, steps):
        """The whole schedule, and then a quiet end."""
        self.boot()
        if random.randrange(3):
            self.new_faults()
        for _ in range(steps):
            self.step()
        self.note("all becomes well")
        internet.during_post = None
        self.server.mix = 0, ()
        self.server.down = False
        self.server.poison = None
        self.server.latency_ms = 20
        internet.names["service.test"] = True
        network.air["home"] = "a password"
        network.failing.clear()
        self._link()
        self.ntp.silent = False
        self.ntp.change = None
        self.ntp.delay_ms = 5
        self.ntp.unix_ms = NOW_MS + self._elapsed_ms
        if self.flash:
            self.flash.errors = self.flash.flaky = 0
        self.run(3 * HOUR_MS + 5000 * self.pace_ms, 20, until_empty=True)
        log = self.log
        assert self._is_empty(), "what was logged is never sent: %s" % log.status()
        self.check()
        self._end_of_boot()
        logged = sum([len(known) for known in self._index.values()])
        gone = self.dropped + self.rejected + self.lost + self.at_risk
        self.logged = logged
        if not self._rotten():
            assert logged - self.arrived <= gone, (logged, self.arrived, gone)
        missing = self.now.logged - self.now.new
        if not self.server.unheard:
            assert missing == log.dropped + log.rejected
        assert self.redirect_target.seen == 0


def _spoil(packet):
    # An answer with a few bytes wrong, never in the time itself: that would be believed.
    what = random.randrange(4)
    if what == 0:
        packet[24 + random.randrange(8)] ^= 1 + random.getrandbits(7)
    elif what == 1:
        packet[0] |= 0xC0
    elif what == 2:
        packet[1] = random.randrange(16, 256)
    else:
        packet[0] = packet[0] & 0xF8 | random.choice((0, 1, 2, 3, 5, 6, 7))


def _json(value):
    # As short as JSON can be (RFC 8259, section 7), in bytes.
    if value == 0:
        return b"0"
    text = '"'
    for c in value:
        if c in '"\\':
            c = "\\" + c
        elif c < " ":
            c = {"\n": "\\n", "\t": "\\t"}.get(c, "\\u00%02x" % ord(c))
        text += c
    return (text + '"').encode()
