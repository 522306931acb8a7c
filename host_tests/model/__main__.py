"""The long form of the random tests, on both interpreters at once, for a soak.

    python -m host_tests.model [--schedules 100000] [--inputs 100000]
                                [--injections 20000] [--shortages 2000] [--batteries 2000]
                                [--first SEED]

Every 15,000 schedules have 30,000 days in them with something missing, of `hours` in the figures.
Ends with status 1 where one failed: its seed is told, and what had happened until then.
"""

import argparse
import random
import sys

from . import runs

FUZZ = ("kept", "requests", "sntp", "dns", "config", "flash")
CHUNK = 2500  # schedules of one process


def main():
    parser = argparse.ArgumentParser("python -m host_tests.model", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100000, help="default: %(default)s")
    parser.add_argument("--inputs", type=int, default=100000, help="of each kind: %(default)s")
    parser.add_argument("--injections", type=int, default=20000, help="default: %(default)s")
    parser.add_argument("--shortages", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--batteries", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--first", type=int, help="the first seed; default: a random one")
    args = parser.parse_args()
    first = random.randrange(1 << 29) if args.first is None else args.first
    print(f"From seed {first} on:", flush=True)
    failed = False
    # CPython has two of three: it is faster.
    for done in range(0, args.schedules, 3 * CHUNK):
        count = min(CHUNK, -(-(args.schedules - done) // 3))
        at = first + done
        both = runs.schedules("cpython", at, 2 * count), runs.schedules("micropython", at, count)
        failed = tell(*both) or failed
    for i in range(0, len(FUZZ), 2):
        failed = tell(*(runs.fuzz(what, first, args.inputs) for what in FUZZ[i : i + 2])) or failed
    if args.injections:
        failed = tell(*runs.injections(first, args.injections)) or failed
    if args.shortages:
        half = -(-args.shortages // 2)
        both = runs.shortages(first, half), runs.shortages(first + half, half)
        failed = tell(*both) or failed
    if args.batteries:  # CPython has three of four
        few = -(-args.batteries // 4)
        many = args.batteries - few
        both = (
            runs.batteries("micropython", first, few),
            runs.batteries("cpython", first + few, many),
        )
        failed = tell(*both) or failed
    return failed


def tell(*started):
    """Show what they said; True where one failed."""
    failed = False
    for run in started:
        status, output = run.result()
        print(output, end="", flush=True)
        failed = failed or status != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
