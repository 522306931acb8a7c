"""Random days on a battery: the books hold over sleeps, cuts, resets and flipped bits
(`python -m host_tests.model --help`: the long form)."""

import pytest

from . import runs

COUNTS = {"cpython": 6, "micropython": 2}
SEED = 1


@pytest.fixture(scope="module", autouse=True)
def days():
    """Under way on both interpreters at once."""
    return {name: runs.batteries(name, SEED, COUNTS[name]) for name in COUNTS}


@pytest.mark.parametrize("interpreter", COUNTS)
def test_a_board_on_a_battery_keeps_its_books_over_all_that_happens(days, interpreter):
    status, output = days[interpreter].result()
    assert status == 0, output
    assert output.count("\n") == 1, output
    seen = {name: int(n) for name, n in (part.split() for part in output.split(", "))}
    assert seen["days"] == COUNTS[interpreter] and seen["failed"] == 0
    assert seen["boots"] > 15 * seen["days"] and seen["arrived"] > 10 * seen["days"]
