"""A street of boards does not come back as a herd."""

import fleet
import pytest

BOARDS = 100
OUTAGE_S = 240  # four times the longest back-off


@pytest.fixture
def no_jitter():
    restore = fleet.without_jitter()
    yield
    restore()


def after_an_outage():
    street = fleet.Fleet(BOARDS, seed=1)
    rates = street.after_an_outage(OUTAGE_S)
    assert street.missing() == 0
    return rates


def test_after_an_outage_boards_come_back_one_by_one_and_miss_nothing():
    steady, attempts, back = after_an_outage()
    # While the server is gone it is asked less than before, and in no second by many.
    assert attempts[0] < steady[0] and attempts[1] <= steady[1]
    # What has piled up goes within two minutes, and the fullest second is not a herd's.
    assert steady[0] < back[0] and back[1] <= 4 * back[0]


def test_without_jitter_it_would_be_a_herd(no_jitter):
    _, _, back = after_an_outage()
    assert back[1] > 5 * back[0]


def test_after_a_power_cut_boards_that_start_together_do_not_send_together():
    street = fleet.Fleet(BOARDS, seed=1)
    first, later = street.after_a_power_cut()
    assert first[1] <= BOARDS // 2 and later[1] <= 3 * later[0]
    assert street.missing() == 0


def test_without_jitter_they_would_for_as_long_as_they_run(no_jitter):
    first, later = fleet.Fleet(BOARDS, seed=1).after_a_power_cut()
    assert first[1] > BOARDS // 2 and later[1] > 3 * later[0]
