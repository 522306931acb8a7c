"""Exceptions and callbacks at every line of a day (day.py), on CPython:

    inject.py FIRST COUNT PART PARTS     the PARTth part of COUNT places, from a seed on
    inject.py TRANSPORT SPOOL API SEED KIND N     one of them again

A day is run once to see which lines it executes; each of those is a place. In a second run of it
the process forks at the chosen places, and in the child one thing happens there:

    interrupt   KeyboardInterrupt, at a line, or while a call waits
    memory      MemoryError, at a line that allocates (places.py)
    again       the same, and a KeyboardInterrupt a few lines later: in its `except` or `finally`
    end         KeyboardInterrupt ends the program: a new Logger is made in the same interpreter
    end-again   the same, with a second one a few lines later
    callback    a soft callback looks at the books behind every jump, and logs behind many

After it the program goes on, and day.py says what is wrong. Every line is taken before one is
taken twice. What has failed is printed with the call that makes it happen again.
"""

import gc
import json
import os
import random
import re
import signal
import sys

import day
import internet
import islog
import memory_flash
import places

TRANSPORTS = ("requests", "kept")
VARIANTS = [
    (transport, spool, api)
    for transport in TRANSPORTS
    for spool in (False, True)
    for api in ("batch_logs", "events")
]
KINDS = ("interrupt", "memory", "interrupt", "memory", "again", "end", "end-again")
STRIDE = 401  # a callback logs behind every so many jumps
WAITING = ("a call that waits", 0)
ONCE = (
    "config config_file config_parser config_parts config_wifi dates explain rtc service"
    " tls_context tls_errors wifi_radio"
).split()
LIMIT_S = 10  # of the processor, however many share it


class Watch:
    """Sees the lines of islog. With `record`, a list, it remembers them; with `chosen`, sorted
    (n, kind), it forks at each; else it does what `kind` says at the `n`th."""

    def __init__(self, kind=None, n=0, record=None, chosen=None, tell=None, idle=False):
        self._chosen = chosen
        self._tell = tell
        self.pipe = None  # in a child: where what is wrong is to be written
        if chosen:
            n = chosen[0][0]
        self.kind = kind
        self.n = n
        self.record = record
        self.count = 0
        self.place = None
        self.second = None
        self.seen = {}  # what callbacks have found, by place
        self.callbacks = 0
        self._done = idle
        self._jumps = {}

    def attach(self, one):
        self.day = one
        one.watch = self.switch
        internet.during_post = self._while_waiting
        if self.kind == "callback":
            one.calm = False

    def switch(self, name):
        if not name:
            sys.settrace(None)
            sys.setprofile(None)
        elif not self._done:
            if self.kind == "callback":
                sys.settrace(self._opcodes)
            else:
                sys.settrace(self._remember if self.record is not None else self._calls)

    # --- the dry run

    def _remember(self, frame, event, arg):
        return self._note if frame.f_code.co_filename in places.ALLOCATING else None

    def _note(self, frame, event, arg):
        if event == "line":
            self.record.append((frame.f_code.co_filename, frame.f_lineno))
        return self._note

    # --- an exception

    def _calls(self, frame, event, arg):
        return self._lines if frame.f_code.co_filename in places.ALLOCATING else None

    def _lines(self, frame, event, arg):
        if event == "line":
            self.count += 1
            if self.count > self.n:
                self._fire(frame.f_code.co_filename, frame.f_lineno)
        return self._lines

    def _while_waiting(self):
        if self.kind == "callback":
            if self.day.log:
                sys.settrace(None)  # no callback comes within a callback
                self._call_back(*WAITING)
                sys.settrace(self._opcodes)
        elif self.record is not None:
            self.record.append(WAITING)
        elif not self._done:
            self.count += 1
            if self.count > self.n:
                self._fire(*WAITING)

    def _fire(self, path, line):
        if self._chosen:
            while self._chosen and self._chosen[0][0] < self.count:
                self.n, self.kind = self._chosen.pop(0)
                if self._fork():
                    break
            else:
                self.n = self._chosen[0][0] if self._chosen else 1 << 40
                self.kind = None
                return
        self.day.injected += 1
        if self.place is None:
            self.place = path, line
            allocates = line in places.ALLOCATING.get(path, places.EMPTY)
            if self.kind.startswith("end"):
                self.day.abandons = self.n % 3
            if self.kind.endswith("again"):
                # CPython stops to trace where a trace function raises: it goes on with the next
                # call, or the next return.
                self.n += 1 + self.n % 17
                sys.setprofile(self._go_on)
            else:
                self._done = True
            memory = allocates and self.kind in ("memory", "again")
            raise MemoryError if memory else KeyboardInterrupt
        self.second = path, line
        self._done = True
        raise KeyboardInterrupt

    def _fork(self):
        # True in the child; in the parent once that is done.
        reads, writes = os.pipe()
        child = os.fork()
        if not child:
            self._chosen = None
            self.pipe = writes
            signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
            return True
        os.close(writes)
        with open(reads, "rb") as f:
            found = f.read()
        os.waitpid(child, 0)
        self._tell(self.n, self.kind, found)
        return False

    def _go_on(self, frame, event, arg):
        sys.setprofile(None)
        sys.settrace(self._calls)
        while frame:
            if frame.f_code.co_filename in places.ALLOCATING:
                frame.f_trace = self._lines
            frame = frame.f_back

    # --- callbacks

    def _opcodes(self, frame, event, arg):
        code = frame.f_code
        if code.co_filename not in places.ALLOCATING or self.day.log is None:
            return None
        jumps = self._jumps.get(code)
        if jumps is None:
            jumps = self._jumps[code] = places.jumps(code)
        last = -1

        def look(frame, event, arg):
            nonlocal last
            if event == "opcode":
                if last in jumps:
                    self._call_back(code.co_filename, frame.f_lineno)
                last = frame.f_lasti
            return look

        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return look

    def _call_back(self, *place):
        self.count += 1
        try:
            if self.count % STRIDE == self.n % STRIDE and not self.day.ending:
                self.callbacks += 1
                self.day.from_callback()
            else:
                self.day.look()
        except Exception as e:
            self.seen.setdefault(place, said(e))


def said(e):
    return str(e) if isinstance(e, day.Failure) else "raised " + day.said(e)


def too_long(*_):
    raise day.Hang


def run(variant, seed, watch):
    """(what is wrong, or None; the Day)"""
    memory_flash.files.clear()
    one = day.Day(variant, seed, memory_flash.FOLDER + "spool")
    watch.attach(one)
    gc.disable()
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S if watch.kind else 0)
    wrong = None
    try:
        one.whole()
    except day.Hang:
        wrong = "it does not end"
    except day.Failure as e:
        wrong = str(e)
    except BaseException as e:  # the harness itself
        if not watch.pipe:
            raise
        wrong = "?? " + day.said(e)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        watch.switch(None)
        gc.enable()
    if watch.pipe:
        found = watch.place, watch.second, wrong, one.happened[-1]
        os.write(watch.pipe, json.dumps(found).encode())
        os._exit(0)
    return wrong, one


def lines_of(variant, seed):
    """What a day executes, in order. It has to pass."""
    record = []
    wrong, one = run(variant, seed, Watch(record=record))
    if wrong:
        raise AssertionError(
            "%s, seed %d, without any injection: %s (after: %s)"
            % (variant, seed, wrong, one.happened[-1])
        )
    return record


def choose(record, count, rng):
    """(kind, n), `count` times."""
    where = {}
    for n, place in enumerate(record):
        where.setdefault(place, []).append(n)
    lists = {}
    for kind in set(KINDS):
        found = list(where)
        if kind == "memory":
            found = [p for p in found if p[1] in places.ALLOCATING.get(p[0], places.EMPTY)]
        rng.shuffle(found)
        lists[kind] = found
    taken = dict.fromkeys(lists, 0)
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        place = lists[kind][taken[kind] % len(lists[kind])]
        taken[kind] += 1
        yield kind, rng.choice(where[place])


def callback_days(variant, share):
    """How many days with callbacks; of few injections, every second variant has one: each choice
    of a variant meets each of another's, and a third of the time is saved."""
    if share >= 50:
        return share // 100 or 1
    transport, spool, api = variant
    return (TRANSPORTS.index(transport) + spool + (api == "events")) % 2


class Found:
    """Failures, those of a kind under one heading."""

    def __init__(self):
        self._by = {}
        self.failed = 0

    def add(self, again, place, second, wrong, after):
        """`again`: (variant, seed, kind, n)"""
        self.failed += 1
        general = re.sub(r"\d+", "#", re.sub(r"\(.*", "", wrong))
        entry = self._by.setdefault((again[2], places.name(place), general), [0])
        entry[0] += 1
        if len(entry) == 1:
            if again[2] == "interrupt" and not places.is_behind_a_jump(place):
                wrong += " (no jump is before it)"
            where = places.name(place) + (" and " + places.name(second) if second else "")
            entry.append("%s at %s: %s [%s]" % (again[2], where, wrong, after))
            entry.append("%s %s %s" % (again[0][0], "spool" if again[0][1] else "-", again[0][2]))
            entry[2] += " %d %s %d" % again[1:]

    def tell(self):
        for key in sorted(self._by):
            count, what, again = self._by[key]
            print("%s x%d" % (what, count))
            print("    again: python -m host_tests.model.on_fakes inject " + again)
        return len(self._by)


def main(first, count, part, parts):
    prepare()
    found = Found()
    tried = lines = callbacks = 0
    rounds = max(1, min(6, count // 2400))
    days = [(variant, first + i) for i, variant in enumerate(VARIANTS * rounds)]
    share = -(-count // len(days))
    for variant, seed in days[part::parts]:
        record = lines_of(variant, seed)
        lines += len(set(record))
        rng = random.Random(repr((first, variant, seed)))
        chosen = sorted((n, kind) for kind, n in choose(record, share, rng))
        tried += len(chosen)

        def tell(n, kind, told, again=(variant, seed), record=record):
            place, second, wrong, after = json.loads(told or "[null, null, null, null]")
            if not place or tuple(place) != record[n]:
                wrong = "%s is reached in its place" % (place,)
            if wrong:
                found.add((*again, kind, n), record[n], second, wrong, after)

        wrong, one = run(variant, seed, Watch(chosen=chosen, tell=tell))
        assert not wrong and not chosen, wrong
        for _ in range(callback_days(variant, share)):
            watch = Watch("callback", rng.randrange(STRIDE))
            wrong, one = run(variant, seed, watch)
            callbacks += watch.count
            if wrong:
                watch.seen[("the day", 0)] = wrong
            for place, what in watch.seen.items():
                found.add((variant, seed, "callback", watch.n), place, None, what, "")
    kinds = found.tell()
    print(
        "places %d, lines %d, callbacks %d, failed %d, kinds %d"
        % (tried, lines, callbacks, found.failed, kinds)
    )
    return 1 if found.failed else 0


def once(transport, spool, api, seed, kind, n):
    """One place again, and what had happened until then."""
    prepare()
    watch = Watch(kind, int(n))
    wrong, one = run((transport, spool == "spool", api), int(seed), watch)
    for what in one.happened:
        print("  " + what)
    for place, what in watch.seen.items():
        print("%s: %s" % (places.name(place), what))
    if watch.place:
        print(places.name(watch.place), watch.second and places.name(watch.second))
    print(wrong)
    return 1 if wrong or watch.seen else 0


def prepare():
    # What is loaded for one call at a time is executed from its second time on.
    signal.signal(signal.SIGVTALRM, too_long)
    memory_flash.install()
    for path in [path for path in sys.modules if path.startswith("islog.")]:
        name = path[6:]
        if name in ONCE and sys.modules.pop(path):
            delattr(islog, name)
    for variant in VARIANTS[0], VARIANTS[-1]:
        run(variant, 0, Watch(idle=True))
    gc.collect()
    gc.freeze()  # islog collects now and then: what is there already needs no looking at


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(once(*given[:6]) if given[0] in TRANSPORTS else main(*map(int, given[:4])))
