"""Many boards in a database, made at once: for the overview's tests, pictures and figures.

    python -m host_tests.server.boards FOLDER [--boards 200] [--readings 1000000]

writes FOLDER/readings.db, for `python -m tools.server --folder FOLDER`."""

import argparse
import math
import random
import time
import uuid
from pathlib import Path

from tools.server.store import Store
from tools.server.validate import Number

SIGNALS = ("temperature", "humidity", "signal strength", "battery", "free heap")


def fill(store, boards=200, readings=1_000_000, now=None):
    """Boards that have sent for a day, most of them well, each with a rhythm of its own; the ids.

    Of each twenty, one has been silent for hours, one is late, one has lost readings just now, and
    one has a clock that is three hours ahead. Rows go past the store's checks: it is quicker."""
    now, chance = time.time() if now is None else now, random.Random(20)
    steps = max(2, readings // boards // len(SIGNALS))
    ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(boards)]
    for i, bucket in enumerate(ids):
        kind = ("greenhouse", "cellar", "field", "roof", "barn")[(i + i // 20) % 5]
        name = f"{kind} {i // 5 + 1}"
        every_s = max(86400 / steps, 5)
        quiet_s = {3: 9 * every_s + 7200 + 97 * i, 7: 3 * every_s + 61}.get(i % 20, 0)
        ahead_s = 3 * 3600 if i % 20 == 11 else 0
        store.create_bucket(bucket, name)
        with store._lock, store._db:
            store._db.execute("BEGIN")
            key = [(bucket, signal, name) for signal in SIGNALS]
            series = [store._series_id(k) for k in key]
            rows = []
            for step in range(steps):
                at = now - quiet_s - (steps - step) * every_s
                wave = math.sin((at + 4000 * i) / 9000)
                for signal, value in zip(series, _values(wave, chance), strict=True):
                    epoch = round(at + ahead_s, 3)
                    rows.append((signal, epoch, str(epoch), str(value), at, 0, value))
            store._db.executemany(
                "INSERT INTO reading (series, epoch_f, epoch, value, received, repeat, num) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            store._db.executemany(
                "UPDATE series SET readings = ? WHERE id = ?", [(steps, s) for s in series]
            )
            arrivals = store._arrivals_of(bucket)
            for step in range(max(0, steps - 40), steps):
                at = now - quiet_s - (steps - step) * every_s
                arrivals.add(at, at + ahead_s, len(SIGNALS))
            store._db.execute(
                "INSERT OR REPLACE INTO arrival VALUES (?, ?, ?, ?)", (bucket, *arrivals.row())
            )
    for bucket in ids[15::20]:
        for lost in (3, 8):
            store.add([{"b": store.names[bucket], "sn": "islog.dropped", "v": Number(lost),
                        "e": Number(f"{time.time():.3f}"), "tid": bucket}])  # fmt: skip
    return ids


def _values(wave, chance):
    rough = chance.gauss(0, 1)
    return (
        round(21 + 3 * wave + 0.1 * rough, 2),
        round(60 - 8 * wave + rough, 1),
        round(-62 + 5 * wave + 1.5 * rough),
        round(3.9 + 0.1 * wave + 0.01 * rough, 3),
        round(121000 + 900 * wave + 300 * rough),
    )


def main():
    parser = argparse.ArgumentParser("python -m host_tests.server.boards")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--readings", type=int, default=1_000_000)
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    store = Store(str(arguments.folder / "readings.db"))
    fill(store, arguments.boards, arguments.readings)
    store.close()


if __name__ == "__main__":
    main()
