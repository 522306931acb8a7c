"""Hundreds of random days and thousands of random inputs (`python -m host_tests.model --help`: the
long form, from a random seed on)."""

import pytest

from . import runs

COUNTS = {"cpython": 450, "micropython": 150}
SEED = 1  # a soak begins with a random one


@pytest.fixture(scope="module", autouse=True)
def days():
    """Schedules under way on both interpreters at once, behind the other tests."""
    return {name: runs.schedules(name, SEED, COUNTS[name]) for name in COUNTS}


@pytest.mark.parametrize(
    ("what", "count"),
    [
        ("kept", 800),
        ("requests", 800),
        ("sntp", 800),
        ("dns", 3000),
        ("config", 150),
        ("flash", 75),
    ],
)
def test_random_bytes_are_survived_and_counted_honestly(what, count):
    status, output = runs.fuzz(what, SEED, count).result()
    assert status == 0, output
    assert f"{what}: {count} inputs tried" in output


@pytest.mark.parametrize("interpreter", COUNTS)
def test_the_books_are_right_after_each_step_of_random_days(days, interpreter):
    status, output = days[interpreter].result()
    assert status == 0, output
    assert output.count("\n") == 1, output  # an exception in a callback would be printed only
    seen = {name: int(n) for name, n in (part.split() for part in output.split(", "))}
    assert seen["schedules"] == COUNTS[interpreter]
    # They were bad days: all that there is has happened, and often.
    assert seen["kinds"] == 25 and seen["faults"] > seen["requests"] // 10
    rarest = min(seen[what] for what in ("cuts", "dropped", "again", "recovered", "lost"))
    assert 25 * rarest > seen["schedules"]
    assert seen["hours"] > 24 * seen["schedules"]
    assert seen["arrived"] > seen["logged"] // 3
    assert seen["interrupted"] > 1000 or interpreter == "cpython"
