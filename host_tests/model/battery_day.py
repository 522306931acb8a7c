"""Random days of a board on a battery, in virtual time: sleeps of both kinds, buttons, resets,
power cuts, flipped bits in the RTC's memory, somebody who sets its clock, no router, no server,
no NTP. After each step, and after each start, the books, what the server has, its order, its
times and the spool's files are compared with what was logged.

battery_day.py FIRST COUNT FOLDER     prints figures, or the first day that fails

A chain is what is one boot to the user: from a new start on, over all deep sleeps that the board
remembers. The last phase of a day is a good one: what is not told as lost has arrived by then.
"""

import gc
import os
import random
import sys

import machine
import machine_sleep
import network
import virtual_board
from battery import Battery
from islog.wifi import WiFi
from virtual_board import NOW_MS, time

HOME = {"ssid": "home", "password": "home-password"}
OFF = 0.056  # the RTC is off by so much at most
CRYSTAL = 0.0001
SURE_MS = 150  # the error of a sync, and of equal times
EQUAL_MS = 2000  # so far ahead may be the time that was sent before
NO_BOUND = 1 << 60
SYNCS = 5  # a clock remembers a few more
BLOCK = 4096
BOOTS = 60  # of a day, at most
TOLD = 60 if "-v" not in sys.argv else 1000
FIGURES = "days boots logged arrived again lost cuts flips sets resets buttons new_starts".split()


class Failure(Exception):
    """What no user may see."""


class Reading:
    def __init__(self, number, at_ms, exact, chain):
        self.number = number
        self.at_ms = at_ms  # Unix time
        self.exact = exact  # its text, where the program gave it
        self.chain = chain
        self.arrived = False


class Chain:
    def __init__(self, name):
        self.name = name
        self.logged = 0
        self.kept = 0  # of them, when it fell asleep last
        self.arrived = 0  # with those that came again
        self.marks = []  # ("sync" | "leap" | "set", Unix ms, how wrong a leap may be), in order
        self.latest = -1  # the number of the reading that came last, for the first time
        self.latest_ms = 0  # the latest time that came

    def knew_time(self):
        return "sync" in [mark[0] for mark in self.marks]


class Day:
    def __init__(self, seed):
        random.seed(seed)
        virtual_board.reset()
        self.trace = []
        self.style = "rp2" if random.randrange(4) == 0 else "esp32"
        self.spool = self.style == "rp2" or random.randrange(3) > 0
        self.dated = random.randrange(6) == 0
        self.luck = random.choice((16, 40, 400))  # the more the less goes wrong
        settings = {
            "transport": random.choice(("kept", "kept", "requests")),
            "upload_interval": random.choice((900, 1800, 3600, 7200)),
            "buffer_bytes": random.choice((1024, 2048, 8192)),
            "batch_bytes": random.choice((768, 2048)),
            "sync_interval": random.choice((600, 3600, 86400)),
            "max_signals": 20,
            "slow_retry": 60,
        }
        if self.spool:
            settings["spool_file"] = virtual_board.flash()
            settings["spool_bytes"] = random.choice((20480, 32768, 131072))
        self.own_part = None
        part = None
        if self.style == "esp32" and random.randrange(2):
            part = random.choice(((0, 2048), (64, 1024), (512, 700), (0, 1000), (1024, 1024)))
            settings["rtc_memory"] = part
        if random.randrange(5) == 0:
            settings["max_clock_error"] = random.choice((2, 30, 600))
        self.off_ppm = random.randrange(-50000, 50001)
        self.settings = settings
        self.say("%s %r, RTC %d ppm" % (self.style, settings, self.off_ppm))
        network.air["home"] = HOME["password"]
        self.board = Battery(
            self.style,
            rtc_ppm=self.off_ppm,
            crystal_ppm=random.randrange(-20, 21),
            boot_ms=random.choice((0, 300, 1500)),
            **settings,
        )
        self.board.between = self.between
        self.server, self.ntp = self.board.server, self.board.ntp
        self.ntp.delay_ms = random.choice((3, 10, 30))
        self._answer, self.ntp.answer = self.ntp.answer, self.ntp_asked
        self.part = part
        if part and random.randrange(2):
            first, size = part
            own = bytearray(os.urandom(2048))
            own[first : first + size] = bytes(size)
            self.own_part = bytes(own)
            machine.rtc_memory = self.own_part
        self.log = None
        self.chain = None
        self.readings = []
        self.fresh = "cut"  # how the boot that begins now came about
        self.good = False
        self.over = False
        self.allowed = 0  # so many readings may be missing in the end
        self.seen = (0, 0, 0)  # dropped, lost, readings in RAM, as last seen
        self.asleep_ms = 0
        self.naps = False
        for name in FIGURES:
            setattr(self, name, 0)
        self.days = 1

    def say(self, what):
        self.trace.append("%9.1f %s" % (time.up_ms() / 1000, what))

    def now_ms(self):
        return NOW_MS + time.up_ms()

    def mark(self, what, error_ms=0):
        if self.chain:
            self.say("mark: %s" % what)
            self.chain.marks.append((what, self.now_ms(), error_ms))

    def ntp_asked(self, question):
        found = self._answer(question)
        if found:
            self.mark("sync")
        return found

    # --- the board's life

    def live(self, boots):
        self.left = boots
        self.board.boots(self.main)
        if not self.over:
            raise Failure("the board hangs")
        self.boots = self.board.boot

    def main(self):
        self.weather()
        self.log = self.board.start(wifi=WiFi([HOME]))
        self.begun()
        try:
            if self.left <= 0:
                self.finish()
                return
            self.left -= 1
            for _ in range(random.choice((0, 1, 1, 2, 4))):
                self.step()
                self.check()
            self.measure()
            self.check()
            self.leave()
        except machine.Reset:
            self.look()
            if self.fresh == "sleep":
                self.check()
            self.log = None
            raise

    def begun(self):
        """The board has started: whether it goes on where it was is seen in its books."""
        log, chain, fresh = self.log, self.chain, self.fresh
        total = log.sent + log.dropped + log.rejected + log.pending
        self.say("start after %s: books %d" % (fresh, total))
        goes_on = chain and self.style == "esp32" and fresh != "cut"
        if goes_on and fresh == "sleep":
            goes_on = True
        elif goes_on and fresh == "reset":
            # (What went to flash since the sleep, it was kept anew.)
            goes_on = total and chain.kept <= total <= chain.logged
            if goes_on:
                chain.logged = total
        elif goes_on:  # a flipped bit
            goes_on = total and total == chain.logged
        if not goes_on:
            if chain:
                self.allowed += self.seen[0] + self.seen[1]
                if fresh != "sleep":
                    self.allowed += self.seen[2]
            self.chain = Chain(self.board.boot)
            self.new_starts += 1
        elif fresh == "reset":
            self.allowed += self.seen[0] + self.seen[1] + self.seen[2]
            self.mark("leap")
        self.fresh = "reset"
        self.check()

    def weather(self):
        """What is there of the world from now on."""
        if self.left <= 0:
            network.air["home"] = HOME["password"]
            self.ntp.silent = self.server.down = False
            self.server.always = self.server.always_bucket = None
            del self.server.answers[:]
            return
        if random.randrange(6 if not network.air else 12) == 0:
            if network.air:
                network.air.clear()
            else:
                network.air["home"] = HOME["password"]
            self.say("router %r" % bool(network.air))
        if random.randrange(4 if self.ntp.silent else 16) == 0:
            self.ntp.silent = not self.ntp.silent
            self.say("ntp silent %r" % self.ntp.silent)
        if random.randrange(4 if self.server.down else 16) == 0:
            self.server.down = not self.server.down
            self.say("server down %r" % self.server.down)
        if random.randrange(8) == 0:
            self.server.always = random.choice((None, None, (503, {}, b""), (500, {}, b"x")))
            self.say("server always %r" % (self.server.always,))
        if random.randrange(6) == 0:
            kinds = ("lost", "lost", "drop", "garbage", (429, {"Retry-After": "20"}, b""))
            self.server.answers = [random.choice(kinds) for _ in range(random.randrange(1, 4))]
            self.say("answers %r" % self.server.answers)
        self.set_date()

    def set_date(self):
        if self.dated:
            from lossy import http_date

            self.server.date = http_date(self.now_ms() // 1000)

    def between(self):
        """The board has no program for a moment."""
        if self.over or self.left <= 0:
            return
        what = random.randrange(self.luck)
        if what == 0:
            self.say("power cut")
            self.board.cut_power(random.choice((0, 1, 60, 40000)))
            self.fresh = "cut"
            self.cuts += 1
            if self.own_part:
                machine.rtc_memory = self.own_part
        elif what == 1 and self.style == "esp32" and machine.rtc_memory:
            first, size = self.part or (0, 2048)
            size = min(size, len(machine.rtc_memory) - first)
            if size > 0:
                bits = [
                    first * 8 + random.randrange(size * 8) for _ in range(random.randrange(1, 4))
                ]
                self.say("bits %r flip" % bits)
                self.board.flip_bits(*bits)
                if self.fresh == "sleep":
                    self.fresh = "flip"
                self.flips += 1
        elif what in (2, 3) and self.style == "esp32":
            ahead_s = random.choice((1, -1, 5, 40, -40, 7200, -7200, 40000000, -40000000))
            self.say("RTC set %d s ahead" % ahead_s)
            self.board.set_clock(ahead_s)
            self.sets += 1
            error_ms = abs(ahead_s) * 1000
            if self.fresh == "sleep":  # whose length is known
                error_ms = min(error_ms, self.asleep_ms * 106 // 100 + 8000)
            self.mark("set", error_ms)

    # --- what its program does

    def step(self):
        what = random.randrange(12)
        log = self.log
        if what < 4:
            for _ in range(random.choice((1, 2, 5, 20))):
                self.measure()
        elif what < 6:
            self.run(random.choice((2, 30, 200)))
        elif what == 6:
            self.say("flush")
            log.flush(random.choice((1, 20, 60)))
        elif what < 9:
            seconds = random.choice((1, 10, 300, 1000))
            self.button(seconds)
            self.say("sleep %d" % seconds)
            log.sleep(seconds)
        elif what == 9:
            self.stand_still()
        elif what == 10 and self.style == "esp32":
            ms = random.choice((100, 20000, 600000))
            self.naps = True  # its ticks went by the RTC, and nobody has said so
            self.say("own lightsleep %d" % ms)
            machine.lightsleep(ms)
        else:
            time.advance(random.choice((10, 1000, 30000)))

    def stand_still(self):
        """Ticks stand still while a program sleeps, which knows for how long."""
        ms = random.choice((500, 20000, 1000000))
        self.say("stands still for %d" % ms)
        if self.style == "rp2":
            began_ms = time.up_ms()
            machine_sleep.wakes.append(began_ms + ms)
            machine.lightsleep()
            self.log.slept(time.up_ms() - began_ms)
        else:
            ticks_us, clock_us = time.whole_ticks_us(), time.unix_us()
            time.advance(ms)
            time.put_ticks(ticks_us)
            time.set_unix_us(clock_us + ms * 1000)
            time.match_rtc()
            self.log.slept(ms)

    def run(self, seconds):
        self.say("run %d" % seconds)
        end = time.up_ms() + seconds * 1000
        while time.up_ms() < end:
            wait_ms = self.log.poll()
            if not 0 <= wait_ms <= 3600000:
                raise Failure("poll() returned %r" % (wait_ms,))
            self.check_books()
            self.set_date()
            time.advance(max(1, min(wait_ms, end - time.up_ms())))

    def button(self, seconds):
        if random.randrange(5) == 0:
            machine_sleep.wakes[:] = [time.up_ms() + random.randrange(1, seconds * 1000)]
            self.say("a button at %d" % machine_sleep.wakes[0])
            self.buttons += 1

    def measure(self):
        n = len(self.readings)
        kind = random.randrange(12)
        value = n
        if kind == 0:
            value = "%d:%s" % (n, 'x"\\é'[: random.randrange(5)] * random.randrange(12))
        elif kind == 1:
            value = n + (1 << 40)
        elif kind < 5:
            value = n + 0.5
        epoch = exact = None
        if kind == 5:
            epoch = (1795000000 + n, n)
            exact = "%d.%06d" % epoch
        elif kind == 6:
            epoch = 1795000000 + n
            exact = "%d" % epoch
        elif kind == 7 and random.randrange(3) == 0:
            self.chain.logged += 1
            if self.log.log("s0", None):
                raise Failure("None was stored")
            return
        reading = Reading(n, self.now_ms(), exact, self.chain)
        self.readings.append(reading)
        self.chain.logged += 1
        self.logged += 1
        if not self.log.log("s%d" % random.randrange(7), value, epoch):
            raise Failure("log(%r) was not stored" % (value,))

    def leave(self):
        """The end of a boot."""
        what = random.randrange(self.luck)
        seconds = random.choice((2, 30, 60, 300, 300, 900, 3600, 20000, 43200))
        if self.style == "rp2":
            seconds = min(seconds, 900)
        self.asleep_ms = 0
        if what == 0:
            self.resets += 1
            self.say("reset")
            machine.reset()
        elif what == 1:
            self.resets += 1
            self.say("watchdog")
            machine.restart("watchdog")
        elif what == 2 and self.style == "esp32":
            self.resets += 1
            self.say("own deepsleep")
            machine.deepsleep(seconds * 1000)
        self.button(seconds)
        self.say("deep sleep %d" % seconds)
        self.asleep_ms = seconds * 1000
        deep, self.fresh = machine.deepsleep, "reset"

        def falls_asleep(*ms):
            # From here on it is kept.
            self.fresh = "sleep"
            self.chain.kept = self.chain.logged
            self.seen_asleep()
            deep(*ms)

        machine.deepsleep = falls_asleep
        try:
            self.log.sleep(seconds, deep=True)
        finally:
            machine.deepsleep = deep

    def seen_asleep(self):
        self.check()
        if self.style == "rp2":
            # All is in flash.
            self.seen = self.seen[0], self.seen[1], 0
        elif self.own_part:
            first, size = self.part
            if machine.rtc_memory[:first] != self.own_part[:first]:
                raise Failure("the program's own part, before, is another")
            if machine.rtc_memory[first + size :] != self.own_part[first + size :]:
                raise Failure("the program's own part, behind, is another")

    def finish(self):
        """All works again, and at last everything is there."""
        self.good = True
        for _ in range(40):
            self.measure()
            self.run(60)
            self.log.flush(200)
            self.check()
            if not self.log.pending and not self.log.spooled:
                break
        else:
            raise Failure("not all was sent in the end: %r" % self.log.status())
        self.over = True
        self.allowed += self.log.dropped + self.log.lost
        missing = [r.number for r in self.readings if not r.arrived]
        self.lost = len(missing)
        if len(missing) > self.allowed:
            raise Failure("%d missing, %d told: %r" % (len(missing), self.allowed, missing))

    # --- what has to hold

    def look(self):
        log = self.log
        in_ram = log._ring.count + log._uplink.in_batch
        if not (self.style == "rp2" and self.fresh == "sleep"):
            self.seen = log.dropped, log.lost, in_ram
        else:
            self.seen = log.dropped, log.lost, 0

    def check(self):
        self.look()
        self.check_books()
        self.check_arrived()
        self.check_files()
        self.log.status()

    def check_books(self):
        log = self.log
        found = log.sent + log.dropped + log.rejected + log.pending
        if found != self.chain.logged:
            raise Failure(
                "%d logged, and the books: sent %d, dropped %d, rejected %d, pending %d"
                % (self.chain.logged, log.sent, log.dropped, log.rejected, log.pending)
            )

    def check_files(self):
        if not self.spool:
            return
        used = 0
        for path in virtual_board.files(self.settings["spool_file"]):
            used += -(-os.stat(path)[6] // BLOCK) * BLOCK
        if used > self.settings["spool_bytes"]:
            raise Failure("the spool has %d bytes" % used)

    def check_arrived(self):
        there = self.server.readings
        for signal, value, e in there:
            if signal == "islog.dropped":
                continue
            n = value
            if isinstance(value, str):
                n = int(value.split(":")[0])
            elif value >= 1 << 40:
                n = value - (1 << 40)
            n = int(n)
            if not 0 <= n < len(self.readings):
                raise Failure("never logged: %r" % (value,))
            self.take(self.readings[n], e)
        del there[:]
        del self.server.batches[:]
        del self.server.posts[:]
        if self.log and self.log.sent > self.chain.arrived:
            raise Failure("%d sent, %d are there" % (self.log.sent, self.chain.arrived))

    def take(self, reading, e):
        chain = reading.chain
        chain.arrived += 1
        if reading.arrived:
            self.again += 1
        else:
            reading.arrived = True
            self.arrived += 1
            if reading.number < chain.latest:
                raise Failure("%d came after %d" % (reading.number, chain.latest))
            chain.latest = reading.number
        if reading.exact:
            if e != reading.exact:
                raise Failure("%d has the time %s" % (reading.number, e))
            return
        seconds, _, fraction = e.partition(".")
        found_ms = int(seconds) * 1000 + int((fraction + "000")[:3])
        off_ms = found_ms - reading.at_ms
        most_ms = self.bound_ms(reading)
        if found_ms <= chain.latest_ms:
            most_ms += EQUAL_MS
        chain.latest_ms = max(found_ms, chain.latest_ms)
        if abs(off_ms) > most_ms:
            raise Failure("%d is %d ms off, at most %d" % (reading.number, off_ms, most_ms))

    def bound_ms(self, reading):
        """How wrong its time may be, by what has happened."""
        chain, at_ms = reading.chain, reading.at_ms
        if self.dated:
            return NO_BOUND
        set_ms = later = 0
        before = after = None
        is_guess = False  # a leap of unknown length lies between it and the only sync there is
        for what, mark_ms, error_ms in reversed(chain.marks):
            if mark_ms <= at_ms and before is None:
                if what == "sync":
                    before = at_ms - mark_ms
                    break
                is_guess = is_guess or what == "leap"
                set_ms += error_ms
        leaps = False
        for what, mark_ms, error_ms in chain.marks:
            if mark_ms > at_ms:
                if what == "sync":
                    later += 1
                    if after is None and not leaps:
                        after = mark_ms - at_ms
                else:  # which takes two entries of the clock's
                    later += 2
                leaps = leaps or what == "leap"
                set_ms += 0 if after else error_ms
        if is_guess:
            before = None
        gaps = [gap for gap in (before, after) if gap is not None]
        if not gaps:
            if not chain.knew_time():
                raise Failure("%d has come, and its time was never known" % reading.number)
            return NO_BOUND  # a guess by the RTC is better than none
        gap = min(gaps) if chain is self.chain and not set_ms else max(gaps)
        if later > SYNCS:
            gap = max(gap, self.now_ms() - at_ms)
        off = OFF if self.style == "esp32" else CRYSTAL
        if self.naps or [True for what, _, _ in chain.marks if what == "set"]:
            off *= 2  # what was measured may be wrong
        return SURE_MS + gap * off + 2 * set_ms


def main(first, count, folder):
    if hasattr(gc, "freeze"):
        gc.freeze()
    if sys.implementation.name == "micropython":
        gc.threshold(1000000)
    sums = {name: 0 for name in FIGURES}
    failed = 0
    for seed in range(first, first + count):
        day = Day(seed)
        try:
            day.live(random.randrange(BOOTS // 2, BOOTS))
        except Exception as e:
            failed += 1
            if failed == 1 or "-v" in sys.argv:
                print("Day %d fails, after:" % seed)
                for line in day.trace[:1] + day.trace[-TOLD:]:
                    print("  " + line)
                if day.log:
                    print(day.log.status())
            print("Day %d: %s: %s" % (seed, type(e).__name__, e))
            if not isinstance(e, Failure):
                if sys.implementation.name == "micropython":
                    sys.print_exception(e)
                else:
                    import traceback

                    traceback.print_exc()
        for name in FIGURES:
            sums[name] += getattr(day, name)
        day = None
        gc.collect()
    virtual_board.reset()
    sums["failed"] = failed
    print(", ".join("%s %d" % (name, sums[name]) for name in sorted(sums)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
