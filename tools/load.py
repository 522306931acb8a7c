"""How much the local server takes: boards that send at once, and a database of a million readings.

    python -m tools.load [--boards 20] [--rate 5000] [--seconds 10] [--batch 10] [--new]
    python -m tools.load --million

Each board is a connection that sends a batch, waits for the answer, and sends the next when it is
due; --rate 0 sends as fast as the server answers, --new opens a connection for each batch, as
MicroPython's `requests` does. The server is a process of its own, on a database of its own, as
`make serve` starts it; afterwards every acknowledged reading is looked for in the database. The
exit status is 0 only where none is missing and the rate was held (--million: the times were).
"""

import argparse
import asyncio
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

from tools import counted

KEY = "load"
HELD = 0.98  # of the asked-for rate; less means that the server did not keep up
PAGE_LIMIT_S, CHART_LIMIT_S = 1.0, 2.0
ROOT = Path(__file__).resolve().parents[1]


class Server:
    """`python -m tools.server` on free ports, with its files in `folder`."""

    def __init__(self, folder, api="batch_logs"):
        self.db = Path(folder) / "readings.db"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.server", "--folder", folder, "--key", KEY]
            + ["--port", "0", "--ntp-port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        line = self.process.stdout.readline()
        if "HTTP port " not in line:
            sys.exit("The server did not start: see above.")
        self.port = int(line.split("HTTP port ")[1].split(",")[0])
        self._sink = subprocess.Popen(
            ["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL
        )

    def close(self):
        """End it; returns how much processor time it took, s."""
        self.process.send_signal(signal.SIGTERM)
        _, _, used = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self._sink.wait()
        return used.ru_utime + used.ru_stime


async def board(port, number, arguments, until, times):
    """Send batches until the time is up; the seconds that each took go to `times`."""
    bucket = str(uuid.uuid4())
    pause = arguments.batch * arguments.boards / arguments.rate if arguments.rate else 0
    due = time.monotonic() + pause * number / arguments.boards
    stream, sent = None, 0
    while due < until and time.monotonic() < until:
        await asyncio.sleep(max(0, due - time.monotonic()))
        request = _request(bucket, number, sent, arguments.batch)
        began = time.monotonic()
        if stream is None:
            stream = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = stream
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 204"):
            sys.exit(f"The server answered {head.splitlines()[0].decode(errors='replace')}.")
        times.append(time.monotonic() - began)
        sent += arguments.batch
        if arguments.new:
            writer.close()
            stream = None
        due += pause
    if stream:
        stream[1].close()


def _request(bucket, number, first, size):
    now = time.time()
    readings = ",".join(
        f'{{"b":"load","sn":"s{i % 5}","v":{first + i}.5,"e":{now + i / 1e4:.4f},'
        f'"tid":"{bucket}"}}'
        for i in range(size)
    )
    return (
        "POST /batch_logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-IS-ClientKey: {KEY}\r\nContent-Length: {len(readings) + 2}\r\n\r\n[{readings}]"
    ).encode()


async def load(arguments, port):
    """Run all boards; returns the seconds of each batch and of the whole."""
    times = []
    began = time.monotonic()
    until = began + arguments.seconds
    boards = [board(port, n, arguments, until, times) for n in range(arguments.boards)]
    await asyncio.gather(*boards)
    return times, time.monotonic() - began


def ingest(arguments, folder):
    """The load of many boards; prints a line, returns whether all is well."""
    server = Server(folder)
    times, took_s = asyncio.run(load(arguments, server.port))
    used_s = server.close()
    acknowledged = len(times) * arguments.batch
    with sqlite3.connect(server.db) as db:
        stored = db.execute("SELECT count(*) FROM reading").fetchone()[0]
    db.close()
    times.sort()
    rate = acknowledged / took_s
    print(
        f"{counted(arguments.boards, 'board')}, batches of {arguments.batch}"
        f"{', a connection each' if arguments.new else ''}: {rate:,.0f} readings/s for"
        f" {took_s:.0f} s, latency p50 {_at(times, 0.5)}, p99 {_at(times, 0.99)}, worst"
        f" {_at(times, 1)}; server {100 * used_s / took_s:.0f} % of a core;"
        f" acknowledged {acknowledged}, stored {stored}"
    )
    return stored >= acknowledged > 0 and rate >= arguments.rate * HELD


def _at(times, part):
    return f"{1000 * times[min(len(times) - 1, int(len(times) * part))]:.0f} ms"


def fill(path, rows, bucket="a million", signal_name="temperature"):
    """Make a database of `rows` readings, one a second, in a bucket with one signal."""
    from tools.server.store import Store

    store = Store(str(path))
    store.create_bucket(bucket, bucket)
    store.close()
    start = int(time.time()) - rows
    with sqlite3.connect(path) as db:
        key = (bucket, signal_name, bucket, rows)
        db.execute("INSERT INTO series VALUES (1, ?, ?, ?, ?)", key)
        readings = ((start + i, f"{20 + 8 * math.sin(i / 9000):.3f}") for i in range(rows))
        last = (bucket, start + rows, 0, "[]")
        db.execute("INSERT INTO arrival VALUES (?, ?, ?, ?)", last)
        db.executemany(
            "INSERT INTO reading (series, value, epoch, epoch_f, received, repeat, num) "
            "VALUES (1, ?, ?, ?, ?, 0, ?)",
            ((text, str(epoch), epoch, epoch, float(text)) for epoch, text in readings),
        )
    db.close()


def million(folder):
    """The page and a chart over a million readings; prints a line, returns whether in time."""
    rows = 1_000_000
    print(f"Making a database of {rows:,} readings ...", flush=True)
    fill(Path(folder) / "readings.db", rows)
    server = Server(folder)
    base = f"http://127.0.0.1:{server.port}"
    calls = ("/", "/api/buckets", "/api/buckets/a%20million/signals")
    page_s = sum(_fetch(base + call)[0] for call in calls)
    chart = base + "/api/buckets/a%20million/readings?signal=temperature&max=1500"
    chart_s, body = _fetch(chart)
    found = json.loads(body)
    server.close()
    print(
        f"{found['count']:,} readings: the page's calls take {1000 * page_s:.0f} ms,"
        f" a chart of all {1000 * chart_s:.0f} ms ({len(found['readings'])} drawn)"
    )
    return found["count"] == rows and page_s < PAGE_LIMIT_S and chart_s < CHART_LIMIT_S


def _fetch(url):
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=60) as answer:
        body = answer.read()
    return time.monotonic() - began, body


def main():
    parser = argparse.ArgumentParser("python -m tools.load", description=__doc__.split("\n")[0])
    parser.add_argument("--boards", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--rate", type=int, default=5000, help="readings/s; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=10, help="readings a request: %(default)s")
    parser.add_argument("--new", action="store_true", help="a connection for each batch")
    parser.add_argument("--million", action="store_true", help="time a million readings instead")
    arguments = parser.parse_args()
    if min(arguments.boards, arguments.batch) < 1 or not arguments.seconds > 0:
        sys.exit("--boards and --batch must be 1 or more, and --seconds more than 0.")
    with tempfile.TemporaryDirectory() as folder:
        well = million(folder) if arguments.million else ingest(arguments, folder)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
