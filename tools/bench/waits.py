"""python -m tools.bench.waits [--readme] [--only NAMES] [--firmware DIR]

How long a poll() takes, and how late a ticker of 10 ms gets beside log.run(), on real MicroPython
and real sockets: for each fault of `python -m tools.faults`, and where nothing answers (NTP, DNS,
a host that is not there, a TLS handshake). Each fault comes twice in a row. Prints a table, and
with --readme writes a short one into docs/benchmarks.md. Takes two to three minutes, in which it
mostly waits. Exit status 1 where something takes longer than islog promises.
"""

import argparse
import itertools
import json
import socket
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tools import interpreter
from tools.server import LocalServer
from tools.server.faults import FAULTS, Fault, Faults, front
from tools.server.tls import Chain

from . import pages
from .measure import DEVICE, KEY, BenchError, builds
from .report import markdown

WAYS = {"requests": ("requests", "poll"), "kept": ("kept", "poll"), "asyncio": ("kept", "asyncio")}
TIMEOUT_S = 2
POLL_MS = 100  # a step of the kept connection
LATE_MS = 20
BESIDES_MS = 100  # what `requests` may take beyond `timeout`: a wait ends a little late
AGAIN = 2
HEAD = ["", "requests", "kept", "kept, asyncio", "late", "promise kept"]
PROMISE = (
    f"Promised is that a `poll()` takes {POLL_MS} ms at most with the kept connection, that the"
    f" ticker is less than {LATE_MS} ms late, and that with `requests` a `poll()` takes `timeout`"
    f" and {BESIDES_MS} ms at most."
    f" What takes longer is measured again, alone, up to {AGAIN} times, and the least counts: a"
    " busy PC does not hold up the same each time. Nothing is promised for the arithmetic of a TLS"
    " handshake. A dash: not measured, since `getaddrinfo`, which looks the name up there, asks"
    " another DNS server on a PC."
)
PAGE, MARK = "docs/benchmarks.md", "waits"
_PARTS = 4  # of the faults, at the same time
_AT_ONCE = 9
_ROUND_S, _SILENCE_S, _LIMIT_S = 60, 8, 400
_HANG = Fault("hang", "takes the connection, and says nothing", FAULTS["silence"].run, early=True)

FIRST, GOOD = "no fault: the first POSTs", "no fault"
NTP, DNS, VOID, CLOSED = "NTP is silent", "DNS is silent", "no host is there", "nothing listens"
TLS_FIRST, TLS, TLS_HANGS = "TLS: a handshake", "TLS: no fault", "TLS: the handshake hangs"
OTHERS = (FIRST, GOOD, NTP, DNS, VOID, CLOSED, TLS_FIRST, TLS, TLS_HANGS)
ARITHMETIC = (TLS_FIRST,)  # nothing is promised but for `requests`


class Job(NamedTuple):
    """What one board goes through: rounds, each a name (None: not told) and its faults in turn.
    alone: while nothing else keeps the PC busy."""

    rounds: list
    settings: dict = {}
    tls: bool = False
    alone: bool = False
    dns_port: int = 0
    seconds: int = _ROUND_S


def jobs(nowhere, closed_port, silent_port):
    """All there is to be measured. nowhere: where a connect gets no answer, a port like the
    others."""

    def at(host, port, **more):
        return {f"{url}_url": f"http://{host}:{port}/{url}" for url in ("bucket", "ingest")} | more

    silent = f"127.0.0.1:{silent_port}"
    found = [
        Job([(FIRST, []), (GOOD, [])], alone=True),
        Job([(TLS_FIRST, []), (TLS, [])], tls=True, alone=True),
    ]
    for i in range(_PARTS):
        part = list(FAULTS.values())[i::_PARTS]
        found.append(Job([(None, []), *((fault.name, [fault, fault]) for fault in part)]))
    found += [
        Job([(NTP, [])], {"ntp_hosts": [silent]}),
        Job(
            [(DNS, [])],
            at("silent.test", 80, ntp_hosts=["silent.test"]),
            dns_port=silent_port,
            seconds=_SILENCE_S,
        ),
        Job([(VOID, [])], at("127.0.0.1", nowhere), seconds=_SILENCE_S),
        Job([(CLOSED, [])], at("127.0.0.1", closed_port), seconds=_SILENCE_S),
        Job([(TLS_HANGS, itertools.repeat(_HANG))], tls=True, seconds=_SILENCE_S),
    ]
    return found


def play(job, way, server, chain, firmware, started):
    """{name: {poll_ms, late_ms}} of a job's rounds; the board's process is added to `started`."""
    transport, how = WAYS[way]
    script = iter(())
    faults = Faults(next(script, None) for _ in itertools.count())
    found = {}
    with front(faults, server, chain.context() if job.tls else None, idle_s=60) as failing:
        failing.pace_s = 0.5
        settings = {
            "client_key": KEY,
            "bucket_name": "waits",
            "bucket_url": failing.bucket_url,
            "ingest_url": failing.ingest_url,
            "ntp_hosts": [server.ntp_host],
            "transport": transport,
            "flush_interval": 0,
            "timeout": TIMEOUT_S,
            "backoff_max": 1,
            "slow_retry": 1,
            **({"ca_file": str(chain.ca_der)} if job.tls and transport == "kept" else {}),
            **job.settings,
        }
        what = DEVICE / "waits.py", how, job.seconds, job.dns_port
        pipes = {"stdin": -1, "stdout": -1, "stderr": -2}
        board = interpreter.start(*what, path=[firmware], start_new_session=True, **pipes)
        started.append(board)
        limit = threading.Timer(_LIMIT_S, board.kill)
        limit.start()
        try:
            print(json.dumps(settings), file=board.stdin)
            for name, planned in job.rounds:
                script = iter(planned)
                with suppress(BrokenPipeError):
                    print(name, file=board.stdin, flush=True)
                line = board.stdout.readline()
                if not line.startswith("{"):
                    said = (line + board.stdout.read()).strip()
                    raise BenchError(f"{way}, {name}: {said or 'it hung'}")
                if name in FAULTS and not faults.done[name]:
                    raise BenchError(f"{way}: the fault {name} did not come to pass.")
                if name:
                    found[name] = json.loads(line)
        finally:
            limit.cancel()
            board.kill()
            board.wait()
    return found


def fill_up(listening):
    """Connections to a socket on which nobody accepts any: the next one gets no answer."""
    waiting = []
    while True:
        waiting.append(socket.socket())
        waiting[-1].settimeout(0.3)
        try:
            waiting[-1].connect(listening.getsockname())
        except TimeoutError:
            return waiting


def end(pool, started):
    """Also before its time: nothing goes on then (a Ctrl-C is for this process alone)."""
    pool.shutdown(wait=False, cancel_futures=True)
    for board in started:
        board.kill()
    pool.shutdown()


def collect(firmware, only=None):
    """{name: {way: {poll_ms, late_ms}}}, in the table's order; without what cannot be measured."""
    wanted = [name for name in (*OTHERS, *FAULTS) if not only or name in only]
    found = {name: {} for name in wanted}
    with ExitStack() as files:
        enter = files.enter_context
        listening = enter(socket.create_server(("127.0.0.1", 0), backlog=0))
        for waiting in fill_up(listening):
            enter(waiting)
        closed = enter(socket.socket())
        silent = enter(socket.socket(type=socket.SOCK_DGRAM))
        for bound in (closed, silent):
            bound.bind(("127.0.0.1", 0))
        ports = [bound.getsockname()[1] for bound in (listening, closed, silent)]
        chain = Chain(enter(tempfile.TemporaryDirectory()))
        server = enter(LocalServer(KEY))
        more = server, chain, firmware, []
        play(Job([(None, [])]), "kept", *more)  # its first answers are slow
        pool = ThreadPoolExecutor(_AT_ONCE)
        files.callback(end, pool, more[-1])
        running = []
        planned = [only_of(job, wanted) for job in jobs(*ports)]
        for job, way in itertools.product(planned, WAYS):
            if not any(name for name, _ in job.rounds):
                continue
            if job.dns_port and way == "requests":
                continue
            running.append((way, pool.submit(play, job, way, *more)))
            if job.alone:
                wait([running[-1][1]])
        for way, board in track(running, "boards"):
            for name, figures in board.result().items():
                found[name][way] = figures
        for name, way in over(found) * AGAIN:
            if is_over(name, way, found[name][way]):
                print(f"Again, alone: {name}, {way} ({found[name][way]})", flush=True)
                (job,) = (job for job in planned if name in dict(job.rounds))
                figures = play(only_of(job, [name]), way, *more)[name]
                found[name][way] = {
                    key: least(found[name][way][key], figures[key]) for key in figures
                }
    return found


def least(*figures):
    return None if None in figures else min(figures)


def only_of(job, names):
    """The job without the other faults; other rounds are needed before these, and not told."""
    rounds = [
        (n if n in names else None, f) for n, f in job.rounds if n in names or n not in FAULTS
    ]
    return job._replace(rounds=rounds)


def bounds_ms(name, way):
    """(The longest poll() that is promised, the largest lateness); None: nothing is."""
    if way == "requests":
        return TIMEOUT_S * 1000 + BESIDES_MS, None
    if name in ARITHMETIC:
        return None, None
    return POLL_MS, LATE_MS if way == "asyncio" else None


def is_over(name, way, figures):
    pairs = zip((figures["poll_ms"], figures["late_ms"]), bounds_ms(name, way), strict=True)
    return any(most is not None and ms > most for ms, most in pairs)


def over(found):
    """(name, way) of all that takes longer than is promised."""
    return [(n, way) for n in found for way in found[n] if is_over(n, way, found[n][way])]


def lines(found):
    """The table's: name, longest poll() each way, the ticker's lateness, whether all is kept."""
    missed = over(found)
    for name, by_way in found.items():
        polls = [f"{by_way[way]['poll_ms']:.0f}" if way in by_way else "-" for way in WAYS]
        late = f"{by_way['asyncio']['late_ms']:.0f}" if "asyncio" in by_way else "-"
        ways = [way for way in WAYS if (name, way) in missed]
        yield [name, *polls, late, f"NO: {', '.join(ways)}" if ways else "yes" if by_way else ""]


def worst(found):
    """The same with one entry for all faults: for each way the largest figures of any of them."""
    short = {name: by_way for name, by_way in found.items() if name not in FAULTS}
    faults = [by_way for name, by_way in found.items() if name in FAULTS]
    short[f"any of the {len(faults)} faults"] = {
        way: {
            key: max((f[way][key] for f in faults if f[way][key] is not None), default=None)
            for key in ("poll_ms", "late_ms")
        }
        for way in WAYS
    }
    return short


def text(found):
    """What docs/benchmarks.md has between its marks."""
    unix, _ = builds().split(" and ")
    intro = (
        f"Measured by `make waits` on {unix}, with a `timeout` of {TIMEOUT_S} s: the longest"
        " `poll()` in ms, and by how many ms a ticker of 10 ms beside `log.run()` was late at"
        f" most. {PROMISE}"
    )
    return f"{intro}\n\n{markdown(HEAD, lines(worst(found)))}"


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.bench.waits", description=__doc__)
    add = parser.add_argument
    add("--readme", action="store_true", help=f"write the figures into {PAGE}")
    add("--only", metavar="NAMES", help="of the table's first column, with commas")
    add("--firmware", default=interpreter.FIRMWARE, metavar="DIR", help="the folder with islog")
    options = parser.parse_args()
    only = options.only and options.only.split(",")
    unknown = {*(only or ())} - {*OTHERS, *FAULTS}
    if unknown or only and options.readme:
        parser.error(f"nothing is named {', '.join(unknown)}" if unknown else "it needs them all")
    if options.readme:
        pages.around(PAGE, MARK)  # says now, not after the measurement, where that cannot be
    found = collect(options.firmware, only)
    shown = Table(*HEAD, box=None, pad_edge=False)
    for line in lines(found):
        shown.add_row(*line, style="red" if line[-1].startswith("NO") else None)
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(shown)
    print(f"\n{PROMISE}")
    if options.readme:
        pages.write(PAGE, MARK, text(found))
    return 1 if over(found) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"No measurement: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: nothing was written.")
