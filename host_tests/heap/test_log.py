"""log() of a number under a known signal takes nothing from the heap, its call frames included.

Each check is also made on a log() that is bad on purpose, and must say so.
"""

import pytest

from tools.interpreter import FIRMWARE

from .builds import DEVICE, NULL, ON_FAKES, on_unix, on_wasm

KINDS = ["float", "int", "bool"]


def on_the_unix_port(who):
    return on_unix("checks", [DEVICE, FIRMWARE], who)


def on_the_32_bit_build(who):
    return on_wasm("checks", [DEVICE, NULL, FIRMWARE], who)


def figures(found, what):
    assert [result["kind"] for result in found] == KINDS
    return {result["kind"]: result[what] for result in found}


def all_kinds(figure):
    return dict.fromkeys(KINDS, figure)


WHOSE = ["islog", "bytecode", "failing", "failing bytecode"]  # where another signal has failed


@pytest.fixture(scope="module", params=WHOSE)
def islog_on_unix(request):
    return on_the_unix_port(request.param)


def test_it_runs_under_a_locked_heap(islog_on_unix):
    assert figures(islog_on_unix, "locked") == all_kinds(True), "log() allocated: MemoryError"


def test_it_keeps_nothing_on_the_unix_port(islog_on_unix):
    assert figures(islog_on_unix, "kept") == all_kinds(0), "bytes allocated by log()"


@pytest.mark.parametrize("who", WHOSE)
def test_it_keeps_nothing_on_a_32_bit_build(who):
    assert figures(on_the_32_bit_build(who), "kept") == all_kinds(0), "bytes allocated"


def test_its_call_frames_are_not_on_the_heap(islog_on_unix):
    assert figures(islog_on_unix, "taken") == all_kinds(0), (
        "bytes allocated by log() and, perhaps, given back: look for a frame of over 11 words"
    )


def test_it_takes_nothing_when_the_ticks_wrap():
    (taken,) = on_unix("wrapping", [DEVICE, *ON_FAKES])
    assert taken == {"log": 0, "clock": 0}, "bytes allocated, by log() or by virtual time itself"


def test_a_signal_that_has_failed_recovers_under_a_locked_heap():
    *found, _ = on_unix("recovering", [DEVICE, FIRMWARE])
    assert found == [[True, True]] * 2 * len(KINDS), "its first number was dropped"


def test_several_readings_at_once_are_dropped_and_counted_under_a_locked_heap():
    *_, found = on_unix("recovering", [DEVICE, FIRMWARE])
    assert found == [False, 3]


def test_the_checks_find_a_log_that_allocates():
    found = on_the_unix_port("allocating")
    assert figures(found, "locked") == all_kinds(False)
    assert min(figures(found, "kept").values()) > 0
    assert min(figures(found, "taken").values()) > 0
    assert min(figures(on_the_32_bit_build("allocating"), "kept").values()) > 0


def test_only_the_third_check_finds_a_frame_that_is_too_large():
    found = on_the_unix_port("large frame")
    assert figures(found, "locked") == all_kinds(True)
    assert figures(found, "kept") == all_kinds(0)
    assert min(figures(found, "taken").values()) > 0
