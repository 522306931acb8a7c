"""An exception at a line of what keeps readings in flash: the next call goes on from there."""

from host_tests.model.runs import Run

SEED = 1


def test_an_exception_at_any_line_of_the_spool_loses_nothing(long):
    """What is asserted is in host_tests/model/interrupts.py."""
    count = 400 if long else 12
    run = Run("cpython", "interrupts", SEED, count, limit_s=120 + 20 * count)
    status, output = run.result()
    assert status == 0, output
    assert f"stories {count}" in output
