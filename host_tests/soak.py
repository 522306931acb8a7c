"""The long test: real MicroPython, real sockets, and a server that fails three requests in ten.

    python -m host_tests.soak [--readings 100000] [--faults 0.3] [--seed 7]

A simulated board for each way to send (`requests`, the kept connection, the same over verified
TLS) logs so many readings to a local server behind a Front, which answers with every fault of
tools/server/faults.py. None may be missing, all in order of their first arrival, with their own
values and times; and at the end the board may hold no more heap, and no more open sockets, than
after the first minute. Waits between requests are skipped, sockets' time-outs are not.

Beside it each fault that takes a time-out is repeated as often as the others are in `make test`.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from host_tests.e2e.fault_rig import TIMES, RedirectTarget, local_server
from host_tests.e2e.rig import BATCH_LOGS, KEPT, KEPT_EVENTS, KEY, Rig
from tools.server.faults import FAULTS, Faults, by_chance, front
from tools.server.tls import Chain

ROOT = Path(__file__).resolve().parents[1]
HEAP_SLACK_BYTES = 2500  # of it up to 2000 for the sentences that it remembers (errors.told)
CONNECTION_BYTES = 2048  # what an open one has more, where it was closed at first
CLOSE_MS = 50
END_S = 1200
WAYS = {
    "requests": (BATCH_LOGS, False, "esp32"),
    "kept": (KEPT, False, "rp2"),
    "kept, TLS": (KEPT_EVENTS, True, "esp32"),
}


class Run:
    """One board that has sent `readings` by `way`, a name of WAYS, with so many `faults` of one.

    It waits in `folder` for its end; afterwards: `wrong`, sentences; `first` and `last`, what the
    board held when half of them were logged and at the end (see lib/resources.py).
    """

    def __init__(self, way, readings, faults, seed, folder):
        self.way = way
        self.readings = readings
        self._faults = Faults(by_chance(faults, seed), spares_single=True)
        self.wrong = []
        with contextlib.ExitStack() as files:
            self._run(files.enter_context, Path(folder))

    def _run(self, enter, folder):
        way, tls, kind = WAYS[self.way]
        target = enter(RedirectTarget())
        server = enter(local_server(api=way[1]))
        chain = Chain(folder) if tls else None
        before = front(self._faults, server, chain and chain.context(), elsewhere=target.url)
        before.pace_s = 0.2
        enter(before)
        rig = Rig(server, folder, way)
        rig.put_module("resources.py")
        rig.put_module("socket_needs_link.py", "socket.py")
        more = {"ca_file": str(chain.ca_der)} if tls else {}
        board = rig.board_with(
            "soak",
            kind,
            arguments=f"{self.readings}",
            bucket_url=before.bucket_url,
            ingest_url=before.ingest_url,
            batch_readings=10,
            flush_interval=10,
            timeout=1,
            backoff_max=5,
            slow_retry=20,
            sync_interval=432000,  # the board's time leaves the server's behind
            **more,
        )
        with board:
            rig.wait_for_end(END_S)
        reports = [json.loads(line[5:]) for line in board.lines if line.startswith("soak {")]
        self.first, self.last = reports[0], reports[-1]
        self.duplicates = server.duplicates
        self._check(board.status, rig.first_arrivals())
        if target.received:
            self.wrong.append("where a redirect leads, something was heard")
        ports = {before.port, server.ntp_port}
        if {tuple(pair) for pair in self.last["asked"]} != {("127.0.0.1", p) for p in ports}:
            self.wrong.append("the board looked for another host")
        if KEY in rig.console():
            self.wrong.append("the board has shown its key")

    def _check(self, status, arrived):
        arrived = [reading for reading in arrived if not reading["signal"].startswith("islog.")]
        self.missing = self.readings - len(arrived)
        if self.missing or status["sent"] != self.readings:
            self.wrong.append(f"{self.missing} readings are missing, {status['sent']} were sent")
        if status["dropped"] or status["rejected"] or status["pending"]:
            self.wrong.append(f"the board's books: {status}")
        at_ms = None
        for i, reading in enumerate(arrived):
            epoch_ms = int(Decimal(reading["epoch"]) * 1000)
            if reading["signal"] == "at":
                at_ms = reading["value"]
            if (reading["signal"], reading["value"]) != expected(i, at_ms):
                self.wrong.append(f"reading {i} is {reading['signal']} {reading['value']!r}")
                break
            # The others follow the last true time within moments.
            late_ms = epoch_ms - at_ms if at_ms else 0
            if abs(late_ms) > CLOSE_MS and (reading["signal"] == "at" or late_ms < 0):
                self.wrong.append(f"reading {i} is {late_ms} ms late")
                break
        for what in ("heap", "files"):
            slack = HEAP_SLACK_BYTES if what == "heap" else 0
            if self.way != "requests":
                slack += CONNECTION_BYTES if what == "heap" else 1
            if self.last[what] > self.first[what] + slack:
                self.wrong.append(
                    f"{what}: {self.first[what]} at first, {self.last[what]} at last"
                )

    @property
    def done(self):
        """How often each fault came."""
        return {name: self._faults.done[name] for name in FAULTS}

    def __str__(self):
        failed = sum(self.done.values())
        total = sum(self._faults.done.values())
        lines = [
            f"{self.way}: {self.readings} readings in {self.last['s']} s, {self.missing} missing;"
            f" {total} requests, {failed} failed ({100 * failed / total:.0f} %),"
            f" {self.duplicates} readings arrived again",
            f"  heap in use: {self.first['heap']} bytes half-way, after {self.first['s']} s,"
            f" {self.last['heap']} at the end; open files: {self.first['files']},"
            f" then {self.last['files']}",
        ]
        return "\n".join(lines + [f"  WRONG: {sentence}" for sentence in self.wrong])


def expected(i, at_ms):
    """Signal and value of reading i, as programs/soak.py has them."""
    return (
        ("n", i),
        ("half", i / 2),
        ("third", i % 3 == 0),
        ("text", f'reading {i}, 21 °C, "quoted"'),
        ("at", at_ms),
    )[i % 5]


def run_all(ways, readings, faults, seed, folder):
    """A Run for each way, all at the same time."""

    def run(way):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            return Run(way, readings, faults, seed, own)

    with ThreadPoolExecutor(len(ways)) as threads:
        return list(threads.map(run, ways))


def main():
    parser = argparse.ArgumentParser(
        "python -m host_tests.soak", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--readings", type=int, default=100_000)
    parser.add_argument("--faults", type=float, default=0.3, help="of one: how many requests fail")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--times", type=int, default=TIMES, help="of each slow fault")
    args = parser.parse_args()
    slow = " or ".join(fault.name for fault in FAULTS.values() if fault.slow)
    beside = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "host_tests/e2e/test_faults.py", "-k", slow],
        cwd=ROOT,
        env=dict(os.environ, SLOW_TIMES=str(args.times)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with beside:
        runs = run_all(list(WAYS), args.readings, args.faults, args.seed, None)
        for run in runs:
            never = [name for name, times in run.done.items() if not times]
            if never and args.readings >= 100_000:
                run.wrong.append(f"these faults never came: {', '.join(never)}")
            print(run, flush=True)
        print(f"{args.times} times each: {slow}\n{beside.communicate()[0]}", flush=True)
    return 1 if beside.returncode or any(run.wrong for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
