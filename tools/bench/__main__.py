"""python -m tools.bench [--readme] [--rough] [--firmware DIR]

Measures islog against the naive clients (device/naive.py), prints a table with ratios and what
islog promises, and writes build/bench.json. With --readme it also writes the tables into
docs/benchmarks.md, and one line of figures into README.md, between the comments of each.
Takes some 40 seconds; with --rough, which measures once and not often, and two hours in the place
of the day, a third of that. Exit status 1 only where it could not measure.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools import wasm

from . import battery, forms, measure, pages, posts, report

JSON = measure.ROOT / "build/bench.json"
BENCHMARKS = "docs/benchmarks.md"
PAGES = {  # (page, mark) -> what stands there
    ("README.md", "bench"): report.short,
    (BENCHMARKS, "bench"): report.full,
    (BENCHMARKS, "battery"): lambda figures: battery.text(figures["battery"], report.markdown),
}
NAMES = f"README.md and {BENCHMARKS}"


class Progress:
    def __init__(self):
        self._began_s = time.monotonic()

    def __call__(self, what):
        print(f"  {time.monotonic() - self._began_s:4.0f} s  {what} ...", flush=True)


def collect(firmware, rough=False):
    """Everything that is measured, as one dict. rough: once each, to see that it can be."""
    say = Progress()
    wasm.install()
    folders = measure.variants(firmware)
    figures = {"builds": measure.builds(), "native_log": measure.native_log(firmware)}
    figures["times"] = {}
    for name, folder in folders.items():
        say(f"time of log() and of JSON, {name} code, on the unix port")
        figures["times"][name] = measure.times(folder, rough)
    say("heap, on the 32-bit build")
    figures["heap"] = measure.heap(folders["plain"])
    if "native" in folders:
        figures["heap_native"] = measure.heap_native(folders["native"])
    say("flash and heap of each form in which it can be on a board, on the 32-bit build")
    figures["forms"] = forms.collect(Path(firmware))
    say("largest block, on the 32-bit build")
    figures["largest"] = {
        client: measure.largest_block(folders["plain"], client, rough)
        for client in ("islog", "naive")
    }
    say("bytes on the wire and readings per second, against a local server")
    figures["network"] = measure.network(list(folders.values())[-1], rough)
    say("a batch over http and https, by requests and on the kept connection")
    figures["posts"] = posts.posts(list(folders.values())[-1], rough)
    say("a day of a board on a battery, three times, in virtual time")
    seconds = battery.DAY_S // 12 if rough else battery.DAY_S
    log_ns = report.log_float_ns(figures["times"]["plain"])
    figures["battery"] = battery.days(Path(firmware), log_ns, seconds)
    return figures


def show(figures):
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(f"\n{figures['builds']}\n", highlight=False)
    rows = report.rows(figures)
    console.print(report.table(rows))
    a_day = battery.TITLE, battery.HEAD, list(battery.lines(figures["battery"]))
    small = report.small_tables(figures)
    tables = *small, report.transports(figures), report.by_form(figures), a_day
    for title, head, lines in tables:
        shown = Table(*head, box=None, title=title, title_justify="left", pad_edge=False)
        for line in lines:
            shown.add_row(*map(str, line))
        console.print()
        console.print(shown)
    missed = [row.what for row in rows if row.met is False]
    wanted = sum(row.met is not None for row in rows)
    print(f"\n{wanted - len(missed)} of {wanted} targets met.")


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--readme", action="store_true", help=f"write figures into {NAMES}")
    parser.add_argument(
        "--rough", action="store_true", help="measure once and not often: to see that it runs"
    )
    parser.add_argument(
        "--firmware",
        default=measure.ROOT / "firmware",
        metavar="DIR",
        help="the folder that holds the islog to measure",
    )
    options = parser.parse_args()
    if options.readme:
        for page, mark in PAGES:
            pages.around(page, mark)  # says now, not after the measurement, where that cannot be
    figures = collect(options.firmware, options.rough)
    show(figures)
    JSON.parent.mkdir(exist_ok=True)
    rows = [row.as_json() for row in report.rows(figures)]
    JSON.write_text(json.dumps({"rows": rows, **figures}, indent=1) + "\n")
    print(f"All figures: {JSON.relative_to(measure.ROOT)}")
    print("How long a poll() takes, whatever fails, is a measurement of its own: make waits")
    if options.readme:
        for (page, mark), written in PAGES.items():
            pages.write(page, mark, written(figures))
        print(f"{NAMES} have the new figures.")


if __name__ == "__main__":
    try:
        main()
    except (measure.BenchError, wasm.WasmError) as error:
        sys.exit(f"No benchmark: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: nothing was written.")
