"""The load command: what it reports is what the server holds, and a rate not held is told.

How much a server takes is for `make load` to say: for these tests no machine is too slow."""

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def load(*options):
    done = subprocess.run(
        [sys.executable, "-m", "tools.load", "--seconds", "0.5", *options],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=CHECKOUT,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_every_acknowledged_reading_of_twenty_boards_is_stored():
    for options in (("--rate", "0"), ("--rate", "1", "--new")):
        status, said = load(*options)
        assert status == 0, said
        acknowledged, stored = re.search(r"acknowledged (\d+), stored (\d+)", said).groups()
        assert acknowledged == stored and int(stored) >= 10


def test_a_rate_that_is_not_held_is_a_failure():
    status, said = load("--rate", "1000000", "--boards", "2")
    assert status == 1 and "readings/s" in said
