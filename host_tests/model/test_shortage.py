"""Days on a real MicroPython that has no heap left at random moments, or a locked one."""

from . import runs

DAYS = 8
SEED = 1


def test_a_board_goes_on_whenever_it_has_had_no_heap():
    status, output = runs.shortages(SEED, DAYS).result()
    assert status == 0, output
    told = {name: int(n) for name, n in (part.split() for part in output.split(", "))}
    assert told["days"] == DAYS and told["logged"] > 100 * DAYS
    assert told["full"] > 5 * DAYS and told["locked"] > 2 * DAYS
