"""One day of a board in small, for inject.py and shortage.py: what a program calls and a server
answers, an outage with an overflow, lost Wi-Fi, a silent NTP host, flash, and a reboot.

The program is a user's. It catches a Ctrl-C that leaves a call, and goes on with the next one;
whatever else leaves a call is a failure. It keeps its own list of what it logged, and compares it
after each call with the books and with what the server holds. Only islog's public names are used.
"""

import gc
import io
import random
import sys

import internet
import islog
import lossy
import network
import ntp_host
import requests
import virtual_board
from islog import connection, wifi
from virtual_board import NOW_MS, time

HOUR_S = 3600
NTP_TOLERANCE_MS = 5
DATE_TOLERANCE_MS = 2200  # of a Date's second, and of equal times where the truth is earlier
CPYTHON = sys.implementation.name == "cpython"
STORED, REFUSED, PERHAPS = 1, 2, 3
INTERRUPTED = object()
ODD = ('"', "\\", "\n", "\x01", "é", "\U0001f600", ',"e":', "}", "")
NO_NUMBERS = (None, float("nan"), float("inf"))
EXTRA_ANSWERS = ([["chunked"], ["garbage"] * 3], [], [[(400, ())] * 10], [[(402, ())]])
MISTAKES = (("", 1), ("islog.x", 1), ("n", 1 << 63), ("n", [1]), ("n", 1, -1), (5, 1))


class Failure(Exception):
    """What no program may ever see; `cause`: the exception that left a call of islog."""

    def __init__(self, text, cause=None):
        super().__init__(text)
        self.cause = cause


class Abandoned(BaseException):
    """Ctrl-C has ended the program."""


class Hang(BaseException):
    """A run takes far too long."""


class Reading:
    def __init__(self, signal, value, at_ms, exact, boot, number):
        self.signal = signal
        self.value = value
        self.at_ms = at_ms  # Unix time
        self.exact = exact  # its text, where the program gave it
        self.boot = boot
        self.number = number
        self.state = PERHAPS
        self.arrived = False


class Server(lossy.Server):
    """A server whose next answers to batches, and to bucket calls, are a list, used up first:
    "drop" (none), "lost" (accepted, and no answer), "garbage", "json" and "chunked" (accepted,
    with a 200), or a status with its headers and body. While it is `down`, a connection that is
    open breaks, too."""

    def __init__(self, api, heard):
        super().__init__(api, heard)
        self.script = []
        self.bucket_script = []

    def handle(self, method, path, headers, body):
        if self.down:
            raise OSError(104)
        return super().handle(method, path, headers, body)

    def _answer(self, method, path, headers, body):
        self._how = None
        script = self.bucket_script if path == "/buckets" else self.script
        what = script.pop(0) if script else None
        if what in (None, "lost", "json", "chunked"):
            good = self._good(method, path, headers, body)
            if what is None or good != 204:
                return good
            if what == "json":
                return 200, dict(lossy.JSON), b"{}"
            if what == "chunked":
                fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
                return 200, fields, b"2\r\n{}\r\n1;x=y\r\n \r\n0\r\nX: y\r\n\r\n"
            raise OSError(104)
        if what == "drop":
            if self.blocking:
                time.advance(self.timeout_ms)
            raise OSError(110)
        if what == "garbage":
            return "garbage", {}, b"\x00\xff this is no HTTP\r\n"
        return what[0], dict(what[1]), what[2] if len(what) > 2 else b""


class Day:
    """`variant`: (transport, spool: a bool, API); `path` of the spool, in an empty folder.
    `watch(name)` is called before each call of islog, of that name, and `watch(None)` after it."""

    def __init__(self, variant, seed, path, watch=lambda name: None):
        self.transport, self.spool, self.api = variant
        random.seed(seed)
        virtual_board.reset()
        self.seed = seed
        self.extra = seed % 4
        self.watch = watch
        self.dates = seed % 3 == 2  # the first time comes from a Date header
        self.tolerance_ms = DATE_TOLERANCE_MS if self.dates else NTP_TOLERANCE_MS
        self.server = Server(self.api, self._heard)
        self.server.blocking = CPYTHON and self.transport == "requests"
        self.server.timeout_ms = 2000
        if self.dates:
            self.server.dated = self._now_ms
            time.ppm = 20
        self.ntp = ntp_host.Ntp(NOW_MS)
        internet.hosts["service.test:80"] = self.server
        internet.hosts["time.test:123"] = self.ntp
        self.path = path
        self.settings = {
            "client_key": "the-key",
            "bucket_name": "shed",
            "api": self.api,
            "transport": self.transport,
            "bucket_url": "http://service.test/buckets",
            "ingest_url": "http://service.test/batch_logs",
            "ntp_hosts": ["time.test"],
            "buffer_bytes": 768,
            "batch_bytes": 768,
            "flush_interval": 2,
            "timeout": 2,
            "backoff_max": 2,
            "slow_retry": 4,
            "sync_interval": 300,
            "idle_close": 5,
            "max_signals": 60,
            "quiet": True,
        }
        if self.spool:
            self.settings.update(spool_file=path, spool_bytes=(7680, 64000)[seed % 2])
        self.log = None
        self.boot = 0
        self.injected = 0  # counted by whoever injects
        self.happened = []  # what was called, for whoever reads a failure
        self.index = {}
        self.readings = []
        self.wrong = None
        self.calls = self.perhaps = 0  # of this boot
        self.within = 0  # readings of a log() that is under way
        self.held = {}  # by boot: readings that the server has
        self.latest = {}  # by boot: number of the reading that came last, for the first time
        self.gone = {0: 0}  # by boot: dropped, rejected, or lost by the next one
        self.sent = {}  # by boot
        self.recovered = 0
        self.closing = False
        self.only_memory = False  # numbers and bools need none
        self.ending = False  # what is pending has to become less now
        self.abandons = None  # or what comes after a Ctrl-C that ends the program: see anew()
        self.in_ram = 0  # readings that are not in flash, at most
        self.calm = True  # no callback logs: readings are in order, and there is always room

    # --- what the program calls

    def call(self, name, call, args=()):
        """The call's result; INTERRUPTED where Ctrl-C left it. Takes no heap of its own."""
        count = len(args)
        self.watch(name)
        try:
            if count == 0:
                result = call()
            elif count == 1:
                result = call(args[0])
            elif count == 2:
                result = call(args[0], args[1])
            else:
                result = call(args[0], args[1], args[2])
        except BaseException as e:
            self.watch(None)
            if isinstance(e, Hang):
                raise
            if not isinstance(e, KeyboardInterrupt):
                raise Failure("%s%r raised %s" % (name, args, said(e)), e)
            if self.abandons is not None:
                raise Abandoned
            result = INTERRUPTED
        finally:
            self.watch(None)
        if self.wrong:
            raise Failure(self.wrong)
        return result

    def start(self):
        """A new boot."""
        self.boot += 1
        self.held[self.boot] = self.latest[self.boot] = self.sent[self.boot] = 0
        self.gone[self.boot] = 0  # without what log() has refused, which the books have, too
        self.calls = self.perhaps = self.in_ram = 0
        self.known = set()  # signals
        self.closing = False
        self.log = None
        while self.log is None:
            radio = wifi.WiFi([{"ssid": "home", "password": "a password"}])
            before = self.injected
            self.watch("Logger")
            try:
                self.log = islog.Logger(wifi=radio, **self.settings)
            except BaseException as e:
                self.watch(None)
                if isinstance(e, Hang):
                    raise
                lacking = isinstance(e, (KeyboardInterrupt, MemoryError))
                if self.abandons is not None and isinstance(e, KeyboardInterrupt):
                    raise Abandoned
                if not lacking or self.injected == before:
                    raise Failure("Logger() raised %s" % said(e), e)
            finally:
                self.watch(None)
        self.check()

    def poll(self):
        wait_ms = self.call("poll", self.log.poll)
        if wait_ms is INTERRUPTED:
            wait_ms = 0
        if type(wait_ms) is not int or not 0 <= wait_ms <= 3600000:
            raise Failure("poll() returned %r" % (wait_ms,))
        self.check()
        return wait_ms

    def run(self, seconds, until_empty=False):
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end and not (until_empty and self._is_empty()):
            wait_ms = self.poll()
            time.advance(max(1, min(wait_ms, end - time.up_ms())))

    def say(self, what):
        self.happened.append(what)

    def add(self, signal, value, epoch=None):
        """One reading, and what has to come of it."""
        exact = None
        if epoch is not None:
            exact = "%d.%06d" % epoch if type(epoch) is tuple else "%d" % epoch
        reading = self._expect(signal, value, exact)
        before = self.injected
        self.within = 1
        stored = self.call("log", self.log.log, (signal, value, epoch))
        self.within = 0
        if stored is INTERRUPTED:
            self.perhaps += 1
        else:
            self.calls += 1
            self._settle(reading, stored)
            had_memory = self.injected == before or self.only_memory and self._is_plain(reading)
            if not stored and had_memory and self.calm:
                raise Failure("log(%r, %r) returned %r" % (signal, value, stored))
            if stored:
                self.known.add(signal)
        self.check()

    def _is_plain(self, reading):
        # Whether log() needs no heap for it.
        kind = type(reading.value)
        narrow = kind in (float, bool) or kind is int and abs(reading.value) < 1 << 30
        return narrow and reading.exact is None and reading.signal in self.known

    def _expect(self, signal, value, exact=None):
        number = len(self.readings)
        reading = Reading(signal, value, self._now_ms(), exact, self.boot, number)
        self.readings.append(reading)
        self.index[signal, repr(value)] = reading
        return reading

    def _settle(self, reading, stored):
        if stored is not True and stored is not False:
            raise Failure("log() returned %r" % (stored,))
        reading.state = STORED if stored else REFUSED

    def refuse(self, signal, value):
        """What is no reading: counted as rejected."""
        self.within = 1
        stored = self.call("log", self.log.log, (signal, value, None))
        self.within = 0
        if stored is INTERRUPTED:
            self.perhaps += 1
        else:
            self.calls += 1
            self.gone[self.boot] -= 1
            if stored is not False:
                raise Failure("log(%r, %r) returned %r" % (signal, value, stored))
        self.check()

    def mistake(self, signal, value, epoch=None):
        """ValueError or TypeError, and nothing is counted."""
        before = self.injected
        self.within = 1
        try:
            stored = self.call("log", self.log.log, (signal, value, epoch))
        except Failure as e:
            if not isinstance(e.cause, (ValueError, TypeError)):
                raise
        else:
            if self.injected == before:
                raise Failure("log(%r, %r) returned %r" % (signal, value, stored))
            self.perhaps += 1
        self.within = 0
        self.check()

    def add_object(self, obj):
        before = self.injected
        expected = [self._expect("o." + name, obj[name]) for name in obj]
        self.within = len(obj)
        stored = self.call("log_object", self.log.log_object, (obj, "o."))
        self.within = 0
        if stored is True:
            self.calls += len(obj)
            for reading in expected:
                reading.state = STORED
        elif self.injected == before and self.calm:
            raise Failure("log_object() returned %r" % (stored,))
        else:  # some of them, perhaps
            self.perhaps += len(obj)
        self.check()

    def from_callback(self):
        """What a soft callback does, wherever it runs: looks at the books, logs, looks again."""
        self.look()
        number = len(self.readings)
        reading = self._expect("callback", number)
        self.within += 1
        stored = self.log.log("callback", number)
        self.within -= 1
        self.calls += 1
        self._settle(reading, stored)
        self.look()

    def look(self):
        """The books, at this moment."""
        log = self.log
        counted = [log.sent + log.dropped + log.rejected + log.pending]
        if self.closing:  # what waits for the next boot is no longer pending
            counted.append(counted[0] + log.spooled)
        if not any(self.calls <= n <= self.calls + self.perhaps + self.within for n in counted):
            perhaps = " (perhaps %d more)" % self.perhaps if self.perhaps else ""
            raise Failure("%d logged%s, and the books: %s" % (self.calls, perhaps, books(log)))

    def check(self):
        self.look()
        log = self.log
        self.sent[self.boot] = log.sent
        self.in_ram = max(0, log.pending - (log.spooled if self.boot == 1 else 0))
        if log.sent > self.held[self.boot]:
            raise Failure("sent is %d, the server has %d" % (log.sent, self.held[self.boot]))

    # --- what the server says

    def _now_ms(self):
        return NOW_MS + time.up_ms()

    def _heard(self, signal, value, e):
        if self.wrong or signal.startswith("islog."):
            return
        reading = self.index.get((signal, repr(value)))
        if reading is None:
            self.wrong = "what arrived was never logged: %s = %r" % (signal, value)
            return
        told = "%s = %r, the reading %d," % (signal, value, reading.number)
        if reading.state == REFUSED:
            self.wrong = told + " was refused by log(), and arrived"
        elif reading.exact is not None:
            if e != reading.exact:
                self.wrong = told + " has the time %s, not the given %s" % (e, reading.exact)
        elif abs(unix_ms(e) - reading.at_ms) > self.tolerance_ms:
            off_ms = unix_ms(e) - reading.at_ms
            self.wrong = told + " has a time that is %d ms off" % off_ms
        if reading.arrived:
            return
        reading.arrived = True
        self.held[reading.boot] += 1
        if self.calm and reading.number < self.latest[reading.boot]:
            self.wrong = told + " arrived behind reading %d" % self.latest[reading.boot]
        self.latest[reading.boot] = reading.number

    # --- the day

    def some(self, count, every_ms=0):
        """That many readings of all kinds."""
        for _ in range(count):
            n = len(self.readings)
            kind = n % 9
            if kind in (0, 1, 2):
                self.add("n", n)
            elif kind in (3, 4):
                self.add("f", n + 0.5)
            elif kind == 5:
                self.add("t", "t%d%s" % (n, ODD[n // 9 % len(ODD)]))
            elif kind == 6:
                self.add("w", (1 << 40) + n)
            elif kind == 7:
                self.add("plain", "p%d" % n)
            else:
                self.add("g", n, (1790000000 + n, n) if n % 2 else 1790000000 + n)
            if every_ms:
                time.advance(every_ms)

    def whole(self):
        """From power-up to the end of a second boot, or of what comes after a Ctrl-C."""
        try:
            self.both_boots()
            return
        except Abandoned:
            pass
        self.anew(self.abandons)

    def both_boots(self):
        self.others = open_sockets() if CPYTHON else []
        self.morning()
        self.answers()
        self.evening()
        self.night()
        self.next_day()
        self.reckon()

    def morning(self):
        self.say("start")
        network.style = ("esp32", "rp2")[self.seed // 2 % 2]
        network.air["home"] = ("a password", "another one")[self.extra == 3]
        self.ntp.silent = self.dates
        self.start()
        if self.extra == 3:
            self.run(5)
            network.air["home"] = "a password"
        self.some(4)
        self.server.bucket_script = [("drop", (503, ()), (401, ()))[self.seed % 3]]
        self.run(8)
        self.ntp.silent = False
        self.say("all kinds")
        self.some(7, 10)
        self.add("b", True)
        self.add("b", False)
        self.add_object({"x": 1, "y": 2.5, "z": "three"})
        for value in NO_NUMBERS:
            self.refuse("n", value)
        self.refuse("long", "x" * 760)
        self.mistake(*MISTAKES[self.seed % len(MISTAKES)])
        self.add("new %d" % self.seed, -1)
        self.run(6)
        self.say("outage")
        self.server.down = True
        for _ in range(6):
            self.some(9, 100)
            self.run(1)
        try:
            self.call("status", self.log.status)
        except Failure as e:  # it makes a dict, and nothing else
            if not isinstance(e.cause, MemoryError):
                raise
        self.say("a burst")
        for _ in range(50):
            self.add("n", len(self.readings))
        self.server.down = False
        self.run(8)

    def answers(self):
        for what in [
            [(403, ())],
            [(413, ()), (400, ()), (422, ())],
            [(429, {"Retry-After": "2"})],
            ["garbage"],
            ["lost"],
            ["drop"],
            [(200, {"Content-Type": "text/html"}, b"<html>log in</html>")],
            [(302, {"Location": "http://elsewhere.test/"})],
            ["json"],
            [(500, (), b"oops")],
        ] + EXTRA_ANSWERS[self.extra]:
            self.say("answers %s" % (what,))
            self.server.script = list(what)
            self.some(2, 5)
            self.run(6 if what[0][0] in (403, 302, 402) or len(what) > 2 else 3)
        self.say("poison")
        self.server.poison = b"poison"
        self.add("t", "before")
        self.add("t", "poison")
        self.add("t", "behind")
        self.run(4)
        self.server.poison = None
        self.run(5)

    def evening(self):
        if self.extra == 1:
            self.say("a link that lies")
            network.lying = True
            internet.link_up = False
            self.some(2)
            self.run(12)
            network.lying = False
            internet.link_up = True
            self.run(5)
        self.say("Wi-Fi is gone")
        network.air.clear()
        internet.link_up = False
        self.some(3, 100)
        self.run(6)
        network.air["home"] = "a password"
        internet.link_up = True
        self.some(2)
        self.run(5)
        self.say("NTP is silent, its time is due")
        self.ntp.silent = True
        time.advance(310000 if self.extra else 2500000)
        self.some(3)
        self.run(8)
        self.ntp.silent = False
        self.some(3)
        self.say("flush()")
        self.call("flush", self.log.flush, (5,))
        self.check()
        self.say("all is well")
        self.make_well()

    def make_well(self):
        """Everything works, and the books have time: nothing stays pending."""
        self.ending = True
        self.server.script = []
        self.server.bucket_script = []
        self.server.poison = None
        self.server.down = False
        self.ntp.silent = False
        internet.link_up = True
        network.air["home"] = "a password"
        self.run(2 * HOUR_S, until_empty=True)
        if not self._is_empty():
            raise Failure("what was logged is never sent: %s" % books(self.log))
        self.run(3)
        self.some(2)
        self.run(2 * HOUR_S, until_empty=True)
        if not self._is_empty():
            raise Failure("what is logged now is never sent: %s" % books(self.log))
        self.ending = False

    def _is_empty(self):
        return self.log.pending == 0 and not (self.spool and self.log.spooled)

    def night(self):
        self.say("an outage before close()")
        self.server.down = True
        for _ in range(6):
            self.some(9, 100)
            self.run(1)
        self.server.down = False
        self.run(3 if self.seed % 2 else 1)
        self.server.down = self.spool or self.seed % 2 == 1
        self.some(6)
        self.run(1)
        self.say("close()")
        self.closing = True
        while self.call("close", self.log.close) is INTERRUPTED:
            self.check()
        log = self.log
        self.check()
        if log.pending:
            raise Failure("after close(): %s" % books(log))
        if internet.open_sockets:
            raise Failure("after close() %d sockets are open" % internet.open_sockets)
        for _ in range(2):  # whoever stops twice is not wrong
            if self.call("flush", log.flush, (None,)) is False:
                raise Failure("after close() flush() returned False")
        self.within = 1
        stored = self.call("log", log.log, ("n", 1, None))
        self.within = 0
        if stored is INTERRUPTED:
            self.perhaps += 1
        elif stored is False:
            self.calls += 1
            self.gone[self.boot] -= 1
        else:
            raise Failure("after close() log() returned %r" % (stored,))
        self.check()
        self.call("poll", log.poll)
        self.call("close", log.close)
        self.check()
        self._end_of_boot()

    def _end_of_boot(self):
        log = self.log
        self.gone[self.boot] += log.dropped + log.rejected
        self.gone[self.boot - 1] += log.lost
        self.recovered += log.recovered

    def next_day(self):
        self.say("reboot")
        internet.open_sockets = 0
        time.restart_ticks()
        network.power_cycle()
        self.start()
        self.some(3)
        self.make_well()
        self._end_of_boot()

    def anew(self, how):
        """At the REPL, after Ctrl-C: a new Logger in the same interpreter. Nobody has the old one
        any more (`how` is 0), the program's names still have it (1), or it is closed first (2).
        The new one delivers all, and nothing that the old one had opened stays."""
        self.say("Ctrl-C: a new Logger (%d)" % how)
        self.watch(None)
        self.watch = lambda name: None
        internet.during_post = self.abandons = None
        self.calm = False
        others = self.others
        old, self.log = self.log, None
        in_ram = self.in_ram + self.within
        self.within = 0
        self.closing = True
        if old and how == 2:
            old.close()
        elif old and how == 1:
            try:
                islog.Logger(**self.settings).close()
            except islog.ConfigError as e:
                if "close()" not in str(e):
                    raise
                old.close()
                if old.state != "closed" or old.pending:
                    raise Failure("after close(): %s" % books(old))
        if old:
            self.gone[self.boot] += old.dropped + old.rejected
            self.gone[self.boot - 1] += old.lost
        self.gone[self.boot] += in_ram
        if how == 0:
            old = None
            time.advance(2000)
        self.server.script = []
        self.start()
        self.some(3)
        self.make_well()
        if self.call("close", self.log.close) is not True:
            raise Failure("close() of the new Logger: %s" % books(self.log))
        self._end_of_boot()
        self.log = old = None
        opened = [s for s in open_sockets() if s not in others]
        if opened:
            raise Failure("%d sockets stay open" % len(opened))
        if requests.socket is not connection.socket:
            raise Failure("requests keeps the stand-in of its socket module")
        self.reckon(self.boot)

    def reckon(self, boots=2):
        """Nothing is missing that the books do not have, and none of them has too much."""
        for boot in range(1, boots + 1):
            readings = [r for r in self.readings if r.boot == boot]
            missing = [r.number for r in readings if r.state == STORED and not r.arrived]
            gone = self.gone[boot] - sum([r.state == REFUSED for r in readings])
            if len(missing) > gone:
                raise Failure(
                    "%d readings of boot %d are missing, the books have %d (%s)"
                    % (len(missing), boot, gone, missing)
                )
        if self.recovered > self.held[1]:
            raise Failure("%d recovered, the server has %d" % (self.recovered, self.held[1]))
        if self.server.wrong:
            raise Failure("the server was sent what none should be: %s" % self.server.wrong[0])


def open_sockets():
    """Those that somebody has: a board's collector closes the others."""
    gc.collect()
    return [s for s in gc.get_objects() if type(s) is connection.socket.socket and s._open]


def said(e):
    """An exception, and where in islog it came from."""
    if not CPYTHON:
        text = io.StringIO()
        sys.print_exception(e, text)
        lines = [line.strip() for line in text.getvalue().split("\n") if line]
        return "%s (%s)" % (lines[-1], lines[-2])
    where, tb = "", e.__traceback__
    while tb:
        path = tb.tb_frame.f_code.co_filename
        if "islog/" in path:
            where = " (%s:%d)" % (path.rpartition("/")[2], tb.tb_lineno)
        tb = tb.tb_next
    return "%s: %s%s" % (type(e).__name__, e, where)


def books(log):
    return "sent %d, dropped %d, rejected %d, pending %d (%s, %s)" % (
        log.sent,
        log.dropped,
        log.rejected,
        log.pending,
        log.state,
        log.last_error,
    )


def unix_ms(e):
    """Milliseconds of a time as it was sent."""
    seconds, _, fraction = e.partition(".")
    return int(seconds) * 1000 + int((fraction + "000")[:3])
