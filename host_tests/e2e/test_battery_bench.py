"""The benchmark of a board on a battery: what is counted in some hours, and what is made of it."""

import pytest

from tools.bench import battery
from tools.bench.measure import ROOT
from tools.bench.report import markdown

HOURS = 3
COSTS = {name: datum.figure for name, datum in battery.TIMES.items()} | {"slower": 1}


@pytest.fixture(scope="module")
def modules():
    return battery.compiled(ROOT / "firmware")


@pytest.mark.parametrize("program", battery.PROGRAMS)
def test_each_program_sends_its_readings_and_is_counted(program, modules):
    day = battery.a_day(program, COSTS, modules, HOURS * 3600)
    assert day["wakes"] == HOURS * 12
    assert day["awake_s"] + day["asleep_s"] == pytest.approx(HOURS * 3600, abs=300)
    assert day["connections"] == day["handshakes"]
    if program == "naive":
        assert day["readings"] == 3 * day["wakes"]
        assert day["requests"] == day["handshakes"] == day["joins"] == day["wakes"]
        assert day["erases"] == day["programmed"] == 0
    elif program == "enviro":
        assert day["readings"] == 3 * day["wakes"]
        assert day["requests"] == day["handshakes"] == day["wakes"]
        assert day["joins"] == HOURS + 1  # once for the time
        assert day["programmed"] > 100 * day["wakes"]
    else:
        assert 3 * 12 * (HOURS - 1) <= day["readings"] <= 3 * day["wakes"]
        assert day["handshakes"] == day["joins"] <= HOURS + 1
        assert day["requests"] < 4 * day["joins"]
    least_s = COSTS["join_ms"] + COSTS["dhcp_ms"] + COSTS["handshake_ms"]
    assert day["joins"] * least_s / 1000 < day["radio_s"] < day["awake_s"]
    assert 90 < day["sent"] / day["readings"] < 1000


def a_day(**figures):
    day = dict.fromkeys(battery.LINES, 10) | {"readings": 864}
    return day | figures


def test_the_charge_is_what_the_data_sheets_say():
    still = {"asleep_s": 86400, "awake_s": 0, "radio_s": 0, "sent": 0}
    assert battery.charge_mah(still) == pytest.approx(0.24)
    awake = {**still, "asleep_s": 86400 - 3600, "awake_s": 3600}
    assert battery.charge_mah(awake) == pytest.approx(0.23 + 44)
    joined = {**awake, "radio_s": 3600}
    assert battery.charge_mah(joined) == pytest.approx(0.23 + 100)
    sends = {**joined, "sent": 450_000_000}  # an hour, at 1 Mbit/s
    assert battery.charge_mah(sends) == pytest.approx(0.23 + 240)


def test_a_line_in_which_islog_is_behind_says_so():
    days = {
        "islog": a_day(days=300, requests=20),
        "naive": a_day(days=100),
        "enviro": a_day(days=200),
    }
    ahead = {line[0]: line[-1] for line in battery.lines(days)}
    assert ahead["days on 2,000 mAh"] == ahead["awake, s"] == "yes"
    assert ahead["requests"] == "NO"
    days["islog"]["days"] = 199
    assert not battery.is_ahead("days", days)


def test_the_page_names_a_source_for_all_that_was_not_measured():
    days = {program: a_day() for program in battery.PROGRAMS}
    days["islog"]["readings"] = 834
    page = battery.text(days, markdown)
    for datum in (*battery.TIMES.values(), *battery.CURRENTS_MA.values()):
        assert f"| {datum.what} | {datum.figure:g} | {datum.source} |" in page
    assert "No board was attached." in page
    assert "30 of the day's numbers are still in RTC memory" in page
