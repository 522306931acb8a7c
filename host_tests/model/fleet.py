"""A fleet in virtual time: real Loggers, each polled when it is due, and one server that counts.

    python -m host_tests.model.fleet [--boards 1000] [--outage 3600] [--seed 1]

Two bad days: the server is gone for an hour; and the street's power is, so that all boards start
within two seconds. Told is the rate of requests (a refused connection is one), as its mean and as
its peak, the fullest second. Without jitter, each random wait is at its longest.
"""

import argparse
import collections
import gc
import heapq
import random
import sys
from pathlib import Path

if __name__ == "__main__":  # else whoever imports this has done so
    from host_tests import on_cpython

    on_cpython.install()
    sys.path.insert(0, str(Path(__file__).parent))

import internet
import islog
import ntp_host
import virtual_board
from islog import clock, logger, uplink
from virtual_board import NOW_MS, time

EVERY_MS = 2000  # a board logs so often
LATENCY_MS = 100
SETTLE_S = 120


class Server:
    """Takes all and remembers when: `asked[second]` counts requests, `held` readings."""

    def __init__(self):
        self.gone = False
        self.asked = collections.Counter()
        self.held = 0

    @property
    def down(self):
        if self.gone:
            self.asked[time.up_ms() // 1000] += 1
        return self.gone

    def handle(self, method, path, headers, body):
        self.asked[time.up_ms() // 1000] += 1
        time.advance(LATENCY_MS)
        self.held += body.count(b'"sn":"t"')
        return 204, {}, b""

    def rates(self, since_s, until_s):
        """(mean, peak) of the requests a second."""
        counts = [self.asked[s] for s in range(int(since_s), int(until_s))]
        return sum(counts) / len(counts), max(counts)


class Fleet:
    def __init__(self, boards, seed):
        random.seed(seed)
        virtual_board.reset()
        self.boards = boards
        self.server = Server()
        internet.hosts["service.test:80"] = self.server
        internet.hosts["time.test:123"] = ntp_host.Ntp(NOW_MS)
        self.logs = []
        self.logged = 0
        self._due = []  # a heap: (when to poll, board, when to log)

    def start(self, at_ms, within_ms):
        """All boards start at `at_ms`, or at most `within_ms` later. What ran before is gone."""
        self.logs = [self._board() for _ in range(self.boards)]
        self._due = []
        self.logged = self.server.held = 0
        for i in range(self.boards):
            begin_ms = at_ms + random.randrange(max(1, within_ms))
            self._due.append((begin_ms, i, begin_ms))
        heapq.heapify(self._due)
        gc.freeze()  # islog collects after an answer that did not come: nothing of this is garbage

    def _board(self):
        return islog.Logger(
            "the-key",
            "street",
            bucket_url="http://service.test/buckets",
            ingest_url="http://service.test/batch_logs",
            ntp_hosts=["time.test"],
            quiet=True,
        )

    def run(self, until_s):
        """Until then each board logs and polls whenever it is due."""
        until_ms = until_s * 1000
        while self._due[0][0] < until_ms:
            at_ms, i, log_at_ms = self._due[0]
            time.go_to(at_ms)
            log = self.logs[i]
            if at_ms >= log_at_ms:
                log.log("t", 1)
                self.logged += 1
                log_at_ms += EVERY_MS
            wait_ms = log.poll()
            after_ms = time.up_ms() + max(1, wait_ms)
            # A board polls at least once a second; what does nothing until then is left out here.
            pause_ms = log._uplink.wait_ms() if log.synced and wait_ms == 1000 else 0
            after_ms += pause_ms // 1000 * 1000
            # Where a POST took longer than that, the reading comes late, as it does in main.py.
            after_ms = min(after_ms, max(log_at_ms, time.up_ms() + 1))
            heapq.heapreplace(self._due, (after_ms, i, log_at_ms))

    def after_an_outage(self, outage_s):
        """(steady, attempts, back): (mean, peak) a second before it, while it lasts, after it."""
        self.start(0, 60000)
        self.run(300)
        self.server.gone = True
        self.run(300 + outage_s)
        self.server.gone = False
        back_s = 300 + outage_s
        self.run(back_s + SETTLE_S)
        return (
            self.server.rates(200, 300),
            self.server.rates(back_s - outage_s // 2, back_s),
            self.server.rates(back_s, back_s + SETTLE_S),
        )

    def after_a_power_cut(self):
        """(first, later): (mean, peak) a second of the first 30 s, and of the second minute."""
        self.start(0, 2000)
        self.run(120)
        return self.server.rates(0, 30), self.server.rates(60, 120)

    def missing(self):
        """Readings that are not with the server, not pending, and not counted as dropped."""
        return self.logged - self.server.held - sum(log.pending + log.dropped for log in self.logs)


def without_jitter():
    """Every back-off is as long as it may be, until the function that is returned is called."""
    modules = [m for m in (clock, uplink, logger) if hasattr(m, "jitter")]
    kept = clock.jitter
    for module in modules:
        module.jitter = lambda most_ms: most_ms

    def restore():
        for module in modules:
            module.jitter = kept

    return restore


def main():
    parser = argparse.ArgumentParser("python -m host_tests.model.fleet", description=__doc__)
    parser.add_argument("--boards", type=int, default=1000)
    parser.add_argument("--outage", type=int, default=3600, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"{args.boards} boards, seed {args.seed}; requests a second: mean, peak")
    for name in ("with jitter", "without jitter"):
        restore = without_jitter() if name == "without jitter" else lambda: None
        fleet = Fleet(args.boards, args.seed)
        steady, attempts, back = fleet.after_an_outage(args.outage)
        print(f"  {name}: all well {show(steady)}; server gone {show(attempts)};", end=" ")
        print(f"the two minutes after it {show(back)}; {fleet.missing()} readings missing")
        fleet = Fleet(args.boards, args.seed)
        first, later = fleet.after_a_power_cut()
        print(f"  {name}: 30 s after a power cut {show(first)}; the second minute {show(later)}")
        restore()


def show(rates):
    return f"{rates[0]:.0f}, {rates[1]}"


if __name__ == "__main__":
    main()
