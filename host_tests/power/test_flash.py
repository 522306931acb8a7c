"""The spool on a real littlefs: power cuts in the midst of a write, damage, and wear.

`python -m pytest host_tests/power --long` has more of everything (see conftest.py).
"""

from .programs import run


def test_all_that_was_reported_as_spooled_arrives_after_a_hundred_power_cuts(long):
    """Each in the midst of a write; what is checked after each is in device/cuts.py."""
    stories = 1000 if long else 25
    found = run("cuts", 1, stories)
    assert found["cuts"] == 4 * stories
    assert found["outage"] > stories and found["replay"] > stories // 3
    assert found["start"] > 0 or not long  # one or two in a hundred
    assert found["reported"] > 20 * stories and found["untimed"] > 0
    assert found["off_ms"] <= 1


def test_ctrl_c_inside_the_file_system_costs_nothing_that_was_reported_as_spooled(long):
    """As on a Pico W; what is checked is in device/ctrl_c.py."""
    stories = 400 if long else 12
    found = run("ctrl_c", 1, stories)
    assert found["interrupts"] > 8 * stories and found["anew"] > 3 * stories
    assert found["reported"] > 40 * stories


def test_no_contents_of_flash_raise_hang_or_arrive_garbled(long):
    cases = 5000 if long else 64
    found = run("contents", 100, cases)
    assert found["cases"] >= cases
    assert found["recovered"] > 20 * cases and found["lost"] > cases


def test_a_file_system_that_is_full_at_times_loses_only_what_is_counted(long):
    cases = 500 if long else 12
    found = run("full", 1, cases)
    assert found["cases"] == cases and found["full"] > 0
    assert found["sent"] > 20 * cases


def test_flash_is_erased_less_than_twice_for_each_batch_bytes_that_are_spooled():
    # The sectors, and how they are programmed, of a Pico W and of an ESP32 with 4 MB.
    for sectors, prog_bytes in ((212, 256), (512, 32)):
        found = run("wear", sectors, prog_bytes, 64, heap="9M")
        assert found["readings"] > 120 * found["records"]
        assert found["erases"] < 2 * found["records"]
